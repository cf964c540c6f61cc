// Python's // and % on integers of 32 bits in lanes:
//
// - By a power of two: shift and mask.
// - By another positive constant d, |a| <= 2^21: as lanes_division.cpp does it for 2^50, in floats of 24 bits
//   instead of doubles of 53.
// - By a positive constant: an unsigned division, of which LLVM makes high halves of products, which it finds in the
//   products of every other lane. The floor for negative a is the complement of that for the complement.
// - |a|, |b| < 2^24: floor(fl(a / b)) in floats. The proof in emit_division.cpp is for 53 bits; it holds for 24.
// - Otherwise the same in doubles.

#include <algorithm>
#include <bit>

#include "codegen/lanes_emitter.h"

namespace gilmap::codegen {

using llvm::Value;
namespace I = llvm::Intrinsic;

DivMod LaneEmitter::emit_divmod_narrow(Value* a, Value* b, IntRange ra, IntRange rb, Wanted wanted) {
  if (is_constant(rb) && rb.lo > 0) return emit_divmod_narrow_constant(a, ra, rb.lo, wanted);
  if (below_bits(ra, 24) && below_bits(rb, 24)) return emit_divmod_single(a, b, wanted);
  return emit_divmod_doubles(a, b, ra, rb, wanted);
}

DivMod LaneEmitter::emit_divmod_narrow_constant(Value* a, IntRange ra, int64_t d, Wanted wanted) {
  if (is_non_negative(ra) && ra.hi < d) return {integer(0), a};
  if (std::has_single_bit(static_cast<uint64_t>(d))) return emit_divmod_power(a, d);
  if (within_bits(ra, 21) && d <= int64_t{1} << 21) return emit_divmod_single_reciprocal(a, d, wanted);
  Value* sign = is_non_negative(ra) ? nullptr : b_.CreateAShr(a, integer(31));
  Value* q = b_.CreateUDiv(sign ? b_.CreateXor(a, sign) : a, integer(d));
  if (sign) q = b_.CreateXor(q, sign);
  return {q, b_.CreateSub(a, b_.CreateMul(q, integer(d)))};
}

DivMod LaneEmitter::emit_divmod_single(Value* a, Value* b, Wanted wanted) {
  llvm::Type* single = shaped(b_.getFloatTy());
  Value *x = b_.CreateSIToFP(a, single), *y = b_.CreateSIToFP(b, single);
  Value* q = b_.CreateUnaryIntrinsic(I::floor, b_.CreateFDiv(x, y));
  DivMod r;
  if (wanted.quotient || !module_.has_fma) r.quotient = to_int(q, {});
  if (!wanted.remainder) return r;
  r.remainder =
      module_.has_fma ? to_int(emit_fma(b_.CreateFNeg(q), y, x), {}) : b_.CreateSub(a, b_.CreateMul(r.quotient, b));
  return r;
}

DivMod LaneEmitter::emit_divmod_single_reciprocal(Value* a, int64_t d, Wanted wanted) {
  llvm::Type* single = shaped(b_.getFloatTy());
  auto constant = [&](float v) { return llvm::ConstantFP::get(single, v); };
  const auto divisor = static_cast<float>(d);
  const float reciprocal = 1 / divisor;
  Value* x = b_.CreateSIToFP(a, single);
  Value* scaled = module_.has_fma ? emit_fma(x, constant(reciprocal), constant(reciprocal / 2))
                                  : b_.CreateFMul(b_.CreateFAdd(x, constant(0.5F)), constant(reciprocal));
  Value* q = b_.CreateUnaryIntrinsic(I::floor, scaled);
  DivMod r;
  if (wanted.quotient) r.quotient = to_int(q, {});
  if (wanted.remainder) {
    Value* rest = module_.has_fma ? emit_fma(b_.CreateFNeg(q), constant(divisor), x)
                                  : b_.CreateFSub(x, b_.CreateFMul(q, constant(divisor)));
    r.remainder = to_int(rest, {});
  }
  return r;
}

}  // namespace gilmap::codegen
