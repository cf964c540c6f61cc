// A job from start to end: results where they belong, deopts in order, columns and outputs of every kind.

#include "runtime/job.h"

#include <gtest/gtest.h>

#include "runtime/pool.h"
#include "unit/runtime_kernels.h"

namespace gilmap::runtime_tests {
namespace {

using runtime::Deopt;
using runtime::Job;
using runtime::JobSpec;

// Each test with the pool, and with as much as goes on the calling thread.
enum class Mode { Pool, InlineFirst };

class RuntimeJob : public testing::TestWithParam<Mode> {
 protected:
  static void TearDownTestSuite() { runtime::shutdown_workers(); }

  static std::vector<int64_t> run(const JobSpec& spec) {
    Job job(spec);
    if (GetParam() == Mode::InlineFirst) {
      job.run_inline(0.05);
    } else {
      job.start();
    }
    return finish(job);
  }
};

INSTANTIATE_TEST_SUITE_P(, RuntimeJob, testing::Values(Mode::Pool, Mode::InlineFirst),
                         [](const auto& info) { return info.param == Mode::Pool ? "pool" : "inline_first"; });

TEST_P(RuntimeJob, computes_every_row_once_and_in_place) {
  for (const int64_t n : {0, 1, 2, 3, 17, 1000, 100'000}) {
    Call call(count_up(n));
    EXPECT_EQ(run(call.spec(int_kernel())), std::vector<int64_t>{});
    for (int64_t i = 0; i < n; ++i) ASSERT_EQ(call.result(i), result_of(i)) << n;
  }
}

// The narrow kernel of these tests gives other results, so that one can tell which kernel a row went through.
std::shared_ptr<runtime::SecondKernel> narrow_kernel(ir::IntRange range, bool ready) {
  auto kernel = std::make_shared<TestKernel>(
      [](KernelArgs* args, int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          static_cast<int64_t*>(args->payload)[i] = -static_cast<const int64_t*>(args->inputs[0])[i];
        }
        return end;
      },
      std::vector{Type::I64});
  kernel->arg_ranges = {range};
  auto narrow = std::make_shared<runtime::SecondKernel>();
  narrow->kernel = std::move(kernel);
  narrow->ready = ready;
  return narrow;
}

TEST_P(RuntimeJob, blocks_within_bounds_go_through_the_narrow_kernel) {
  for (const int stride : {1, 3}) {
    Call call(count_up(100'000), stride);
    JobSpec spec = call.spec(int_kernel());
    spec.second = narrow_kernel({0, 65535}, true);
    EXPECT_EQ(run(spec), std::vector<int64_t>{});
    int64_t narrow = 0;
    for (int64_t i = 0; i < call.size(); ++i) {
      if (call.result(i) == -i && i < 65536) {
        ++narrow;
      } else {
        ASSERT_EQ(call.result(i), result_of(i)) << i;
      }
    }
    EXPECT_GT(narrow, 40'000);
  }
}

TEST_P(RuntimeJob, a_narrow_kernel_that_is_not_ready_is_not_run) {
  Call call(count_up(10'000));
  JobSpec spec = call.spec(int_kernel());
  spec.second = narrow_kernel({0, 65535}, false);
  run(spec);
  for (int64_t i = 0; i < call.size(); ++i) ASSERT_EQ(call.result(i), result_of(i));
}

TEST_P(RuntimeJob, runs_only_the_rows_that_it_is_given) {
  Call call(count_up(5000));
  JobSpec spec = call.spec(int_kernel());
  spec.begin = 1000;
  spec.end = 4000;
  run(spec);
  for (int64_t i = 0; i < 5000; ++i) {
    ASSERT_EQ(call.result(i), i >= 1000 && i < 4000 ? result_of(i) : untouched_result);
  }
}

TEST_P(RuntimeJob, a_dense_group_may_begin_anywhere) {
  Call call(count_up(5000));
  call.group.first = 700;
  call.make_room(5700);
  run(call.spec(int_kernel()));
  EXPECT_EQ(call.result(699), untouched_result);
  for (int64_t i = 0; i < 5000; ++i) ASSERT_EQ(call.result(700 + i), result_of(i));
}

TEST_P(RuntimeJob, loads_columns_that_are_not_canonical) {
  Call call(count_up(50'000), 3);
  run(call.spec(int_kernel()));
  for (int64_t i = 0; i < call.size(); ++i) ASSERT_EQ(call.result(i), result_of(i));
}

TEST_P(RuntimeJob, lists_deopts_in_ascending_order_and_leaves_their_results_alone) {
  std::vector<int64_t> in = count_up(200'000);
  std::vector<int64_t> expected;
  for (int64_t i = 0; i < 200'000; i += 7 + i % 311) {
    in[static_cast<size_t>(i)] = value::deopt;
    expected.push_back(i);
  }
  for (const bool sparse : {false, true}) {
    Call call(in);
    if (sparse) {
      std::vector<int64_t> positions(in.size());
      for (size_t i = 0; i < in.size(); ++i) positions[i] = static_cast<int64_t>(3 * i);
      call.place(std::move(positions));
    }
    EXPECT_EQ(run(call.spec(int_kernel())), expected);
    for (int64_t i = 0; i < call.size(); ++i) {
      const int64_t v = call.values[static_cast<size_t>(i)];
      ASSERT_EQ(call.result(call.group.position(i)), v == value::deopt ? untouched_result : result_of(v));
    }
  }
}

TEST_P(RuntimeJob, hands_on_the_reason_of_a_deopt) {
  Call call({1, value::deopt});
  Job job(call.spec(int_kernel()));
  GetParam() == Mode::Pool ? job.start() : (void)job.run_inline(1);
  std::vector<Deopt> deopts;
  ASSERT_TRUE(eventually([&] { return job.done(); }));
  EXPECT_EQ(job.progress(), 2);
  job.take_deopts(deopts);
  ASSERT_EQ(deopts.size(), 1u);
  EXPECT_EQ(deopts[0].reason, ir::DeoptReason::Raise);
}

TEST_P(RuntimeJob, scatters_sparse_rows_and_writes_adjoining_ones_in_place) {
  Call call(count_up(100'000));
  std::vector<int64_t> positions;
  for (int64_t p = 0; std::ssize(positions) < call.size(); ++p) {
    if (p % 3 != 1 || (p > 50'000 && p < 90'000)) positions.push_back(p);
  }
  call.place(positions);
  run(call.spec(int_kernel()));
  int64_t row = 0;
  for (int64_t p = 0; p <= positions.back(); ++p) {
    const bool used = positions[static_cast<size_t>(row)] == p;
    ASSERT_EQ(call.result(p), used ? result_of(row) : untouched_result) << p;
    row += used;
  }
}

TEST_P(RuntimeJob, fills_tags_for_a_kernel_with_one_type) {
  for (const bool sparse : {false, true}) {
    Call call(count_up(20'000));
    call.values[77] = value::deopt;
    call.column[77] = value::deopt;
    std::vector<int64_t> positions = count_up(20'000);
    for (int64_t& p : positions) p *= 2;
    if (sparse) call.place(positions);
    JobSpec spec = call.spec(int_kernel());
    spec.tags = call.tags.data();
    EXPECT_EQ(run(spec), std::vector<int64_t>{77});
    for (int64_t i = 0; i < call.size(); ++i) {
      const uint8_t tag = call.tags[static_cast<size_t>(call.group.position(i))];
      ASSERT_TRUE(i == 77 || tag == static_cast<uint8_t>(codegen::Tag::Int));
    }
    if (sparse) {
      EXPECT_EQ(call.tags[2 * 77], untouched);
      EXPECT_EQ(call.tags[1], untouched);
    }
  }
}

TEST_P(RuntimeJob, writes_the_tags_of_a_kernel_with_several_types) {
  for (const bool sparse : {false, true}) {
    Call call(count_up(20'000));
    std::vector<int64_t> positions = count_up(20'000);
    for (int64_t& p : positions) p *= 2;
    if (sparse) call.place(positions);
    JobSpec spec = call.spec(std::make_shared<TestKernel>(run_mixed, std::vector{Type::I64, Type::F64}));
    spec.tags = call.tags.data();
    run(spec);
    for (int64_t i = 0; i < call.size(); ++i) {
      const int64_t p = call.group.position(i);
      const auto tag = static_cast<codegen::Tag>(call.tags[static_cast<size_t>(p)]);
      ASSERT_EQ(tag, i % 2 == 0 ? codegen::Tag::Int : codegen::Tag::Float);
      double f;
      std::memcpy(&f, call.payload.data() + p * 8, 8);
      if (i % 2 == 0) {
        ASSERT_EQ(call.result(p), i);
      } else {
        ASSERT_EQ(f, static_cast<double>(i));
      }
    }
  }
}

TEST_P(RuntimeJob, bools_take_one_byte_or_are_widened) {
  const auto kernel = std::make_shared<TestKernel>(run_bool, std::vector{Type::Bool});
  for (const int width : {1, 8}) {
    for (const bool sparse : {false, true}) {
      Call call(count_up(20'000));
      std::vector<int64_t> positions = count_up(20'000);
      for (int64_t& p : positions) p *= 2;
      if (sparse) call.place(positions);
      JobSpec spec = call.spec(kernel);
      spec.payload_width = width;
      if (width == 8) spec.tags = call.tags.data();
      run(spec);
      for (int64_t i = 0; i < call.size(); ++i) {
        const int64_t p = call.group.position(i);
        ASSERT_EQ(width == 8 ? call.result(p) : call.payload[static_cast<size_t>(p)], i % 3 == 0);
        ASSERT_EQ(call.tags[static_cast<size_t>(p)],
                  width == 8 ? static_cast<uint8_t>(codegen::Tag::Bool) : static_cast<uint8_t>(untouched));
      }
      EXPECT_TRUE(!sparse || call.payload[width == 8 ? 8 : 1] == untouched);
    }
  }
}

TEST_P(RuntimeJob, a_kernel_that_returns_none_writes_tags_only) {
  for (const bool sparse : {false, true}) {
    Call call(count_up(20'000));
    std::vector<int64_t> positions = count_up(20'000);
    for (int64_t& p : positions) p *= 2;
    if (sparse) call.place(positions);
    JobSpec spec = call.spec(std::make_shared<TestKernel>(run_none, std::vector{Type::Void}));
    spec.payload = nullptr;
    spec.tags = call.tags.data();
    run(spec);
    for (int64_t i = 0; i < call.size(); ++i) {
      ASSERT_EQ(call.tags[static_cast<size_t>(call.group.position(i))], static_cast<uint8_t>(codegen::Tag::None));
    }
  }
}

TEST_P(RuntimeJob, progress_only_grows_and_stays_behind_what_is_done) {
  std::vector<int64_t> in = count_up(3000);
  for (size_t i = 0; i < in.size(); i += 10) in[i] = value::slow + 50;
  Call call(in);
  Job job(call.spec(int_kernel()));
  if (GetParam() == Mode::InlineFirst) job.run_inline(0.2);
  job.start();
  int64_t last = 0;
  while (!job.done()) {
    job.wait(1);
    const int64_t now = job.progress();
    ASSERT_GE(now, last);
    for (int64_t i = last; i < now; ++i) ASSERT_EQ(call.result(i), result_of(in[static_cast<size_t>(i)]));
    last = now;
  }
  EXPECT_EQ(job.progress(), 3000);
}

TEST_P(RuntimeJob, measures_the_cost_of_a_row) {
  Call call(std::vector<int64_t>(100, value::slow + 100));
  Job job(call.spec(int_kernel()));
  GetParam() == Mode::Pool ? job.start() : (void)job.run_inline(0.5);
  EXPECT_EQ(finish(job), std::vector<int64_t>{});
  EXPECT_GE(job.ns_per_row(), 100'000);
}

TEST(RuntimeJobStats, tells_when_most_rows_are_deopts) {
  Call few(std::vector<int64_t>(255, value::deopt));
  Job too_early(few.spec(int_kernel()));
  EXPECT_TRUE(too_early.run_inline(1000));
  EXPECT_FALSE(too_early.mostly_deopts());

  std::vector<int64_t> in(1000, value::deopt);
  Call most(in);
  Job job(most.spec(int_kernel()));
  EXPECT_TRUE(job.run_inline(1000));
  EXPECT_TRUE(job.mostly_deopts());

  for (size_t i = 0; i < in.size(); i += 3) in[i] = 1;
  Call two_thirds(in);
  Job enough_done(two_thirds.spec(int_kernel()));
  EXPECT_TRUE(enough_done.run_inline(1000));
  EXPECT_FALSE(enough_done.mostly_deopts());
}

}  // namespace
}  // namespace gilmap::runtime_tests
