// Between integers and doubles in lanes. AVX-512 and NEON have instructions for 64-bit integers; elsewhere:
//
// - Below 2^51 in magnitude: the bits of the double 1.5 * 2^52 plus an integer are those of the double of the sum.
// - Wider integers: the lower 32 bits are put into the bits of 2^52, the upper ones, with the sign flipped, into those
//   of 2^84; what was added is subtracted from the upper part, exactly, and the sum of both is the only rounding.
// - Wider doubles: floor(x / 2^32) and the rest, each of which is below 2^33, are converted by the first method.
//
// For 32-bit integers all have instructions.

#include "codegen/lanes_emitter.h"

#include <bit>

namespace gilmap::codegen {

using llvm::Value;

namespace {

constexpr double shift_52 = 0x1.8p52;
constexpr auto bits_52 = std::bit_cast<int64_t>(shift_52);
// Sums with these and results between them stay within the same power of two.
constexpr bool is_below_51_bits(IntRange r) { return below_bits(r, 51); }

}  // namespace

Value* LaneEmitter::to_float(Value* a, IntRange range) {
  if (!is_vector() || int_bits_ == 32 || converts_natively()) return FunctionEmitter::to_float(a, range);
  if (is_below_51_bits(range)) return b_.CreateFSub(as_real(b_.CreateAdd(a, integer(bits_52))), real(shift_52));
  constexpr auto bits_low = std::bit_cast<int64_t>(0x1p52), bits_high = std::bit_cast<int64_t>(0x1p84 + 0x1p63);
  Value* low = b_.CreateOr(b_.CreateAnd(a, integer(UINT32_MAX)), integer(bits_low));
  Value* high = b_.CreateXor(b_.CreateLShr(a, integer(32)), integer(bits_high));
  return b_.CreateFAdd(b_.CreateFSub(as_real(high), real(0x1p84 + 0x1p63 + 0x1p52)), as_real(low));
}

Value* LaneEmitter::to_int(Value* x, IntRange range) {
  if (!is_vector() || int_bits_ == 32 || converts_natively()) return b_.CreateFreeze(FunctionEmitter::to_int(x, range));
  return integral_to_int(b_.CreateUnaryIntrinsic(llvm::Intrinsic::trunc, x), range);
}

Value* LaneEmitter::integral_to_int(Value* integral, IntRange range) {
  if (int_bits_ == 32 || converts_natively()) return to_int(integral, range);
  auto small = [&](Value* x) { return b_.CreateSub(as_int(b_.CreateFAdd(x, real(shift_52))), integer(bits_52)); };
  if (is_below_51_bits(range)) return small(integral);
  Value* high = b_.CreateUnaryIntrinsic(llvm::Intrinsic::floor, b_.CreateFMul(integral, real(0x1p-32)));
  Value* low = b_.CreateFSub(integral, b_.CreateFMul(high, real(0x1p32)));
  return b_.CreateAdd(b_.CreateShl(small(high), integer(32)), small(low));
}

}  // namespace gilmap::codegen
