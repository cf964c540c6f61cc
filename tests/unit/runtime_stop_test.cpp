// Stopping in the middle: deopts seen while their chunk runs, cut, cancel, splitting of long chunks, back-pressure.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "runtime/job.h"
#include "runtime/pool.h"
#include "unit/runtime_kernels.h"

namespace gilmap::runtime_tests {
namespace {

using runtime::Deopt;
using runtime::Job;
using runtime::JobSpec;
using Clock = std::chrono::steady_clock;

class RuntimeStop : public testing::Test {
 protected:
  static void SetUpTestSuite() { setenv("GILMAP_NUM_THREADS", "3", 1); }
  static void TearDownTestSuite() {
    runtime::shutdown_workers();
    unsetenv("GILMAP_NUM_THREADS");
  }

  static std::vector<Deopt> take(Job& job) {
    std::vector<Deopt> deopts;
    job.take_deopts(deopts);
    return deopts;
  }
};

int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  int64_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * 4096;
}

TEST_F(RuntimeStop, a_deopt_is_seen_while_an_endless_row_of_its_chunk_runs) {
  for (const bool sparse : {false, true}) {
    Call call({5, 6, value::deopt, 8, value::endless, 10});
    if (sparse) call.place({0, 2, 4, 6, 8, 10});
    JobSpec spec = call.spec(int_kernel());
    spec.ns_per_row = 1;
    spec.workers = 1;
    Job job(spec);
    job.start();
    ASSERT_TRUE(eventually([&] { return job.progress() >= 3; }));
    EXPECT_EQ(job.progress(), 3);
    EXPECT_EQ(call.result(call.group.position(0)), result_of(5));
    EXPECT_EQ(call.result(call.group.position(1)), result_of(6));
    const std::vector<Deopt> deopts = take(job);
    ASSERT_EQ(deopts.size(), 1u);
    EXPECT_EQ(deopts[0].row, 2);
    EXPECT_FALSE(job.done());
    // It raised: nothing above it matters.
    job.cut(2);
    EXPECT_TRUE(eventually([&] { return job.done(); }));
    EXPECT_EQ(job.progress(), 3);
    EXPECT_EQ(call.result(call.group.position(2)), untouched_result);
  }
}

TEST_F(RuntimeStop, cut_finishes_the_rows_below_it_in_a_chunk_with_an_endless_row_above) {
  // Nothing tells how far the kernel has come: it is stopped, and the rows below the cut are done again if need be.
  for (const int64_t end : {0, 1, 50, 63}) {
    std::vector<int64_t> in = count_up(64);
    in[63] = value::endless;
    in[40] = value::slow + 2000;
    Call call(in);
    JobSpec spec = call.spec(int_kernel());
    spec.ns_per_row = 1;
    spec.workers = 1;
    const int64_t begun = elements_begun;
    Job job(spec);
    job.start();
    ASSERT_TRUE(eventually([&] { return elements_begun > begun; }));
    job.cut(end);
    ASSERT_TRUE(eventually([&] { return job.done(); })) << end;
    EXPECT_EQ(job.progress(), end);
    for (int64_t i = 0; i < end; ++i) ASSERT_EQ(call.result(i), result_of(in[static_cast<size_t>(i)]));
  }
}

TEST_F(RuntimeStop, cut_leaves_chunks_above_it_undone_and_finishes_those_below) {
  std::vector<int64_t> in(300, value::slow + 300);
  std::fill(in.begin() + 100, in.end(), value::endless);
  Call call(in);
  Job job(call.spec(int_kernel()));
  job.start();
  ASSERT_TRUE(eventually([&] {
    job.wait(5);
    return job.progress() > 0;
  }));
  job.cut(100);
  EXPECT_EQ(finish(job), std::vector<int64_t>{});
  EXPECT_EQ(job.progress(), 100);
  for (int64_t i = 0; i < 100; ++i) ASSERT_EQ(call.result(i), result_of(value::slow + 300));
  for (int64_t i = 100; i < 300; ++i) ASSERT_EQ(call.result(i), untouched_result);
}

TEST_F(RuntimeStop, cut_drops_the_deopts_above_it) {
  std::vector<int64_t> in(1000, value::deopt);
  in[0] = value::slow + 20'000;
  Call call(in);
  Job job(call.spec(int_kernel()));
  job.start();
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  job.cut(500);
  const std::vector<int64_t> rows = finish(job);
  ASSERT_EQ(rows.size(), 499u);
  EXPECT_EQ(rows.front(), 1);
  EXPECT_EQ(rows.back(), 499);
}

TEST_F(RuntimeStop, progress_never_goes_back) {
  Call call(count_up(1000));
  Job job(call.spec(int_kernel()));
  job.start();
  finish(job);
  job.cut(10);
  EXPECT_EQ(job.progress(), 1000);
  EXPECT_TRUE(job.done());
}

TEST_F(RuntimeStop, cancel_ends_endless_rows_at_once) {
  Call call(std::vector<int64_t>(100, value::endless));
  const int64_t begun = elements_begun;
  Job job(call.spec(int_kernel()));
  job.start();
  ASSERT_TRUE(eventually([&] { return elements_begun >= begun + 3; }));
  const auto start = Clock::now();
  job.cancel();
  EXPECT_LT(ms_since(start), 100);
  EXPECT_TRUE(job.done());
  EXPECT_EQ(job.progress(), 0);
}

TEST_F(RuntimeStop, the_destructor_cancels_and_frees_the_kernel) {
  Call call(std::vector<int64_t>(100, value::endless));
  const int64_t begun = elements_begun;
  {
    Job job(call.spec(int_kernel()));
    job.start();
    ASSERT_TRUE(eventually([&] { return elements_begun > begun; }));
  }
  EXPECT_EQ(kernels_alive, 0);
  {
    Job job(call.spec(int_kernel()));  // while the workers are only just being woken
    job.start();
  }
  EXPECT_EQ(kernels_alive, 0);
  Job never_started(call.spec(int_kernel()));
  EXPECT_FALSE(never_started.done());
}

TEST_F(RuntimeStop, a_wait_ends_after_its_time) {
  Call call({value::endless});
  Job job(call.spec(int_kernel()));
  job.wait(1000);  // not started: nothing to wait for
  job.start();
  const auto start = Clock::now();
  job.wait(30);
  EXPECT_GE(ms_since(start), 29);
  EXPECT_LT(ms_since(start), 300);
  EXPECT_EQ(job.progress(), 0);
}

TEST_F(RuntimeStop, a_wait_ends_soon_after_the_last_row) {
  Call call({value::slow + 20'000});
  Job job(call.spec(int_kernel()));
  job.start();
  const auto start = Clock::now();
  job.wait(5000);
  EXPECT_LT(ms_since(start), 1000);
  EXPECT_TRUE(job.done());
}

TEST_F(RuntimeStop, idle_workers_get_half_of_a_chunk_that_takes_long) {
  // 64 rows known to be cheap are one chunk; they are not. A busy machine may give the other worker no CPU in time.
  int64_t begun_again = 0;
  for (int attempt = 0; attempt < 20 && begun_again == 0; ++attempt) {
    Call call(std::vector<int64_t>(64, value::slow + 2000));
    JobSpec spec = call.spec(int_kernel());
    spec.ns_per_row = 1;
    const int64_t begun = elements_begun;
    Job job(spec);
    job.start();
    while (!job.done()) job.wait(50);
    EXPECT_EQ(job.progress(), 64);
    for (int64_t i = 0; i < 64; ++i) ASSERT_EQ(call.result(i), result_of(value::slow + 2000));
    begun_again = elements_begun - begun - 64;
  }
  EXPECT_GT(begun_again, 0);  // split
  EXPECT_LT(begun_again, 40);
}

TEST_F(RuntimeStop, splitting_lets_every_row_end) {
  // Rows that take much longer than the time after which a chunk is split.
  Call call(std::vector<int64_t>(6, value::slow + 40'000));
  JobSpec spec = call.spec(int_kernel());
  spec.ns_per_row = 1;
  Job job(spec);
  job.start();
  EXPECT_EQ(finish(job), std::vector<int64_t>{});
  EXPECT_EQ(job.progress(), 6);
}

TEST_F(RuntimeStop, workers_pause_while_deopts_are_not_taken) {
  constexpr int64_t n = 1'000'000;
  Call call(std::vector<int64_t>(n, value::deopt));
  Job job(call.spec(int_kernel()));
  job.start();
  // They stop by themselves, long before the end.
  int64_t last = -1;
  ASSERT_TRUE(eventually([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    const int64_t before = std::exchange(last, job.progress());
    return last > 0 && last == before;
  }));
  EXPECT_LT(last, 300'000);
  // And go on when they are.
  EXPECT_EQ(static_cast<int64_t>(finish(job).size()), n);
  EXPECT_TRUE(job.mostly_deopts());
}

TEST_F(RuntimeStop, few_deopts_among_many_rows_take_little_memory) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "memory is not what it is without a sanitizer";
#endif
  constexpr int64_t n = 20'000'000;
  std::vector<int64_t> in(n, 1);
  int64_t count = 0;
  for (int64_t i = 5; i < n; i += 1'000'000, ++count) in[static_cast<size_t>(i)] = value::deopt;
  Call call(std::move(in));
  const int64_t before = resident_bytes();
  Job job(call.spec(int_kernel()));
  job.start();
  EXPECT_EQ(std::ssize(finish(job)), count);
  EXPECT_LT(resident_bytes() - before, 4 << 20);
}

TEST_F(RuntimeStop, an_endless_first_row_does_not_keep_the_others_from_being_done) {
  std::vector<int64_t> in = count_up(500'000);
  in[0] = value::endless;
  for (size_t i = 1000; i < in.size(); i += 1000) in[i] = value::deopt;
  Call call(in);
  Job job(call.spec(int_kernel()));
  job.start();
  // The chunk of the endless row is split until only this row is left of it. What the workers have written may be read
  // after the end only.
  const auto start = Clock::now();
  while (ms_since(start) < 300) job.wait(5);
  EXPECT_EQ(job.progress(), 0);
  EXPECT_TRUE(take(job).empty());
  job.cut(0);
  EXPECT_TRUE(eventually([&] { return job.done(); }));
  EXPECT_EQ(call.result(0), untouched_result);
  for (int64_t i = 1; i < call.size(); ++i) ASSERT_EQ(call.result(i), i % 1000 == 0 ? untouched_result : result_of(i));
}

}  // namespace
}  // namespace gilmap::runtime_tests
