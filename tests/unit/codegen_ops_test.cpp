// Every operation as scalar code, against ir::evaluate.

#include "codegen_op_cases.h"

namespace gilmap::codegen_tests {
namespace {

void check(const Case& c, int opt_level) {
  SCOPED_TRACE("level " + std::to_string(opt_level));
  check(c, false, [&](const ir::Module& module) { return compile(module, {.opt_level = opt_level}); });
}

class Ops : public testing::TestWithParam<Op> {};

TEST_P(Ops, AgreeWithTheReference) {
  const Op op = GetParam();
  for (const auto& types : signatures(op)) {
    if (types.empty()) {
      for (uint64_t v : op == Op::BConst ? Column{0, 1} : op == Op::IConst ? edges(Type::I64) : edges(Type::F64))
        check({op, static_cast<int64_t>(v), {}, -1, 0, {}}, 2);
      continue;
    }
    for (int level : {0, 2}) check({op, 0, types, -1, 0, {}}, level);
  }
}

TEST_P(Ops, AgreeWithAConstantOperand) {
  const Op op = GetParam();
  for (const auto& types : signatures(op)) {
    if (types.size() != 2) continue;
    // Only these have sequences of their own for constants.
    const bool all = op == Op::IFloorDiv || op == Op::IMod || op == Op::IMulOverflows;
    for (int k : {0, 1}) {
      const Column values = edges(types[static_cast<size_t>(k)]);
      for (size_t i = 0; i < values.size(); i += all ? 1 : 5) check({op, 0, types, k, values[i], {}}, 2);
    }
  }
}

std::vector<Op> plain_ops() {
  std::vector<Op> all;
  for (int i = 0; i < static_cast<int>(Op::Param); ++i)
    if (is_plain(static_cast<Op>(i))) all.push_back(static_cast<Op>(i));
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, Ops, testing::ValuesIn(plain_ops()),
                         [](const auto& info) { return std::string(ir::info(info.param).text); });

TEST(Division, UsesRangesWithoutBeingFooled) {
  const std::vector<ir::IntRange> ranges = {{0, 100},
                                            {0, INT32_MAX},
                                            {0, UINT32_MAX},
                                            {0, int64_t{UINT32_MAX} + 1},
                                            {0, (int64_t{1} << 53) - 1},
                                            {0, int64_t{1} << 53},
                                            {0, INT64_MAX},
                                            {-(int64_t{1} << 53), int64_t{1} << 53},
                                            {-(int64_t{1} << 53) + 1, (int64_t{1} << 53) - 1},
                                            {INT32_MIN, INT32_MAX},
                                            {INT64_MIN, -1},
                                            {-100, 5},
                                            {INT64_MIN, INT64_MAX}};
  for (Op op : {Op::IFloorDiv, Op::IMod}) {
    for (ir::IntRange a : ranges) {
      for (ir::IntRange b : ranges) check({op, 0, {Type::I64, Type::I64}, -1, 0, {a, b}}, 2);
      for (int64_t d : {2, 3, 7, 10, 641, 1000003, INT32_MAX, -1, -3, -8})
        check({op, 0, {Type::I64, Type::I64}, 1, static_cast<uint64_t>(d), {a}}, 2);
    }
  }
}

TEST(Division, ByManyConstants) {
  uint64_t seed = 1;
  for (int i = 0; i < 150; ++i) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    const uint64_t d = static_cast<uint64_t>(static_cast<int64_t>(seed) >> (i % 62));
    for (Op op : {Op::IFloorDiv, Op::IMod}) check({op, 0, {Type::I64, Type::I64}, 1, d, {}}, 2);
  }
}

// The double quotient is exact up to 2^53: the worst cases are one below a multiple.
TEST(Division, IsExactNextToMultiples) {
  for (bool both : {false, true}) {
    ir::Module module;
    ir::Function& f = module.functions.emplace_back();
    ir::Builder b(f);
    b.new_block();
    ir::ValueId x = b.add_param(0, Type::I64), y = b.add_param(0, Type::I64);
    ir::ValueId q = b.emit(Op::IFloorDiv, {x, y});
    if (both) q = b.emit(Op::IXor, {q, b.emit(Op::IMod, {x, y})});
    b.ret({q});
    module.result_types = {Type::I64};
    std::vector<int64_t> xs, ys;
    uint64_t seed = 7;
    for (int i = 0; i < 40000; ++i) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      const int64_t divisor = static_cast<int64_t>(seed >> 11 >> (i % 52)) + 1;
      const int64_t limit = ((int64_t{1} << 53) - 1) / divisor;
      if (limit == 0) continue;
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      const int64_t multiple = (static_cast<int64_t>(seed >> 11) % limit + 1) * divisor;
      for (int64_t a : {multiple - 1, multiple, multiple + 1, limit * divisor - 1})
        for (int64_t sign : {1, -1}) xs.push_back(sign * a), ys.push_back(divisor);
    }
    const auto kernel = compile(module);
    const std::vector<int64_t> results = run(*kernel, {ints(xs), ints(ys)}).ints();
    for (size_t i = 0; i < xs.size(); ++i) {
      const int64_t expected = ir::floor_div(xs[i], ys[i]) ^ (both ? ir::floor_mod(xs[i], ys[i]) : 0);
      ASSERT_EQ(results[i], expected) << xs[i] << " " << ys[i];
    }
  }
}

TEST(Arithmetic, SharesTheOverflowTestWithTheResult) {
  for (const char* order :
       {"v2 = iadd v0, v1\n v3 = iadd_overflows v1, v0\n", "v3 = iadd_overflows v1, v0\n v2 = iadd v0, v1\n"}) {
    const std::string text = "function %f(i64, i64) -> i64 {\nblock0(v0: i64, v1: i64):\n " + std::string(order) +
                             " deopt_if v3, overflow\n ret v2\n}\n";
    const std::string ir = codegen::listing(parse(text), codegen::Listing::LlvmIr);
    size_t calls = 0;
    for (size_t at = 0; (at = ir.find("call { i64, i1 }", at)) != std::string::npos; ++at) ++calls;
    EXPECT_EQ(calls, 1u) << ir;
    EXPECT_EQ(ir.find("add i64 %"), std::string::npos) << ir;
    const auto kernel = compile(text);
    const Ran ran = run(*kernel, {ints({1, INT64_MAX, INT64_MIN, -5}), ints({2, 1, -1, 5})});
    EXPECT_EQ(ran.rows, (std::vector<int64_t>{1, 2}));
    EXPECT_EQ(ran.ints()[0], 3);
    EXPECT_EQ(ran.ints()[3], 0);
  }
}

}  // namespace
}  // namespace gilmap::codegen_tests
