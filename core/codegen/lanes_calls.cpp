// What is done lane by lane, in scalar code: calls of numeric functions, and the rare lanes that a vector sequence
// leaves.

#include <llvm/IR/MDBuilder.h>

#include "codegen/lanes_emitter.h"

namespace gilmap::codegen {

using llvm::Value;
using numeric::NumericType;

// Memory for a vector, shared by all that need one for a moment.
Value* LaneEmitter::scratch(llvm::Type* vector, size_t slot) {
  llvm::AllocaInst*& memory = scratch_[{vector, slot}];
  if (!memory) memory = entry_alloca(vector, "lanes");
  return memory;
}

void LaneEmitter::for_each_bit(Value* word, llvm::function_ref<Value*()> more, llvm::function_ref<void(Value*)> body) {
  llvm::Type* i64 = b_.getInt64Ty();
  llvm::BasicBlock *start = b_.GetInsertBlock(), *head = new_block("lanes"), *one = new_block("lane");
  llvm::BasicBlock* done = new_block("lanes.done");
  b_.CreateBr(head);
  b_.SetInsertPoint(head);
  llvm::PHINode* left = b_.CreatePHI(i64, 2);
  left->addIncoming(word, start);
  Value* go_on = b_.CreateIsNotNull(left);
  if (more) go_on = b_.CreateAnd(go_on, more());
  b_.CreateCondBr(go_on, one, done);
  b_.SetInsertPoint(one);
  body(b_.CreateIntrinsic(llvm::Intrinsic::cttz, {i64}, {left, b_.getTrue()}));
  left->addIncoming(b_.CreateAnd(left, b_.CreateSub(left, b_.getInt64(1))), b_.GetInsertBlock());
  b_.CreateBr(head);
  b_.SetInsertPoint(done);
}

LaneEmitter::Vectors LaneEmitter::by_lane(Value* which, std::span<Value* const> args, Vectors results,
                                          ScalarEmitter scalar) {
  llvm::Type* byte = b_.getInt8Ty();
  std::vector<Value*> arg_memory, result_memory;
  size_t slot = 0;
  auto store = [&](Value* vector, std::vector<Value*>& memory) {
    const bool mask = vector->getType()->getScalarType()->isIntegerTy(1);
    if (mask) vector = b_.CreateZExt(vector, vector_of(byte));
    memory.push_back(scratch(vector->getType(), slot++));
    b_.CreateStore(vector, memory.back());
  };
  for (Value* arg : args) store(arg, arg_memory);
  for (Value* result : results) store(result, result_memory);
  for_each_bit(bits_of(which), nullptr, [&](Value* lane) {
    auto address = [&](Value* memory, llvm::Type* element) { return b_.CreateInBoundsGEP(element, memory, lane); };
    const unsigned width = std::exchange(width_, 0);
    std::vector<Value*> scalars;
    for (size_t k = 0; k < args.size(); ++k) {
      llvm::Type* element = args[k]->getType()->getScalarType();
      const bool mask = element->isIntegerTy(1);
      if (mask) element = byte;
      Value* x = b_.CreateLoad(element, address(arg_memory[k], element));
      scalars.push_back(mask ? b_.CreateIsNotNull(x) : x);
    }
    Vectors computed = scalar(scalars);
    for (size_t k = 0; k < results.size(); ++k) {
      Value* x = computed[k]->getType()->isIntegerTy(1) ? b_.CreateZExt(computed[k], byte) : computed[k];
      b_.CreateStore(x, address(result_memory[k], x->getType()));
    }
    width_ = width;
  });
  for (size_t k = 0; k < results.size(); ++k) {
    const bool mask = results[k]->getType()->getScalarType()->isIntegerTy(1);
    Value* vector = b_.CreateLoad(mask ? vector_of(byte) : results[k]->getType(), result_memory[k]);
    results[k] = mask ? b_.CreateIsNotNull(vector) : vector;
  }
  return results;
}

LaneEmitter::Vectors LaneEmitter::patch(Value* which, std::span<Value* const> args, const Vectors& results,
                                        ScalarEmitter scalar) {
  llvm::BasicBlock *start = b_.GetInsertBlock(), *some = new_block("lanes.some"), *done = new_block("lanes.patched");
  b_.CreateCondBr(any(which), some, done, llvm::MDBuilder(context()).createBranchWeights(1, 2000));
  b_.SetInsertPoint(some);
  Vectors patched = by_lane(which, args, results, scalar);
  llvm::BasicBlock* end = b_.GetInsertBlock();
  b_.CreateBr(done);

  b_.SetInsertPoint(done);
  for (size_t k = 0; k < results.size(); ++k) {
    llvm::PHINode* phi = b_.CreatePHI(results[k]->getType(), 2);
    phi->addIncoming(results[k], start);
    phi->addIncoming(patched[k], end);
    patched[k] = phi;
  }
  return patched;
}

// The lanes that matter to the call being emitted; null for all.
Value* LaneEmitter::mattering(const numeric::NumericFnInfo& info) {
  const ir::Inst& call = ir_[emitted_];
  return call.args.size() > info.args.size() ? value(call.args.back()) : nullptr;
}

LaneEmitter::Vectors LaneEmitter::call_scalar(const numeric::NumericFnInfo& info, std::span<Value* const> args) {
  NumericResult r = FunctionEmitter::emit_out_of_line(info, args);
  return info.can_fail ? Vectors{r.value, r.failed} : Vectors{r.value};
}

NumericResult LaneEmitter::emit_out_of_line(const numeric::NumericFnInfo& info, std::span<Value* const> args) {
  if (!is_vector()) return FunctionEmitter::emit_out_of_line(info, args);
  llvm::Type* type = info.result == NumericType::I64   ? int_type()
                     : info.result == NumericType::F64 ? real_type()
                                                       : shaped(b_.getInt1Ty());
  Vectors results{llvm::Constant::getNullValue(type)};
  if (info.can_fail) results.push_back(bool_constant(false));
  module_.one_by_one.emplace(info.name);
  Value* which = mattering(info);
  results = by_lane(which ? which : bool_constant(true), args, results,
                    [&](std::span<Value* const> scalars) { return call_scalar(info, scalars); });
  return {results[0], info.can_fail ? results[1] : bool_constant(false)};
}

NumericResult LaneEmitter::emit_fast_or_library(Value* cond, const numeric::NumericFnInfo& info,
                                                std::span<Value* const> args,
                                                llvm::function_ref<NumericResult()> fast) {
  if (!is_vector()) return FunctionEmitter::emit_fast_or_library(cond, info, args, fast);
  NumericResult quick = fast();
  if (auto* constant = llvm::dyn_cast<llvm::Constant>(cond); constant && constant->isAllOnesValue()) return quick;
  Value* others = b_.CreateNot(cond);
  if (Value* which = mattering(info)) others = b_.CreateAnd(others, which);
  Vectors results{quick.value};
  if (info.can_fail) results.push_back(quick.failed);
  results = patch(others, args, results, [&](std::span<Value* const> scalars) { return call_scalar(info, scalars); });
  return {results[0], info.can_fail ? results[1] : quick.failed};
}

}  // namespace gilmap::codegen
