// Bounds of columns: all_within() for values at, beside and far from each end.

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "columns/columns.h"

namespace gilmap {
namespace {

// The value `odd` at each place of columns of several lengths, the rest within; at an odd address.
void check(ir::IntRange range, int64_t odd) {
  for (const size_t n : {0, 1, 7, 8, 9, 40}) {
    for (size_t at = 0; at < n; ++at) {
      std::vector<int64_t> values(n, range.lo);
      values[at] = odd;
      std::vector<char> bytes(n * 8 + 1);
      std::memcpy(bytes.data() + 1, values.data(), n * 8);
      ASSERT_EQ(columns::all_within(bytes.data() + 1, static_cast<int64_t>(n), range),
                odd >= range.lo && odd <= range.hi)
          << odd << " in " << range.lo << " to " << range.hi << " at " << at << " of " << n;
    }
  }
}

TEST(AllWithin, AgreesWithComparisons) {
  constexpr int64_t bits52 = int64_t{1} << 52;
  const ir::IntRange ranges[] = {{0, 0},         {0, INT32_MAX},        {INT32_MIN, INT32_MAX},
                                 {-1, 0},        {0, bits52 - 1},       {-bits52, bits52 - 1},
                                 {0, INT64_MAX}, {INT64_MIN, INT64_MAX}};
  for (const ir::IntRange range : ranges) {
    const int64_t below = range.lo - (range.lo > INT64_MIN), above = range.hi + (range.hi < INT64_MAX);
    for (const int64_t odd :
         {range.lo, range.hi, below, above, INT64_MIN, INT64_MAX, int64_t{-1}, int64_t{0}, int64_t{1}}) {
      check(range, odd);
    }
  }
}

}  // namespace
}  // namespace gilmap
