#pragma once
// For the tests of core/numeric: a call that gives nothing where the function fails, and the bits of doubles.

#include <bit>
#include <cstdint>
#include <limits>
#include <optional>

#include "numeric/functions.h"

namespace gilmap::numeric {

inline constexpr F64 inf = std::numeric_limits<F64>::infinity();
inline constexpr F64 nan = std::numeric_limits<F64>::quiet_NaN();
inline constexpr F64 tiny = std::numeric_limits<F64>::denorm_min();
inline constexpr F64 largest = std::numeric_limits<F64>::max();
inline constexpr I64 i64_lowest = std::numeric_limits<I64>::min();
inline constexpr I64 i64_highest = std::numeric_limits<I64>::max();

template <class Result, class... Params, class... Args>
std::optional<Result> call(Result (*function)(Params...), Args... args) {
  std::uint8_t failed = 0;
  const Result result = function(static_cast<decltype(args)>(args)..., &failed);
  if (failed != 0) return std::nullopt;
  return result;
}

inline std::uint64_t bits(F64 x) { return std::bit_cast<std::uint64_t>(x); }
// 1 is no double's bit pattern that a test expects: it stands for a failure.
inline std::uint64_t bits(std::optional<F64> x) { return x ? bits(*x) : 1; }

}  // namespace gilmap::numeric
