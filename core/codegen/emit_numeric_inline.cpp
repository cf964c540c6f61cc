// Numeric functions of which the usual case is a few instructions: these are emitted in place. Each gives the bits that
// the function of the same name in core/numeric gives, and fails where it fails (or more often, which is legal).

#include <cmath>
#include <limits>
#include <numbers>

#include "codegen/emitter.h"

namespace gilmap::codegen {

using llvm::Value;
using numeric::NumericFn;
namespace I = llvm::Intrinsic;

// An integral double; fails outside 64 bits and for what is not finite.
NumericResult FunctionEmitter::emit_float_to_int(Value* integral, IntRange range) {
  Value* fits = b_.CreateAnd(b_.CreateFCmpOGE(integral, real(-0x1p63)), b_.CreateFCmpOLT(integral, real(0x1p63)));
  // Where it does not fit, LLVM's result is poison, which freeze makes an arbitrary number.
  return {b_.CreateFreeze(to_int(integral, range)), b_.CreateNot(fits)};
}

// a ** exponent for an exponent from 0 to 8, by squaring; an intermediate overflow implies one of the result.
NumericResult FunctionEmitter::emit_small_power(Value* a, int64_t exponent) {
  Value* result = nullptr;
  Value* failed = bool_constant(false);
  auto multiply = [&](Value* x, Value* y) {
    Checked product = emit_product(x, y);
    failed = b_.CreateOr(failed, product.overflows);
    return product.result;
  };
  for (int64_t left = exponent; left > 0; left >>= 1) {
    if (left & 1) result = result ? multiply(result, a) : a;
    if (left > 1) a = multiply(a, a);
  }
  return {result ? result : integer(1), failed};
}

// The double root, rounded down. Of a below 2^52 it is exact: roots of a square and of the number in front of it are
// farther apart than a rounding. Of others it is off by one at most, since a's conversion and the root round once each.
NumericResult FunctionEmitter::emit_isqrt(Value* a, IntRange range) {
  constexpr int64_t most = 3'037'000'500;
  Value* root = b_.CreateFreeze(to_int(b_.CreateUnaryIntrinsic(I::sqrt, to_float(a, range)), {0, most}));
  if (range.hi >= int64_t{1} << 52) {
    root = b_.CreateAnd(root, integer(UINT32_MAX));
    Value* rest = b_.CreateSub(a, b_.CreateMul(root, root));
    Value* too_large = b_.CreateICmpSLT(rest, integer(0));
    Value* too_small = b_.CreateICmpSGT(rest, b_.CreateAdd(root, root));
    root = b_.CreateAdd(root,
                        b_.CreateSub(b_.CreateZExt(too_small, a->getType()), b_.CreateZExt(too_large, a->getType())));
  }
  return {root, b_.CreateICmpSLT(a, integer(0))};
}

// round(x, digits) for a constant from 0 to 22: of the doubles next to a half integer, and of large ones, the
// library takes care. See core/numeric/float_round.cpp.
NumericResult FunctionEmitter::emit_round_digits(int64_t digits, std::span<Value* const> args) {
  double power = 1;
  for (int64_t i = 0; i < digits; ++i) power *= 10;  // exact up to 10^22
  Value* p = real(power);
  Value* y = b_.CreateFMul(args[0], p);
  Value* nearest = b_.CreateUnaryIntrinsic(I::roundeven, y);
  Value* is_clear = b_.CreateFCmpONE(emit_fabs(b_.CreateFSub(y, nearest)), real(0.5));
  Value* is_small = b_.CreateFCmpOLT(emit_fabs(y), real(0x1p52));
  return emit_fast_or_library(b_.CreateAnd(is_clear, is_small), numeric::info(NumericFn::float_round_digits), args,
                              [&] { return NumericResult{b_.CreateFDiv(nearest, p), bool_constant(false)}; });
}

// What the sum loses when x is added, on top of c: Neumaier's compensation, as in core/numeric/sum.cpp.
Value* FunctionEmitter::emit_sum_compensation(Value* sum, Value* c, Value* x) {
  Value* sum_is_larger = b_.CreateFCmpOGE(emit_fabs(sum), emit_fabs(x));
  Value* larger = b_.CreateSelect(sum_is_larger, sum, x);
  Value* smaller = b_.CreateSelect(sum_is_larger, x, sum);
  return b_.CreateFAdd(c, b_.CreateFAdd(b_.CreateFSub(larger, b_.CreateFAdd(sum, x)), smaller));
}

NumericResult FunctionEmitter::emit_numeric(ir::ValueId v, std::span<Value* const> args) {
  const ir::Inst& inst = ir_[v];
  const auto fn = static_cast<NumericFn>(inst.imm);
  const numeric::NumericFnInfo& info = numeric::info(fn);
  auto total = [&](Value* r) { return NumericResult{r, bool_constant(false)}; };
  auto range_of = [&](size_t i) { return range(inst.args[i]); };
  auto unary = [&](I::ID id) { return b_.CreateUnaryIntrinsic(id, args[0]); };
  auto float_of = [&](size_t i) { return to_float(args[i], range_of(i)); };
  auto small = [&](size_t i) { return within_53_bits(args[i], range_of(i)); };
  auto compare = [&](llvm::CmpInst::Predicate p) {
    return emit_fast_or_library(small(0), info, args, [&] { return total(b_.CreateFCmp(p, float_of(0), args[1])); });
  };

  if (fn == NumericFn::float_is_integer)
    return total(b_.CreateAnd(b_.CreateFCmpOEQ(unary(I::trunc), args[0]), emit_is_finite(args[0])));
  if (fn == NumericFn::float_to_int) return emit_float_to_int(unary(I::trunc), range(v));
  if (fn == NumericFn::float_floor) return emit_float_to_int(unary(I::floor), range(v));
  if (fn == NumericFn::float_ceil) return emit_float_to_int(unary(I::ceil), range(v));
  if (fn == NumericFn::float_round) return emit_float_to_int(unary(I::roundeven), range(v));
  if (fn == NumericFn::float_mod || fn == NumericFn::float_floordiv || fn == NumericFn::math_fmod) {
    if (module_.has_fma) return emit_float_divmod(fn, args);
  }
  if (fn == NumericFn::float_round_digits && is_constant_within(range_of(1), 0, 22))
    return emit_round_digits(range_of(1).lo, args);

  if (fn == NumericFn::float_sum_step_hi) return total(b_.CreateFAdd(args[0], args[2]));
  if (fn == NumericFn::float_sum_step_lo) return total(emit_sum_compensation(args[0], args[1], args[2]));
  if (fn == NumericFn::float_sum_step_int_hi) return total(b_.CreateFAdd(args[0], float_of(2)));

  if (fn == NumericFn::int_lt_float) return compare(llvm::CmpInst::FCMP_OLT);
  if (fn == NumericFn::int_le_float) return compare(llvm::CmpInst::FCMP_OLE);
  if (fn == NumericFn::int_eq_float) return compare(llvm::CmpInst::FCMP_OEQ);
  if (fn == NumericFn::int_gt_float) return compare(llvm::CmpInst::FCMP_OGT);
  if (fn == NumericFn::int_ge_float) return compare(llvm::CmpInst::FCMP_OGE);

  if (fn == NumericFn::int_truediv)
    return emit_fast_or_library(b_.CreateAnd(small(0), small(1)), info, args, [&] {
      Value* q = b_.CreateFDiv(float_of(0), float_of(1));
      return NumericResult{q, b_.CreateIsNull(args[1])};
    });
  if (fn == NumericFn::int_pow && is_constant_within(range_of(1), 0, 8))
    return emit_small_power(args[0], range_of(1).lo);
  if (fn == NumericFn::int_isqrt) return emit_isqrt(args[0], range_of(0));
  if (fn == NumericFn::int_bit_length || fn == NumericFn::int_bit_count) {
    Value* magnitude = b_.CreateBinaryIntrinsic(I::abs, args[0], b_.getFalse());
    if (fn == NumericFn::int_bit_count) return total(b_.CreateUnaryIntrinsic(I::ctpop, magnitude));
    return total(b_.CreateSub(integer(int_bits_), b_.CreateBinaryIntrinsic(I::ctlz, magnitude, b_.getFalse())));
  }
  if (fn == NumericFn::int_shift_right) {
    Value* count = b_.CreateBinaryIntrinsic(I::umin, args[1], integer(63));
    return {b_.CreateAShr(args[0], count), b_.CreateICmpSLT(args[1], integer(0))};
  }
  if (fn == NumericFn::int_shift_left) {
    Value* count = b_.CreateAnd(args[1], integer(63));
    Value* r = b_.CreateShl(args[0], count);
    Value* lost = b_.CreateICmpNE(b_.CreateAShr(r, count), args[0]);
    return {r, b_.CreateOr(lost, b_.CreateICmpUGT(args[1], integer(63)))};
  }

  if (fn == NumericFn::math_sqrt) return {unary(I::sqrt), b_.CreateFCmpOLT(args[0], real(0))};
  if (fn == NumericFn::math_fabs) return total(emit_fabs(args[0]));
  if (fn == NumericFn::math_copysign) return total(b_.CreateBinaryIntrinsic(I::copysign, args[0], args[1]));
  if (fn == NumericFn::math_degrees) return total(b_.CreateFMul(args[0], real(180.0 / std::numbers::pi)));
  if (fn == NumericFn::math_radians) return total(b_.CreateFMul(args[0], real(std::numbers::pi / 180.0)));
  if (fn == NumericFn::math_isnan) return total(b_.CreateFCmpUNO(args[0], args[0]));
  if (fn == NumericFn::math_isinf) return total(emit_is_inf(args[0]));
  if (fn == NumericFn::math_isfinite) return total(emit_is_finite(args[0]));

  return emit_out_of_line(info, args);
}

}  // namespace gilmap::codegen
