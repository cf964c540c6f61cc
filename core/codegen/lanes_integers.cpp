// Sums, differences, products and shifts of integers in lanes, with and without their overflow tests.
//
// - LLVM makes scalars of an overflow test of a product. Here the product p that wraps, and which is needed anyway, is
//   compared with one that does not, in doubles: a * b - p is 0 or, if p has wrapped, at least 2^64 in magnitude, and
//   the roundings of fl(a) * fl(b) - fl(p) move it by no more than |a * b| * 2^-51: by 2^12, or to no less than 2^63.
//   Where it is dear to convert p: |fl(a) * fl(b)| is compared with 2^63 (1 + 2^-50) or, if p has not the sign of a *
//   b, with 2^63 (1 - 2^-50). Between the two p has that sign unless it has wrapped; what is less has not wrapped. By a
//   constant, the operand is compared with bounds.
// - Products of 32-bit numbers have an instruction of their own, which LLVM takes if it sees the upper halves. Where a
//   product is cut short, as that of (state * factor + term) % 2**31 is, it sees that they do not matter, too, and
//   would take the one of 64 bits, which takes three times as long. So it does not see what becomes of the product.

#include <bit>

#include "codegen/lanes_emitter.h"

namespace gilmap::codegen {

using ir::Op;
using llvm::Value;

namespace {

constexpr bool is_signed_32_bits(IntRange r) { return r.lo >= INT32_MIN && r.hi <= INT32_MAX; }
// 2^k, 2^k + 1 or 2^k - 1, for which LLVM multiplies by a shift and a sum.
constexpr bool is_sum_of_two_shifts(IntRange r) {
  if (!is_constant(r) || r.lo <= 0) return false;
  const auto factor = static_cast<uint64_t>(r.lo);
  return std::has_single_bit(factor) || std::has_single_bit(factor - 1) || std::has_single_bit(factor + 1);
}

constexpr bool is_unsigned_32_bits(IntRange r) { return r.lo >= 0 && r.hi <= int64_t{UINT32_MAX}; }

}  // namespace

Value* LaneEmitter::emit_arithmetic(Op op, const ir::Inst& inst) {
  if (!is_vector()) return FunctionEmitter::emit_arithmetic(op, inst);
  const ir::ValueId a = inst.args[0], b = inst.args[1];
  if (op == Op::IAdd && range(b) == passes::single(1)) return b_.CreateAdd(value(a), one());
  if (op == Op::IAdd) return b_.CreateAdd(value(a), value(b));
  if (op == Op::ISub) return b_.CreateSub(value(a), value(b));
  GILMAP_CHECK(op == Op::IMul);
  return emit_multiply(value(a), value(b), range(a), range(b));
}

Value* LaneEmitter::emit_multiply(Value* a, Value* b, IntRange ra, IntRange rb) {
  if (int_bits_ == 32 || is_sum_of_two_shifts(ra) || is_sum_of_two_shifts(rb)) return b_.CreateMul(a, b);
  if (is_signed_32_bits(ra) && is_signed_32_bits(rb)) {
    auto extended = [&](Value* x, IntRange r) {
      return is_constant(r) ? x : b_.CreateAShr(b_.CreateShl(x, integer(32)), integer(32));
    };
    return fenced(b_.CreateMul(extended(a, ra), extended(b, rb)));
  }
  if (is_unsigned_32_bits(ra) && is_unsigned_32_bits(rb))
    return fenced(b_.CreateMul(b_.CreateAnd(a, integer(UINT32_MAX)), b_.CreateAnd(b, integer(UINT32_MAX))));
  return b_.CreateMul(a, b);
}

Value* LaneEmitter::emit_overflows(Op op, const ir::Inst& inst) {
  if (!is_vector()) return FunctionEmitter::emit_overflows(op, inst);
  Value *a = value(inst.args[0]), *b = value(inst.args[1]);
  const IntRange ra = range(inst.args[0]), rb = range(inst.args[1]);
  if (op == Op::IMul) return emit_product_overflows(a, b, ra, rb);
  if (op == Op::IAdd ? sum_fits(ra, rb) : difference_fits(ra, rb)) return bool_constant(false);
  Value* r = op == Op::IAdd ? b_.CreateAdd(a, b) : b_.CreateSub(a, b);
  // The result has the wrong sign: not that of both summands; not the minuend's where the subtrahend has the other one.
  Value* wrong = b_.CreateAnd(b_.CreateXor(a, r), b_.CreateXor(b, op == Op::IAdd ? r : a));
  return b_.CreateICmpSLT(wrong, integer(0));
}

Value* LaneEmitter::emit_product_overflows(Value* a, Value* b, IntRange ra, IntRange rb) {
  if (product_fits(ra, rb)) return bool_constant(false);
  if (is_constant(ra) && ra.lo != -1) return emit_scaling_overflows(b, rb, ra.lo);
  if (is_constant(rb) && rb.lo != -1) return emit_scaling_overflows(a, ra, rb.lo);
  Value *x = to_float(a, ra), *y = to_float(b, rb), *product = emit_multiply(a, b, ra, rb);
  if (!converts_natively()) {
    Value* wrong_sign = b_.CreateICmpSLT(b_.CreateXor(product, b_.CreateXor(a, b)), integer(0));
    Value* bound = b_.CreateSelect(wrong_sign, real(0x1p63 * (1 - 0x1p-50)), real(0x1p63 * (1 + 0x1p-50)));
    return b_.CreateFCmpOGE(emit_fabs(b_.CreateFMul(x, y)), bound);
  }
  Value* p = to_float(product, {});
  Value* wrapped = module_.has_fma ? emit_fma(x, y, b_.CreateFNeg(p)) : b_.CreateFSub(b_.CreateFMul(x, y), p);
  return b_.CreateFCmpOGE(emit_fabs(wrapped), real(0x1p63));
}

// On one side only, one comparison will do.
Value* LaneEmitter::emit_scaling_overflows(Value* a, IntRange ra, int64_t factor) {
  if (factor > 0 && ra.lo >= INT64_MIN / factor) return b_.CreateICmpSGT(a, integer(INT64_MAX / factor));
  return FunctionEmitter::emit_scaling_overflows(a, factor);
}

FunctionEmitter::Checked LaneEmitter::emit_product(Value* a, Value* b) {
  if (!is_vector()) return FunctionEmitter::emit_product(a, b);
  return {b_.CreateMul(a, b), emit_product_overflows(a, b, {}, {})};
}

// A count may be outside 0 to 63 where it does not matter. In 32 bits one up to 63 may, to the right.
Value* LaneEmitter::emit_shift(Op op, Value* a, Value* count) {
  if (is_vector() && int_bits_ == 32 && op == Op::IShr)
    count = b_.CreateBinaryIntrinsic(llvm::Intrinsic::umin, count, integer(31));
  return b_.CreateFreeze(FunctionEmitter::emit_shift(op, a, count));
}

}  // namespace gilmap::codegen
