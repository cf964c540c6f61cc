// Every operation, on pairs and triples of edge values and with each edge value as a constant operand, against
// ir::evaluate.

#include <cmath>
#include <limits>

#include "codegen_programs.h"
#include "ir/builder.h"
#include "ir/evaluate.h"

namespace gilmap::codegen_tests {
namespace {

using ir::Op;
using ir::Type;

const std::vector<int64_t> int_edges = {0,
                                        1,
                                        -1,
                                        2,
                                        -2,
                                        3,
                                        -3,
                                        5,
                                        7,
                                        -7,
                                        9,
                                        10,
                                        -10,
                                        63,
                                        64,
                                        255,
                                        1000,
                                        -1000,
                                        1000003,
                                        INT32_MAX,
                                        INT32_MIN,
                                        UINT32_MAX,
                                        int64_t{1} << 32,
                                        -(int64_t{1} << 32),
                                        (int64_t{1} << 53) - 1,
                                        int64_t{1} << 53,
                                        (int64_t{1} << 53) + 1,
                                        -(int64_t{1} << 53),
                                        -(int64_t{1} << 53) - 1,
                                        INT64_MAX / 3,
                                        INT64_MAX / 3 + 1,
                                        INT64_MIN / 3,
                                        INT64_MIN / 3 - 1,
                                        int64_t{1} << 61,
                                        int64_t{1} << 62,
                                        -(int64_t{1} << 62),
                                        3037000499,
                                        3037000500,
                                        INT64_MAX - 1,
                                        INT64_MAX,
                                        INT64_MIN + 1,
                                        INT64_MIN};

const std::vector<double> float_edges = {0.0,
                                         -0.0,
                                         1.0,
                                         -1.0,
                                         0.5,
                                         -0.5,
                                         1.5,
                                         -1.5,
                                         2.5,
                                         3.0,
                                         -3.0,
                                         0.1,
                                         7.3,
                                         -7.3,
                                         1e-300,
                                         -1e-300,
                                         5e-324,
                                         1e300,
                                         -1e300,
                                         0x1p52 + 0.5,
                                         0x1p53,
                                         0x1p53 + 2,
                                         -0x1p62,
                                         0x1p63,
                                         -0x1p63,
                                         0x1.fffffffffffffp62,
                                         1.7976931348623157e308,
                                         std::numeric_limits<double>::infinity(),
                                         -std::numeric_limits<double>::infinity(),
                                         std::numeric_limits<double>::quiet_NaN()};

Column edges(Type t) {
  switch (t) {
    case Type::I64:
      return ints(int_edges);
    case Type::F64:
      return floats(float_edges);
    case Type::Bool:
      return {0, 1};
    case Type::Void:
      break;
  }
  return {};
}

bool is_plain(Op op) {
  return op != Op::CallNumeric && op != Op::CallFailed && op != Op::Call && op != Op::CallResult && op != Op::DeoptIf &&
         op != Op::Poll && op != Op::Param;
}

// Two NaN operands: which one's payload survives is up to the instruction that the compiler chooses, here and in
// CPython.
bool same(Type t, uint64_t a, uint64_t b) {
  if (t != Type::F64) return a == b;
  return a == b || (std::isnan(std::bit_cast<double>(a)) && std::isnan(std::bit_cast<double>(b)));
}

struct Case {
  Op op;
  int64_t imm = 0;
  std::vector<Type> types;    // of the operands
  int constant_operand = -1;  // which one is a constant
  uint64_t constant = 0;
  std::vector<ir::IntRange> ranges;  // of the operands that are no constant
};

ir::Module module_of(const Case& c, Type* result) {
  ir::Module module;
  ir::Function& f = module.functions.emplace_back();
  ir::Builder b(f);
  b.new_block();
  std::vector<ir::ValueId> operands;
  for (size_t k = 0; k < c.types.size(); ++k)
    if (static_cast<int>(k) != c.constant_operand) operands.push_back(b.add_param(0, c.types[k]));
  if (c.constant_operand >= 0) {
    auto imm = static_cast<int64_t>(c.constant);
    Type t = c.types[static_cast<size_t>(c.constant_operand)];
    Op op = t == Type::I64 ? Op::IConst : t == Type::F64 ? Op::FConst : Op::BConst;
    operands.insert(operands.begin() + c.constant_operand, b.emit(op, {}, imm));
  }
  ir::ValueId v = b.emit(c.op, operands, c.imm);
  b.ret({v});
  *result = f.type(v);
  module.result_types = {*result};
  f.arg_ranges = c.ranges;
  return module;
}

// All tuples of the operands' values for which the operation is defined.
std::vector<std::vector<uint64_t>> tuples(const Case& c) {
  std::vector<std::vector<uint64_t>> all{{}};
  for (size_t k = 0, param = 0; k < c.types.size(); ++k) {
    const bool constant = static_cast<int>(k) == c.constant_operand;
    Column values = constant ? Column{c.constant} : edges(c.types[k]);
    if (!constant && !c.ranges.empty()) {
      const ir::IntRange r = c.ranges[param];
      std::erase_if(values,
                    [&](uint64_t v) { return static_cast<int64_t>(v) < r.lo || static_cast<int64_t>(v) > r.hi; });
      for (int64_t v : {r.lo, r.lo + (r.lo < INT64_MAX), r.hi - (r.hi > INT64_MIN), r.hi})
        values.push_back(static_cast<uint64_t>(v));
    }
    if (!constant) ++param;
    std::vector<std::vector<uint64_t>> longer;
    for (const auto& tuple : all)
      for (uint64_t v : values) {
        longer.push_back(tuple);
        longer.back().push_back(v);
      }
    all = std::move(longer);
  }
  std::erase_if(all, [&](const auto& tuple) { return !ir::evaluate(c.op, c.imm, tuple); });
  return all;
}

void check(const Case& c, int opt_level) {
  Type result = Type::Void;
  const ir::Module module = module_of(c, &result);
  const auto kernel = compile(module, {.opt_level = opt_level});
  ASSERT_TRUE(kernel);
  const auto rows = tuples(c);
  if (rows.empty()) return;
  std::vector<Column> columns(kernel->param_types.size());
  for (const auto& row : rows)
    for (size_t k = 0, param = 0; k < row.size(); ++k)
      if (static_cast<int>(k) != c.constant_operand) columns[param++].push_back(row[k]);
  const Ran ran = run(*kernel, columns);
  ASSERT_TRUE(ran.rows.empty());
  for (size_t i = 0; i < ran.bits.size(); ++i) {
    const uint64_t expected = *ir::evaluate(c.op, c.imm, rows[i]);
    ASSERT_TRUE(same(result, ran.bits[i], expected))
        << ir::info(c.op).text << " level " << opt_level << " constant " << c.constant_operand << " "
        << static_cast<int64_t>(c.constant) << " row " << i << ": "
        << static_cast<int64_t>(rows[i].empty() ? 0 : rows[i][0]) << ", "
        << static_cast<int64_t>(rows[i].size() > 1 ? rows[i][1] : 0) << " gives " << ran.bits[i] << ", not "
        << expected;
  }
}

// The operand types of an operation; T is each of the types in turn.
std::vector<std::vector<Type>> signatures(Op op) {
  std::vector<std::vector<Type>> all;
  for (Type any : {Type::I64, Type::F64, Type::Bool}) {
    std::vector<Type> types;
    bool generic = false;
    for (const char* s = ir::info(op).signature + 2; *s; ++s) {
      if (*s == 'i') types.push_back(Type::I64);
      if (*s == 'f') types.push_back(Type::F64);
      if (*s == 'b') types.push_back(Type::Bool);
      if (*s == 'T') types.push_back(any), generic = true;
    }
    if (generic || any == Type::I64) all.push_back(types);
  }
  return all;
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
