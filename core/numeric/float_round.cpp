// round(x, n): rounds the exact binary value of x, half to even, to a multiple of 10^-n, and gives the nearest double.
//
// For n >= 0, with y = |x| * 10^n in double arithmetic, there are three ways:
//
// y >= 2^55. The decimal grid is finer than a quarter of x's spacing: the double nearest to the rounded value is x.
//
// y < 2^52 and n <= 22. 10^n is an exact double, and so is every half integer near y. Rounding is monotone, so y lies
// on the same side of a half integer as the exact product, unless it is that half integer: then the error of the
// product (one fma) says on which side, or that it is a true tie. The rounded integer is exact, and its quotient by
// 10^n is rounded once.
//
// Otherwise through the exact decimal expansion: to_chars with n digits, then from_chars.
//
// For n < 0 the rounding is done in integers where |x| < 2^63, and on the decimal digits of x beyond.
#include "numeric/checks.h"

#include <charconv>

namespace gilmap::numeric {
namespace {

constexpr int max_digits = 323;   // more digits than any double has: x comes back
constexpr int min_digits = -308;  // fewer: zero comes back

constexpr F64 powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr int max_exact_power = 22;

// x * 10^n for n > 22, for the size only.
F64 scaled_roughly(F64 x, int n) {
  for (; n > max_exact_power; n -= max_exact_power) x *= powers_of_ten[max_exact_power];
  return x * powers_of_ten[n];
}

F64 round_through_decimal(F64 x, int digits, std::uint8_t* failed) {
  char text[24 + max_digits];  // |x| < 2^56: at most 17 digits, a sign and a point before the decimals
  const auto written = std::to_chars(text, text + sizeof text, x, std::chars_format::fixed, digits);
  if (written.ec != std::errc{}) return fail<F64>(failed);
  F64 result = 0.0;
  const auto read = std::from_chars(text, written.ptr, result);
  if (read.ec != std::errc{}) return fail<F64>(failed);
  return result;
}

F64 round_to_decimals(F64 x, int digits, std::uint8_t* failed) {
  if (digits > max_exact_power) {
    const F64 size = std::fabs(scaled_roughly(x, digits));
    if (size >= 0x1p55) return x;
    if (size < 0.25) return std::copysign(0.0, x);
    return round_through_decimal(x, digits, failed);
  }
  const F64 power = powers_of_ten[digits];
  const F64 size = std::fabs(x * power);
  if (size < 0x1p52) {
    F64 nearest = (size + 0x1p52) - 0x1p52;  // half to even
    if (std::fabs(size - nearest) == 0.5) {
      const F64 error = std::fma(std::fabs(x), power, -size);
      if (error != 0.0) nearest = error > 0.0 ? size + 0.5 : size - 0.5;
    }
    return std::copysign(nearest / power, x);
  }
  if (size >= 0x1p55) return x;
  return round_through_decimal(x, digits, failed);
}

// |x| < 2^63 to a multiple of 10^zeros.
F64 round_small_to_zeros(F64 x, int zeros) {
  if (zeros > 19) return std::copysign(0.0, x);  // 10^20 / 2 > 2^63
  std::uint64_t power = 1;
  for (int i = 0; i < zeros; ++i) power *= 10;
  const F64 size = std::fabs(x);
  const auto whole = static_cast<std::uint64_t>(size);
  const bool has_fraction = static_cast<F64>(whole) != size;
  std::uint64_t quotient = whole / power;
  const std::uint64_t rest = whole % power;
  const std::uint64_t complement = power - rest;
  if (rest > complement || (rest == complement && (has_fraction || (quotient & 1) != 0))) ++quotient;
  return std::copysign(static_cast<F64>(quotient * power), x);  // at most 10^19: fits
}

// An integral |x| >= 2^63 to a multiple of 10^zeros, on its decimal digits.
F64 round_large_to_zeros(F64 x, int zeros, std::uint8_t* failed) {
  char text[328];  // one leading zero for the carry, at most 309 digits, then the exponent
  text[0] = '0';
  const auto written = std::to_chars(text + 1, text + sizeof text - 8, std::fabs(x), std::chars_format::fixed, 0);
  if (written.ec != std::errc{}) return fail<F64>(failed);
  char* cut = written.ptr - zeros;
  if (cut <= text) return std::copysign(0.0, x);
  bool up = *cut > '5';
  if (*cut == '5') {
    up = ((cut[-1] - '0') & 1) != 0;
    for (const char* digit = cut + 1; digit < written.ptr && !up; ++digit) up = *digit != '0';
  }
  if (up) {
    char* digit = cut - 1;
    for (; *digit == '9'; --digit) *digit = '0';
    ++*digit;
  }
  *cut = 'e';
  const auto end = std::to_chars(cut + 1, text + sizeof text, zeros);
  F64 result = 0.0;
  const auto read = std::from_chars(text, end.ptr, result);
  if (end.ec != std::errc{} || read.ec != std::errc{}) return fail<F64>(failed);  // overflow
  return std::copysign(result, x);
}

}  // namespace

extern "C" F64 gilmap_float_round_digits(F64 x, I64 n, std::uint8_t* failed) {
  if (!std::isfinite(x) || n > max_digits) return x;
  if (n < min_digits) return 0.0 * x;
  const int digits = static_cast<int>(n);
  if (digits >= 0) return round_to_decimals(x, digits, failed);
  if (std::fabs(x) < 0x1p63) return round_small_to_zeros(x, -digits);
  return round_large_to_zeros(x, -digits, failed);
}

}  // namespace gilmap::numeric
