// Functions that call each other and themselves: results, deopts and cancelling through the calls, depth.

#include <pthread.h>

#include <functional>
#include <thread>

#include "codegen_programs.h"

namespace gilmap::codegen_tests {
namespace {

using ir::DeoptReason;

constexpr std::string_view ackermann = R"(
function %ack(i64, i64) -> i64 {
block0(v0: i64, v1: i64):
  v2 = call.i64 fn1(v0, v1)
  ret v2
}
function %ack(i64, i64) -> i64 {
block0(v0: i64, v1: i64):
  v2 = iconst 0
  v3 = iconst 1
  v4 = ieq v0, v2
  branch v4, block1, block2
block1:
  v5 = iadd_overflows v1, v3
  deopt_if v5, overflow
  v6 = iadd v1, v3
  ret v6
block2:
  v7 = isub v0, v3
  v8 = ieq v1, v2
  branch v8, block3, block4
block3:
  v9 = call.i64 fn1(v7, v3)
  ret v9
block4:
  v10 = isub v1, v3
  v11 = call.i64 fn1(v0, v10)
  v12 = call.i64 fn1(v7, v11)
  ret v12
}
)";

// The number of activations below f(n) is n.
constexpr std::string_view chain = R"(
function %chain(i64) -> i64 depth=2 {
block0(v0: i64):
  v1 = call.i64 fn1(v0)
  ret v1
}
function %chain(i64) -> i64 depth=3 {
block0(v0: i64):
  v1 = iconst 0
  v2 = iconst 1
  v3 = ieq v0, v1
  branch v3, block1, block2
block1:
  ret v1
block2:
  v4 = isub v0, v2
  v5 = call.i64 fn1(v4)
  v6 = iadd v5, v2
  ret v6
}
)";

TEST(Recursion, Fibonacci) {
  for (int level : {0, 2}) {
    const Ran ran = run(*compile(programs::fib, {.opt_level = level}), {ints({0, 1, 2, 10, 20, -5})});
    EXPECT_EQ(ran.ints(), (std::vector<int64_t>{0, 1, 1, 55, 6765, -5}));
    EXPECT_TRUE(ran.rows.empty());
  }
}

TEST(Recursion, AckermannDeoptsWhereItIsTooDeep) {
  const ir::Module module = parse(ackermann);
  for (int level : {0, 2}) {
    const auto kernel = compile(module, {.opt_level = level});
    const Column m = ints({0, 1, 2, 2, 3, 3}), n = ints({5, 5, 3, 60, 3, 5});
    for (int64_t budget : {10, 40, 100, 128, 129, 130, 300, 900}) {
      const Ran ran = run(*kernel, {m, n}, budget);
      size_t deopt = 0;
      for (size_t i = 0; i < m.size(); ++i) {
        const auto expected =
            ir::interpret(module, 0, std::vector{m[i], n[i]}, {.max_steps = 100'000'000, .depth_budget = budget});
        if (expected.kind == ir::Outcome::Kind::Deopt) {
          ASSERT_LT(deopt, ran.rows.size()) << budget << " row " << i;
          EXPECT_EQ(ran.rows[deopt], static_cast<int64_t>(i)) << budget;
          EXPECT_EQ(ran.reasons[deopt++], DeoptReason::Depth);
        } else {
          EXPECT_EQ(ran.bits[i], expected.bits[0]) << budget << " row " << i;
        }
      }
      EXPECT_EQ(deopt, ran.rows.size()) << budget;
    }
  }
}

TEST(Recursion, CountsTheFramesOfEachActivation) {
  const auto kernel = compile(chain);
  // The element function takes 2 frames, f(n) takes 3 for each of n + 1 activations.
  EXPECT_EQ(run(*kernel, {ints({9, 10, 11})}, 2 + 3 * 11).rows, (std::vector<int64_t>{2}));
  EXPECT_EQ(run(*kernel, {ints({0, 1})}, 5).rows, (std::vector<int64_t>{1}));
  EXPECT_EQ(run(*kernel, {ints({0})}, 4).rows, (std::vector<int64_t>{0}));
  EXPECT_EQ(run(*kernel, {ints({0})}, 1).reasons, std::vector{DeoptReason::Depth});
}

void on_a_stack_of_64_mb(std::function<void()> work) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 64 << 20);
  pthread_t thread;
  auto start = [](void* f) -> void* {
    (*static_cast<std::function<void()>*>(f))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, start, &work), 0);
  pthread_join(thread, nullptr);
}

