// Operators and methods of float: // % ** int() round() floor ceil is_integer.
#include "numeric/checks.h"

namespace gilmap::numeric {
namespace {

// Python's floored division in terms of C's truncated fmod: the remainder takes the sign of the divisor, and a zero
// remainder too.
F64 floored_remainder(F64 x, F64 y) {
  F64 mod = std::fmod(x, y);
  if (mod == 0.0) return std::copysign(0.0, y);
  if ((y < 0.0) != (mod < 0.0)) mod += y;
  return mod;
}

bool is_odd_integer(F64 y) { return std::fmod(std::fabs(y), 2.0) == 1.0; }

}  // namespace

extern "C" F64 gilmap_float_mod(F64 x, F64 y, std::uint8_t* failed) {
  if (y == 0.0) return fail<F64>(failed);
  return floored_remainder(x, y);
}

// The quotient comes from (x - mod) / y, which is within rounding of an integer, and is then snapped to the nearest
// one; a zero quotient takes the sign of the true one.
extern "C" F64 gilmap_float_floordiv(F64 x, F64 y, std::uint8_t* failed) {
  if (y == 0.0) return fail<F64>(failed);
  const F64 mod = std::fmod(x, y);
  F64 quotient = (x - mod) / y;
  if (mod != 0.0 && (y < 0.0) != (mod < 0.0)) quotient -= 1.0;
  if (quotient == 0.0) return std::copysign(0.0, x / y);
  F64 floored = std::floor(quotient);
  if (quotient - floored > 0.5) floored += 1.0;
  return floored;
}

// libm's pow, after the cases that Python decides by itself. CPython asks errno for the range errors; glibc sets it for
// infinite and zero results only, and the zeros are no errors.
extern "C" F64 gilmap_float_pow(F64 x, F64 y, std::uint8_t* failed) {
  if (y == 0.0) return 1.0;
  if (std::isnan(x)) return x;
  if (std::isnan(y)) return x == 1.0 ? 1.0 : y;
  if (std::isinf(y)) {
    const F64 size = std::fabs(x);
    if (size == 1.0) return 1.0;
    return (y > 0.0) == (size > 1.0) ? std::fabs(y) : 0.0;
  }
  if (std::isinf(x)) {
    const bool odd = is_odd_integer(y);
    if (y > 0.0) return odd ? x : std::fabs(x);
    return odd ? std::copysign(0.0, x) : 0.0;
  }
  if (x == 0.0) {
    if (y < 0.0) return fail<F64>(failed);
    return is_odd_integer(y) ? x : 0.0;
  }
  bool negate = false;
  if (x < 0.0) {
    if (y != std::floor(y)) return fail<F64>(failed);  // a complex result
    x = -x;
    negate = is_odd_integer(y);
  }
  if (x == 1.0) return negate ? -1.0 : 1.0;
  const F64 r = std::pow(x, y);
  if (std::isinf(r)) return fail<F64>(failed);
  return negate ? -r : r;
}

extern "C" I64 gilmap_float_to_int(F64 x, std::uint8_t* failed) { return integral_to_i64(std::trunc(x), failed); }
extern "C" I64 gilmap_float_floor(F64 x, std::uint8_t* failed) { return integral_to_i64(std::floor(x), failed); }
extern "C" I64 gilmap_float_ceil(F64 x, std::uint8_t* failed) { return integral_to_i64(std::ceil(x), failed); }

// rint rounds half to even in the default rounding mode, which CPython takes for granted too.
extern "C" I64 gilmap_float_round(F64 x, std::uint8_t* failed) { return integral_to_i64(std::rint(x), failed); }

extern "C" BOOL gilmap_float_is_integer(F64 x) { return std::isfinite(x) && std::floor(x) == x; }

}  // namespace gilmap::numeric
