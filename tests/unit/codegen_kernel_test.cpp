// The kernel around the element function: inputs and results of each type, deopts, cancelling, vectorisation.

#include <thread>

#include "codegen_programs.h"

namespace gilmap::codegen_tests {
namespace {

using ir::DeoptReason;

// Each row of the kernel against the reference interpreter.
void agrees_with_interpreter(std::string_view text, const std::vector<Column>& columns, int64_t depth_budget = 900) {
  const ir::Module module = parse(text);
  for (int level : {0, 2}) {
    const auto kernel = compile(module, {.opt_level = level});
    ASSERT_TRUE(kernel);
    const Ran ran = run(*kernel, columns, depth_budget);
    EXPECT_EQ(ran.stopped_at, static_cast<int64_t>(columns[0].size()));
    size_t deopt = 0;
    for (size_t i = 0; i < columns[0].size(); ++i) {
      std::vector<uint64_t> args;
      for (const Column& c : columns) args.push_back(c[i]);
      const ir::Outcome expected =
          ir::interpret(module, 0, args, {.max_steps = 100'000'000, .depth_budget = depth_budget});
      if (expected.kind == ir::Outcome::Kind::Deopt) {
        ASSERT_LT(deopt, ran.rows.size()) << "row " << i;
        ASSERT_EQ(ran.rows[deopt], static_cast<int64_t>(i));
        ASSERT_EQ(ran.reasons[deopt++], expected.reason);
        continue;
      }
      ASSERT_EQ(expected.kind, ir::Outcome::Kind::Returned) << expected.what;
      ASSERT_EQ(ran.bits[i], expected.bits[0]) << "row " << i << " level " << level;
    }
    ASSERT_EQ(deopt, ran.rows.size());
  }
}

Column counting(int64_t from, int64_t to) {
  Column all;
  for (int64_t i = from; i < to; ++i) all.push_back(static_cast<uint64_t>(i));
  return all;
}

TEST(Programs, MediumCompute) {
  Column n = counting(-50, 50);
  for (int64_t v : {INT64_MAX, INT64_MIN, INT64_MAX / 199, INT64_MAX / 199 + 1, INT64_MIN / 200})
    n.push_back(static_cast<uint64_t>(v));
  agrees_with_interpreter(programs::medium_compute, {n});
}

TEST(Programs, Collatz) {
  Column n = counting(1, 300);
  for (int64_t v :
       {INT64_MAX, INT64_MAX - 1, INT64_MAX / 3, INT64_MAX / 3 - 1, INT64_MAX / 3 + 2, (int64_t{1} << 62) - 1})
    n.push_back(static_cast<uint64_t>(v));
  agrees_with_interpreter(programs::collatz, {n});
}

TEST(Programs, CountPrimes) { agrees_with_interpreter(programs::count_primes, {counting(-2, 120)}); }

TEST(Programs, Mandelbrot) {
  std::vector<double> x;
  for (int i = 0; i < 100; ++i) x.push_back(-2.0 + i * 0.03);
  agrees_with_interpreter(programs::mandelbrot, {floats(x)});
}

TEST(Programs, Gcd) {
  Column a, b;
  for (int64_t x : {0, 1, -1, 12, -12, 1000003, 600851475}) {
    for (int64_t y : {0, 1, -1, 18, -18, 999983})
      a.push_back(static_cast<uint64_t>(x)), b.push_back(static_cast<uint64_t>(y));
  }
  for (auto [x, y] : {std::pair{INT64_MIN, int64_t{-1}}, {INT64_MAX, INT64_MIN}, {INT64_MIN, INT64_MAX}})
    a.push_back(static_cast<uint64_t>(x)), b.push_back(static_cast<uint64_t>(y));
  agrees_with_interpreter(programs::gcd, {a, b});
}

TEST(Kernel, FloatMathIsVectorised) {
  const std::string assembly = codegen::listing(parse(programs::float_math), codegen::Listing::Assembly);
#ifdef __x86_64__
  EXPECT_TRUE(assembly.find("mulpd") != std::string::npos) << assembly;
  EXPECT_TRUE(assembly.find("fmadd") == std::string::npos) << assembly;
#endif
  std::vector<double> x;
  for (int i = 0; i < 1003; ++i) x.push_back(i * 0.37 - 100);
  const Ran ran = run(*compile(programs::float_math), {floats(x)});
  for (size_t i = 0; i < x.size(); ++i) {
    volatile double product = x[i] * 1.5;
    ASSERT_EQ(ran.floats()[i], product + 0.5);
    if (i % 50) ++i;
  }
}

TEST(Kernel, SaysWhatItIs) {
  const auto plain = compile(programs::float_math);
  EXPECT_FALSE(plain->may_deopt);
  EXPECT_FALSE(plain->recursive);
  EXPECT_FALSE(plain->unbounded);
  EXPECT_EQ(plain->param_types, std::vector{ir::Type::F64});
  EXPECT_EQ(plain->result_types, std::vector{ir::Type::F64});
  EXPECT_GT(plain->code_bytes, 0u);
  EXPECT_GT(plain->compile_ms, 0);
  const auto loop = compile(programs::collatz);
  EXPECT_TRUE(loop->may_deopt);
  EXPECT_FALSE(loop->recursive);
  EXPECT_TRUE(loop->unbounded);
  const auto recursive = compile(programs::fib);
  EXPECT_TRUE(recursive->may_deopt);
  EXPECT_TRUE(recursive->recursive);
  EXPECT_TRUE(recursive->unbounded);
}

TEST(Kernel, TagsMixedResults) {
  const auto kernel = compile(R"(
function %mixed(i64, f64) -> i64 | f64 | bool | void {
block0(v0: i64, v1: f64):
  v2 = iconst 0
  v3 = ilt v0, v2
  branch v3, block1, block2
block1:
  ret v1
block2:
  v4 = ieq v0, v2
  branch v4, block3, block4
block3:
  ret
block4:
  v5 = iconst 10
  v6 = igt v0, v5
  branch v6, block5, block6
block5:
  ret v6
block6:
  ret v0
}
)");
  const Ran ran = run(*kernel, {ints({-1, 0, 5, 11}), floats({2.5, 3.5, 4.5, 5.5})});
  EXPECT_EQ(ran.floats()[0], 2.5);
  EXPECT_EQ(ran.ints()[2], 5);
  EXPECT_EQ(ran.bits[3], 1u);
  using codegen::Tag;
  EXPECT_EQ(ran.tags, (std::vector<uint8_t>{static_cast<uint8_t>(Tag::Float), static_cast<uint8_t>(Tag::None),
                                            static_cast<uint8_t>(Tag::Int), static_cast<uint8_t>(Tag::Bool)}));
}

TEST(Kernel, BoolsAreBytesInAndOut) {
  // Any byte but 0 is true: that is how NumPy reads them.
  const auto kernel = compile(R"(
function %either(bool, bool) -> bool {
block0(v0: bool, v1: bool):
  v2 = bxor v0, v1
  ret v2
}
)");
  const Ran ran = run(*kernel, {{0, 1, 2, 255, 0, 1}, {0, 0, 0, 1, 128, 1}});
  EXPECT_EQ(ran.bits, (std::vector<uint64_t>{0, 1, 1, 0, 1, 0}));
}

TEST(Kernel, ReturnsNothing) {
  const auto kernel = compile("function %nothing(i64) -> void {\nblock0(v0: i64):\n  ret\n}\n");
  const Ran ran = run(*kernel, {ints({1, 2, 3})});
  EXPECT_EQ(ran.stopped_at, 3);
  EXPECT_TRUE(ran.rows.empty());
  EXPECT_EQ(ran.bits, (std::vector<uint64_t>{0, 0, 0}));
}

TEST(Kernel, EveryElementDeopts) {
  const auto kernel = compile("function %raises(i64) {\nblock0(v0: i64):\n  deopt raise\n}\n");
  const Ran ran = run(*kernel, {ints({1, 2, 3})});
  EXPECT_EQ(ran.rows, (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(ran.reasons, std::vector(3, DeoptReason::Raise));
}

TEST(Kernel, AppendsDeoptsBehindThoseThatAreThere) {
  const auto kernel = compile("function %raises(i64) {\nblock0(v0: i64):\n  deopt assert\n}\n");
  std::vector<int64_t> in{1, 2, 3, 4}, rows(8, -1);
  std::vector<uint8_t> reasons(8, 255);
  const void* inputs[] = {in.data()};
  KernelArgs args;
  args.inputs = inputs;
  args.deopts = rows.data();
  args.deopt_reasons = reasons.data();
  args.deopt_count = 2;
  EXPECT_EQ(kernel->run(&args, 1, 3), 3);
  EXPECT_EQ(args.deopt_count, 4);
  EXPECT_EQ(rows, (std::vector<int64_t>{-1, -1, 1, 2, -1, -1, -1, -1}));
  EXPECT_EQ(kernel->run(&args, 3, 3), 3);
  EXPECT_EQ(args.deopt_count, 4);
}

TEST(Kernel, WritesOnlyItsRange) {
  const auto kernel = compile(programs::float_math);
  std::vector<double> in(100, 2.0), out(100, -1.0);
  const void* inputs[] = {in.data()};
  KernelArgs args;
  args.inputs = inputs;
  args.payload = out.data();
  EXPECT_EQ(kernel->run(&args, 13, 77), 77);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(out[static_cast<size_t>(i)], i >= 13 && i < 77 ? 3.5 : -1.0);
}

TEST(Kernel, ReadsColumnsAtAnyAddress) {
  std::vector<char> bytes(8 * 64 + 1);
  for (int i = 0; i < 64; ++i) {
    const double x = i;
    std::memcpy(&bytes[static_cast<size_t>(i) * 8 + 1], &x, 8);
  }
  std::vector<double> out(64);
  const void* inputs[] = {bytes.data() + 1};
  KernelArgs args;
  args.inputs = inputs;
  args.payload = out.data();
  compile(programs::float_math)->run(&args, 0, 64);
  for (int i = 0; i < 64; ++i) EXPECT_EQ(out[static_cast<size_t>(i)], i * 1.5 + 0.5);
}

constexpr std::string_view endless_at_zero = R"(
function %endless(i64) -> i64 {
block0(v0: i64):
  v1 = iconst 0
  v2 = iconst 1
  jump block1
block1:
  v3 = ine v0, v1
  branch v3, block2, block3
block2:
  ret v2
block3:
  poll
  jump block1
}
)";

TEST(Kernel, StopsAtTheElementWhereItIsCancelled) {
  for (int level : {0, 2}) {
    const auto kernel = compile(endless_at_zero, {.opt_level = level});
    std::atomic<uint8_t> cancel{0};
    std::thread other([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      cancel.store(1);
    });
    const Ran ran = run(*kernel, {ints({7, 8, 0, 9})}, 900, &cancel);
    other.join();
    EXPECT_EQ(ran.stopped_at, 2);
    EXPECT_EQ(ran.ints(), (std::vector<int64_t>{1, 1, 0, 0}));
  }
}

TEST(Kernel, IsEndlessInEveryElement) {
  for (int level : {0, 2}) {
    const auto kernel =
        compile("function %f(i64) {\nblock0(v0: i64):\n  jump block1\nblock1:\n  poll\n  jump block1\n}\n",
                {.opt_level = level});
    const std::atomic<uint8_t> cancel{1};
    EXPECT_EQ(run(*kernel, {ints({1, 2})}, 900, &cancel).stopped_at, 0);
  }
}

TEST(Kernel, PublishesDeoptsWhileItRuns) {
  // The second element spins until it is cancelled; the first must be seen before.
  const auto kernel = compile(R"(
function %f(i64) {
block0(v0: i64):
  v1 = iconst 0
  v2 = ieq v0, v1
  deopt_if v2, raise
  jump block1
block1:
  poll
  jump block1
}
)");
  std::vector<int64_t> in{0, 1}, rows(2);
  std::vector<uint8_t> reasons(2);
  const void* inputs[] = {in.data()};
  std::atomic<uint8_t> cancel{0};
  KernelArgs args;
  args.inputs = inputs;
  args.deopts = rows.data();
  args.deopt_reasons = reasons.data();
  args.cancel = &cancel;
  std::thread worker([&] { EXPECT_EQ(kernel->run(&args, 0, 2), 1); });
  while (std::atomic_ref(args.deopt_count).load(std::memory_order_acquire) == 0) std::this_thread::yield();
  EXPECT_EQ(rows[0], 0);
  EXPECT_EQ(reasons[0], static_cast<uint8_t>(DeoptReason::Raise));
  cancel.store(1);
  worker.join();
  EXPECT_EQ(args.deopt_count, 1);
}

TEST(Kernel, BothWaysOfABranchMayLeadToOneBlock) {
  const auto kernel = compile(R"(
function %pick(bool, i64, i64) -> i64 {
block0(v0: bool, v1: i64, v2: i64):
  branch v0, block1(v1), block1(v2)
block1(v3: i64):
  ret v3
}
)");
  EXPECT_EQ(run(*kernel, {{1, 0}, ints({5, 6}), ints({7, 8})}).ints(), (std::vector<int64_t>{5, 8}));
}

}  // namespace
}  // namespace gilmap::codegen_tests
