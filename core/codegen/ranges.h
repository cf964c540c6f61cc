#pragma once
// Questions about ranges of integers, which passes/value_ranges.h finds. The range of code that is never run may be
// empty.

#include "ir/function.h"

namespace gilmap::codegen {

using ir::IntRange;

constexpr bool is_full(IntRange r) { return r == IntRange{}; }
constexpr bool is_constant(IntRange r) { return r.lo == r.hi; }
constexpr bool is_constant_within(IntRange r, int64_t least, int64_t most) {
  return is_constant(r) && r.lo >= least && r.lo <= most;
}
constexpr bool is_non_negative(IntRange r) { return r.lo >= 0; }
constexpr bool contains(IntRange r, int64_t v) { return r.lo <= v && v <= r.hi; }
// All of r lies within -2^bits .. 2^bits.
constexpr bool within_bits(IntRange r, int bits) {
  return r.lo >= -(int64_t{1} << bits) && r.hi <= (int64_t{1} << bits);
}
// The same without the ends: what a float with so many bits holds without a gap, and more.
constexpr bool below_bits(IntRange r, int bits) { return r.lo > -(int64_t{1} << bits) && r.hi < (int64_t{1} << bits); }

// No sum, difference, product of a value in a and one in b leaves 64 bits.
constexpr bool sum_fits(IntRange a, IntRange b) {
  int64_t ignored = 0;
  return !__builtin_add_overflow(a.lo, b.lo, &ignored) && !__builtin_add_overflow(a.hi, b.hi, &ignored);
}
constexpr bool difference_fits(IntRange a, IntRange b) {
  int64_t ignored = 0;
  return !__builtin_sub_overflow(a.lo, b.hi, &ignored) && !__builtin_sub_overflow(a.hi, b.lo, &ignored);
}
constexpr bool product_fits(IntRange a, IntRange b) {
  int64_t ignored = 0;
  return !__builtin_mul_overflow(a.lo, b.lo, &ignored) && !__builtin_mul_overflow(a.lo, b.hi, &ignored) &&
         !__builtin_mul_overflow(a.hi, b.lo, &ignored) && !__builtin_mul_overflow(a.hi, b.hi, &ignored);
}

}  // namespace gilmap::codegen
