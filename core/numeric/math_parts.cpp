// The functions of the math module on the representation of a double: its parts, neighbours, classes and units.
#include "numeric/checks.h"

#include <limits>
#include <numbers>

namespace gilmap::numeric {

extern "C" F64 gilmap_math_copysign(F64 x, F64 y) { return std::copysign(x, y); }

extern "C" F64 gilmap_math_degrees(F64 x) { return x * (180.0 / std::numbers::pi); }
extern "C" F64 gilmap_math_radians(F64 x) { return x * (std::numbers::pi / 180.0); }

extern "C" BOOL gilmap_math_isnan(F64 x) { return std::isnan(x); }
extern "C" BOOL gilmap_math_isinf(F64 x) { return std::isinf(x); }
extern "C" BOOL gilmap_math_isfinite(F64 x) { return std::isfinite(x); }

extern "C" BOOL gilmap_math_isclose(F64 a, F64 b, F64 rel_tol, F64 abs_tol, std::uint8_t* failed) {
  if (rel_tol < 0.0 || abs_tol < 0.0) return fail<BOOL>(failed);
  if (a == b) return 1;  // also infinities of one sign
  if (std::isinf(a) || std::isinf(b)) return 0;
  const F64 distance = std::fabs(b - a);
  return distance <= std::fabs(rel_tol * b) || distance <= std::fabs(rel_tol * a) || distance <= abs_tol;
}

// An exponent outside int has the effect of a very large or very small one.
extern "C" F64 gilmap_math_ldexp(F64 x, I64 i, std::uint8_t* failed) {
  if (x == 0.0 || !std::isfinite(x)) return x;
  if (i > std::numeric_limits<int>::max()) return fail<F64>(failed);
  if (i < std::numeric_limits<int>::min()) return std::copysign(0.0, x);
  const F64 r = std::ldexp(x, static_cast<int>(i));
  if (std::isinf(r)) return fail<F64>(failed);
  return r;
}

extern "C" F64 gilmap_math_nextafter(F64 x, F64 y) { return std::nextafter(x, y); }

// The distance to the next double away from zero; for the largest one, to the one below.
extern "C" F64 gilmap_math_ulp(F64 x) {
  if (std::isnan(x)) return x;
  x = std::fabs(x);
  if (std::isinf(x)) return x;
  const F64 above = std::nextafter(x, std::numeric_limits<F64>::infinity());
  if (!std::isinf(above)) return above - x;
  return x - std::nextafter(x, 0.0);
}

extern "C" F64 gilmap_math_modf_frac(F64 x) {
  if (std::isinf(x)) return std::copysign(0.0, x);
  if (std::isnan(x)) return x;
  F64 whole;
  return std::modf(x, &whole);
}

extern "C" F64 gilmap_math_modf_int(F64 x) { return std::isfinite(x) ? std::trunc(x) : x; }

extern "C" F64 gilmap_math_frexp_mantissa(F64 x) {
  if (x == 0.0 || !std::isfinite(x)) return x;
  int exponent;
  return std::frexp(x, &exponent);
}

extern "C" I64 gilmap_math_frexp_exponent(F64 x) {
  if (x == 0.0 || !std::isfinite(x)) return 0;
  int exponent;
  static_cast<void>(std::frexp(x, &exponent));
  return exponent;
}

}  // namespace gilmap::numeric
