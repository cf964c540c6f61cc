// The failure checks that several functions share, and constants of the int64 range.
#pragma once

#include "numeric/functions.h"

#include <cmath>
#include <limits>

namespace gilmap::numeric {

inline constexpr I64 i64_min = std::numeric_limits<I64>::min();
inline constexpr I64 i64_max = std::numeric_limits<I64>::max();

// The value to return beside failed = 1; nobody looks at it.
template <class T>
inline T fail(std::uint8_t* failed) {
  *failed = 1;
  return T{};
}

// CPython's rule for what a libm function returns: NaN from a number is a domain error, infinity from a finite number
// is a range error or a pole.
inline F64 checked(F64 r, F64 x, std::uint8_t* failed) {
  if (std::isnan(r) ? !std::isnan(x) : std::isinf(r) && std::isfinite(x)) *failed = 1;
  return r;
}

inline F64 checked(F64 r, F64 x, F64 y, std::uint8_t* failed) {
  if (std::isnan(r) ? !std::isnan(x) && !std::isnan(y) : std::isinf(r) && std::isfinite(x) && std::isfinite(y))
    *failed = 1;
  return r;
}

// An integral-valued double as an int64. The comparison also refuses NaN.
inline I64 integral_to_i64(F64 x, std::uint8_t* failed) {
  if (!(x >= -0x1p63 && x < 0x1p63)) return fail<I64>(failed);
  return static_cast<I64>(x);
}

inline std::uint64_t magnitude(I64 a) {
  return a < 0 ? 0 - static_cast<std::uint64_t>(a) : static_cast<std::uint64_t>(a);
}

}  // namespace gilmap::numeric
