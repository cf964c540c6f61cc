#include "runtime/chunk_size.h"

#include <algorithm>

namespace gilmap::runtime {

namespace {
constexpr double target_ns = 200'000;
constexpr double least_ns = 20'000;       // below, claiming and handing over begin to show
constexpr int64_t max_rows = 65536;       // a chunk of deopts only still takes no more than 1 MB
constexpr int64_t max_deopt_rows = 8192;  // where that is to be expected
constexpr int64_t first_rows = 16;
constexpr int64_t first_known_rows = 64;
constexpr int64_t refills_per_chunk = 8;  // of each lane
}  // namespace

void Pace::learn(int64_t rows, int64_t ns) {
  if (rows <= 0) return;
  const double sample = std::max(0.01, static_cast<double>(ns) / static_cast<double>(rows));
  ns_per_row_ = ns_per_row_ > 0 ? (ns_per_row_ + sample) / 2 : sample;
  largest_ = std::max(largest_, rows);
}

Pace Pace::with_lanes(int lanes, bool refills) const {
  Pace pace = *this;
  pace.lanes_ = lanes;
  if (refills) pace.least_rows_ = refills_per_chunk * lanes;
  return pace;
}

int64_t Pace::next_chunk(int64_t left, int workers, bool many_deopts) const {
  const auto whole_groups = [&](int64_t rows) {
    return std::clamp<int64_t>((rows + lanes_ - 1) / lanes_ * lanes_, 1, left);
  };
  if (ns_per_row_ <= 0) return whole_groups(std::clamp<int64_t>(left / (4 * workers), 1, first_rows));

  const int64_t most = many_deopts ? max_deopt_rows : max_rows;
  // The quotients may be beyond int64_t, so they are cut while they are doubles.
  int64_t rows = static_cast<int64_t>(std::clamp(target_ns / ns_per_row_, 1.0, static_cast<double>(most)));
  rows = std::min(std::max(rows, least_rows_), std::max(first_known_rows, 8 * largest_));

  const int64_t least = static_cast<int64_t>(std::clamp(least_ns / ns_per_row_, 1.0, static_cast<double>(most)));
  const int64_t share = workers == 1 ? left : left / (2 * workers);
  rows = std::min(rows, std::max(share, least));
  if (rows >= 256) rows &= ~int64_t{63};  // whole cache lines of the output, one byte wide too
  return whole_groups(rows);
}

}  // namespace gilmap::runtime
