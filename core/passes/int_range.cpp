#include "passes/int_range.h"

#include <bit>

namespace gilmap::passes {
namespace {

using Wide = __int128;

// The hull of an operation that is monotone in each operand: it takes its extremes at the corners.
template <class Operation>
WideRange corners(IntRange a, IntRange b, Operation operation) {
  Wide c[] = {operation(Wide{a.lo}, Wide{b.lo}), operation(Wide{a.lo}, Wide{b.hi}), operation(Wide{a.hi}, Wide{b.lo}),
              operation(Wide{a.hi}, Wide{b.hi})};
  return {*std::min_element(c, c + 4), *std::max_element(c, c + 4)};
}

Wide floor_div(Wide a, Wide b) {
  Wide q = a / b;
  return a % b != 0 && (a % b < 0) != (b < 0) ? q - 1 : q;
}

// The parts of the divisor on each side of 0.
IntRange negative_part(IntRange b) { return meet(b, {INT64_MIN, -1}); }
IntRange positive_part(IntRange b) { return meet(b, {1, INT64_MAX}); }

// -2^k to 2^k - 1 for the least k that holds both: no bitwise operation leaves it.
IntRange bits_of(IntRange a, IntRange b) {
  auto magnitude = [](int64_t v) { return static_cast<uint64_t>(v < 0 ? ~v : v); };
  int width = std::bit_width(magnitude(a.lo) | magnitude(a.hi) | magnitude(b.lo) | magnitude(b.hi));
  auto top = static_cast<int64_t>(width == 0 ? 0 : ~uint64_t{0} >> (64 - width));
  return {~top, top};
}

}  // namespace

WideRange sum(IntRange a, IntRange b) { return {Wide{a.lo} + b.lo, Wide{a.hi} + b.hi}; }
WideRange difference(IntRange a, IntRange b) { return {Wide{a.lo} - b.hi, Wide{a.hi} - b.lo}; }
WideRange product(IntRange a, IntRange b) {
  return corners(a, b, [](Wide x, Wide y) { return x * y; });
}

IntRange quotient(IntRange a, IntRange b) {
  IntRange r = empty_range;
  for (IntRange part : {negative_part(b), positive_part(b)}) {
    if (!is_empty(part)) r = hull(r, corners(a, part, floor_div).clamped());
  }
  return is_empty(r) ? full_range : r;
}

IntRange remainder(IntRange a, IntRange b) {
  IntRange r = empty_range;
  // The sign is the divisor's. What lies below the divisor already stays as it is.
  if (IntRange part = negative_part(b); !is_empty(part)) {
    bool stays = a.hi <= 0 && a.lo > part.hi;
    r = hull(r, stays ? a : IntRange{a.hi <= 0 ? std::max(a.lo, part.lo + 1) : part.lo + 1, 0});
  }
  if (IntRange part = positive_part(b); !is_empty(part)) {
    bool stays = a.lo >= 0 && a.hi < part.lo;
    r = hull(r, stays ? a : IntRange{0, a.lo >= 0 ? std::min(a.hi, part.hi - 1) : part.hi - 1});
  }
  return is_empty(r) ? full_range : r;
}

IntRange bit_and(IntRange a, IntRange b) {
  if (a.lo >= 0 && b.lo >= 0) return {0, std::min(a.hi, b.hi)};
  if (a.lo >= 0) return {0, a.hi};
  if (b.lo >= 0) return {0, b.hi};
  IntRange r = bits_of(a, b);
  return {r.lo, a.hi < 0 && b.hi < 0 ? std::min(a.hi, b.hi) : std::max(a.hi, b.hi)};
}

// By de Morgan.
IntRange bit_or(IntRange a, IntRange b) {
  auto complement = [](IntRange r) { return IntRange{~r.hi, ~r.lo}; };
  IntRange r = complement(bit_and(complement(a), complement(b)));
  return meet(r, bits_of(a, b));
}

IntRange bit_xor(IntRange a, IntRange b) {
  IntRange r = bits_of(a, b);
  bool same_sign = (a.lo >= 0 && b.lo >= 0) || (a.hi < 0 && b.hi < 0);
  bool other_sign = (a.lo >= 0 && b.hi < 0) || (a.hi < 0 && b.lo >= 0);
  if (same_sign) r.lo = 0;
  if (other_sign) r.hi = -1;
  return r;
}

IntRange shift_left(IntRange a, IntRange n) {
  n = meet(n, {0, 63});
  if (is_empty(n)) return full_range;
  WideRange r = corners(a, n, [](Wide x, Wide count) { return x * (Wide{1} << static_cast<int>(count)); });
  return r.fits() ? r.clamped() : full_range;
}

IntRange shift_right(IntRange a, IntRange n) {
  n = meet(n, {0, 63});
  if (is_empty(n)) return full_range;
  return corners(a, n, [](Wide x, Wide count) { return x >> static_cast<int>(count); }).clamped();
}

}  // namespace gilmap::passes
