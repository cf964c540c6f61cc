// Calls of the functions of core/numeric, by the addresses that its table gives.

#include <llvm/IR/MDBuilder.h>

#include <string>

#include "codegen/emitter.h"
#include "codegen/llvm_versions.h"

namespace gilmap::codegen {

using llvm::Value;
using numeric::NumericFn;
using numeric::NumericType;

namespace {

llvm::Type* c_type(NumericType t, llvm::LLVMContext& context) {
  switch (t) {
    case NumericType::I64:
      return llvm::Type::getInt64Ty(context);
    case NumericType::F64:
      return llvm::Type::getDoubleTy(context);
    case NumericType::BOOL:
      return llvm::Type::getInt8Ty(context);
  }
  return nullptr;
}

}  // namespace

// The functions are pure: LLVM may drop, merge and move calls of those that cannot fail. (libm's also write errno,
// which nothing reads.) Those that can fail write their flag and nothing else.
llvm::FunctionCallee FunctionEmitter::declare(std::string name, const void* address, const numeric::NumericFnInfo& info,
                                              bool failed) {
  module_.symbols.try_emplace(name, address);
  if (llvm::Function* known = module_.llvm.getFunction(name)) return known;

  std::vector<llvm::Type*> types;
  for (NumericType t : info.args) types.push_back(c_type(t, context()));
  if (failed) types.push_back(b_.getPtrTy());
  auto* type = llvm::FunctionType::get(c_type(info.result, context()), types, false);
  auto* f = llvm::Function::Create(type, llvm::Function::ExternalLinkage, name, module_.llvm);
  f->setDoesNotThrow();
  f->setWillReturn();
  f->setNoSync();
  f->setDoesNotFreeMemory();
  f->addFnAttr(llvm::Attribute::NoCallback);
  for (size_t i = 0; i < info.args.size(); ++i)
    if (info.args[i] == NumericType::BOOL) f->addParamAttr(static_cast<unsigned>(i), llvm::Attribute::ZExt);
  if (failed) {
    auto last = static_cast<unsigned>(info.args.size());
    f->setMemoryEffects(llvm::MemoryEffects::argMemOnly(llvm::ModRefInfo::Mod));
    f->addParamAttr(last, llvm::Attribute::WriteOnly);
    f->addParamAttr(last, not_captured(context()));
  } else {
    f->setDoesNotAccessMemory();
  }
  return f;
}

NumericResult FunctionEmitter::emit_library_call(const numeric::NumericFnInfo& info, std::span<Value* const> args) {
  std::vector<Value*> actual(args.begin(), args.end());
  for (Value*& a : actual)
    if (a->getType()->isIntegerTy(1)) a = b_.CreateZExt(a, b_.getInt8Ty());
  if (info.can_fail) {
    if (!failed_flag_) failed_flag_ = entry_alloca(b_.getInt8Ty(), "failed");
    b_.CreateStore(b_.getInt8(0), failed_flag_);
    actual.push_back(failed_flag_);
  }
  llvm::FunctionCallee f = declare(std::string(info.symbol), info.address, info, info.can_fail);
  NumericResult r{b_.CreateCall(f, actual), bool_constant(false)};
  if (info.result == NumericType::BOOL) r.value = b_.CreateIsNotNull(r.value);
  if (info.can_fail) r.failed = b_.CreateIsNotNull(b_.CreateLoad(b_.getInt8Ty(), failed_flag_));
  return r;
}

// libm itself, and the table's generic check, of which the usual case is that the result is finite.
NumericResult FunctionEmitter::emit_direct_call(const numeric::NumericFnInfo& info, std::span<Value* const> args) {
  if (!info.can_fail) return emit_library_call(info, args);  // one pure call, which LLVM can share
  llvm::FunctionCallee f = declare("direct_" + std::string(info.name), info.direct, info, false);
  Value* r = b_.CreateCall(f, std::vector<Value*>(args.begin(), args.end()));
  // Bits of a NaN that CPython passes through, and what is an error, are for the function itself to decide.
  llvm::BasicBlock *start = b_.GetInsertBlock(), *doubtful = new_block("not_finite"), *done = new_block("checked");
  b_.CreateCondBr(emit_is_finite(r), done, doubtful, llvm::MDBuilder(context()).createBranchWeights(1u << 20, 1));
  b_.SetInsertPoint(doubtful);
  NumericResult exact = emit_library_call(info, args);
  llvm::BasicBlock* end = b_.GetInsertBlock();
  b_.CreateBr(done);

  b_.SetInsertPoint(done);
  auto either = [&](Value* quick, Value* slow) {
    llvm::PHINode* phi = b_.CreatePHI(quick->getType(), 2);
    phi->addIncoming(quick, start);
    phi->addIncoming(slow, end);
    return phi;
  };
  Value* value = either(r, exact.value);
  return {value, either(bool_constant(false), exact.failed)};
}

NumericResult FunctionEmitter::emit_out_of_line(const numeric::NumericFnInfo& info, std::span<Value* const> args) {
  return info.direct ? emit_direct_call(info, args) : emit_library_call(info, args);
}

NumericResult FunctionEmitter::emit_fast_or_library(Value* cond, const numeric::NumericFnInfo& info,
                                                    std::span<Value* const> args,
                                                    llvm::function_ref<NumericResult()> fast) {
  if (auto* constant = llvm::dyn_cast<llvm::ConstantInt>(cond); constant && constant->isOne()) return fast();
  llvm::BasicBlock *quick = new_block("quick"), *library = new_block("library"), *done = new_block("done");
  b_.CreateCondBr(cond, quick, library, llvm::MDBuilder(context()).createBranchWeights(2000, 1));

  b_.SetInsertPoint(quick);
  NumericResult x = fast();
  llvm::BasicBlock* quick_end = b_.GetInsertBlock();
  b_.CreateBr(done);

  b_.SetInsertPoint(library);
  NumericResult y = emit_library_call(info, args);
  llvm::BasicBlock* library_end = b_.GetInsertBlock();
  b_.CreateBr(done);

  b_.SetInsertPoint(done);
  auto either = [&](Value* a, Value* b) {
    llvm::PHINode* phi = b_.CreatePHI(a->getType(), 2);
    phi->addIncoming(a, quick_end);
    phi->addIncoming(b, library_end);
    return phi;
  };
  Value* value = either(x.value, y.value);
  return {value, either(x.failed, y.failed)};
}

Value* FunctionEmitter::emit_call_numeric(ir::ValueId v) {
  const ir::Inst& inst = ir_[v];
  const auto fn = static_cast<NumericFn>(inst.imm);
  std::vector<Value*> args;
  for (size_t i = 0; i < numeric::info(fn).args.size(); ++i) args.push_back(value(inst.args[i]));
  NumericResult r = emit_numeric(v, args);
  failed_[{v, part_}] = r.failed;
  return r.value;
}

}  // namespace gilmap::codegen
