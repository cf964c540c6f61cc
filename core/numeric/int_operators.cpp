// Operators and methods of int: ** pow(a, b, m) / << >> round() bit_length bit_count, and comparison with a float.
#include "numeric/checks.h"

#include <algorithm>
#include <bit>

namespace gilmap::numeric {
namespace {

using U64 = std::uint64_t;
using U128 = unsigned __int128;

// The sign of a - x, for x not NaN: first the integral part, then the fraction. No rounding anywhere.
int compare(I64 a, F64 x) {
  if (x >= 0x1p63) return -1;
  if (x < -0x1p63) return 1;
  const I64 whole = static_cast<I64>(x);
  if (a != whole) return a < whole ? -1 : 1;
  const F64 fraction = x - static_cast<F64>(whole);
  return fraction > 0.0 ? -1 : fraction < 0.0 ? 1 : 0;
}

// a modulo m, in [0, m).
U64 residue(I64 a, U64 m) {
  const U64 r = magnitude(a) % m;
  return a < 0 && r != 0 ? m - r : r;
}

// base^exponent modulo m, with 0 <= base < m, m > 1. Products of residues below 2^32 stay in 64 bits.
U64 power_modulo(U64 base, U64 exponent, U64 m) {
  U64 result = 1;
  if (m <= (U64{1} << 32)) {
    for (; exponent != 0; exponent >>= 1) {
      if ((exponent & 1) != 0) result = result * base % m;
      base = base * base % m;
    }
    return result;
  }
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = static_cast<U64>(U128{result} * base % m);
    base = static_cast<U64>(U128{base} * base % m);
  }
  return result;
}

// The inverse of a modulo m by Euclid's extended algorithm, in [0, m); fails if they have a common divisor.
U64 inverse_modulo(U64 a, U64 m, std::uint8_t* failed) {
  U64 r0 = m, r1 = a;
  __int128 t0 = 0, t1 = 1;  // r_i = t_i * a modulo m, |t_i| <= m
  while (r1 != 0) {
    const U64 q = r0 / r1;
    const U64 r2 = r0 - q * r1;
    const __int128 t2 = t0 - static_cast<__int128>(q) * t1;
    r0 = r1, r1 = r2;
    t0 = t1, t1 = t2;
  }
  if (r0 != 1) return fail<U64>(failed);
  return static_cast<U64>(t0 < 0 ? t0 + m : t0);
}

}  // namespace

extern "C" I64 gilmap_int_pow(I64 a, I64 b, std::uint8_t* failed) {
  if (b < 0) return fail<I64>(failed);
  if (a == 0 || a == 1) return b == 0 ? 1 : a;
  if (a == -1) return (b & 1) != 0 ? -1 : 1;
  if (b > 63) return fail<I64>(failed);  // |a| >= 2
  I64 result = 1;
  for (I64 base = a;;) {
    if ((b & 1) != 0 && __builtin_mul_overflow(result, base, &result)) return fail<I64>(failed);
    b >>= 1;
    if (b == 0) return result;
    // A square that overflows is a factor of the result, which then overflows too.
    if (__builtin_mul_overflow(base, base, &base)) return fail<I64>(failed);
  }
}

// The result has the sign of m: [0, m) for m > 0, (m, 0] for m < 0. A negative exponent takes the inverse of a.
extern "C" I64 gilmap_int_pow_mod(I64 a, I64 b, I64 m, std::uint8_t* failed) {
  if (m == 0) return fail<I64>(failed);
  const U64 modulus = magnitude(m);
  if (modulus == 1) return 0;
  U64 base = residue(a, modulus);
  if (b < 0) base = inverse_modulo(base, modulus, failed);
  const U64 result = power_modulo(base, magnitude(b), modulus);
  if (m > 0) return static_cast<I64>(result);
  return result == 0 ? 0 : static_cast<I64>(result - modulus);  // wraps to the negative number
}

// Operands up to 2^53 are exact doubles. Otherwise: an integer quotient of at least 56 bits, its lowest bit set if the
// division left a rest, rounds to the same double as the true quotient.
extern "C" F64 gilmap_int_truediv(I64 a, I64 b, std::uint8_t* failed) {
  if (b == 0) return fail<F64>(failed);
  const U64 p = magnitude(a), q = magnitude(b);
  constexpr U64 exact = U64{1} << 53;
  if (p <= exact && q <= exact) return static_cast<F64>(a) / static_cast<F64>(b);
  if (p == 0) return b < 0 ? -0.0 : 0.0;
  const int shift = std::max(0, 56 - static_cast<int>(std::bit_width(p)) + static_cast<int>(std::bit_width(q)));
  const U128 dividend = U128{p} << shift;  // at most 56 + 64 bits
  U64 quotient = static_cast<U64>(dividend / q);
  if (U128{quotient} * q != dividend) quotient |= 1;
  const F64 size = static_cast<F64>(quotient) * std::bit_cast<F64>(static_cast<U64>(1023 - shift) << 52);
  return (a < 0) != (b < 0) ? -size : size;
}

extern "C" BOOL gilmap_int_lt_float(I64 a, F64 x) { return !std::isnan(x) && compare(a, x) < 0; }
extern "C" BOOL gilmap_int_le_float(I64 a, F64 x) { return !std::isnan(x) && compare(a, x) <= 0; }
extern "C" BOOL gilmap_int_eq_float(I64 a, F64 x) { return !std::isnan(x) && compare(a, x) == 0; }
extern "C" BOOL gilmap_int_gt_float(I64 a, F64 x) { return !std::isnan(x) && compare(a, x) > 0; }
extern "C" BOOL gilmap_int_ge_float(I64 a, F64 x) { return !std::isnan(x) && compare(a, x) >= 0; }

extern "C" I64 gilmap_int_bit_length(I64 a) { return std::bit_width(magnitude(a)); }
extern "C" I64 gilmap_int_bit_count(I64 a) { return std::popcount(magnitude(a)); }

extern "C" I64 gilmap_int_round_digits(I64 a, I64 n, std::uint8_t* failed) {
  if (n >= 0) return a;
  // CPython builds 10**-n: for an absurd n let it run out of memory by itself.
  if (n < -1000) return fail<I64>(failed);
  if (n < -19) return 0;  // 10^20 / 2 > 2^63
  U64 power = 1;
  for (I64 i = 0; i > n; --i) power *= 10;
  const U64 size = magnitude(a);
  U64 quotient = size / power;
  const U64 rest = size % power;
  const U64 complement = power - rest;
  if (rest > complement || (rest == complement && (quotient & 1) != 0)) ++quotient;
  const U64 rounded = quotient * power;  // at most 10^19: fits
  if (rounded > static_cast<U64>(i64_max) + (a < 0 ? 1 : 0)) return fail<I64>(failed);
  return static_cast<I64>(a < 0 ? 0 - rounded : rounded);
}

extern "C" I64 gilmap_int_shift_left(I64 a, I64 n, std::uint8_t* failed) {
  if (n < 0) return fail<I64>(failed);
  if (a == 0) return 0;
  if (n > 63) return fail<I64>(failed);
  const I64 r = static_cast<I64>(static_cast<U64>(a) << n);
  return (r >> n) == a ? r : fail<I64>(failed);
}

extern "C" I64 gilmap_int_shift_right(I64 a, I64 n, std::uint8_t* failed) {
  if (n < 0) return fail<I64>(failed);
  return a >> std::min<I64>(n, 63);
}

}  // namespace gilmap::numeric
