// Kernels of several lanes: groups that are stopped, chunks of whole groups, and the general kernel where it is faster.

#include <gtest/gtest.h>

#include "runtime/chunk_size.h"
#include "runtime/kernel_choice.h"
#include "runtime/pool.h"
#include "unit/runtime_kernels.h"

namespace gilmap::runtime_tests {
namespace {

using runtime::Deopt;
using runtime::Job;
using runtime::JobSpec;
using runtime::KernelChoice;
using runtime::Pace;
using runtime::Way;

class RuntimeLanes : public testing::Test {
 protected:
  static void SetUpTestSuite() { setenv("GILMAP_NUM_THREADS", "2", 1); }
  static void TearDownTestSuite() {
    runtime::shutdown_workers();
    unsetenv("GILMAP_NUM_THREADS");
  }
  void SetUp() override {
    rows_in_lanes = 0;
    lane_cost = 0.25;
  }

  static JobSpec spec_of(Call& call) {
    JobSpec spec = call.spec(int_kernel());
    spec.second = lane_kernel();
    return spec;
  }
  // Follows the job until `row` is done or listed.
  static bool reaches(Job& job, int64_t row) {
    return eventually([&] {
      job.wait(20);
      return job.progress() >= row;
    });
  }
};

TEST_F(RuntimeLanes, every_row_has_its_result_and_every_deopt_is_listed) {
  for (const int stride : {1, 3}) {
    std::vector<int64_t> in = count_up(100'003);
    std::vector<int64_t> expected;
    for (int64_t i = 0; i < 100'003; i += 7 + i % 311) {
      in[static_cast<size_t>(i)] = value::deopt;
      expected.push_back(i);
    }
    Call call(in, stride);
    const JobSpec spec = spec_of(call);
    for (const bool inline_first : {false, true}) {
      Job job(spec);
      if (inline_first) {
        job.run_inline(0.05);
      } else {
        job.start();
      }
      EXPECT_EQ(finish(job), expected);
      for (int64_t i = 0; i < call.size(); ++i) {
        const int64_t v = in[static_cast<size_t>(i)];
        ASSERT_EQ(call.result(i), v == value::deopt ? untouched_result : result_of(v)) << i;
      }
    }
    EXPECT_GT(rows_in_lanes, 0);
  }
}

TEST_F(RuntimeLanes, fewer_rows_than_a_quarter_of_a_group_go_one_by_one) {
  Call call(count_up(test_lanes / 4 - 1));
  Job job(spec_of(call));
  job.start();
  finish(job);
  EXPECT_EQ(rows_in_lanes, 0);
  EXPECT_EQ(call.result(0), result_of(0));
}

TEST_F(RuntimeLanes, a_deopt_is_seen_that_shares_a_group_with_an_endless_row) {
  for (const bool inline_first : {false, true}) {
    std::vector<int64_t> in = count_up(32);
    in[10] = value::deopt;
    in[11] = value::endless;
    Call call(in);
    JobSpec spec = spec_of(call);
    spec.ns_per_row = 1;
    Job job(spec);
    if (inline_first) {
      job.run_inline(0.2);
    } else {
      job.start();
    }
    ASSERT_TRUE(reaches(job, 11));
    std::vector<Deopt> deopts;
    job.take_deopts(deopts);
    ASSERT_EQ(deopts.size(), 1u);
    EXPECT_EQ(deopts[0].row, 10);
    job.cut(10);
    ASSERT_TRUE(eventually([&] { return job.done(); }));
    for (int64_t i = 0; i < 10; ++i) ASSERT_EQ(call.result(i), result_of(i));
  }
}

TEST_F(RuntimeLanes, endless_rows_keep_no_other_from_being_done) {
  std::vector<int64_t> in = count_up(64);
  in[3] = value::endless;
  Call call(in);
  JobSpec spec = spec_of(call);
  spec.ns_per_row = 1;
  Job job(spec);
  job.start();
  // Row 3 is endless by itself in the end, and all others are done. What was written is read after the end only.
  const auto start = std::chrono::steady_clock::now();
  while (ms_since(start) < 500) {
    job.wait(5);
    EXPECT_LE(job.progress(), 3);
  }
  job.cut(3);
  EXPECT_TRUE(eventually([&] { return job.done(); }));
  for (int64_t i = 0; i < 64; ++i) ASSERT_EQ(call.result(i), i == 3 ? untouched_result : result_of(i)) << i;
}

TEST_F(RuntimeLanes, cut_finishes_the_rows_below_it_in_a_group_with_an_endless_row_above) {
  for (const int64_t end : {0, 1, 8, 50, 60, 63}) {
    std::vector<int64_t> in = count_up(64);
    in[63] = value::endless;
    Call call(in);
    JobSpec spec = spec_of(call);
    spec.ns_per_row = 1;
    Job job(spec);
    job.start();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    job.cut(end);
    ASSERT_TRUE(eventually([&] { return job.done(); })) << end;
    EXPECT_GE(job.progress(), end);
    for (int64_t i = 0; i < end; ++i) ASSERT_EQ(call.result(i), result_of(i));
  }
}

TEST_F(RuntimeLanes, slow_groups_are_not_taken_apart) {
  // 20 ms a group, and idle workers: stopping one would lose it.
  Call call(std::vector<int64_t>(3 * test_lanes, value::slow + 10'000));
  JobSpec spec = spec_of(call);
  spec.ns_per_row = 10e6;
  Job job(spec);
  job.start();
  EXPECT_EQ(finish(job), std::vector<int64_t>{});
  EXPECT_EQ(rows_in_lanes, 3 * test_lanes);
}

TEST_F(RuntimeLanes, the_general_kernel_gets_the_rows_where_it_is_faster) {
  // Rows of 20 us. The lanes take twenty times as long for them, or a twentieth: so much that it shows on a busy
  // machine.
  for (const double cost : {20.0, 0.05}) {
    lane_cost = cost;
    rows_in_lanes = 0;
    Call call(std::vector<int64_t>(20'000, value::slow + 20));
    JobSpec spec = spec_of(call);
    spec.workers = 1;
    Job job(spec);
    job.start();
    finish(job);
    for (int64_t i = 0; i < call.size(); ++i) ASSERT_EQ(call.result(i), result_of(value::slow + 20));
    if (cost > 1) {
      EXPECT_LT(rows_in_lanes, call.size() / 2);
    } else {
      EXPECT_GT(rows_in_lanes, call.size() / 2);
    }
  }
}

TEST_F(RuntimeLanes, the_single_kernel_takes_the_place_of_the_general_one_within_its_bounds) {
  static std::atomic<int64_t> rows_alone;
  for (const bool outside : {false, true}) {
    lane_cost = 4;
    rows_alone = 0;
    std::vector<int64_t> values(4000, value::slow + 20);
    if (outside) values[0] = -5;
    Call call(values);
    JobSpec spec = spec_of(call);
    auto single = std::make_shared<TestKernel>(
        [](KernelArgs* args, int64_t begin, int64_t end) {
          rows_alone += end - begin;
          return run_int(args, begin, end);
        },
        std::vector{Type::I64});
    single->arg_ranges = {{0, INT32_MAX}};
    spec.second->single = std::move(single);
    spec.second->single_ready = true;
    spec.workers = 1;
    Job job(spec);
    job.start();
    finish(job);
    for (int64_t i = 0; i < call.size(); ++i) ASSERT_EQ(call.result(i), result_of(values[static_cast<size_t>(i)]));
    EXPECT_GT(rows_alone, 0);
    EXPECT_LE(rows_alone, call.size() - outside);
  }
}

// The kernel negates what lies within, and writes and lists nonsense as soon as one does not.
TEST_F(RuntimeLanes, a_block_of_which_the_kernel_says_that_inputs_were_outside_goes_to_the_general_one) {
  static std::atomic<int64_t> runs;
  for (const int stride : {1, 3}) {
    for (const bool inline_first : {false, true}) {
      std::vector<int64_t> in = count_up(200'000);
      for (const size_t i : {size_t{70'000}, size_t{199'999}}) in[i] = -5;
      in[69'999] = value::deopt;
      Call call(in, stride);
      JobSpec spec = call.spec(int_kernel());
      auto kernel = std::make_shared<TestKernel>(
          [](KernelArgs* args, int64_t begin, int64_t end) {
            ++runs;
            args->outside = 0;
            for (int64_t i = begin; i < end; ++i) {
              const int64_t v = static_cast<const int64_t*>(args->inputs[0])[i];
              args->outside |= v < 0 || v >= 1'000'000;
              static_cast<int64_t*>(args->payload)[i] = -v;
            }
            return end;
          },
          std::vector{Type::I64});
      kernel->arg_ranges = {{0, (1 << 20) - 1}};
      kernel->checks_inputs = true;
      kernel->lanes = test_lanes;
      spec.second = std::make_shared<runtime::SecondKernel>();
      spec.second->kernel = std::move(kernel);
      spec.second->ready = true;
      runs = 0;
      Job job(spec);
      if (inline_first) {
        job.run_inline(0.05);
      } else {
        job.start();
      }
      EXPECT_EQ(finish(job), (std::vector<int64_t>{69'999}));
      EXPECT_GT(runs, 0);
      int64_t negated = 0;
      for (int64_t i = 0; i < call.size(); ++i) {
        const int64_t v = in[static_cast<size_t>(i)];
        if (v == value::deopt) continue;
        if (v >= 0 && call.result(i) == -v) {
          ++negated;
        } else {
          ASSERT_EQ(call.result(i), result_of(v)) << i;
        }
      }
      EXPECT_GT(negated, 0);
    }
  }
}

// ---------------------------------------------------------------- the choice by itself

constexpr int64_t many = 1'000'000'000;

// Lets it choose chunks of 200 us or less for so much work; returns the share of the time that went the `way`. Costs
// are in ns per row, by the time that has gone by.
struct Costs {
  double general, lanes;
};
template <class CostsAt>
double share(KernelChoice& choice, double total_ns, Way way, CostsAt costs_at) {
  double gone = 0, so = 0;
  while (gone < total_ns) {
    const Costs costs = costs_at(gone);
    const KernelChoice::Turn turn = choice.next(many, 2, 32);
    const double ns = turn.way == Way::Lanes ? costs.lanes : costs.general;
    int64_t rows = std::max<int64_t>(1, static_cast<int64_t>(200'000 / ns));
    if (turn.way == Way::Lanes) rows = (rows + 31) / 32 * 32;
    rows = std::min(rows, turn.most_rows);
    const double took = static_cast<double>(rows) * ns;
    choice.learn(turn.way, rows, static_cast<int64_t>(took));
    gone += took;
    if (turn.way == way) so += took;
  }
  return so / gone;
}

TEST(KernelChoice, takes_the_faster_one_and_spends_little_on_the_other) {
  for (const Costs costs : {Costs{40, 10}, Costs{11, 10}, Costs{10, 11}, Costs{10, 40}, Costs{1e6, 2.5e5}}) {
    KernelChoice choice;
    choice.learn(Way::General, 1000, static_cast<int64_t>(1000 * costs.general));
    const Way worse = costs.lanes < costs.general ? Way::General : Way::Lanes;
    share(choice, 10e6, worse, [&](double) { return costs; });
    EXPECT_LT(share(choice, 10e9, worse, [&](double) { return costs; }), 0.021) << costs.general;
  }
}

TEST(KernelChoice, compares_rows_that_lie_next_to_each_other) {
  // Rows that cost ever more: each chunk of the faster one costs more than those of the slower one before it.
  KernelChoice choice;
  const auto rising = [](double gone) {
    const double base = 1 + gone / 1e6;
    return Costs{base * 1.2, base};
  };
  EXPECT_LT(share(choice, 1e9, Way::General, rising), 0.05);
}

TEST(KernelChoice, notices_that_the_data_has_changed) {
  KernelChoice choice;
  const auto costs = [](double gone) { return gone < 1e9 ? Costs{20, 10} : Costs{10, 20}; };
  share(choice, 1e9, Way::Lanes, costs);
  EXPECT_LT(share(choice, 1e9, Way::Lanes, [](double) { return Costs{10, 20}; }), 0.2);
  EXPECT_LT(share(choice, 1e9, Way::General, [](double) { return Costs{20, 10}; }), 0.2);
}

TEST(KernelChoice, compares_anew_what_has_been_replaced) {
  KernelChoice choice;
  const auto slow = [](double) { return Costs{1000, 500}; };
  EXPECT_GT(share(choice, 1e8, Way::Lanes, slow), 0.9);
  choice.compare_anew();
  const auto fast = [](double) { return Costs{300, 500}; };
  EXPECT_GT(share(choice, 2e7, Way::General, fast), 0.9);
}

TEST(KernelChoice, rests_from_lanes_that_are_in_vain) {
  KernelChoice choice;
  choice.learn(Way::General, 1000, 1'000'000);
  choice.learn(Way::Lanes, 1024, 256'000);
  int vain = 0;
  for (int chunk = 0; chunk < 1000; ++chunk) {
    const bool with_lanes = choice.next(many, 1, 32).way == Way::Lanes;
    vain += with_lanes;
    if (with_lanes) choice.missed(30'000);  // their rows went the other way in the end
    choice.learn(Way::General, 200, 200'000);
  }
  EXPECT_LT(vain, 20);
  EXPECT_GT(vain, 5);
  EXPECT_TRUE(choice.is_missed_often());
  // The data has changed: soon all goes through lanes again.
  const auto costs = [](double) { return Costs{1000, 250}; };
  share(choice, 6e7, Way::Lanes, costs);
  EXPECT_GT(share(choice, 1e8, Way::Lanes, costs), 0.9);
  EXPECT_FALSE(choice.is_missed_often());
  choice.missed(30'000);
  EXPECT_FALSE(choice.is_missed_often());
}

TEST(KernelChoice, small_samples_are_put_together) {
  KernelChoice choice;
  choice.learn(Way::General, 8192, 2458);
  const auto costs = [](double) { return Costs{0.3, 0.6}; };
  double gone = 0, lanes = 0;
  for (int call = 0; call < 100'000; ++call) {
    const KernelChoice::Turn turn = choice.next(1000, 1, 32);
    const double ns = turn.way == Way::Lanes ? costs(0).lanes : costs(0).general;
    choice.learn(turn.way, 1000, static_cast<int64_t>(1000 * ns));
    gone += 1000 * ns;
    if (turn.way == Way::Lanes) lanes += 1000 * ns;
  }
  EXPECT_LT(lanes / gone, 0.05);
}

TEST(KernelChoice, lanes_that_are_refilled_are_tried_on_rows_to_refill_with) {
  KernelChoice choice;
  choice.learn(Way::General, 64, 6'400'000);
  choice.learn(Way::Lanes, 64, 6'000'000);
  EXPECT_EQ(choice.next(many, 1, 32, true).most_rows, 128);
  EXPECT_EQ(choice.next(many, 1, 32, true).most_rows, 8);  // one at a time
  EXPECT_EQ(choice.next(many, 1, 32, false).most_rows, 32);
  EXPECT_EQ(choice.next(many, 1, 32, false).most_rows, 8);
}

TEST(KernelChoice, few_rows_for_many_workers_go_one_by_one) {
  KernelChoice choice;
  choice.learn(Way::General, 32, 32'000'000);
  choice.learn(Way::Lanes, 32, 8'000'000);
  EXPECT_EQ(choice.next(512, 2, 32).way, Way::Lanes);
  EXPECT_EQ(choice.next(32, 2, 32).way, Way::Lanes);
  EXPECT_EQ(choice.next(32, 64, 32).way, Way::General);
  EXPECT_EQ(choice.next(8, 1, 32).way, Way::Lanes);  // as long
  EXPECT_EQ(choice.next(7, 1, 32).way, Way::General);
}

TEST(LaneChunks, of_lanes_that_are_refilled_are_long) {
  Pace pace = Pace(1e6).with_lanes(32, true);
  EXPECT_EQ(pace.next_chunk(5000, 2, false), 64);  // what is known may be of other values
  pace.learn(64, 64'000'000);
  EXPECT_EQ(pace.next_chunk(5000, 2, false), 256);
  EXPECT_EQ(pace.next_chunk(512, 2, false), 128);  // the other worker has the rest
}

TEST(LaneChunks, are_whole_groups) {
  Pace pace(1e6);
  pace = pace.with_lanes(32, false);
  EXPECT_EQ(pace.next_chunk(512, 2, false), 32);
  EXPECT_EQ(pace.next_chunk(40, 2, false), 32);
  EXPECT_EQ(pace.next_chunk(8, 2, false), 8);
  EXPECT_EQ(Pace(0).with_lanes(32, false).next_chunk(1000, 2, false), 32);
  EXPECT_EQ(Pace(100).with_lanes(32, false).next_chunk(many, 2, false) % 32, 0);
}

}  // namespace
}  // namespace gilmap::runtime_tests
