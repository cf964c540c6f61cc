// Float operations that are not one LLVM instruction. None carries fast-math flags.

#include <limits>

#include "codegen/emitter.h"

namespace gilmap::codegen {

using llvm::Value;

Value* FunctionEmitter::emit_float_unary(llvm::Intrinsic::ID id, const ir::Inst& inst) {
  return b_.CreateUnaryIntrinsic(id, value(inst.args[0]));
}

Value* FunctionEmitter::emit_fabs(Value* x) { return b_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, x); }

Value* FunctionEmitter::emit_is_finite(Value* x) {
  return b_.CreateFCmpOLT(emit_fabs(x), llvm::ConstantFP::getInfinity(b_.getDoubleTy()));
}

Value* FunctionEmitter::emit_is_inf(Value* x) {
  return b_.CreateFCmpOEQ(emit_fabs(x), llvm::ConstantFP::getInfinity(b_.getDoubleTy()));
}

}  // namespace gilmap::codegen
