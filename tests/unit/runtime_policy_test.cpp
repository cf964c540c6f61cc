// How many CPUs, and how many rows per chunk.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "runtime/chunk_size.h"
#include "runtime/cpus.h"
#include "runtime/pool.h"
#include "runtime/stats.h"

namespace gilmap::runtime {
namespace {

class RuntimeCpus : public testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() / ("gilmap-cpus-" + std::to_string(getpid()));
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string& path, const std::string& text) {
    const auto file = root_ / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  int cpus(const std::string& membership) {
    write("membership", membership);
    return cgroup_cpus(root_ / "membership", root_ / "mount");
  }

  std::filesystem::path root_;
};

TEST_F(RuntimeCpus, no_control_groups_no_quota) {
  EXPECT_EQ(cgroup_cpus(root_ / "missing", root_ / "mount"), 0);
  EXPECT_EQ(cpus("0::/\n4:cpu:/\n"), 0);
  EXPECT_EQ(cpus("nonsense\n\n:\n::\n"), 0);
}

TEST_F(RuntimeCpus, v2_quota_is_rounded_up) {
  write("mount/cpu.max", "150000 100000\n");
  EXPECT_EQ(cpus("0::/\n"), 2);
  write("mount/cpu.max", "max 100000\n");
  EXPECT_EQ(cpus("0::/\n"), 0);
  write("mount/cpu.max", "1000 100000\n");
  EXPECT_EQ(cpus("0::/\n"), 1);
  write("mount/cpu.max", "0 0\n");
  EXPECT_EQ(cpus("0::/\n"), 0);
}

TEST_F(RuntimeCpus, the_least_quota_of_the_parents_counts) {
  write("mount/a/cpu.max", "300000 100000\n");
  write("mount/a/b/cpu.max", "max 100000\n");
  write("mount/a/b/c/cpu.max", "800000 100000\n");
  EXPECT_EQ(cpus("0::/a/b/c\n"), 3);
}

TEST_F(RuntimeCpus, v1_quota_under_either_name) {
  write("mount/cpu,cpuacct/job/cpu.cfs_quota_us", "400000\n");
  write("mount/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cpus("5:memory:/job\n4:cpu,cpuacct:/job\n"), 4);
  EXPECT_EQ(cpus("4:cpuacct:/job\n"), 0);
  write("mount/cpu/cpu.cfs_quota_us", "-1\n");
  write("mount/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cpus("4:cpu:/only/the/host/sees/this\n"), 0);
  write("mount/cpu/cpu.cfs_quota_us", "250000\n");
  EXPECT_EQ(cpus("4:cpu:/only/the/host/sees/this\n"), 3);
}

TEST_F(RuntimeCpus, the_environment_overrides) {
  setenv("GILMAP_NUM_THREADS", "7", 1);
  EXPECT_EQ(available_cpus(), 7);
  for (const char* nonsense : {"", "0", "-3", "four", "3x"}) {
    setenv("GILMAP_NUM_THREADS", nonsense, 1);
    EXPECT_EQ(requested_threads(), 0) << nonsense;
    EXPECT_GE(available_cpus(), 1);
  }
  unsetenv("GILMAP_NUM_THREADS");
  EXPECT_EQ(requested_threads(), 0);
}

constexpr int64_t many = 1'000'000'000;

TEST(RuntimeChunks, begin_small_and_grow_step_by_step) {
  for (const double told : {0.0, 1.0}) {
    Pace pace(told);
    int64_t rows = pace.next_chunk(many, 2, false);
    EXPECT_LE(rows, 64);
    for (int i = 0; i < 10; ++i) {
      pace.learn(rows, rows);  // 1 ns each
      const int64_t next = pace.next_chunk(many, 2, false);
      EXPECT_LE(next, 8 * std::max<int64_t>(rows, 64));
      rows = next;
    }
    EXPECT_EQ(rows, 65536);
    EXPECT_EQ(pace.next_chunk(many, 2, true), 8192);  // many deopts
  }
}

TEST(RuntimeChunks, a_few_unknown_rows_are_shared_out) {
  EXPECT_EQ(Pace(0).next_chunk(2, 2, false), 1);
  EXPECT_EQ(Pace(0).next_chunk(20, 2, false), 2);
  EXPECT_EQ(Pace(0).next_chunk(1, 64, false), 1);
}

TEST(RuntimeChunks, expensive_rows_are_claimed_one_by_one) {
  EXPECT_EQ(Pace(1e6).next_chunk(many, 2, false), 1);
  EXPECT_EQ(Pace(1e300).next_chunk(many, 2, false), 1);
  Pace pace(0);
  pace.learn(16, 16'000'000);
  EXPECT_EQ(pace.next_chunk(many, 2, false), 1);
}

TEST(RuntimeChunks, shrink_towards_the_end_but_not_below_what_pays) {
  Pace pace(0);
  for (int i = 0; i < 20; ++i) pace.learn(65536, 65536 * 10);  // 10 ns each: 20,000 rows in 0.2 ms
  EXPECT_NEAR(static_cast<double>(pace.next_chunk(many, 4, false)), 20'000, 64);
  EXPECT_NEAR(static_cast<double>(pace.next_chunk(80'000, 4, false)), 10'000, 64);
  EXPECT_NEAR(static_cast<double>(pace.next_chunk(8'000, 4, false)), 2000, 64);
  EXPECT_EQ(pace.next_chunk(100, 4, false), 100);
}

TEST(RuntimeStats, follow_a_change_in_the_data) {
  Stats stats;
  for (int i = 0; i < 1000; ++i) stats.add(10'000, 0, 1);
  EXPECT_FALSE(stats.mostly_deopts());
  for (int i = 0; i < 20; ++i) stats.add(10'000, 10'000, 1);
  EXPECT_TRUE(stats.mostly_deopts());
  EXPECT_EQ(stats.rows, 10'200'000);
}

}  // namespace
}  // namespace gilmap::runtime
