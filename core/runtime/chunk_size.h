#pragma once
// How many rows a worker claims at a time.
//
// Problem: rows may cost a nanosecond or a minute, which is known only after some have run. A chunk should take long
// enough (0.2 ms) that claiming it is free, and short enough that the workers finish together.
// Method: the cost per row is learned from each finished chunk. The first chunks are small, also where earlier calls
// have told a cost, since other values may cost more; then chunks grow at most 8 times per step. Near the end, guided
// self-scheduling (Polychronopoulos and Kuck 1987): a chunk is at most half of each worker's share of what is left.
// Where the cost jumps all the same, SharedJob::rebalance() splits a chunk that runs.

#include <cstdint>

namespace gilmap::runtime {

class Pace {
 public:
  explicit Pace(double ns_per_row) : ns_per_row_(ns_per_row) {}
  // For a kernel of so many lanes; to begin with, that rows take as long as here. Lanes that are refilled are all at
  // work but at the end of a chunk, which is long for that.
  Pace with_lanes(int lanes, bool refills) const;

  void learn(int64_t rows, int64_t ns);
  // At least 1 and at most `left`, which is above 0; else whole groups of lanes.
  int64_t next_chunk(int64_t left, int workers, bool many_deopts) const;
  double ns_per_row() const { return ns_per_row_; }

 private:
  double ns_per_row_;    // 0: nothing known
  int64_t largest_ = 0;  // chunk that was measured
  int64_t lanes_ = 1;
  int64_t least_rows_ = 1;  // of a chunk, if others do not wait for it
};

}  // namespace gilmap::runtime
