// Python's // and % on integers, which round towards minus infinity.
//
// A division takes ten times as long as any other integer operation, so each case gets the cheapest exact sequence:
//
// - By a power of two: shift and mask. By another constant: multiplication by its reciprocal (Granlund and Montgomery,
//   PLDI 1994; Warren, Hacker's Delight, chapter 10), arranged so that it rounds down by itself.
// - General, both operands non-negative and below 2^53, found by a test at run time or known from ranges: truncate the
//   quotient of doubles. On most CPUs several such divisions overlap, where an integer division keeps its unit busy for
//   its whole latency: three times as fast for trial division (Zen 1). It is exact: let m = floor(a / b) + 1 and
//   2^e <= m < 2^(e+1). The quotient lies at least 1 / b below m, so it can only be rounded up to m if 1 / b is at
//   most half the distance from m to the double below it. If m > 2^e that half is 2^(e-53), but b 2^e <= b (m - 1)
//   <= a < 2^53. If m = 2^e it is 2^(e-54), but b m <= a + b < 2^54. With signs, and floor in place of truncation,
//   the same argument holds on both sides of zero.
// - The latency of that sequence is higher, so a division on which the next one depends, as in Euclid's algorithm,
//   is done by the integer unit, in 32 bits where both operands fit.
// - All else: the 64-bit division, and a correction where the signs differ.

#include <llvm/Support/DivisionByConstantInfo.h>

#include <bit>

#include "codegen/emitter.h"

