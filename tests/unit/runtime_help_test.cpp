// The calling thread as a worker: seats, when it stops, and that nothing is lost.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <set>
#include <string>
#include <thread>

#include "runtime/job.h"
#include "runtime/pool.h"
#include "unit/runtime_kernels.h"

namespace gilmap::runtime_tests {
namespace {

using runtime::Job;
using runtime::JobSpec;

constexpr int64_t ms = 1'000'000;

class RuntimeHelp : public PoolOfThreads {
 protected:
  RuntimeHelp() : PoolOfThreads(2) {}
};

std::vector<int64_t> finish_helping(Job& job, int64_t ns = 10 * ms) { return finish(job, ns); }

std::mutex threads_mutex;
std::set<std::thread::id> threads_seen;

int64_t run_watched(KernelArgs* args, int64_t begin, int64_t end) {
  {
    std::lock_guard lock(threads_mutex);
    threads_seen.insert(std::this_thread::get_id());
  }
  return run_counting(args, begin, end);
}

std::shared_ptr<TestKernel> watched_kernel() {
  threads_seen.clear();
  most_running = 0;
  return std::make_shared<TestKernel>(run_watched, std::vector{Type::I64});
}

TEST_F(RuntimeHelp, alone_where_one_thread_is_asked_for) {
  Call call(std::vector<int64_t>(200, value::slow + 100));
  JobSpec spec = call.spec(watched_kernel());
  spec.workers = 1;
  Job job(spec);
  job.start(true);
  EXPECT_TRUE(finish_helping(job).empty());
  EXPECT_EQ(threads_seen, std::set{std::this_thread::get_id()});
  EXPECT_TRUE(thread_names().count("gilmap-1") == 0);
  for (int64_t i = 0; i < call.size(); ++i) ASSERT_EQ(call.result(i), result_of(value::slow + 100));
}

TEST_F(RuntimeHelp, takes_the_seat_of_one_worker) {
  for (const int threads : {2, 3}) {
    set_threads(threads);
    Call call(std::vector<int64_t>(300, value::slow + 500));
    Job job(call.spec(watched_kernel()));
    job.start(true);
    finish_helping(job);
    EXPECT_EQ(most_running, threads);
    EXPECT_TRUE(threads_seen.contains(std::this_thread::get_id()));
    EXPECT_GE(threads_seen.size(), static_cast<size_t>(threads));  // one more, if it waits for the last rows
  }
}

TEST_F(RuntimeHelp, does_not_where_nobody_said_so) {
  Call call(std::vector<int64_t>(100, value::slow + 100));
  Job job(call.spec(watched_kernel()));
  job.start();
  EXPECT_FALSE(job.help(ms));
  finish_helping(job);
  EXPECT_FALSE(threads_seen.contains(std::this_thread::get_id()));
}

TEST_F(RuntimeHelp, a_recursive_kernel_is_left_to_the_deep_stacks) {
  Call call(std::vector<int64_t>(100, value::slow + 100));
  auto kernel = watched_kernel();
  kernel->recursive = true;
  kernel->stack_per_frame = 1000;
  JobSpec spec = call.spec(kernel);
  spec.depth_budget = runtime::max_depth;
  Job job(spec);
  job.start(true);
  EXPECT_FALSE(job.help(ms));
  finish_helping(job);
  EXPECT_FALSE(threads_seen.contains(std::this_thread::get_id()));
}

TEST_F(RuntimeHelp, stops_for_deopts) {
  set_threads(1);
  std::vector<int64_t> in(1000, value::slow + 200);
  in[3] = value::deopt;
  Call call(in);
  Job job(call.spec(int_kernel()));
  job.start(true);
  ASSERT_TRUE(job.help(60'000 * ms));
  EXPECT_GT(job.progress(), 3);
  EXPECT_LT(job.progress(), call.size());
  std::vector<runtime::Deopt> deopts;
  job.take_deopts(deopts);
  ASSERT_EQ(deopts.size(), 1U);
  EXPECT_EQ(deopts[0].row, 3);
  job.cancel();
}

TEST_F(RuntimeHelp, stops_when_its_time_is_over) {
  set_threads(1);
  Call call(std::vector<int64_t>(20'000, value::slow + 100));
  Job job(call.spec(int_kernel()));
  job.start(true);
  ASSERT_TRUE(job.help(5 * ms));
  EXPECT_GT(job.progress(), 0);
  EXPECT_LT(job.progress(), call.size());
  job.cancel();
}

TEST_F(RuntimeHelp, a_row_that_does_not_end_goes_to_a_worker) {
  std::vector<int64_t> in = count_up(5000);
  in[0] = value::endless;
  for (size_t i = 1; i < in.size(); ++i) in[i] = value::slow + 10;
  Call call(in);
  Job job(call.spec(watched_kernel()));
  job.start(true);
  EXPECT_TRUE(eventually([&] {
    job.help(ms);
    return !job.help(ms);  // it got the row, or there is nothing else left to do
  }));
  // Rows above are done all the same, and the calling thread can still end it.
  const auto begun = std::chrono::steady_clock::now();
  while (ms_since(begun) < 300) job.wait(20);
  EXPECT_EQ(job.progress(), 0);
  EXPECT_FALSE(job.done());
  job.cancel();
  EXPECT_TRUE(job.done());
  for (size_t i = 1; i < in.size(); ++i) ASSERT_EQ(call.result(static_cast<int64_t>(i)), result_of(value::slow + 10));
}

TEST_F(RuntimeHelp, leaves_its_seat_while_it_waits) {
  set_threads(1);
  std::vector<int64_t> in(400, value::slow + 200);
  Call call(in);
  Job job(call.spec(watched_kernel()));
  job.start(true);
  ASSERT_TRUE(job.help(1));
  while (!job.done()) job.wait(20);
  EXPECT_EQ(threads_seen.size(), 2U);
  EXPECT_EQ(most_running, 1);
  for (int64_t i = 0; i < call.size(); ++i) ASSERT_EQ(call.result(i), result_of(value::slow + 200));
}

TEST_F(RuntimeHelp, callers_and_workers_are_never_more_than_allowed) {
  set_threads(3);
  auto kernel = watched_kernel();
  std::vector<std::thread> callers;
  std::atomic<int> right{0};
  for (int t = 0; t < 6; ++t) {
    callers.emplace_back([&] {
      Call call(std::vector<int64_t>(300, value::slow + 100));
      Job job(call.spec(kernel));
      job.start(true);
      bool ok = finish_helping(job, ms).empty();
      for (int64_t i = 0; i < call.size(); ++i) ok = ok && call.result(i) == result_of(value::slow + 100);
      right += ok;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(right, 6);
  EXPECT_LE(most_running, 3);
}

TEST_F(RuntimeHelp, nothing_is_lost_while_workers_are_shut_down) {
  std::atomic<bool> over{false};
  std::thread disturber([&] {
    while (!over) {
      runtime::shutdown_workers();
      std::this_thread::sleep_for(std::chrono::microseconds(300));
    }
  });
  for (int k = 0; k < 60; ++k) {
    std::vector<int64_t> in(500, value::slow + 10);
    in[static_cast<size_t>(k)] = value::deopt;
    Call call(in);
    Job job(call.spec(int_kernel()));
    job.start(true);
    ASSERT_EQ(finish_helping(job, ms), std::vector<int64_t>{k});
    for (int64_t i = 0; i < call.size(); ++i) {
      ASSERT_EQ(call.result(i), i == k ? untouched_result : result_of(value::slow + 10));
    }
  }
  over = true;
  disturber.join();
}

TEST_F(RuntimeHelp, with_lanes_and_deopts) {
  std::vector<int64_t> in = count_up(30'000);
  std::vector<int64_t> expected;
  for (size_t i = 0; i < in.size(); i += 701) {
    in[i] = value::deopt;
    expected.push_back(static_cast<int64_t>(i));
  }
  Call call(in);
  JobSpec spec = call.spec(int_kernel());
  spec.second = lane_kernel();
  Job job(spec);
  job.start(true);
  EXPECT_EQ(finish_helping(job), expected);
  for (size_t i = 0; i < in.size(); ++i) {
    if (in[i] == value::deopt) continue;
    ASSERT_EQ(call.result(static_cast<int64_t>(i)), result_of(in[i]));
  }
}

}  // namespace
}  // namespace gilmap::runtime_tests
