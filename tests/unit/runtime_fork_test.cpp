// The pool and its jobs in the child of a fork.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <memory>

#include "runtime/job.h"
#include "runtime/pool.h"
#include "unit/runtime_kernels.h"

namespace gilmap::runtime_tests {
namespace {

using runtime::Deopt;
using runtime::Job;

// Forks, runs `child` in the child, and returns its exit status, or -1 if it hangs.
int in_child(const std::function<bool()>& child) {
  const pid_t pid = fork();
  if (pid == 0) {
    alarm(10);
    _exit(child() ? 0 : 1);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class RuntimeFork : public testing::Test {
 protected:
  void SetUp() override {
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "ThreadSanitizer does not allow threads after a fork";
#endif
    setenv("GILMAP_NUM_THREADS", "4", 1);
  }
  void TearDown() override {
    runtime::shutdown_workers();
    unsetenv("GILMAP_NUM_THREADS");
  }
  static bool computes(int64_t n) {
    Call call(count_up(n));
    Job job(call.spec(int_kernel()));
    job.start();
    finish(job);
    for (int64_t i = 0; i < n; ++i) {
      if (call.result(i) != result_of(i)) return false;
    }
    return !thread_names().empty();
  }
};

TEST_F(RuntimeFork, the_child_has_workers_of_its_own) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer's own allocator may stay locked in the child";
#endif
  EXPECT_TRUE(computes(10'000));
  EXPECT_EQ(in_child([] { return thread_names().empty() && computes(10'000); }), 0);
  EXPECT_TRUE(computes(10'000));
  EXPECT_EQ(in_child([] { return in_child([] { return computes(10'000); }) == 0 && computes(10'000); }), 0);
}

TEST_F(RuntimeFork, idle_threads_are_gone_in_the_parent_too) {
  EXPECT_TRUE(computes(10'000));
  ASSERT_TRUE(eventually([] { return !thread_names().empty(); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(in_child([] { return true; }), 0);
  EXPECT_TRUE(thread_names().empty());
  EXPECT_TRUE(computes(10'000));
}

TEST_F(RuntimeFork, the_child_works_whatever_other_threads_were_at) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer's own allocator may stay locked in the child";
#endif
  std::atomic<bool> stop{false};
  std::vector<std::thread> callers;
  for (int t = 0; t < 3; ++t) {
    callers.emplace_back([&] {
      while (!stop) {
        Call call(count_up(3000));
        Job job(call.spec(int_kernel()));
        if (!job.run_inline(0.001)) finish(job);
      }
    });
  }
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(in_child([] {
                Call call(count_up(100));
                Job job(call.spec(int_kernel()));
                return job.run_inline(1000) && computes(3000);
              }),
              0);
  }
  stop = true;
  for (std::thread& t : callers) t.join();
}

TEST_F(RuntimeFork, a_job_that_its_own_thread_forks_in_is_left_to_cpython_in_the_child) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer's own allocator may stay locked in the child";
#endif
  std::vector<int64_t> in = count_up(100'000);
  in[3] = value::deopt;
  in[20'000] = value::endless;
  Call call(in);
  Job job(call.spec(int_kernel()));
  job.start();
  std::vector<Deopt> deopts;
  while (job.progress() < 10'000) job.wait(20);
  job.take_deopts(deopts);
  const int64_t done = job.progress();
  ASSERT_EQ(deopts.size(), 1u);
  const auto child = [&] {
    const std::vector<int64_t> rows = finish(job);  // in_child() kills it should it hang
    bool ok = job.done() && job.progress() == 100'000 && std::ssize(rows) == 100'000 - done;
    for (size_t i = 0; ok && i < rows.size(); ++i) ok = rows[i] == done + static_cast<int64_t>(i);
    job.cancel();
    return ok && computes(10'000);
  };
  EXPECT_EQ(in_child(child), 0);
  // In the parent it goes on as if nothing had happened.
  job.cut(20'000);
  EXPECT_EQ(finish(job), std::vector<int64_t>{});
  EXPECT_EQ(job.progress(), 20'000);
}

TEST_F(RuntimeFork, without_any_thread_all_rows_are_left_to_cpython) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer needs the address space";
#endif
  Call call(count_up(50'000));
  EXPECT_EQ(in_child([&] {
              const rlimit no_room_for_stacks{size_t{1} << 20, size_t{1} << 20};
              setrlimit(RLIMIT_AS, &no_room_for_stacks);
              Job job(call.spec(int_kernel()));
              job.start();
              int64_t rows = 0;
              std::vector<Deopt> deopts;
              while (!job.done()) {
                job.wait(1000);
                job.progress();
                deopts.clear();
                job.take_deopts(deopts);
                for (const Deopt& d : deopts) {
                  if (d.row != rows++) return false;
                }
              }
              return rows == 50'000;
            }),
            0);
}

TEST_F(RuntimeFork, a_destructor_does_not_hang_in_the_child) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer's own allocator may stay locked in the child";
#endif
  Call call(std::vector<int64_t>(10, value::endless));
  auto job = std::make_unique<Job>(call.spec(int_kernel()));
  job->start();
  job->wait(10);
  EXPECT_EQ(in_child([&] {
              job.reset();
              return computes(1000);
            }),
            0);
}

}  // namespace
}  // namespace gilmap::runtime_tests
