#pragma once
// What the rows of a job have cost so far.

#include <cstdint>

namespace gilmap::runtime {

struct Stats {
  int64_t rows = 0;
  int64_t ns = 0;
  // Of lately: halved whenever 64 Ki rows have gone by, so that a change in the data shows.
  int64_t recent_rows = 0;
  int64_t recent_deopts = 0;

  void add(int64_t more_rows, int64_t more_deopts, int64_t more_ns) {
    rows += more_rows;
    ns += more_ns;
    recent_rows += more_rows;
    recent_deopts += more_deopts;
    while (recent_rows > 65536) {
      recent_rows /= 2;
      recent_deopts /= 2;
    }
  }
  bool mostly_deopts() const { return recent_rows >= 256 && recent_deopts * 10 > recent_rows * 7; }
  bool many_deopts() const { return recent_deopts * 8 > recent_rows; }
  double ns_per_row(double otherwise) const {
    return rows > 0 ? static_cast<double>(ns) / static_cast<double>(rows) : otherwise;
  }
};

}  // namespace gilmap::runtime
