// Float operations that are not one LLVM instruction. None carries fast-math flags.

#include <limits>

#include "codegen/emitter.h"

namespace gilmap::codegen {

using llvm::Value;

Value* FunctionEmitter::emit_float_unary(llvm::Intrinsic::ID id, const ir::Inst& inst) {
  return b_.CreateUnaryIntrinsic(id, value(inst.args[0]));
}

// LLVM takes the sign of a NaN for undefined: it moves negations through products, makes x * -1.0 a negation and folds
// inf - inf to a positive NaN. The hardware, and so CPython, has one answer. What invites such rewrites is
// hidden behind a fence, which costs no instruction.
Value* FunctionEmitter::fence(Value* x) {
  return b_.CreateIntrinsic(llvm::Intrinsic::arithmetic_fence, {x->getType()}, {x});
}

Value* FunctionEmitter::float_operand(Value* x) {
  auto* constant = llvm::dyn_cast<llvm::Constant>(x);
  if (constant && constant->getType()->isVectorTy()) constant = constant->getSplatValue();
  auto* number = llvm::dyn_cast_or_null<llvm::ConstantFP>(constant);
  if (!number) return x;
  const llvm::APFloat& f = number->getValueAPF();
  bool inviting = !f.isFinite() || f.isZero() || f.isExactlyValue(-1.0);
  return inviting ? fence(x) : x;
}

Value* FunctionEmitter::factor(ir::ValueId v) { return sign_choices_[v] ? fence(value(v)) : float_operand(value(v)); }

Value* FunctionEmitter::to_float(Value* a, IntRange) { return b_.CreateSIToFP(a, real_type()); }
Value* FunctionEmitter::to_int(Value* x, IntRange) { return b_.CreateFPToSI(x, int_type()); }

Value* FunctionEmitter::emit_fabs(Value* x) { return b_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, x); }

Value* FunctionEmitter::emit_fma(Value* a, Value* b, Value* c) {
  return b_.CreateIntrinsic(llvm::Intrinsic::fma, {a->getType()}, {a, b, c});
}

Value* FunctionEmitter::emit_is_finite(Value* x) {
  return b_.CreateFCmpOLT(emit_fabs(x), llvm::ConstantFP::getInfinity(real_type()));
}

Value* FunctionEmitter::emit_is_inf(Value* x) {
  return b_.CreateFCmpOEQ(emit_fabs(x), llvm::ConstantFP::getInfinity(real_type()));
}

}  // namespace gilmap::codegen
