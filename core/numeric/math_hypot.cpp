// math.hypot and math.dist: CPython's own norm of a vector, the same from 3.12 on, nearly always correctly rounded.
//
// The components are scaled by a power of two so that the largest lies in [0.5, 1); their squares are exact as a
// product and its error (one fma); the sum is compensated and starts at 1.0, so that it is never below the next term
// and the cheap two-sum is exact; the root is corrected by one step of Newton's method in doubled precision. None of
// the functions can fail: an infinite result comes back as such.
#include "numeric/checks.h"

#include <algorithm>
#include <bit>

namespace gilmap::numeric {
namespace {

// 1.0 + the sum of the squares, in three parts.
struct SquareSum {
  F64 sum = 1.0;
  F64 product_errors = 0.0;
  F64 sum_errors = 0.0;

  void add(F64 product, F64 product_error) {
    const F64 next = sum + product;
    product_errors += product_error;
    sum_errors += (sum - next) + product;
    sum = next;
  }
  F64 value() const { return sum - 1.0 + (product_errors + sum_errors); }
};

// 2^-e for the e with largest = m * 2^e, 0.5 <= m < 1. The bits give it but for the largest and the subnormal numbers.
F64 scale_for(F64 largest) {
  const auto biased = std::bit_cast<std::uint64_t>(largest) >> 52;
  if (biased != 0 && biased < 2045) return std::bit_cast<F64>((2045 - biased) << 52);
  int exponent;
  static_cast<void>(std::frexp(largest, &exponent));
  return std::ldexp(1.0, -exponent);
}

template <std::size_t n>
[[gnu::always_inline]] inline F64 norm(const F64 (&components)[n], F64 largest) {
  const F64 scale = scale_for(largest);
  SquareSum squares;
  for (const F64 component : components) {
    const F64 x = component * scale;
    const F64 square = x * x;
    squares.add(square, std::fma(x, x, -square));
  }
  F64 root = std::sqrt(squares.value());
  const F64 minus_square = -root * root;
  squares.add(minus_square, std::fma(-root, root, -minus_square));
  root += squares.value() / (2.0 * root);
  return root / scale;
}

template <std::size_t n>
[[gnu::always_inline]] inline F64 vector_norm_inline(F64 (&components)[n]) {
  F64 largest = 0.0;
  bool has_nan = false;
  for (F64& component : components) {
    component = std::fabs(component);
    has_nan |= std::isnan(component);
    largest = component > largest ? component : largest;
  }
  if (std::isinf(largest)) return largest;  // even beside a NaN
  if (has_nan) return std::numeric_limits<F64>::quiet_NaN();
  if (largest == 0.0) return largest;
  constexpr F64 smallest_normal = std::numeric_limits<F64>::min();
  if (largest < smallest_normal / 2) {  // the scale would overflow
    for (F64& component : components) component /= smallest_normal;
    return smallest_normal * norm(components, largest / smallest_normal);
  }
  return norm(components, largest);
}

template <std::size_t n>
F64 vector_norm_portable(F64 (&components)[n]) {
  return vector_norm_inline(components);
}

// Where fma is an instruction on some processors only, libm's function takes most of the time: a second copy uses the
// instruction. Nothing else in it is fused (-ffp-contract=off).
#if defined(__x86_64__) && !defined(__FMA__)
template <std::size_t n>
[[gnu::target("fma")]] F64 vector_norm_fma(F64 (&components)[n]) {
  return vector_norm_inline(components);
}

const bool has_fma = __builtin_cpu_supports("fma") != 0;

template <std::size_t n>
F64 vector_norm(F64 (&components)[n]) {
  return has_fma ? vector_norm_fma(components) : vector_norm_portable(components);
}
#else
template <std::size_t n>
F64 vector_norm(F64 (&components)[n]) {
  return vector_norm_portable(components);
}
#endif

}  // namespace

extern "C" F64 gilmap_math_hypot_2(F64 x, F64 y) {
  F64 components[] = {x, y};
  return vector_norm(components);
}

extern "C" F64 gilmap_math_hypot_3(F64 x, F64 y, F64 z) {
  F64 components[] = {x, y, z};
  return vector_norm(components);
}

extern "C" F64 gilmap_math_hypot_4(F64 x, F64 y, F64 z, F64 w) {
  F64 components[] = {x, y, z, w};
  return vector_norm(components);
}

extern "C" F64 gilmap_math_dist_2(F64 p0, F64 p1, F64 q0, F64 q1) { return gilmap_math_hypot_2(p0 - q0, p1 - q1); }

extern "C" F64 gilmap_math_dist_3(F64 p0, F64 p1, F64 p2, F64 q0, F64 q1, F64 q2) {
  return gilmap_math_hypot_3(p0 - q0, p1 - q1, p2 - q2);
}

}  // namespace gilmap::numeric
