// Calls of functions of other compilers, by their address: Numba's and C's.
//
// A Numba function is int32 (result*, excinfo**, args…). What it writes to excinfo is for its own wrapper, and of no
// use here: where the status is not 0, CPython runs the element through that wrapper.

#include "codegen/emitter.h"

namespace gilmap::codegen {

using ir::ForeignType;
using llvm::Value;

namespace {

llvm::Type* foreign_llvm_type(ForeignType t, llvm::LLVMContext& context) {
  switch (t) {
    case ForeignType::F32:
      return llvm::Type::getFloatTy(context);
    case ForeignType::F64:
      return llvm::Type::getDoubleTy(context);
    case ForeignType::I8:
    case ForeignType::U8:
    case ForeignType::I16:
    case ForeignType::U16:
    case ForeignType::I32:
    case ForeignType::U32:
    case ForeignType::I64:
    case ForeignType::U64:
    case ForeignType::Bool:
    case ForeignType::None:
      return llvm::Type::getIntNTy(context, static_cast<unsigned>(info(t).bits));
  }
  return nullptr;
}

// C's callers extend what is smaller than an int to one, and libffi, through which ctypes calls, to a whole register,
// which shows where the declared type is not the function's own.
bool fills_register(ForeignType t, const ir::Foreign& callee) {
  return callee.abi == ir::ForeignAbi::C && info(t).type != ir::Type::F64;
}

}  // namespace

Value* FunctionEmitter::emit_call_foreign(ir::ValueId v) {
  const ir::Inst& inst = ir_[v];
  const ir::Foreign& callee = module_.ir.foreign[static_cast<size_t>(inst.imm)];
  const bool numba = callee.abi == ir::ForeignAbi::Numba;
  const bool has_result = callee.result != ForeignType::None;

  std::vector<Value*> args;
  llvm::AllocaInst* result = nullptr;
  if (numba) {
    // The result of a function that returns None is a null pointer to it.
    llvm::Type* type = has_result ? foreign_llvm_type(callee.result, context()) : b_.getPtrTy();
    result = entry_alloca(type, "result");
    args = {result, entry_alloca(b_.getPtrTy(), "excinfo")};
  }
  for (size_t k = 0; k < inst.args.size(); ++k) {
    Value* a = value(inst.args[k]);
    llvm::Type* type = foreign_llvm_type(callee.params[k], context());
    if (type->isFloatTy()) a = b_.CreateFPTrunc(a, type);
    if (type->isIntegerTy()) a = b_.CreateZExtOrTrunc(a, type);
    if (fills_register(callee.params[k], callee)) {
      a = info(callee.params[k]).is_signed ? b_.CreateSExt(a, b_.getInt64Ty()) : b_.CreateZExt(a, b_.getInt64Ty());
    }
    args.push_back(a);
  }

  llvm::Type* returned = numba        ? b_.getInt32Ty()
                         : has_result ? foreign_llvm_type(callee.result, context())
                                      : b_.getVoidTy();
  std::vector<llvm::Type*> types;
  for (Value* a : args) types.push_back(a->getType());
  Value* address = b_.CreateIntToPtr(b_.getInt64(callee.address), b_.getPtrTy());
  llvm::CallInst* call = b_.CreateCall(llvm::FunctionType::get(returned, types, false), address, args);
  call->setDoesNotThrow();

  Value* r = call;
  if (numba) {
    failed_[{v, part_}] = b_.CreateIsNotNull(call);
    // Where the call has failed nothing was written; the element is left to CPython, so any value does.
    if (has_result) r = b_.CreateLoad(result->getAllocatedType(), result);
  }
  if (!has_result) return b_.getFalse();
  const ir::ForeignTypeInfo& about = info(callee.result);
  switch (about.type) {
    case ir::Type::I64:
      return about.is_signed ? b_.CreateSExtOrTrunc(r, b_.getInt64Ty()) : b_.CreateZExtOrTrunc(r, b_.getInt64Ty());
    case ir::Type::F64:
      return r->getType()->isFloatTy() ? b_.CreateFPExt(r, b_.getDoubleTy()) : r;
    case ir::Type::Bool:
      return b_.CreateIsNotNull(r);
    case ir::Type::Void:
      break;
  }
  GILMAP_UNREACHABLE();
}

}  // namespace gilmap::codegen
