#pragma once
// What each pure operation computes, on the bits of its operands. The reference for code generation: the
// interpreter and constant folding both use it.
//
// Values travel as 64 bits: an i64 as itself, an f64 as its bits, a bool as 0 or 1.

#include <cstdint>
#include <optional>
#include <span>

#include "ir/function.h"

namespace gilmap::ir {

// Nothing if the operands break the operation's precondition (a zero divisor, a shift by 64 …), and for
// operations that are no function of their operands' bits: calls, parameters, deopt_if and poll.
std::optional<uint64_t> evaluate(Op op, int64_t imm, std::span<const uint64_t> args);

// Python's // and %, for a divisor that is neither 0 nor, with the minimum as dividend, -1.
constexpr int64_t floor_div(int64_t a, int64_t b) {
  int64_t q = a / b;
  return a % b != 0 && (a % b < 0) != (b < 0) ? q - 1 : q;
}
constexpr int64_t floor_mod(int64_t a, int64_t b) {
  if (b == -1) return 0;  // the machine's remainder of the minimum by -1 traps
  int64_t r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

}  // namespace gilmap::ir
