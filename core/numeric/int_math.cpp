// The number theory of the math module on int64: gcd lcm isqrt factorial comb perm.
#include "numeric/checks.h"

#include <algorithm>
#include <array>
#include <bit>

namespace gilmap::numeric {
namespace {

using U64 = std::uint64_t;
using U128 = unsigned __int128;

// Stein's binary algorithm: shifts and subtractions only. Both numbers are odd in the loop; the zeros at the end of
// their difference are counted while its sign is still being found out.
U64 gcd(U64 a, U64 b) {
  if (a == 0 || b == 0) return a | b;
  const int common_twos = std::countr_zero(a | b);
  a >>= std::countr_zero(a);
  b >>= std::countr_zero(b);
  while (a != b) {
    const U64 difference = a - b;
    const int zeros = std::countr_zero(difference);
    const bool less = a < b;
    b = less ? a : b;
    a = (less ? 0 - difference : difference) >> zeros;
  }
  return a << common_twos;
}

I64 to_i64(U128 value, std::uint8_t* failed) {
  return value > static_cast<U64>(i64_max) ? fail<I64>(failed) : static_cast<I64>(value);
}

constexpr auto factorials = [] {
  std::array<I64, 21> table{1};
  for (std::size_t i = 1; i < table.size(); ++i) table[i] = table[i - 1] * static_cast<I64>(i);
  return table;
}();

}  // namespace

extern "C" I64 gilmap_int_gcd(I64 a, I64 b, std::uint8_t* failed) {
  return to_i64(gcd(magnitude(a), magnitude(b)), failed);
}

extern "C" I64 gilmap_int_lcm(I64 a, I64 b, std::uint8_t* failed) {
  if (a == 0 || b == 0) return 0;
  const U64 p = magnitude(a), q = magnitude(b);
  return to_i64(U128{p / gcd(p, q)} * q, failed);
}

// The double root is off by one at most: the conversion of a and the root each round once.
extern "C" I64 gilmap_int_isqrt(I64 a, std::uint8_t* failed) {
  if (a < 0) return fail<I64>(failed);
  const U64 square = static_cast<U64>(a);
  U64 root = static_cast<U64>(std::sqrt(static_cast<F64>(a)));
  if (root * root > square)
    --root;
  else if ((root + 1) * (root + 1) <= square)
    ++root;
  return static_cast<I64>(root);
}

extern "C" I64 gilmap_int_factorial(I64 a, std::uint8_t* failed) {
  if (a < 0 || a >= static_cast<I64>(factorials.size())) return fail<I64>(failed);
  return factorials[static_cast<std::size_t>(a)];
}

// C(m + i, i) = C(m + i - 1, i - 1) * (m + i) / i, exact at every step and growing, so that an overflow in between is
// one at the end. As m >= k, it is met after 34 steps at the latest.
extern "C" I64 gilmap_int_comb(I64 n, I64 k, std::uint8_t* failed) {
  if (n < 0 || k < 0) return fail<I64>(failed);
  if (k > n) return 0;
  k = std::min(k, n - k);
  const U64 m = static_cast<U64>(n - k);
  U128 result = 1;
  for (U64 i = 1; i <= static_cast<U64>(k); ++i) {
    result = result * (m + i);
    result = result >> 64 == 0 ? static_cast<U64>(result) / i : result / i;  // 128-bit division is slow
    if (result > static_cast<U64>(i64_max)) return fail<I64>(failed);
  }
  return static_cast<I64>(result);
}

extern "C" I64 gilmap_int_perm(I64 n, I64 k, std::uint8_t* failed) {
  if (n < 0 || k < 0) return fail<I64>(failed);
  if (k > n) return 0;
  I64 result = 1;
  for (I64 factor = n; factor > n - k; --factor) {
    if (__builtin_mul_overflow(result, factor, &result)) return fail<I64>(failed);
  }
  return result;
}

}  // namespace gilmap::numeric