namespace gilmap::codegen {

using llvm::Value;

namespace {

constexpr bool is_below_53_bits(IntRange r) {
  constexpr int64_t bound = int64_t{1} << 53;
  return r.lo > -bound && r.hi < bound;
}

constexpr bool is_unsigned_32_bits(IntRange r) { return r.lo >= 0 && r.hi <= int64_t{UINT32_MAX}; }

}  // namespace

DivMod FunctionEmitter::emit_divmod(ir::ValueId v) {
  const ir::Inst& inst = ir_[v];
  Pair operands{inst.args[0], inst.args[1]};
  DivMod& shared = shared_division(operands);
  if (shared.remainder) return shared;

  Value *a = value(operands.first), *b = value(operands.second);
  IntRange ra = range(operands.first), rb = range(operands.second);
  if (is_constant(rb) && rb.lo != 0) {
    shared = emit_divmod_constant(a, ra, rb.lo, floor_divided_.contains(operands));
  } else {
    // Only % is defined for the minimum and -1.
    bool guard = modulo_.contains(operands) && contains(rb, -1) && contains(ra, INT64_MIN);
    shared = emit_divmod_general(a, b, ra, rb, !dependence_.is_recurrent(v), guard);
  }
  return shared;
}

DivMod FunctionEmitter::emit_divmod_constant(Value* a, IntRange ra, int64_t c, bool needs_quotient) {
  if (c == 1) return {a, b_.getInt64(0)};
  if (c == -1) return {b_.CreateNeg(a), b_.getInt64(0)};
  if (c < 0) {
    Value* q = b_.CreateSDiv(a, b_.getInt64(static_cast<uint64_t>(c)));
    Value* r = b_.CreateSRem(a, b_.getInt64(static_cast<uint64_t>(c)));
    if (ra.hi <= 0) return {q, r};
    Value* wrong_side = b_.CreateICmpSGT(r, b_.getInt64(0));
    q = b_.CreateSub(q, b_.CreateZExt(wrong_side, b_.getInt64Ty()));
    r = b_.CreateSelect(wrong_side, b_.CreateAdd(r, b_.getInt64(static_cast<uint64_t>(c))), r);
    return {q, r};
  }
  auto d = static_cast<uint64_t>(c);
  if (std::has_single_bit(d))
    return {b_.CreateAShr(a, static_cast<uint64_t>(std::countr_zero(d))), b_.CreateAnd(a, b_.getInt64(d - 1))};
  return emit_divmod_magic(a, ra, c, needs_quotient);
}

DivMod FunctionEmitter::emit_divmod_magic(Value* a, IntRange ra, int64_t c, bool needs_quotient) {
  auto d = static_cast<uint64_t>(c);
  llvm::APInt divisor(64, d);
  llvm::Type* wide = b_.getInt128Ty();
  auto remainder = [&](Value* q) { return b_.CreateSub(a, b_.CreateMul(q, b_.getInt64(d))); };
  auto high_half = [&](Value* product) { return b_.CreateTrunc(b_.CreateLShr(product, 64), b_.getInt64Ty()); };
  // For 0 <= n < 2^63: with one bit to spare, no correction is ever needed.
  auto divide_non_negative = [&](Value* n) -> Value* {
    auto magic = llvm::UnsignedDivisionByConstantInfo::get(divisor, 1);
    GILMAP_CHECK(!magic.IsAdd);
    if (magic.PreShift) n = b_.CreateLShr(n, magic.PreShift);
    Value* product = b_.CreateMul(b_.CreateZExt(n, wide), llvm::ConstantInt::get(wide, magic.Magic.zext(128)));
    return b_.CreateLShr(high_half(product), magic.PostShift);
  };

  if (is_non_negative(ra)) {
    if (is_unsigned_32_bits(ra) && d <= UINT32_MAX) {
      llvm::Type* half = b_.getInt32Ty();
      Value* q = b_.CreateUDiv(b_.CreateTrunc(a, half), b_.getInt32(static_cast<uint32_t>(d)));
      Value* r = b_.CreateURem(b_.CreateTrunc(a, half), b_.getInt32(static_cast<uint32_t>(d)));
      return {b_.CreateZExt(q, b_.getInt64Ty()), b_.CreateZExt(r, b_.getInt64Ty())};
    }
    Value* q = divide_non_negative(a);
    return {q, remainder(q)};
  }
  if (needs_quotient) {
    // floor(a / d) is the complement of floor(~a / d) for negative a.
    Value* sign = b_.CreateAShr(a, 63);
    Value* q = b_.CreateXor(divide_non_negative(b_.CreateXor(a, sign)), sign);
    return {q, remainder(q)};
  }
  // The signed reciprocal is slightly too large: it rounds down already, but takes a negative multiple of d one too
  // low, and then leaves d where 0 is meant.
  auto magic = llvm::SignedDivisionByConstantInfo::get(divisor);
  Value* product = b_.CreateMul(b_.CreateSExt(a, wide), llvm::ConstantInt::get(wide, magic.Magic.sext(128)));
  Value* q = high_half(product);
  if (magic.Magic.isNegative()) q = b_.CreateAdd(q, a);
  Value* r = remainder(b_.CreateAShr(q, magic.ShiftAmount));
  r = b_.CreateSelect(b_.CreateICmpEQ(r, b_.getInt64(d)), b_.getInt64(0), r);
  return {nullptr, r};
}

DivMod FunctionEmitter::emit_divmod_general(Value* a, Value* b, IntRange ra, IntRange rb, bool by_double,
                                            bool guard_minus_one) {
  int bits = by_double ? 53 : 32;
  bool non_negative = is_non_negative(ra) && is_non_negative(rb);
  bool small =
      by_double ? is_below_53_bits(ra) && is_below_53_bits(rb) : is_unsigned_32_bits(ra) && is_unsigned_32_bits(rb);
  if (small) return emit_divmod_fast(a, b, by_double, !non_negative);

  llvm::BasicBlock *fast = new_block("div.fast"), *slow = new_block("div.slow"), *done = new_block("div");
  Value* high = b_.CreateLShr(b_.CreateOr(a, b), static_cast<uint64_t>(bits));
  b_.CreateCondBr(b_.CreateIsNull(high), fast, slow);

  b_.SetInsertPoint(fast);
  DivMod quick = emit_divmod_fast(a, b, by_double, false);
  llvm::BasicBlock* fast_end = b_.GetInsertBlock();
  b_.CreateBr(done);

  b_.SetInsertPoint(slow);
  DivMod full = emit_divmod_slow(a, b, ra, rb, guard_minus_one);
  llvm::BasicBlock* slow_end = b_.GetInsertBlock();
  b_.CreateBr(done);

  b_.SetInsertPoint(done);
  auto either = [&](Value* x, Value* y) {
    llvm::PHINode* phi = b_.CreatePHI(b_.getInt64Ty(), 2);
    phi->addIncoming(x, fast_end);
    phi->addIncoming(y, slow_end);
    return phi;
  };
  Value* q = either(quick.quotient, full.quotient);
  return {q, either(quick.remainder, full.remainder)};
}

DivMod FunctionEmitter::emit_divmod_fast(Value* a, Value* b, bool by_double, bool maybe_negative) {
  if (by_double) {
    llvm::Type* real = b_.getDoubleTy();
    Value* quotient = b_.CreateFDiv(b_.CreateSIToFP(a, real), b_.CreateSIToFP(b, real));
    if (maybe_negative) quotient = b_.CreateUnaryIntrinsic(llvm::Intrinsic::floor, quotient);
    Value* q = b_.CreateFPToSI(quotient, b_.getInt64Ty());
    return {q, b_.CreateSub(a, b_.CreateMul(q, b))};
  }
  Value *a32 = b_.CreateTrunc(a, b_.getInt32Ty()), *b32 = b_.CreateTrunc(b, b_.getInt32Ty());
  Value *q = b_.CreateUDiv(a32, b32), *r = b_.CreateURem(a32, b32);
  return {b_.CreateZExt(q, b_.getInt64Ty()), b_.CreateZExt(r, b_.getInt64Ty())};
}

DivMod FunctionEmitter::emit_divmod_slow(Value* a, Value* b, IntRange ra, IntRange rb, bool guard_minus_one) {
  if (is_non_negative(ra) && is_non_negative(rb)) return {b_.CreateUDiv(a, b), b_.CreateURem(a, b)};
  Value* divisor = b;
  Value* minus_one = nullptr;
  if (guard_minus_one) {  // the CPU traps on the minimum divided by -1
    minus_one = b_.CreateICmpEQ(b, b_.getInt64(~uint64_t{0}));
    divisor = b_.CreateSelect(minus_one, b_.getInt64(1), b);
  }
  Value *q = b_.CreateSDiv(a, divisor), *r = b_.CreateSRem(a, divisor);
  if (minus_one) q = b_.CreateSelect(minus_one, b_.CreateNeg(a), q);
  Value* signs_differ = b_.CreateICmpSLT(b_.CreateXor(r, b), b_.getInt64(0));
  Value* low = b_.CreateAnd(b_.CreateIsNotNull(r), signs_differ);
  q = b_.CreateSub(q, b_.CreateZExt(low, b_.getInt64Ty()));
  r = b_.CreateAdd(r, b_.CreateSelect(low, b, b_.getInt64(0)));
  return {q, r};
}

}  // namespace gilmap::codegen
