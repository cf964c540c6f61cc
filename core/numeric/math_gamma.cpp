// math.gamma and math.lgamma: CPython does not use libm's but an algorithm of its own, the same from 3.12 on.
//
// Lanczos' approximation with 13 terms and g = 6.0246..., as in the Boost library, with the sum written as a rational
// function:
//   gamma(x) = lanczos(x) * (x + g - 1/2)^(x - 1/2) / exp(x + g - 1/2)      for x > 0
// and the reflection formula with sin(pi x) for x < 0. The rounding error of x + g - 1/2, which pow and exp would
// magnify, is computed and corrected to first order. Every operation is in CPython's order: the result depends on each
// rounding.
#include "numeric/checks.h"

#include <numbers>

namespace gilmap::numeric {
namespace {

constexpr F64 pi = std::numbers::pi;
constexpr F64 log_pi = 1.144729885849400174143427351353058711647;
constexpr F64 g = 6.024680040776729583740234375;
constexpr F64 g_minus_half = 5.524680040776729583740234375;

constexpr int terms = 13;
constexpr F64 numerator[terms] = {
    23531376880.410759688572007674451636754734846804940, 42919803642.649098768957899047001988850926355848959,
    35711959237.355668049440185451547166705960488635843, 17921034426.037209699919755754458931112671403265390,
    6039542586.3520280050642916443072979210699388420708, 1439720407.3117216736632230727949123939715485786772,
    248874557.86205415651146038641322942321632125127801, 31426415.585400194380614231628318205362874684987640,
    2876370.6289353724412254090516208496135991145378768, 186056.26539522349504029498971604569928220784236328,
    8071.6720023658162106380029022722506138218516325024, 210.82427775157934587250973392071336271166969580291,
    2.5066282746310002701649081771338373386264310793408};
// The coefficients of x (x + 1) ... (x + 11).
constexpr F64 denominator[terms] = {0.0,        39916800.0, 120543840.0, 150917976.0, 105258076.0,
                                    45995730.0, 13339535.0, 2637558.0,   357423.0,    32670.0,
                                    1925.0,     66.0,       1.0};

// From 5 on in powers of 1/x, which can't overflow.
F64 lanczos(F64 x) {
  F64 above = 0.0, below = 0.0;
  if (x < 5.0) {
    for (int i = terms - 1; i >= 0; --i) {
      above = above * x + numerator[i];
      below = below * x + denominator[i];
    }
  } else {
    for (int i = 0; i < terms; ++i) {
      above = above / x + numerator[i];
      below = below / x + denominator[i];
    }
  }
  return above / below;
}

// sin(pi x) for finite x: reduced to the eighth of the turn first, where pi times the argument is accurate.
F64 sin_pi(F64 x) {
  const F64 y = std::fmod(std::fabs(x), 2.0);
  F64 r;
  switch (static_cast<int>(std::round(2.0 * y))) {
    case 0:
      r = std::sin(pi * y);
      break;
    case 1:
      r = std::cos(pi * (y - 0.5));
      break;
    case 2:
      r = std::sin(pi * (1.0 - y));
      break;
    case 3:
      r = -std::cos(pi * (y - 1.5));
      break;
    default:
      r = std::sin(pi * (y - 2.0));
      break;
  }
  return std::copysign(1.0, x) * r;
}

constexpr int last_exact_integer = 23;  // 22! is the last factorial that is a double

F64 factorial_below(int n) {
  F64 product = 1.0;  // exact throughout
  for (int i = 2; i < n; ++i) product *= i;
  return product;
}

}  // namespace

extern "C" F64 gilmap_math_gamma(F64 x, std::uint8_t* failed) {
  if (std::isnan(x)) return x;
  if (std::isinf(x)) return x > 0.0 ? x : fail<F64>(failed);
  if (x == std::floor(x)) {
    if (x <= 0.0) return fail<F64>(failed);  // a pole
    if (x <= last_exact_integer) return factorial_below(static_cast<int>(x));
  }
  const F64 size = std::fabs(x);
  if (size < 1e-20) {
    const F64 r = 1.0 / x;
    return std::isinf(r) ? fail<F64>(failed) : r;
  }
  if (size > 200.0) return x < 0.0 ? 0.0 / sin_pi(x) : fail<F64>(failed);

  const F64 y = size + g_minus_half;
  const F64 error = size > g_minus_half ? (y - size) - g_minus_half : (y - g_minus_half) - size;
  const F64 correction = error * g / y;
  F64 r;
  if (x < 0.0) {
    r = -pi / sin_pi(size) / size * std::exp(y) / lanczos(size);
    r -= correction * r;
    if (size < 140.0) {
      r /= std::pow(y, size - 0.5);
    } else {  // the power alone would overflow
      const F64 root = std::pow(y, size / 2.0 - 0.25);
      r /= root;
      r /= root;
    }
  } else {
    r = lanczos(size) / std::exp(y);
    r += correction * r;
    if (size < 140.0) {
      r *= std::pow(y, size - 0.5);
    } else {
      const F64 root = std::pow(y, size / 2.0 - 0.25);
      r *= root;
      r *= root;
    }
  }
  return std::isinf(r) ? fail<F64>(failed) : r;
}

extern "C" F64 gilmap_math_lgamma(F64 x, std::uint8_t* failed) {
  if (std::isnan(x)) return x;
  if (std::isinf(x)) return std::fabs(x);
  if (x <= 2.0 && x == std::floor(x)) return x <= 0.0 ? fail<F64>(failed) : 0.0;
  const F64 size = std::fabs(x);
  if (size < 1e-20) return -std::log(size);
  F64 r = std::log(lanczos(size)) - g;
  r += (size - 0.5) * (std::log(size + g - 0.5) - 1);
  if (x < 0.0) r = log_pi - std::log(std::fabs(sin_pi(size))) - std::log(size) - r;
  return std::isinf(r) ? fail<F64>(failed) : r;
}

}  // namespace gilmap::numeric
