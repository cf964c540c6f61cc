// Short jobs on the calling thread, and the watchdog that keeps them from hanging.

#include <gtest/gtest.h>

#include <pthread.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "runtime/job.h"
#include "runtime/pool.h"
#include "runtime/watchdog.h"
#include "unit/runtime_kernels.h"

namespace gilmap::runtime_tests {
namespace {

using runtime::Deopt;
using runtime::Job;
using runtime::JobSpec;
using Clock = std::chrono::steady_clock;

class RuntimeInline : public testing::Test {
 protected:
  void TearDown() override { runtime::shutdown_workers(); }
};

TEST_F(RuntimeInline, a_short_job_is_done_at_once) {
  std::vector<int64_t> in = count_up(1000);
  in[10] = value::deopt;
  Call call(in);
  Job job(call.spec(int_kernel()));
  EXPECT_TRUE(job.run_inline(1000));
  EXPECT_TRUE(job.done());
  EXPECT_EQ(job.progress(), 1000);
  std::vector<Deopt> deopts;
  job.take_deopts(deopts);
  ASSERT_EQ(deopts.size(), 1u);
  EXPECT_EQ(deopts[0].row, 10);
  EXPECT_GT(job.ns_per_row(), 0);
}

TEST_F(RuntimeInline, no_rows_are_done_at_once) {
  Call call({});
  Job job(call.spec(int_kernel()));
  EXPECT_TRUE(job.run_inline(1));
  EXPECT_TRUE(job.done());
}

TEST_F(RuntimeInline, after_its_time_the_rest_goes_to_the_pool) {
  Call call(std::vector<int64_t>(300, value::slow + 500));
  Job job(call.spec(int_kernel()));
  EXPECT_FALSE(job.run_inline(2));
  const int64_t done = job.progress();
  EXPECT_GE(done, 1);
  EXPECT_LT(done, 100);
  finish(job);
  for (int64_t i = 0; i < 300; ++i) ASSERT_EQ(call.result(i), result_of(value::slow + 500));
}

TEST_F(RuntimeInline, unknown_expensive_rows_are_not_run_many_at_a_time) {
  Call call(std::vector<int64_t>(20, value::slow + 5000));
  Job job(call.spec(int_kernel()));
  EXPECT_FALSE(job.run_inline(0.2));
  EXPECT_EQ(job.ns_per_row() >= 5e6, true);
  const auto start = Clock::now();
  finish(job);
  EXPECT_LT(ms_since(start), 1000);
}

TEST_F(RuntimeInline, an_endless_row_is_stopped_and_goes_to_the_pool) {
  std::vector<int64_t> in = count_up(100);
  in[50] = value::endless;
  in[20] = value::deopt;
  Call call(in);
  JobSpec spec = call.spec(int_kernel());
  spec.ns_per_row = 1;
  for (int i = 0; i < 3; ++i) {
    Job job(spec);
    const auto start = Clock::now();
    EXPECT_FALSE(job.run_inline(0.2));
    EXPECT_GE(ms_since(start), 15);
    EXPECT_LT(ms_since(start), 300);
    EXPECT_EQ(job.progress(), 50);
    job.cut(50);
    EXPECT_EQ(finish(job), std::vector<int64_t>{20});
  }
}

TEST_F(RuntimeInline, the_watchdog_wakes_from_its_deep_sleep) {
  Call call({value::endless});
  for (const int pause_ms : {0, 1500}) {
    std::this_thread::sleep_for(std::chrono::milliseconds(pause_ms));
    EXPECT_TRUE(pause_ms == 0 || eventually([] { return runtime::Watchdog::get().asleep(); }));
    Job job(call.spec(int_kernel()));
    const auto start = Clock::now();
    EXPECT_FALSE(job.run_inline(0.2));
    EXPECT_LT(ms_since(start), 300);
    EXPECT_FALSE(runtime::Watchdog::get().asleep());
  }
}

TEST_F(RuntimeInline, a_shutdown_stops_an_inline_run_and_it_goes_on_elsewhere) {
  Call call({1, value::slow + 12'000, 3});
  JobSpec spec = call.spec(int_kernel());
  spec.ns_per_row = 1;
  Job job(spec);
  std::atomic<bool> stop{false};
  std::thread stopper([&] {
    while (!stop) {
      runtime::shutdown_workers();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
  job.run_inline(0.2);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  stop = true;
  stopper.join();
  finish(job);
  EXPECT_EQ(job.progress(), 3);
  EXPECT_EQ(call.result(1), result_of(value::slow + 12'000));
}

TEST_F(RuntimeInline, many_threads_at_once) {
  std::vector<std::thread> threads;
  std::atomic<int> stopped{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int k = 0; k < 20; ++k) {
        std::vector<int64_t> in = count_up(50);
        if (t == 0 && k % 10 == 0) in[25] = value::endless;
        Call call(in);
        Job job(call.spec(int_kernel()));
        if (!job.run_inline(1000)) {
          ++stopped;
          job.cut(25);
          finish(job);
        }
        for (int64_t i = 0; i < 25; ++i) ASSERT_EQ(call.result(i), result_of(i));
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_GE(stopped, 2);
}

std::atomic<bool> deep_thread{false};
std::atomic<int64_t> depth_given{0};

int64_t run_recursive(KernelArgs* args, int64_t begin, int64_t end) {
  char name[16] = {};
  pthread_getname_np(pthread_self(), name, sizeof name);
  depth_given = args->depth_budget;
  deep_thread = std::string(name).starts_with("gilmap-");
  return run_int(args, begin, end);
}

TEST_F(RuntimeInline, a_kernel_that_recurses_deeply_runs_on_the_pool_only) {
  Call call(count_up(10));
  const auto kernel = std::make_shared<TestKernel>(run_recursive, std::vector{Type::I64});
  kernel->recursive = true;
  kernel->stack_per_frame = 1000;
  JobSpec spec = call.spec(kernel);
  spec.depth_budget = 1'000'000'000;  // sys.setrecursionlimit() takes that
  Job job(spec);
  EXPECT_FALSE(job.run_inline(1000));
  finish(job);
  EXPECT_TRUE(deep_thread);
  EXPECT_EQ(depth_given, runtime::max_depth);
  EXPECT_EQ(call.result(9), result_of(9));
}

TEST_F(RuntimeInline, a_kernel_that_recurses_less_than_the_stack_is_deep_runs_here) {
  Call call(count_up(10));
  const auto kernel = std::make_shared<TestKernel>(run_recursive, std::vector{Type::I64});
  kernel->recursive = kernel->unbounded = true;
  kernel->stack_per_frame = 1000;
  JobSpec spec = call.spec(kernel);
  spec.depth_budget = 1000;
  Job job(spec);
  EXPECT_TRUE(job.run_inline(1000));
  EXPECT_FALSE(deep_thread);
  EXPECT_EQ(depth_given, 1000);
  EXPECT_EQ(call.result(9), result_of(9));
}

// Not a test of time, which other processes may take: prints the cost of short jobs, and fails only if it is absurd.
TEST_F(RuntimeInline, cost_of_short_jobs) {
  Call call(count_up(10));
  for (const bool unbounded : {false, true}) {
    const auto kernel = int_kernel();
    kernel->unbounded = unbounded;
    const JobSpec spec = call.spec(kernel);
    double best = 1e9;
    for (int round = 0; round < 20; ++round) {
      const auto start = Clock::now();
      for (int i = 0; i < 1000; ++i) {
        Job job(spec);
        job.run_inline(0.2);
      }
      best = std::min(best, ms_since(start) * 1000);
    }
    std::printf("10 rows inline, %s: %.0f ns\n", unbounded ? "watched" : "not watched", best);
    EXPECT_LT(best, 20'000);
  }
  double best = 1e9, sum = 0;
  constexpr int rounds = 300;
  for (int i = 0; i < rounds; ++i) {
    const auto start = Clock::now();
    Job job(call.spec(int_kernel()));
    job.start();
    while (!job.done()) job.wait(50);
    const double us = ms_since(start) * 1000;
    best = std::min(best, us);
    sum += us;
  }
  std::printf("10 rows through the pool: best %.1f us, mean %.1f us\n", best, sum / rounds);
}

}  // namespace
}  // namespace gilmap::runtime_tests
