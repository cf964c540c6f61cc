// % and // on floats, and math.fmod, where the CPU has a fused multiply-add.
//
// Let Q = a / b, q = trunc(fl(Q)) and r = fma(-q, b, a), with |q| < 2^50. Rounding can carry Q up to an integer but
// never across one, so q is trunc(Q), or one more in magnitude, and then r has the other sign than a. r is exact: it is
// a multiple of the smaller ulp of a and b, and no larger than b. So
//   fmod(a, b) = r, plus |b| with the sign of a if r has the other sign,
//   a % b      = r, plus b if r is not 0 and its sign differs from b's: one rounding, as in CPython's fmod(a, b) + b,
//   a // b     = q, less 1 in the same case. CPython computes floor((a - fmod(a, b)) / b) and snaps to the nearest
//                integer; below 2^50 the two roundings there stay under one half, so that it snaps to the same.
// Zeros take the sign of a, of b, and of Q. What is larger, infinite or NaN, and b = 0, goes to the library.

#include "codegen/emitter.h"

namespace gilmap::codegen {

using llvm::Value;
using numeric::NumericFn;
namespace I = llvm::Intrinsic;

NumericResult FunctionEmitter::emit_float_divmod(NumericFn fn, std::span<Value* const> args) {
  Value *a = args[0], *b = args[1];
  Value* zero = real(0.0);
  auto copysign = [&](Value* x, Value* sign) { return b_.CreateBinaryIntrinsic(I::copysign, x, sign); };

  Value* q = b_.CreateUnaryIntrinsic(I::trunc, b_.CreateFDiv(a, b));
  Value* r = emit_fma(b_.CreateFNeg(q), b, a);
  // An infinite b makes r NaN; an infinite a, a zero b and any NaN do that to q or make it infinite.
  Value* in_range = b_.CreateFCmpOLT(emit_fabs(q), real(0x1p50));
  Value* usual = b_.CreateAnd(in_range, b_.CreateFCmpORD(r, r));

  return emit_fast_or_library(usual, numeric::info(fn), args, [&]() -> NumericResult {
    Value* is_negative = b_.CreateFCmpOLT(r, zero);
    Value* is_zero = b_.CreateFCmpOEQ(r, zero);
    auto other_sign_than = [&](Value* x) {
      return b_.CreateAnd(b_.CreateNot(is_zero), b_.CreateXor(is_negative, b_.CreateFCmpOLT(x, zero)));
    };
    Value* v = nullptr;
    if (fn == NumericFn::math_fmod) {
      Value* corrected = b_.CreateFAdd(r, copysign(b, a));
      v = copysign(b_.CreateSelect(other_sign_than(a), corrected, r), a);
    } else if (fn == NumericFn::float_mod) {
      Value* moved = b_.CreateSelect(other_sign_than(b), b_.CreateFAdd(r, b), r);
      v = b_.CreateSelect(is_zero, copysign(zero, b), moved);
    } else {
      GILMAP_CHECK(fn == NumericFn::float_floordiv);
      v = b_.CreateSelect(other_sign_than(b), b_.CreateFSub(q, real(1.0)), q);
    }
    return {v, bool_constant(false)};
  });
}

}  // namespace gilmap::codegen
