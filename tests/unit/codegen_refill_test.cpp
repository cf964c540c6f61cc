// Kernels that refill their lanes: elements come to their ends in any order, but what is left to CPython is listed in
// ascending order, and a kernel that is stopped has done all elements below the one that it names.

#include <thread>

#include "codegen_lanes.h"
#include "spmd/lanes.h"

namespace gilmap::codegen_tests {
namespace {

// Rounds until n is 0; 13 is left to CPython on the way. Below 0 it goes on for ever.
constexpr std::string_view countdown = R"(
function %countdown(i64) -> i64 {
block0(v0: i64):
  v1 = iconst 0
  v2 = iconst 1
  v3 = iconst 13
  jump block1(v0, v1)
block1(v4: i64, v5: i64):
  v6 = ine v4, v1
  branch v6, block2, block3
block2:
  poll
  v7 = ieq v4, v3
  v8 = iconst 20
  v9 = igt v5, v8
  v10 = band v7, v9
  deopt_if v10, assert
  v11 = isub v4, v2
  v12 = iadd v5, v2
  jump block1(v11, v12)
block3:
  ret v5
}
)";

bool is_left(int64_t n) { return n > 13 + 20; }

std::shared_ptr<Kernel> refilling(const codegen::CompileOptions& options) {
  std::string why;
  const auto lanes = spmd::to_lanes(parse(countdown), &why);
  EXPECT_TRUE(lanes && lanes->functions[0].refills) << why;
  return lanes ? compile(*lanes, options) : nullptr;
}

// Some long, some short, a few of them left to CPython.
std::vector<int64_t> rounds(size_t count) {
  std::vector<int64_t> values;
  for (size_t i = 0; i < count; ++i) values.push_back(static_cast<int64_t>(i * 7919 % 37 * (i % 11 == 0 ? 25 : 1)));
  return values;
}

void expect_done(const Ran& ran, const std::vector<int64_t>& values, int64_t end) {
  std::vector<int64_t> left;
  for (int64_t i = 0; i < end; ++i) {
    const int64_t n = values[static_cast<size_t>(i)];
    if (is_left(n)) {
      left.push_back(i);
    } else {
      EXPECT_EQ(ran.ints()[static_cast<size_t>(i)], n) << i;
    }
  }
  EXPECT_EQ(ran.rows, left);
}

TEST(Refill, GivesEachElementItsResult) {
  for (const codegen::CompileOptions& options : lane_kernel_options()) {
    const auto kernel = refilling(options);
    ASSERT_TRUE(kernel);
    EXPECT_TRUE(kernel->may_deopt);
    const auto lanes = static_cast<size_t>(kernel->lanes);
    for (size_t count : {size_t{0}, size_t{1}, lanes - 1, lanes, lanes + 1, 5 * lanes + 3, size_t{1000}}) {
      const std::vector<int64_t> values = rounds(count);
      const Ran ran = run(*kernel, {ints(values)});
      EXPECT_EQ(ran.stopped_at, static_cast<int64_t>(count));
      expect_done(ran, values, static_cast<int64_t>(count));
    }
  }
}

TEST(Refill, StopsAtTheLowestElementThatIsNotDone) {
  for (const codegen::CompileOptions& options : lane_kernel_options()) {
    const auto kernel = refilling(options);
    ASSERT_TRUE(kernel);
    std::vector<int64_t> values = rounds(1000);
    values[700] = -1;
    values[350] = -1;
    std::atomic<uint8_t> cancel{0};
    std::jthread stopper([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      cancel = 1;
    });
    const Ran ran = run(*kernel, {ints(values)}, 900, &cancel);
    EXPECT_EQ(ran.stopped_at, 350);
    expect_done(ran, values, 350);
  }
}

}  // namespace
}  // namespace gilmap::codegen_tests
