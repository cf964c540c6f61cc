// One element a SIMD lane, with the vector extensions of GCC and Clang: vectors as wide as this CPU's, several of them
// in flight, since the next step of an element waits for the last one.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

#ifdef __AVX__
#include <immintrin.h>
#endif

namespace {

#if defined(__AVX512F__)
constexpr int kBytes = 64;
#elif defined(__AVX2__)
constexpr int kBytes = 32;
#else
constexpr int kBytes = 16;
#endif
constexpr int kLanes = kBytes / 8;

using Floats = double __attribute__((vector_size(kBytes)));
using Ints = int64_t __attribute__((vector_size(kBytes)));          // masks as well: all bits of a lane or none
using HalfInts = int32_t __attribute__((vector_size(kBytes / 2)));  // as many lanes
using ShortFloats = float __attribute__((vector_size(kBytes)));     // twice as many lanes
using ShortInts = int32_t __attribute__((vector_size(kBytes)));

// f(0), f(1), … f(N - 1) in straight-line code, so that arrays of vectors stay in registers.
template <class F, int... K>
[[gnu::always_inline]] inline void each_of(F f, std::integer_sequence<int, K...>) {
  (f(std::integral_constant<int, K>{}), ...);
}
template <int N, class F>
[[gnu::always_inline]] inline void each(F f) {
  each_of(f, std::make_integer_sequence<int, N>{});
}

template <class Vector, class T>
[[gnu::always_inline]] inline Vector whole(const T* from, int64_t at) {
  Vector v;
  std::memcpy(&v, from + at, sizeof v);
  return v;
}

// The lanes from `at` on; those beyond the last element repeat it.
template <class Vector, class T>
[[gnu::always_inline]] inline Vector load(const T* from, int64_t at, int64_t end) {
  Vector v;
  if (at + kLanes <= end) {
    std::memcpy(&v, from + at, sizeof v);
  } else {
    for (int k = 0; k < kLanes; ++k) v[k] = from[std::min(at + k, end - 1)];
  }
  return v;
}

template <class Vector, class T>
[[gnu::always_inline]] inline void store(const Vector& v, T* to, int64_t at, int64_t end) {
  if (at + kLanes <= end) {
    std::memcpy(to + at, &v, sizeof v);
  } else {
    for (int k = 0; k < kLanes && at + k < end; ++k) to[at + k] = v[k];
  }
}

template <class Mask>
[[gnu::always_inline]] inline bool any(Mask m) {
  static_assert(sizeof m == kBytes);
#if defined(__AVX512F__)
  return _mm512_test_epi64_mask(reinterpret_cast<__m512i>(m), reinterpret_cast<__m512i>(m)) != 0;
#elif defined(__AVX2__)
  return !_mm256_testz_si256(reinterpret_cast<__m256i>(m), reinterpret_cast<__m256i>(m));
#else
  uint64_t halves[2];
  std::memcpy(halves, &m, sizeof m);
  return (halves[0] | halves[1]) != 0;
#endif
}

// Writes the first `size` lanes that are kept, one after the other, and returns how many those are. May write a whole
// vector, whatever is kept.
[[gnu::always_inline]] inline int keep(ShortFloats v, ShortInts kept, int size, float* to) {
#ifdef __AVX512F__
  const auto all = reinterpret_cast<__m512i>(kept);
  const auto lanes = static_cast<__mmask16>(_mm512_test_epi32_mask(all, all) & ((1u << size) - 1));
  _mm512_storeu_ps(to, _mm512_maskz_compress_ps(lanes, reinterpret_cast<__m512>(v)));
  return __builtin_popcount(lanes);
#else
  int count = 0;
  for (int k = 0; k < size; ++k) {
    to[count] = v[k];
    count += kept[k] != 0;
  }
  return count;
#endif
}

template <class Vector, class T>
[[gnu::always_inline]] inline int keep(Vector v, Ints kept, int64_t size, T* to) {
  const int some = static_cast<int>(std::min<int64_t>(size, kLanes));
#ifdef __AVX512F__
  const auto all = reinterpret_cast<__m512i>(kept);
  const auto lanes = static_cast<__mmask8>(_mm512_test_epi64_mask(all, all) & ((1u << some) - 1));
  _mm512_storeu_si512(to, _mm512_maskz_compress_epi64(lanes, reinterpret_cast<__m512i>(v)));
  return __builtin_popcount(lanes);
#else
  int count = 0;
  for (int k = 0; k < some; ++k) {
    to[count] = v[k];
    count += kept[k] != 0;
  }
  return count;
#endif
}

// to[at] = v for the first `size` lanes that are chosen.
template <class Vector, class T>
[[gnu::always_inline]] inline void scatter(Vector v, Ints at, Ints chosen, int64_t size, T* to) {
  const int some = static_cast<int>(std::min<int64_t>(size, kLanes));
#ifdef __AVX512F__
  const auto all = reinterpret_cast<__m512i>(chosen);
  const auto lanes = static_cast<__mmask8>(_mm512_test_epi64_mask(all, all) & ((1u << some) - 1));
  if (lanes == 0) return;
  _mm512_mask_i64scatter_epi64(to, lanes, reinterpret_cast<__m512i>(at), reinterpret_cast<__m512i>(v), 8);
#else
  for (int k = 0; k < some; ++k) {
    if (chosen[k] != 0) to[at[k]] = v[k];
  }
#endif
}

[[gnu::always_inline]] inline Floats square_root(Floats v) {
  Floats root;
  for (int k = 0; k < kLanes; ++k) root[k] = std::sqrt(v[k]);
  return root;
}

}  // namespace
