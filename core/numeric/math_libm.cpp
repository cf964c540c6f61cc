// The functions of the math module that are libm's, with CPython's treatment of special cases and errors around them.
// They call the libm of the process, which is the one the interpreter's math module calls, so that every bit agrees.
#include "numeric/checks.h"
#include "numeric/variants.h"

namespace gilmap::numeric {

#define GILMAP_CHECKED(fn) \
  extern "C" F64 gilmap_math_##fn(F64 x, std::uint8_t* failed) { return checked(std::fn(x), x, failed); }
#define GILMAP_TOTAL(fn) \
  extern "C" F64 gilmap_math_##fn(F64 x) { return std::fn(x); }

GILMAP_CHECKED(sin)
GILMAP_CHECKED(cos)
GILMAP_CHECKED(tan)
GILMAP_CHECKED(asin)
GILMAP_CHECKED(acos)
GILMAP_TOTAL(atan)
GILMAP_CHECKED(sinh)
GILMAP_CHECKED(cosh)
GILMAP_TOTAL(tanh)
GILMAP_TOTAL(asinh)
GILMAP_CHECKED(acosh)
GILMAP_CHECKED(atanh)
GILMAP_CHECKED(exp)
GILMAP_CHECKED(exp2)
GILMAP_CHECKED(expm1)
GILMAP_CHECKED(log1p)
GILMAP_CHECKED(sqrt)
GILMAP_TOTAL(cbrt)
GILMAP_TOTAL(erf)
GILMAP_TOTAL(erfc)
GILMAP_TOTAL(fabs)

#undef GILMAP_TOTAL
#undef GILMAP_CHECKED

// The logarithms let a NaN pass untouched, signalling or not.
#define GILMAP_LOGARITHM(fn)                                     \
  extern "C" F64 gilmap_math_##fn(F64 x, std::uint8_t* failed) { \
    if (x > 0.0) return std::isinf(x) ? x : std::fn(x);          \
    return std::isnan(x) ? x : fail<F64>(failed);                \
  }
GILMAP_LOGARITHM(log)
GILMAP_LOGARITHM(log2)
GILMAP_LOGARITHM(log10)
#undef GILMAP_LOGARITHM

extern "C" F64 gilmap_math_log_base(F64 x, F64 base, std::uint8_t* failed) {
  const F64 numerator = gilmap_math_log(x, failed);
  const F64 denominator = gilmap_math_log(base, failed);
  if (denominator == 0.0) return fail<F64>(failed);  // ZeroDivisionError
  return numerator / denominator;
}

// C99 fixes the special cases, so that libm's agree with those that CPython treats by itself up to 3.13; but out of a
// NaN that one makes a fresh NaN.
extern "C" F64 gilmap_math_atan2(F64 y, F64 x) { return std::atan2(y, x); }

extern "C" F64 gilmap_math_atan2_313(F64 y, F64 x) {
  if (std::isnan(x) || std::isnan(y)) return std::numeric_limits<F64>::quiet_NaN();
  return std::atan2(y, x);
}

// A NaN passes untouched, where libm may change its sign.
extern "C" F64 gilmap_math_pow(F64 x, F64 y, std::uint8_t* failed) {
  if (std::isnan(x)) return y == 0.0 ? 1.0 : x;
  if (std::isnan(y)) return x == 1.0 ? 1.0 : y;
  return checked(std::pow(x, y), x, y, failed);
}

extern "C" F64 gilmap_math_fmod(F64 x, F64 y, std::uint8_t* failed) {
  if (std::isinf(y) && std::isfinite(x)) return x;
  return checked(std::fmod(x, y), x, y, failed);
}

// The IEEE remainder is exact, so libm's is CPython's for finite arguments; NaN passes untouched, the first one first.
extern "C" F64 gilmap_math_remainder(F64 x, F64 y, std::uint8_t* failed) {
  if (std::isnan(x)) return x;
  if (std::isnan(y)) return y;
  if (std::isinf(x) || y == 0.0) return fail<F64>(failed);
  if (std::isinf(y)) return x;
  return std::remainder(x, y);
}

extern "C" F64 gilmap_math_fma(F64 x, F64 y, F64 z, std::uint8_t* failed) {
  const F64 r = std::fma(x, y, z);
  if (std::isnan(r)) {
    if (!std::isnan(x) && !std::isnan(y) && !std::isnan(z)) *failed = 1;
  } else if (std::isinf(r)) {
    if (std::isfinite(x) && std::isfinite(y) && std::isfinite(z)) *failed = 1;
  }
  return r;
}

}  // namespace gilmap::numeric
