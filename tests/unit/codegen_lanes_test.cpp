// Lane functions at every SIMD level of the CPU: each operation and each numeric function against its reference, and
// what the kernel does around them.

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "codegen/numeric_form.h"
#include "codegen_lanes.h"
#include "codegen_numeric_cases.h"
#include "codegen_op_cases.h"

namespace gilmap::codegen_tests {
namespace {

using codegen::CompileOptions;
using codegen::Simd;

CompileOptions with_level(CompileOptions options, int level) {
  options.opt_level = level;
  return options;
}

template <class Test>
void at_all_levels(Test test) {
  for (const CompileOptions& options : lane_kernel_options()) {
    SCOPED_TRACE(name_of(options));
    test(options);
    if (testing::Test::HasFatalFailure()) return;
  }
}

void check_lanes(const Case& c, const CompileOptions& options) {
  // Undefined operands stand for lanes that do not matter.
  check(c, true, [&](const ir::Module& module) { return compile(lanes_of(module), options); });
}

class LaneOps : public testing::TestWithParam<Op> {};

TEST_P(LaneOps, AgreeWithTheReference) {
  at_all_levels([](const CompileOptions& options) {
    for (const auto& types : signatures(GetParam())) {
      if (types.empty()) continue;
      for (int level : {0, 2}) check_lanes({GetParam(), 0, types, -1, 0, {}}, with_level(options, level));
    }
  });
}

TEST_P(LaneOps, AgreeWithAConstantOperand) {
  at_all_levels([](const CompileOptions& options) {
    for (const auto& types : signatures(GetParam())) {
      if (types.size() != 2) continue;
      for (int k : {0, 1}) {
        const Column values = edges(types[static_cast<size_t>(k)]);
        for (size_t i = 0; i < values.size(); i += 7) check_lanes({GetParam(), 0, types, k, values[i], {}}, options);
      }
    }
  });
}

std::vector<Op> lane_ops() {
  std::vector<Op> all;
  for (int i = 0; i < static_cast<int>(Op::Param); ++i) {
    const auto op = static_cast<Op>(i);
    if (is_plain(op) && op != Op::AnyLane && op != Op::ManyLanes) all.push_back(op);
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, LaneOps, testing::ValuesIn(lane_ops()),
                         [](const auto& info) { return std::string(ir::info(info.param).text); });

// Of operands that fit in 32 bits, as their results may or may not.
TEST_P(LaneOps, AgreeWithinNarrowRanges) {
  constexpr auto power = [](int bits) { return int64_t{1} << bits; };
  const std::vector<ir::IntRange> ranges = {
      {0, 31}, {-power(21), power(21)}, {-power(24) + 1, power(24) - 1}, {INT32_MIN, INT32_MAX}, {0, power(32)}};
  at_all_levels([&](const CompileOptions& options) {
    for (const auto& types : signatures(GetParam())) {
      if (std::ranges::find(types, Type::I64) == types.end()) continue;
      for (ir::IntRange a : ranges) {
        for (ir::IntRange b : ranges) {
          std::vector<ir::IntRange> all;
          for (Type t : types)
            all.push_back(t == Type::I64    ? (all.empty() ? a : b)
                          : t == Type::Bool ? ir::IntRange{0, 1}
                                            : ir::IntRange{});
          check_lanes({GetParam(), 0, types, -1, 0, all}, options);
          if (all.size() == 1) break;
        }
      }
    }
  });
}

TEST(LaneDivision, UsesRangesWithoutBeingFooled) {
  constexpr int64_t two_50 = int64_t{1} << 50, two_53 = int64_t{1} << 53;
  const std::vector<ir::IntRange> ranges = {
      {0, 100},          {0, INT32_MAX},        {-two_50, two_50},      {0, two_53 - 1},     {-two_53 + 1, two_53 - 1},
      {-two_53, two_53}, {INT64_MIN, -1},       {INT64_MIN, INT64_MAX}, {-2097152, 2097152}, {-16777215, 16777215},
      {-16777216, 1},    {INT32_MIN, INT32_MAX}};
  at_all_levels([&](const CompileOptions& options) {
    for (Op op : {Op::IFloorDiv, Op::IMod}) {
      for (ir::IntRange a : ranges) {
        for (ir::IntRange b : {ranges[0], ranges[4], ranges[7], ranges[9]})
          check_lanes({op, 0, {Type::I64, Type::I64}, -1, 0, {a, b}}, options);
        for (int64_t d :
             {int64_t{1}, int64_t{2}, int64_t{3}, int64_t{8}, int64_t{641}, int64_t{2097151}, int64_t{16777213},
              int64_t{INT32_MAX}, two_50 - 1, INT64_MAX, int64_t{-1}, int64_t{-7}, int64_t{INT32_MIN}})
          check_lanes({op, 0, {Type::I64, Type::I64}, 1, static_cast<uint64_t>(d), {a}}, options);
      }
    }
  });
}

// Quotient and remainder of both kinds, by constants and by a column of divisors, of dividends next to multiples.
TEST(LaneDivision, IsExactNextToMultiples) {
  std::mt19937_64 random(1);
  for (int bits : {20, 21, 24, 30, 31, 50, 53, 62}) {
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
      at_all_levels([&](const CompileOptions& options) {
        const auto kernel = compile(lanes_of(module), options);
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
  at_all_levels([&](const CompileOptions& options) {
    compare(GetParam(), *compile(lanes_of(module_of(GetParam())), options), columns, columns);
  });
}

// The number of vectors in flight is chosen by what form_of() says of code that is not there yet.
TEST_P(LaneNumeric, HasTheFormThatIsExpectedOfIt) {
  const numeric::NumericFnInfo& info = numeric::info(GetParam());
  at_all_levels([&](const CompileOptions& options) {
    for (const ir::IntRange range : {ir::IntRange{}, ir::IntRange{0, 1000}, ir::IntRange{2, 2}}) {
      ir::Module module = module_of(GetParam());
      std::vector<ir::IntRange> ranges;
      for (const numeric::NumericType t : info.args)
        ranges.push_back(t == numeric::NumericType::I64 ? range : ir::IntRange{});
      module.functions[0].arg_ranges = ranges;
      const bool has_fma = options.simd >= Simd::Avx2;
      const std::string code = codegen::listing(lanes_of(module), codegen::Listing::LlvmIr, options);
      const bool calls = code.contains("@lanes_" + std::string(info.name)), is_guarded = code.contains("lanes.some");
      using codegen::NumericForm;
      switch (codegen::form_of(GetParam(), ranges, has_fma)) {
        case NumericForm::Simple:
        case NumericForm::Sequence:
          EXPECT_FALSE(calls) << code;
          break;
        case NumericForm::Guarded:
          EXPECT_TRUE(calls && is_guarded) << code;
          break;
        case NumericForm::Call:
          EXPECT_TRUE(calls && !is_guarded) << code;
          break;
      }
    }
  });
}

INSTANTIATE_TEST_SUITE_P(All, LaneNumeric, testing::ValuesIn(all_functions()),
                         [](const auto& info) { return std::string(numeric::info(info.param).name); });

// A kernel of one column over counts next to the sizes of groups, against scalar code.
void agrees(const ir::Module& scalar, const ir::Module& lanes, const Column& column, const CompileOptions& options) {
  const auto expected = compile(scalar);
  for (int level : {0, 2}) {
    const auto kernel = compile(lanes, with_level(options, level));
    ASSERT_TRUE(kernel);
    const auto n = static_cast<size_t>(kernel->lanes);
    EXPECT_GE(n, 2u);
    for (size_t count : {size_t{1}, n - 1, n, n + 1, 3 * n + 5, column.size()}) {
      const Column some(column.begin(), column.begin() + static_cast<ptrdiff_t>(count));
      const Ran a = run(*expected, {some}), b = run(*kernel, {some});
      ASSERT_EQ(a.stopped_at, b.stopped_at);
      ASSERT_EQ(a.rows, b.rows);
      ASSERT_EQ(a.reasons, b.reasons);
      ASSERT_EQ(a.tags, b.tags);
      size_t next = 0;
      for (size_t i = 0; i < count; ++i) {
        if (next < a.rows.size() && a.rows[next] == static_cast<int64_t>(i)) {
          ++next;
        } else {
          ASSERT_EQ(a.bits[i], b.bits[i]) << i << " of " << count << " level " << level;
        }
      }
    }
  }
}

TEST(LaneKernel, LoopsWhileAnyLaneIsLive) {
  std::vector<double> points;
  for (int i = 0; i < 500; ++i) points.push_back(-2.0 + 0.005 * i);
  at_all_levels([&](const CompileOptions& options) {
    agrees(parse(programs::mandelbrot), mandelbrot_lanes(), floats(points), options);
  });
}

TEST(LaneKernel, ListsTheLanesThatLeave) {
  std::vector<int64_t> starts;
  for (int i = 0; i < 300; ++i) starts.push_back(i % 7 == 3 ? INT64_MAX - 2 * i : i + 1);
  at_all_levels(
      [&](const CompileOptions& options) { agrees(parse(programs::collatz), collatz_lanes(), ints(starts), options); });
}

TEST(LaneKernel, GivesTheFirstReasonThatApplies) {
  const ir::Module scalar = parse(R"(
function %f(i64) -> i64 {
block0(v0: i64):
  v1 = iconst 3
  v2 = igt v0, v1
  deopt_if v2, overflow
  v3 = iconst 0
  v4 = ine v0, v3
  deopt_if v4, zero_division
  v5 = ilt v0, v3
  deopt_if v5, domain
  ret v0
}
)");
  at_all_levels([&](const CompileOptions& options) {
    agrees(scalar, lanes_of(scalar), ints(std::vector<int64_t>(200, 0)), options);
    std::vector<int64_t> values;
    for (int i = 0; i < 200; ++i) values.push_back(i * 37 % 11 - 5);
    agrees(scalar, lanes_of(scalar), ints(values), options);
  });
}

// 1000 // x + y // 3, for inputs within bounds, one of which does not begin at 0.
TEST(LaneKernel, ChecksItsInputsAsItGoes) {
  const ir::Module scalar = parse(R"(
function %f(i64, i64) -> i64 {
block0(v0: i64, v1: i64):
  v2 = iconst 0
  v3 = ieq v0, v2
  deopt_if v3, zero_division
  v4 = iconst 1000
  v5 = ifloordiv v4, v0
  v6 = iconst 3
  v7 = ifloordiv v1, v6
  v8 = iadd v5, v7
  ret v8
}
)");
  ir::Module bounded = scalar;
  bounded.functions[0].arg_ranges = {{0, (1 << 20) - 1}, {-(1 << 24), (1 << 24) - 1}};
  const auto expected = compile(scalar);
  at_all_levels([&](const CompileOptions& options) {
    const auto kernel = compile(lanes_of(bounded), options);
    ASSERT_TRUE(kernel->checks_inputs);
    const auto lanes = static_cast<size_t>(kernel->lanes);
    for (const size_t count : {size_t{1}, lanes - 1, lanes, lanes + 1, 3 * lanes + 2}) {
      std::vector<int64_t> xs, ys;
      for (size_t i = 0; i < count; ++i) {
        xs.push_back(i % 5 == 3 ? 0 : i % 2 == 0 ? (1 << 20) - 1 : static_cast<int64_t>(i));
        ys.push_back(i % 3 == 0 ? -(1 << 24) : (1 << 24) - 1);
      }
      const Ran a = run(*expected, {ints(xs), ints(ys)}), b = run(*kernel, {ints(xs), ints(ys)});
      EXPECT_FALSE(b.outside);
      ASSERT_EQ(a.rows, b.rows);
      ASSERT_EQ(a.reasons, b.reasons);
      for (size_t i = 0; i < count; ++i) {
        if (xs[i] != 0) ASSERT_EQ(a.bits[i], b.bits[i]) << i;
      }
      for (size_t place = 0; place < count; ++place) {
        for (const int64_t x : {int64_t{-1}, int64_t{1} << 20, int64_t{1} << 40, INT64_MIN, INT64_MAX}) {
          std::vector<int64_t> odd = xs;
          odd[place] = x;
          const Ran ran = run(*kernel, {ints(odd), ints(ys)});
          ASSERT_TRUE(ran.outside) << x << " at " << place << " of " << count;
          ASSERT_TRUE(ran.rows.empty());
        }
        for (const int64_t y : {-(int64_t{1} << 24) - 1, int64_t{1} << 24, INT64_MIN, INT64_MAX}) {
          std::vector<int64_t> odd = ys;
          odd[place] = y;
          ASSERT_TRUE(run(*kernel, {ints(xs), ints(odd)}).outside) << y << " at " << place << " of " << count;
        }
      }
    }
  });
}

// A loop over garbage might not end; and nothing is to be checked without bounds.
TEST(LaneKernel, LeavesSomeInputsToOthersToCheck) {
  ir::Module loop = collatz_lanes();
  loop.functions[0].arg_ranges = {{0, (1 << 20) - 1}};
  const ir::Module plain = parse("function %f(i64) -> i64 {\nblock0(v0: i64):\n v1 = iand v0, v0\n ret v1\n}\n");
  at_all_levels([&](const CompileOptions& options) {
    EXPECT_FALSE(compile(loop, options)->checks_inputs);
    EXPECT_FALSE(compile(lanes_of(plain), options)->checks_inputs);
  });
}

TEST(LaneKernel, AllLanesMayLeave) {
  ir::Module module = lanes_of(parse("function %f(i64) -> i64 {\nblock0(v0: i64):\n v1 = bconst true\n ret v0\n}\n"));
  module.functions[0].deopts = {ir::DeoptReason::Other};
  module.functions[0].blocks[0].end.values.push_back(1);
  at_all_levels([&](const CompileOptions& options) {
    const auto kernel = compile(module, options);
    EXPECT_TRUE(kernel->may_deopt);
    EXPECT_EQ(run(*kernel, {ints({1, 2, 3})}).rows, (std::vector<int64_t>{0, 1, 2}));
  });
}

TEST(LaneKernel, ReadsAndWritesBoolsAsBytes) {
  const ir::Module scalar = parse("function %f(bool) -> bool {\nblock0(v0: bool):\n v1 = bnot v0\n ret v1\n}\n");
  Column column;
  for (uint64_t i = 0; i < 300; ++i) column.push_back(i * i / 3 % 2);
  at_all_levels([&](const CompileOptions& options) { agrees(scalar, lanes_of(scalar), column, options); });
}

TEST(LaneKernel, UniformResultsAreThoseOfEveryLane) {
  const ir::Module scalar = parse("function %f(f64) -> f64 {\nblock0(v0: f64):\n v1 = fconst -0.0\n ret v1\n}\n");
  at_all_levels([&](const CompileOptions& options) {
    agrees(scalar, lanes_of(scalar), floats(std::vector<double>(300, 1)), options);
  });
}

TEST(LaneKernel, WritesNothingForNone) {
  const ir::Module scalar = parse("function %f(i64) -> void {\nblock0(v0: i64):\n ret\n}\n");
  at_all_levels([&](const CompileOptions& options) {
    agrees(scalar, lanes_of(scalar), ints(std::vector<int64_t>(300, 1)), options);
  });
}

TEST(LaneKernel, WritesTags) {
  const ir::Module scalar = parse(R"(
function %f(f64) -> f64 | i64 {
block0(v0: f64):
  v1 = fconst 0.0
  v2 = flt v0, v1
  branch v2, block1, block2
block1:
  v3 = fneg v0
  ret v3
block2:
  v4 = iconst 7
  ret v4
}
)");
  ir::Module lanes;
  ir::Builder b(lanes.functions.emplace_back());
  b.new_block();
  const ir::ValueId x = b.add_param(0, Type::F64);
  const ir::ValueId negative = b.emit(Op::FLt, {x, b.fconst(0)});
  const ir::ValueId bits = b.emit(Op::FBits, {b.emit(Op::FNeg, {x})});
  const ir::ValueId tag = b.emit(Op::Select, {negative, b.iconst(static_cast<int64_t>(codegen::Tag::Float)),
                                              b.iconst(static_cast<int64_t>(codegen::Tag::Int))});
  b.ret({b.emit(Op::Select, {negative, bits, b.iconst(7)}), tag});
  lanes.result_types = scalar.result_types;
  mark_varying(b.function());
  std::vector<double> values;
  for (int i = 0; i < 300; ++i) values.push_back(i % 3 - 1.5);
  at_all_levels([&](const CompileOptions& options) { agrees(scalar, lanes, floats(values), options); });
}

// Both ways to the same block, values that are uniform on one edge, and several rets.
TEST(LaneKernel, UniformBranchesChooseForAllLanes) {
  for (bool same_target : {false, true}) {
    ir::Module lanes;
    ir::Builder b(lanes.functions.emplace_back());
    const ir::BlockId entry = b.new_block(), early = b.new_block(), end = b.new_block();
    const ir::ValueId x = b.add_param(entry, Type::I64), mask = b.add_param(end, Type::Bool);
    const ir::ValueId chosen = b.add_param(end, Type::I64), uniform = b.add_param(end, Type::I64);
    b.at(entry);
    const ir::ValueId big = b.emit(Op::IGt, {x, b.iconst(100)});
    const ir::ValueId some = b.emit(Op::AnyLane, {big}), one = b.iconst(1), two = b.iconst(2);
    const ir::ValueId yes = b.bconst(true);
    if (same_target) {
      b.branch(some, {end, {big, x, two}}, {end, {yes, one, one}});
    } else {
      b.branch(some, {end, {big, x, two}}, {early, {}});
    }
    b.at(early);
    b.ret({b.emit(Op::INot, {x})});
    b.at(end);
    b.ret({b.emit(Op::IMul, {b.emit(Op::Select, {mask, chosen, b.iconst(-5)}), uniform})});
    lanes.result_types = {Type::I64};
    mark_varying(b.function(), {mask, chosen});
    at_all_levels([&](const CompileOptions& options) {
      const auto kernel = compile(lanes, options);
      const int64_t n = kernel->lanes;
      std::vector<int64_t> values, expected;
      for (int64_t i = 0; i < 4 * n; ++i) values.push_back(i % (2 * n) == n + 1 ? 101 : i % 50);
      for (int64_t i = 0; i < 4 * n; ++i) {
        const int64_t v = values[static_cast<size_t>(i)];
        const bool group_has_big = i / n % 2 == 1;
        expected.push_back(group_has_big ? (v > 100 ? v : -5) * 2 : same_target ? 1 : ~v);
      }
      EXPECT_EQ(run(*kernel, {ints(values)}).ints(), expected);
    });
  }
}

TEST(LaneKernel, ACancelledGroupIsNotWritten) {
  at_all_levels([&](const CompileOptions& options) {
    const auto kernel = compile(mandelbrot_lanes(), options);
    EXPECT_TRUE(kernel->unbounded);
    const std::atomic<uint8_t> cancel{1};
    const Ran ran = run(*kernel, {floats(std::vector<double>(100, 2.0))}, 900, &cancel);
    EXPECT_EQ(ran.stopped_at, 0);
    EXPECT_EQ(ran.ints(), std::vector<int64_t>(100, 0));
  });
}

TEST(LaneKernel, StartsAnywhereAtAnyAddress) {
  at_all_levels([&](const CompileOptions& options) {
    const auto kernel = compile(lanes_of(parse(programs::float_math)), options);
    constexpr int64_t count = 100;
    std::vector<char> in(8 * count + 1), out(8 * count + 1);
    for (int64_t i = 0; i < count; ++i) {
      const auto x = static_cast<double>(i);
      std::memcpy(&in[static_cast<size_t>(8 * i + 1)], &x, 8);
    }
    const void* inputs[] = {&in[1]};
    KernelArgs args;
    args.inputs = inputs;
    args.payload = &out[1];
    EXPECT_EQ(kernel->run(&args, 7, 93), 93);
    EXPECT_EQ(kernel->run(&args, 95, 95), 95);
    for (int64_t i = 0; i < count; ++i) {
      double x = 0;
      std::memcpy(&x, &out[static_cast<size_t>(8 * i + 1)], 8);
      EXPECT_EQ(x, i >= 7 && i < 93 ? static_cast<double>(i) * 1.5 + 0.5 : 0);
    }
  });
}

// Garbage in lanes that do not matter: no call for them, and nothing traps.
TEST(LaneNumeric, CallsOnlyForTheLanesThatMatter) {
  for (NumericFn fn : {NumericFn::math_exp, NumericFn::int_factorial, NumericFn::int_truediv, NumericFn::float_mod}) {
    const NumericFnInfo& info = numeric::info(fn);
    ir::Module module = module_of(fn);
    ir::Function& f = module.functions[0];
    ir::Builder b(f);
    b.at(0);
    const ir::Terminator end = std::exchange(f.blocks[0].end, {});
    const ir::ValueId mask = b.add_param(0, Type::Bool);
    f[f.blocks[0].body[0]].args.push_back(mask);
    // Failures of the others are arbitrary.
    const ir::ValueId failed = f.blocks[0].body[1], deopt = f.blocks[0].body.back();
    f.blocks[0].body.pop_back();
    const ir::ValueId both = b.emit(Op::BAnd, {failed, mask});
    f[deopt].args = {both};
    f.blocks[0].body.push_back(deopt);
    f.blocks[0].end = end;
    const ir::Module lanes = lanes_of(module);
    const auto columns = columns_for(info, 3);
    Column matters;
    for (size_t i = 0; i < columns[0].size(); ++i) matters.push_back(i % 3 == 0 || i % 64 > 50);
    at_all_levels([&](const CompileOptions& options) {
      const auto kernel = compile(lanes, options);
      std::vector<Column> all = columns;
      all.push_back(matters);
      const Ran ran = run(*kernel, all);
      std::vector<int64_t> rows;
      for (size_t i = 0; i < matters.size(); ++i) {
        if (!matters[i]) continue;
        std::vector<uint64_t> args;
        for (const Column& c : columns) args.push_back(c[i]);
        const Reference expected = call_with(info, args);
        if (expected.failed) {
          rows.push_back(static_cast<int64_t>(i));
        } else {
          ASSERT_TRUE(same(fn, args, ran.bits[i], expected.bits)) << info.name << " " << i;
        }
      }
      EXPECT_EQ(ran.rows, rows) << info.name;
    });
  }
}

TEST(LaneNumeric, ConstantArgumentsHaveSequencesOfTheirOwn) {
  at_all_levels([](const CompileOptions& options) {
    for (auto [fn, last] : {std::pair{NumericFn::int_pow, 2},
                            {NumericFn::int_pow, 7},
                            {NumericFn::float_round_digits, 2},
                            {NumericFn::float_round_digits, 22}}) {
      auto columns = columns_for(numeric::info(fn), 2);
      columns[1].assign(columns[0].size(), static_cast<uint64_t>(last));
      compare(fn, *compile(lanes_of(module_of(fn, last)), options), columns, {columns[0]});
    }
  });
}

TEST(Simd, WhatTheCpuLacksIsRefused) {
  std::string error;
  EXPECT_FALSE(codegen::compile(lanes_of(parse(programs::float_math)), {.simd = Simd::Off}, &error));
  EXPECT_EQ(error, "SIMD is off");
  EXPECT_TRUE(codegen::compile(parse(programs::float_math), {.simd = Simd::Off}, &error));
#ifdef __x86_64__
  EXPECT_FALSE(codegen::compile(parse(programs::float_math), {.simd = Simd::Neon}, &error));
  EXPECT_EQ(error, "this CPU does not have the instruction set");
#endif
}

using SimdDeathTest = testing::Test;

TEST_F(SimdDeathTest, TheEnvironmentNarrows) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  auto with = [](const char* name) {
    setenv("GILMAP_SIMD", name, 1);
    std::string error;
    const auto kernel = codegen::compile(lanes_of(parse(programs::float_math)), {}, &error);
    std::fprintf(stderr, "%s", kernel ? "compiled" : error.c_str());
    std::exit(0);
  };
  EXPECT_EXIT(with("fast"), testing::ExitedWithCode(0), "GILMAP_SIMD=fast: expected avx512, avx2, sse or off");
  EXPECT_EXIT(with("off"), testing::ExitedWithCode(0), "SIMD is off");
  EXPECT_EXIT(with(""), testing::ExitedWithCode(0), "compiled");
#ifdef __x86_64__
  EXPECT_EXIT(with("sse"), testing::ExitedWithCode(0), "compiled");
#endif
}

#ifdef __x86_64__
// (x * 1103515245 + 12345) & 0x7fffffff, of x below 2^31: only the low bits of the product are wanted.
TEST(Simd, ProductsThatAreCutShortAreStillThoseOf32Bits) {
  ir::Module module = parse(R"(
function %f(i64) -> i64 {
block0(v0: i64):
  v1 = iconst 1103515245
  v2 = imul v0, v1
  v3 = iconst 12345
  v4 = iadd v2, v3
  v5 = iconst 2147483647
  v6 = iand v4, v5
  ret v6
}
)");
  module.functions[0].arg_ranges = {{0, INT32_MAX}};
  at_all_levels([&](CompileOptions options) {
    options.lane_bits = 64;
    const std::string code = codegen::listing(lanes_of(module), codegen::Listing::Assembly, options);
    EXPECT_FALSE(code.contains("pmullq")) << code;
    EXPECT_TRUE(code.contains("pmuldq") || code.contains("pmuludq")) << code;
  });
}
#endif

// A narrower level narrows scalar code, too.
TEST(Simd, LevelsMeanWhatTheySay) {
  at_all_levels([](const CompileOptions& options) {
    for (const ir::Module& module : {parse(programs::float_math), lanes_of(parse(programs::float_math))}) {
      const std::string code = codegen::listing(module, codegen::Listing::Assembly, options);
      EXPECT_TRUE(options.simd >= Simd::Avx512 || !code.contains("zmm")) << code;
      EXPECT_TRUE(options.simd >= Simd::Avx2 || !code.contains("ymm")) << code;
      EXPECT_TRUE(options.simd < Simd::Avx512 || !module.functions[0].lanes || code.contains("zmm")) << code;
    }
  });
}

}  // namespace
}  // namespace gilmap::codegen_tests
