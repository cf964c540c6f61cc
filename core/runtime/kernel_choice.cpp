#include "runtime/kernel_choice.h"

#include <algorithm>
#include <atomic>
#include <cmath>

namespace gilmap::runtime {

namespace {

constexpr int64_t min_sample_ns = 1'000;  // below, the clock shows
constexpr double probe_ns = 20'000;
// Of kernels that are close to each other. One at a time learns the branches of its data for some 10 µs.
constexpr double long_probe_ns = 100'000;
constexpr double is_close = 1.5;  // by this factor at most
constexpr int64_t max_probe_rows = 16384;
constexpr double probe_share = 0.02;
constexpr double first_rest_ns = 100'000;  // after rows beyond the bounds, of which there may be more
constexpr double longest_rest_ns = 50'000'000;
constexpr int many_misses = 3;
constexpr int64_t refills_per_probe = 4;  // of each lane: what lanes gain by them shows only then
constexpr int64_t near_chunks = 4;        // chunks so close to each other are compared
constexpr int few_pairs = 3;
constexpr int averaged_pairs = 4;
constexpr int64_t many_rounds = 8;     // of groups on each worker: how they end does not matter
constexpr double margin = 0.03;        // by which the other kernel must be faster
constexpr double clearly = 1.5;        // faster than this by the first pair is taken for granted
constexpr double assumed_speedup = 4;  // of lanes, while nothing is known

std::atomic<LaneUse> use_of_lanes{LaneUse::Measured};

Way other(Way way) { return way == Way::Lanes ? Way::General : Way::Lanes; }

}  // namespace

// Relaxed: it says nothing of other memory.
void set_lane_use(LaneUse use) { use_of_lanes.store(use, std::memory_order_relaxed); }
LaneUse lane_use() { return use_of_lanes.load(std::memory_order_relaxed); }

double KernelChoice::ns_per_row(Way way) const {
  std::lock_guard lock(mutex_);
  return cost(way);
}

bool KernelChoice::decided() const {
  return pairs_ >= few_pairs || (pairs_ > 0 && std::abs(log_ratio_) >= std::log(clearly));
}

double KernelChoice::estimate(Way way) const {
  if (cost(way) > 0) return cost(way);
  return way == Way::General ? cost(Way::Lanes) * assumed_speedup : cost(Way::General) / assumed_speedup;
}

// As few rows as tell something.
int64_t KernelChoice::probe_rows(Way way, int lanes, bool refills) const {
  const double ns = std::max(estimate(way), 0.01);
  const bool close = pairs_ > 0 && std::abs(log_ratio_) < std::log(is_close);
  const auto rows =
      static_cast<int64_t>(std::clamp((close ? long_probe_ns : probe_ns) / ns, 1.0, double{max_probe_rows}));
  if (way == Way::General) return std::max<int64_t>(rows, lanes / 4);
  return (std::max(rows, refills ? refills_per_probe * lanes : 1) + lanes - 1) / lanes * lanes;
}

// A group takes its time however few of its lanes are used, and where rows are few, several workers are better.
bool KernelChoice::lanes_pay(int64_t left, int workers, int lanes) const {
  const double speedup = pairs_ > 0 ? std::exp(log_ratio_) : assumed_speedup;
  const int64_t groups = (left + lanes - 1) / lanes;
  if (groups >= many_rounds * workers) return true;
  const int64_t rounds = (groups + workers - 1) / workers;
  const int64_t rows = (left + workers - 1) / workers;
  return static_cast<double>(rounds * lanes) <= static_cast<double>(rows) * speedup;
}

KernelChoice::Turn KernelChoice::next(int64_t left, int workers, int lanes, bool refills) {
  if (lane_use() != LaneUse::Measured) return {lanes_only() ? Way::Lanes : Way::General, INT64_MAX};
  std::lock_guard lock(mutex_);
  if (rest_ns_ > 0) return {Way::General, INT64_MAX};
  const Way rival = other(better_);
  if (cost(Way::General) > 0 && cost(Way::Lanes) > 0 && !decided()) {
    tried_ = other(tried_);
    return {tried_, probe_rows(tried_, lanes, refills)};
  }
  const int64_t rows = probe_rows(rival, lanes, refills);
  const double price = static_cast<double>(rows) * estimate(rival);
  if (since_probe_ns_ * probe_share > price && left >= 2 * rows) {
    since_probe_ns_ = 0;
    return {rival, rows};
  }
  const bool with_lanes = better_ == Way::Lanes && lanes_pay(left, workers, lanes);
  return {with_lanes ? Way::Lanes : Way::General, INT64_MAX};
}

void KernelChoice::learn(Way way, int64_t rows, int64_t ns) {
  if (rows <= 0) return;
  const auto k = static_cast<size_t>(way);
  std::lock_guard lock(mutex_);
  if (way == Way::Lanes) {
    next_rest_ns_ = 0;
    misses_ = 0;
  }
  rest_ns_ -= std::min(rest_ns_, static_cast<double>(ns));
  Sample& all = small_[k];
  all.rows += rows;
  all.ns += ns;
  if (all.ns < min_sample_ns) return;
  const double sample = static_cast<double>(all.ns) / static_cast<double>(all.rows);
  all = {};
  cost_[k] = cost_[k] > 0 ? (cost_[k] + sample) / 2 : sample;
  last_[k] = sample;
  number_[k] = ++chunks_;
  since_probe_ns_ += static_cast<double>(ns);
  compare();
}

void KernelChoice::missed(int64_t ns) {
  std::lock_guard lock(mutex_);
  ++misses_;
  next_rest_ns_ = std::max({2 * next_rest_ns_, first_rest_ns, 10.0 * static_cast<double>(ns)});
  next_rest_ns_ = std::min(next_rest_ns_, longest_rest_ns);
  rest_ns_ = next_rest_ns_;
}

bool KernelChoice::is_missed_often() const {
  std::lock_guard lock(mutex_);
  return misses_ >= many_misses;
}

void KernelChoice::compare_anew() {
  std::lock_guard lock(mutex_);
  pairs_ = 0;
  log_ratio_ = 0;
  number_ = {};
}

void KernelChoice::compare() {
  const auto [lower, higher] = std::minmax(number_[0], number_[1]);
  if (lower == 0 || higher - lower > near_chunks) return;
  const double ratio = std::log(last_[0] / last_[1]);
  ++pairs_;
  log_ratio_ += (ratio - log_ratio_) / std::min(pairs_, averaged_pairs);
  number_ = {};
  if (!decided()) return;
  const double doubt = std::log(1 + margin);
  if (log_ratio_ > doubt) better_ = Way::Lanes;
  if (log_ratio_ < -doubt) better_ = Way::General;
}

}  // namespace gilmap::runtime
