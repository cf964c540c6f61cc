#pragma once
// Arithmetic on intervals of 64-bit integers. Bools are intervals within [0, 1].

#include <algorithm>
#include <cstdint>

#include "ir/function.h"

namespace gilmap::passes {

using ir::IntRange;

constexpr IntRange full_range;
// Of a value that does not exist; the neutral element of hull().
constexpr IntRange empty_range{INT64_MAX, INT64_MIN};
constexpr IntRange any_bool{0, 1};

constexpr bool is_empty(IntRange r) { return r.lo > r.hi; }
constexpr bool is_single(IntRange r) { return r.lo == r.hi; }
constexpr IntRange single(int64_t v) { return {v, v}; }
// Of all values; that of the least integer is cut.
constexpr int64_t greatest_magnitude(IntRange r) { return r.lo == INT64_MIN ? INT64_MAX : std::max(r.hi, -r.lo); }
constexpr IntRange hull(IntRange a, IntRange b) { return {std::min(a.lo, b.lo), std::max(a.hi, b.hi)}; }
constexpr IntRange meet(IntRange a, IntRange b) { return {std::max(a.lo, b.lo), std::min(a.hi, b.hi)}; }

// All values of an operation without wrapping.
struct WideRange {
  __int128 lo, hi;
  bool fits() const { return lo >= INT64_MIN && hi <= INT64_MAX; }
  // Of the values those within 64 bits.
  IntRange clamped() const {
    return {static_cast<int64_t>(std::max<__int128>(lo, INT64_MIN)),
            static_cast<int64_t>(std::min<__int128>(hi, INT64_MAX))};
  }
};

WideRange sum(IntRange a, IntRange b);
WideRange difference(IntRange a, IntRange b);
WideRange product(IntRange a, IntRange b);

// Floor division and modulo as ops.def has them; the divisor is not 0, whatever b says.
IntRange quotient(IntRange a, IntRange b);
IntRange remainder(IntRange a, IntRange b);

IntRange bit_and(IntRange a, IntRange b);
IntRange bit_or(IntRange a, IntRange b);
IntRange bit_xor(IntRange a, IntRange b);
// The count lies within 0 to 63, whatever n says.
IntRange shift_left(IntRange a, IntRange n);
IntRange shift_right(IntRange a, IntRange n);

}  // namespace gilmap::passes
