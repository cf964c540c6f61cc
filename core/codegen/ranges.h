#pragma once
// What is known of integer values while code is emitted, front to back. The analysis proper is a pass;
// this only looks at constants, ranges of arguments and the operations in between.

#include <vector>

#include "ir/function.h"

namespace gilmap::codegen {

using ir::IntRange;

class Ranges {
 public:
  explicit Ranges(const ir::Function& function);

  IntRange operator[](ir::ValueId v) const { return ranges_[v]; }
  // Derives the range of v from those of its operands, which come before it.
  void visit(ir::ValueId v);

 private:
  const ir::Function& function_;
  std::vector<IntRange> ranges_;
};

constexpr bool is_full(IntRange r) { return r == IntRange{}; }
constexpr bool is_constant(IntRange r) { return r.lo == r.hi; }
constexpr bool is_non_negative(IntRange r) { return r.lo >= 0; }
// All of r lies within -2^bits .. 2^bits.
constexpr bool within_bits(IntRange r, int bits) {
  return r.lo >= -(int64_t{1} << bits) && r.hi <= (int64_t{1} << bits);
}
constexpr bool contains(IntRange r, int64_t v) { return r.lo <= v && v <= r.hi; }

// The exact range of an operation on all pairs of values, or nothing if it can leave 64 bits.
bool sum_fits(IntRange a, IntRange b, IntRange* out);
bool difference_fits(IntRange a, IntRange b, IntRange* out);
bool product_fits(IntRange a, IntRange b, IntRange* out);

}  // namespace gilmap::codegen
