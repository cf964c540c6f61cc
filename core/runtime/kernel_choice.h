#pragma once
// Whether rows go through the general kernel or through one that computes several elements at once.
//
// Problem: elements that take different paths, or few rows, can make a kernel of many lanes the slower one, and which
// it is depends on the data and its order. It must never be a loss.
// Method: both are timed on chunks of rows that lie next to each other, and the ratio of the two is averaged. The
// lanes have the benefit of the doubt; after a few pairs, or one that leaves no doubt, the faster kernel gets the rows.
// The other one is tried again when the faster has run for fifty times as long as that takes, so that a change in the
// data shows, at 2 % of the time.
// Cost: a lock for each chunk. The figures are kept from call to call, since they belong to the function.

#include <array>
#include <cstdint>
#include <mutex>

namespace gilmap::runtime {

enum class Way : uint8_t { General, Lanes };  // one element at a time, several

// For tests and benchmarks: lanes whenever there are any, also for a few rows; or never. Of the process.
enum class LaneUse : uint8_t { Measured, Always, Never };
void set_lane_use(LaneUse use);
LaneUse lane_use();
inline bool lanes_only() { return lane_use() == LaneUse::Always; }

class KernelChoice {
 public:
  struct Turn {
    Way way;
    int64_t most_rows;  // of a probe; else as many as one likes
  };
  // For the next of `left` rows, which are shared by `workers`; `lanes` are those of the kernel, which may refill them.
  Turn next(int64_t left, int workers, int lanes, bool refills = false);
  // What rows that follow each other cost. Also before there is a kernel to choose.
  void learn(Way way, int64_t rows, int64_t ns);
  // The rows of a turn with lanes did not lie within the bounds of their kernel.
  void missed(int64_t ns);
  // Several times, and never otherwise in between: a wider kernel would do better.
  bool is_missed_often() const;
  // The general kernel has been replaced by a faster one: what was compared does not count any more.
  void compare_anew();
  // 0: unknown.
  double ns_per_row(Way way) const;

 private:
  double cost(Way way) const { return cost_[static_cast<size_t>(way)]; }
  double estimate(Way way) const;
  bool decided() const;
  int64_t probe_rows(Way way, int lanes, bool refills) const;
  bool lanes_pay(int64_t left, int workers, int lanes) const;
  void compare();

  mutable std::mutex mutex_;  // guards all below
  struct Sample {
    int64_t rows = 0, ns = 0;
  };
  std::array<Sample, 2> small_{};  // too short to say anything yet
  std::array<double, 2> cost_{};   // ns per row, averaged
  // The last chunk of each way that was compared with none yet: its cost, and its number; 0 if there is none.
  std::array<double, 2> last_{};
  std::array<int64_t, 2> number_{};
  int64_t chunks_ = 0;
  int pairs_ = 0;
  double log_ratio_ = 0;  // of the cost of the general kernel by that of the lanes, averaged
  Way better_ = Way::Lanes;
  Way tried_ = Way::General;  // last
  double since_probe_ns_ = 0;
  double rest_ns_ = 0;       // to be spent on rows before lanes are tried again, after they were missed
  double next_rest_ns_ = 0;  // the longer, the oftener
  int misses_ = 0;           // since lanes ran last
};

}  // namespace gilmap::runtime
