// Lane functions at every SIMD level of the CPU: each operation and each numeric function against its reference, and
// what the kernel does around them.

#include "codegen_lanes.h"
#include "codegen_numeric_cases.h"
#include "codegen_op_cases.h"

namespace gilmap::codegen_tests {
namespace {

using codegen::Simd;

template <class Test>
void at_all_levels(Test test) {
  for (Simd simd : simd_levels()) {
    SCOPED_TRACE(simd_name(simd));
    test(simd);
    if (testing::Test::HasFatalFailure()) return;
  }
}

// Products next to 2^63 may be left to CPython.
bool is_near_overflow(Op op, const std::vector<uint64_t>& row, uint64_t bits) {
  if (op != Op::IMulOverflows || bits != 1) return false;
  const __int128 product = static_cast<__int128>(static_cast<int64_t>(row[0])) * static_cast<int64_t>(row[1]);
  return (product < 0 ? -product : product) > INT64_MAX - (1 << 14);
}

void check_lanes(const Case& c, Simd simd, int opt_level = 2) {
  check(
      c,
      [&](const ir::Module& module) {
        return compile(lanes_of(module), {.opt_level = opt_level, .simd = simd});
      },
      [&](const auto& row, uint64_t bits) { return is_near_overflow(c.op, row, bits); });
}

class LaneOps : public testing::TestWithParam<Op> {};

TEST_P(LaneOps, AgreeWithTheReference) {
  at_all_levels([](Simd simd) {
    for (const auto& types : signatures(GetParam())) {
      if (types.empty()) continue;
      for (int level : {0, 2}) check_lanes({GetParam(), 0, types, -1, 0, {}}, simd, level);
    }
  });
}

TEST_P(LaneOps, AgreeWithAConstantOperand) {
  at_all_levels([](Simd simd) {
    for (const auto& types : signatures(GetParam())) {
      if (types.size() != 2) continue;
      for (int k : {0, 1}) {
        const Column values = edges(types[static_cast<size_t>(k)]);
        for (size_t i = 0; i < values.size(); i += 7) check_lanes({GetParam(), 0, types, k, values[i], {}}, simd);
      }
    }
  });
}

std::vector<Op> lane_ops() {
  std::vector<Op> all;
  for (int i = 0; i < static_cast<int>(Op::Param); ++i) {
    const auto op = static_cast<Op>(i);
    if (is_plain(op) && op != Op::AnyLane) all.push_back(op);
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, LaneOps, testing::ValuesIn(lane_ops()),
                         [](const auto& info) { return std::string(ir::info(info.param).text); });

TEST(LaneDivision, UsesRangesWithoutBeingFooled) {
  constexpr int64_t two_50 = int64_t{1} << 50, two_53 = int64_t{1} << 53;
  const std::vector<ir::IntRange> ranges = {{0, 100},           {0, INT32_MAX},           {-two_50, two_50},
                                            {0, two_53 - 1},    {-two_53 + 1, two_53 - 1}, {-two_53, two_53},
                                            {INT64_MIN, -1},    {INT64_MIN, INT64_MAX}};
  at_all_levels([&](Simd simd) {
    for (Op op : {Op::IFloorDiv, Op::IMod}) {
      for (ir::IntRange a : ranges) {
        for (ir::IntRange b : {ranges[0], ranges[4], ranges[7]})
          check_lanes({op, 0, {Type::I64, Type::I64}, -1, 0, {a, b}}, simd);
        for (int64_t d : {int64_t{3}, int64_t{8}, int64_t{641}, int64_t{INT32_MAX}, two_50 - 1, INT64_MAX, int64_t{-7}})
          check_lanes({op, 0, {Type::I64, Type::I64}, 1, static_cast<uint64_t>(d), {a}}, simd);
      }
    }
  });
}

// Quotient and remainder of both kinds, by constants and by a column of divisors, of dividends next to multiples.
TEST(LaneDivision, IsExactNextToMultiples) {
  std::mt19937_64 random(1);
  for (int bits : {31, 50, 53, 62}) {
    for (int i = 0; i < 12; ++i) {
      const bool constant = i > 0;
      const int64_t most = (int64_t{1} << bits) - 1;
      const int64_t divisor = constant ? static_cast<int64_t>(random() >> (65 - bits + random() % (bits - 2))) + 1 : 0;
      ir::Module module;
      ir::Builder b(module.functions.emplace_back());
      b.new_block();
      const ir::ValueId x = b.add_param(0, Type::I64);
      const ir::ValueId y = constant ? b.iconst(divisor) : b.add_param(0, Type::I64);
      b.ret({b.emit(Op::IXor, {b.emit(Op::IFloorDiv, {x, y}), b.emit(Op::IMod, {x, y})})});
      module.result_types = {Type::I64};
      b.function().arg_ranges = {{bits == 31 ? 0 : -most, most}, {1, most}};
      std::vector<int64_t> xs, ys;
      for (int k = 0; k < 20000; ++k) {
        const int64_t d = constant ? divisor : static_cast<int64_t>(random() >> (64 - bits) >> (random() % bits)) + 1;
        const int64_t limit = most / d;
        if (limit == 0) continue;
        const int64_t multiple = (static_cast<int64_t>(random() >> 2) % limit + 1) * d;
        for (int64_t a : {multiple - 1, multiple, std::min(multiple + 1, most), limit * d - 1, int64_t{0}}) {
          for (int64_t sign : {1, -1}) {
            if (sign < 0 && bits == 31) continue;
            xs.push_back(sign * a), ys.push_back(d);
          }
        }
      }
      if (xs.empty()) continue;
      at_all_levels([&](Simd simd) {
        const auto kernel = compile(lanes_of(module), {.simd = simd});
        const std::vector<int64_t> results =
            run(*kernel, constant ? std::vector<Column>{ints(xs)} : std::vector<Column>{ints(xs), ints(ys)}).ints();
        for (size_t k = 0; k < xs.size(); ++k)
          ASSERT_EQ(results[k], ir::floor_div(xs[k], ys[k]) ^ ir::floor_mod(xs[k], ys[k])) << xs[k] << " " << ys[k];
      });
    }
  }
}

class LaneNumeric : public testing::TestWithParam<NumericFn> {};

TEST_P(LaneNumeric, GivesTheBitsOfTheFunction) {
  const auto columns = columns_for(numeric::info(GetParam()), 1);
  at_all_levels([&](Simd simd) {
    compare(GetParam(), *compile(lanes_of(module_of(GetParam())), {.simd = simd}), columns, columns);
  });
}

INSTANTIATE_TEST_SUITE_P(All, LaneNumeric, testing::ValuesIn(all_functions()),
                         [](const auto& info) { return std::string(numeric::info(info.param).name); });

}  // namespace
}  // namespace gilmap::codegen_tests
