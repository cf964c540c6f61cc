// The pool of worker threads: sharing, limits, shutdown, how its threads are set up.

#include "runtime/pool.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "runtime/job.h"
#include "unit/runtime_kernels.h"

namespace gilmap::runtime_tests {
namespace {

using runtime::Job;
using runtime::JobSpec;
using Clock = std::chrono::steady_clock;

class RuntimePool : public PoolOfThreads {
 protected:
  RuntimePool() : PoolOfThreads(4) {}
  static void compute_and_check(int64_t n) {
    Call call(count_up(n));
    Job job(call.spec(int_kernel()));
    job.start();
    finish(job);
    for (int64_t i = 0; i < n; ++i) ASSERT_EQ(call.result(i), result_of(i));
  }
};

std::atomic<bool> signals_blocked{true};
std::atomic<size_t> least_stack{SIZE_MAX};

int most_at_once(const JobSpec& spec) {
  most_running = 0;
  Job job(spec);
  job.start();
  finish(job);
  return most_running;
}

TEST_F(RuntimePool, uses_as_many_threads_as_asked_for) {
  Call call(std::vector<int64_t>(60, value::slow + 3000));
  JobSpec spec = call.spec(std::make_shared<TestKernel>(run_counting, std::vector{Type::I64}));
  EXPECT_EQ(most_at_once(spec), 4);
  for (const int workers : {1, 2, 3}) {
    spec.workers = workers;
    EXPECT_EQ(most_at_once(spec), workers);
  }
  spec.workers = 50;
  EXPECT_EQ(most_at_once(spec), 4);
}

TEST_F(RuntimePool, starts_no_more_threads_than_there_are_chunks) {
  set_threads(8);
  Call call({value::slow + 1000});
  Job job(call.spec(int_kernel()));
  job.start();
  finish(job);
  EXPECT_EQ(thread_names(), (std::multiset<std::string>{"gilmap-1"}));
}

// Of each page of 2 MB the thread that wrote to it.
std::mutex writers_mutex;
std::map<uintptr_t, std::set<pthread_t>> writers;

int64_t run_telling_pages(KernelArgs* args, int64_t begin, int64_t end) {
  const auto* out = static_cast<int64_t*>(args->payload);
  {
    std::lock_guard lock(writers_mutex);
    for (const int64_t row : {begin, end - 1}) {
      writers[reinterpret_cast<uintptr_t>(out + row) >> 21].insert(pthread_self());
    }
  }
  return run_int(args, begin, end);
}

TEST_F(RuntimePool, most_large_pages_of_the_output_are_written_by_one_thread_each) {
  writers.clear();
  constexpr int64_t rows = 5'000'000;
  Call call(count_up(rows));
  JobSpec spec = call.spec(std::make_shared<TestKernel>(run_telling_pages, std::vector{Type::I64}));
  spec.ns_per_row = 1;
  Job job(spec);
  job.start();
  finish(job);
  std::set<pthread_t> all;
  size_t shared = 0;  // where a chunk took long, the next ones are short
  for (const auto& [page, threads] : writers) {
    shared += threads.size() > 1;
    all.insert(threads.begin(), threads.end());
  }
  EXPECT_LE(shared * 2, writers.size());
  EXPECT_GE(writers.size(), static_cast<size_t>(rows * 8 >> 21));
  EXPECT_GT(all.size(), 1U);
  for (int64_t i = 0; i < rows; ++i) ASSERT_EQ(call.result(i), result_of(i));
}

int64_t run_looking_at_its_thread(KernelArgs* args, int64_t begin, int64_t end) {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  for (const int s : {SIGINT, SIGTERM, SIGALRM, SIGUSR1, SIGCHLD}) {
    if (sigismember(&mask, s) != 1) signals_blocked = false;
  }
  if (sigismember(&mask, SIGSEGV) != 0) signals_blocked = false;
  pthread_attr_t attributes;
  size_t size = 0;
  void* low = nullptr;
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstack(&attributes, &low, &size);
  pthread_attr_destroy(&attributes);
  least_stack = std::min<size_t>(least_stack, size);
  return run_int(args, begin, end);
}

TEST_F(RuntimePool, threads_have_names_deep_stacks_and_no_signals) {
  Call call(std::vector<int64_t>(60, value::slow + 1000));
  Job job(call.spec(std::make_shared<TestKernel>(run_looking_at_its_thread, std::vector{Type::I64})));
  job.start();
  finish(job);
  EXPECT_TRUE(signals_blocked);
  EXPECT_GE(least_stack + 65536, runtime::worker_stack_bytes);
  EXPECT_EQ(thread_names(), (std::multiset<std::string>{"gilmap-1", "gilmap-2", "gilmap-3", "gilmap-4"}));
}

TEST_F(RuntimePool, several_threads_may_run_jobs_at_once) {
  std::vector<std::thread> callers;
  std::atomic<int> right{0};
  for (int t = 0; t < 6; ++t) {
    callers.emplace_back([&, t] {
      for (int k = 0; k < 30; ++k) {
        const int64_t n = 1 + (t * 7919 + k * 104729) % 20'000;
        std::vector<int64_t> in = count_up(n);
        in[static_cast<size_t>(n / 2)] = value::deopt;
        Call call(in);
        Job job(call.spec(int_kernel()));
        if (k % 3 == 0) job.run_inline(0.01);
        job.start();
        bool ok = finish(job) == std::vector<int64_t>{n / 2};
        for (int64_t i = 0; i < n; ++i) ok = ok && (i == n / 2 || call.result(i) == result_of(i));
        right += ok;
      }
    });
  }
  for (std::thread& t : callers) t.join();
  EXPECT_EQ(right, 180);
  EXPECT_EQ(kernels_alive, 0);
}

TEST_F(RuntimePool, a_short_job_does_not_wait_for_the_end_of_a_long_one) {
  Call long_call(std::vector<int64_t>(4000, value::slow + 1000));
  Job long_job(long_call.spec(int_kernel()));
  long_job.start();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const auto start = Clock::now();
  compute_and_check(10'000);
  EXPECT_LT(ms_since(start), 300);
  EXPECT_FALSE(long_job.done());
}

TEST_F(RuntimePool, starts_again_after_a_shutdown) {
  for (int i = 0; i < 5; ++i) {
    compute_and_check(10'000);
    EXPECT_FALSE(thread_names().empty());
    runtime::shutdown_workers();
    EXPECT_TRUE(thread_names().empty());
    runtime::shutdown_workers();
  }
}

TEST_F(RuntimePool, a_shutdown_does_not_wait_for_rows_and_jobs_in_progress_go_on) {
  std::vector<int64_t> in(200, value::slow + 2000);
  in[100] = value::deopt;
  in[199] = value::endless;
  Call call(in);
  Job job(call.spec(int_kernel()));
  job.start();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  for (int i = 0; i < 4; ++i) {
    const auto start = Clock::now();
    runtime::shutdown_workers();
    EXPECT_LT(ms_since(start), 200);
    job.wait(10);
  }
  job.cut(199);
  EXPECT_EQ(finish(job), std::vector<int64_t>{100});
  EXPECT_EQ(job.progress(), 199);
  for (int64_t i = 0; i < 199; ++i) ASSERT_EQ(call.result(i), i == 100 ? untouched_result : result_of(in[0]));
}

TEST_F(RuntimePool, shutdowns_and_jobs_of_several_threads_get_along) {
  std::atomic<bool> stop{false};
  std::thread stopper([&] {
    while (!stop) {
      runtime::shutdown_workers();
      std::this_thread::sleep_for(std::chrono::microseconds(300));
    }
  });
  std::vector<std::thread> callers;
  for (int t = 0; t < 3; ++t) {
    callers.emplace_back([] {
      for (int k = 0; k < 30; ++k) compute_and_check(5000);
    });
  }
  for (std::thread& t : callers) t.join();
  stop = true;
  stopper.join();
}

}  // namespace
}  // namespace gilmap::runtime_tests