TEST(Recursion, NeverOverflowsTheStack) {
  for (int level : {0, 2}) {
    const auto kernel = compile(chain, {.opt_level = level});
    on_a_stack_of_64_mb([&] {
      const Ran ran = run(*kernel, {ints({20000, 1'000'000'000})}, INT64_MAX);
      EXPECT_EQ(ran.ints()[0], 20000);
      EXPECT_EQ(ran.rows, (std::vector<int64_t>{1}));
      EXPECT_EQ(ran.reasons, std::vector{DeoptReason::Depth});
    });
  }
}

TEST(Recursion, DeoptsOfCalleesKeepTheirReasons) {
  for (int level : {0, 2}) {
    const auto kernel = compile(R"(
function %f(i64) -> i64 {
block0(v0: i64):
  v1 = call.i64 fn1(v0)
  v2 = call.i64 fn1(v1)
  ret v2
}
function %g(i64) -> i64 {
block0(v0: i64):
  v1 = iconst 7
  v2 = ieq v0, v1
  deopt_if v2, zero_division
  v3 = iconst 5
  v4 = ieq v0, v3
  branch v4, block1, block2
block1:
  deopt raise
block2:
  v5 = iconst 1
  v6 = iadd v0, v5
  ret v6
}
)",
                                {.opt_level = level});
    const Ran ran = run(*kernel, {ints({1, 4, 5, 6, 7, 8})});
    EXPECT_EQ(ran.rows, (std::vector<int64_t>{1, 2, 3, 4}));
    EXPECT_EQ(ran.reasons, (std::vector{DeoptReason::Raise, DeoptReason::Raise, DeoptReason::ZeroDivision,
                                        DeoptReason::ZeroDivision}));
    EXPECT_EQ(ran.ints()[0], 3);
    EXPECT_EQ(ran.ints()[5], 10);
  }
}

TEST(Recursion, ReturnsManyResults) {
  for (int level : {0, 2}) {
    const auto kernel = compile(R"(
function %f(i64, f64) -> f64 {
block0(v0: i64, v1: f64):
  v2 = call.f64 fn1(v0, v1)
  v3 = call_result.i64 v2, 1
  v4 = call_result.bool v2, 2
  v5 = call_result.i64 v2, 3
  v6 = call_result.f64 v2, 4
  v7 = call_result.i64 v2, 5
  v8 = iadd v3, v5
  v9 = iadd v8, v7
  v10 = itof v9
  v11 = fadd v2, v10
  v12 = select.f64 v4, v11, v6
  ret v12
}
function %g(i64, f64) -> f64, i64, bool, i64, f64, i64 {
block0(v0: i64, v1: f64):
  v2 = iconst 3
  v3 = ilt v0, v2
  v4 = iadd v0, v2
  v5 = imul v0, v2
  v6 = fadd v1, v1
  ret v1, v0, v3, v4, v6, v5
}
)",
                                {.opt_level = level});
    const Ran ran = run(*kernel, {ints({1, 10}), floats({0.5, 0.25})});
    EXPECT_EQ(ran.floats(), (std::vector<double>{0.5 + 1 + 4 + 3, 0.5}));
  }
}

TEST(Recursion, IsCancelled) {
  const auto kernel = compile(programs::fib);
  std::atomic<uint8_t> cancel{0};
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    cancel.store(1);
  });
  const Ran ran = run(*kernel, {ints({3, 80, 4})}, 900, &cancel);
  other.join();
  EXPECT_EQ(ran.stopped_at, 1);
  EXPECT_EQ(ran.ints()[0], 2);
  EXPECT_TRUE(ran.rows.empty());
}

TEST(Recursion, MutualRecursion) {
  const auto kernel = compile(R"(
function %is_even(i64) -> bool {
block0(v0: i64):
  v1 = call.bool fn1(v0)
  ret v1
}
function %even(i64) -> bool {
block0(v0: i64):
  v1 = iconst 0
  v2 = ieq v0, v1
  branch v2, block1, block2
block1:
  ret v2
block2:
  v3 = iconst 1
  v4 = isub v0, v3
  v5 = call.bool fn2(v4)
  ret v5
}
function %odd(i64) -> bool {
block0(v0: i64):
  v1 = iconst 0
  v2 = ieq v0, v1
  branch v2, block1, block2
block1:
  v6 = bconst false
  ret v6
block2:
  v3 = iconst 1
  v4 = isub v0, v3
  v5 = call.bool fn1(v4)
  ret v5
}
)");
  const Ran ran = run(*kernel, {ints({0, 1, 2, 101, 200, 2000, -1})}, 900);
  EXPECT_EQ(ran.rows, (std::vector<int64_t>{5, 6}));
  EXPECT_EQ(ran.bits, (std::vector<uint64_t>{1, 0, 1, 0, 1, 0, 0}));
}

}  // namespace
}  // namespace gilmap::codegen_tests
