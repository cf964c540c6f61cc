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

LaneEmitter::Vectors LaneEmitter::stored(std::span<Value* const> vectors, size_t* slot) {
  Vectors memory;
  for (Value* vector : vectors) {
    const bool mask = vector->getType()->getScalarType()->isIntegerTy(1);
    if (mask) vector = b_.CreateZExt(vector, vector_of(b_.getInt8Ty()));
    memory.push_back(scratch(vector->getType(), (*slot)++));
    b_.CreateStore(vector, memory.back());
  }
  return memory;
}

Value* LaneEmitter::loaded(Value* memory, llvm::Type* vector) {
  if (!vector->getScalarType()->isIntegerTy(1)) return b_.CreateLoad(vector, memory);
  return b_.CreateIsNotNull(b_.CreateLoad(vector_of(b_.getInt8Ty()), memory));
}

void LaneEmitter::emit_lanes(Value* word, std::span<Value* const> args, std::span<llvm::Type* const> types,
                             std::span<Value* const> results, ScalarEmitter scalar) {
  for_each_bit(word, nullptr, [&](Value* lane) {
    llvm::Type* byte = b_.getInt8Ty();
    const unsigned width = std::exchange(width_, 0);
    Vectors scalars;
    for (size_t k = 0; k < args.size(); ++k) {
      const bool mask = types[k]->isIntegerTy(1);
      llvm::Type* type = mask ? byte : types[k];
      Value* x = b_.CreateLoad(type, b_.CreateInBoundsGEP(type, args[k], lane));
      scalars.push_back(mask ? b_.CreateIsNotNull(x) : x);
    }
    const Vectors computed = scalar(scalars);
    for (size_t k = 0; k < results.size(); ++k) {
      Value* x = computed[k]->getType()->isIntegerTy(1) ? b_.CreateZExt(computed[k], byte) : computed[k];
      b_.CreateStore(x, b_.CreateInBoundsGEP(x->getType(), results[k], lane));
    }
    width_ = width;
  });
}

LaneEmitter::Vectors LaneEmitter::in_memory(std::span<Value* const> args, Vectors results, MemoryEmitter emit) {
  size_t slot = 0;
  const Vectors arg_memory = stored(args, &slot), result_memory = stored(results, &slot);
  std::vector<llvm::Type*> types;
  for (Value* arg : args) types.push_back(arg->getType()->getScalarType());
  emit(arg_memory, types, result_memory);
  for (size_t k = 0; k < results.size(); ++k) results[k] = loaded(result_memory[k], results[k]->getType());
  return results;
}

LaneEmitter::Vectors LaneEmitter::by_lane(Value* which, std::span<Value* const> args, const Vectors& results,
                                          ScalarEmitter scalar) {
  return in_memory(args, results, [&](const Vectors& from, std::span<llvm::Type* const> types, const Vectors& to) {
    emit_lanes(bits_of(which), from, types, to, scalar);
  });
}

LaneEmitter::Vectors LaneEmitter::call_lanes(const numeric::NumericFnInfo& info, Value* which,
                                             std::span<Value* const> args, const Vectors& results) {
  return in_memory(args, results, [&](const Vectors& from, std::span<llvm::Type* const> types, const Vectors& to) {
    Vectors passed = from;
    passed.insert(passed.end(), to.begin(), to.end());
    passed.push_back(bits_of(which));
    b_.CreateCall(calls_of(info, types), passed);
  });
}

// Many calls of one function are one loop: each would cost the time to compile it, and registers around it.
llvm::Function* LaneEmitter::calls_of(const numeric::NumericFnInfo& info, std::span<llvm::Type* const> types) {
  const std::string name = "lanes_" + std::string(info.name);
  if (llvm::Function* known = module_.llvm.getFunction(name)) return known;
  const size_t results = info.can_fail ? 2 : 1;
  std::vector<llvm::Type*> params(types.size() + results, b_.getPtrTy());
  params.push_back(b_.getInt64Ty());
  auto* type = llvm::FunctionType::get(b_.getVoidTy(), params, false);
  auto* f = llvm::Function::Create(type, llvm::Function::InternalLinkage, name, module_.llvm);
  f->setDoesNotThrow();
  f->addFnAttr(llvm::Attribute::NoInline);
  f->addFnAttrs(llvm::AttrBuilder(context(), function_->getAttributes().getFnAttrs()));
  emit_into(f, [&] {
    Vectors pointers;
    for (llvm::Argument& arg : f->args()) pointers.push_back(&arg);
    const std::span<Value* const> all = pointers;
    emit_lanes(pointers.back(), all.first(types.size()), types, all.subspan(types.size(), results),
               [&](std::span<Value* const> scalars) { return call_scalar(info, scalars); });
    b_.CreateRetVoid();
  });
  return f;
}

LaneEmitter::Vectors LaneEmitter::patch(Value* which, const Vectors& results, llvm::function_ref<Vectors()> rare) {
  llvm::BasicBlock *start = b_.GetInsertBlock(), *some = new_block("lanes.some"), *done = new_block("lanes.patched");
  b_.CreateCondBr(any(which), some, done, llvm::MDBuilder(context()).createBranchWeights(1, 2000));
  b_.SetInsertPoint(some);
  Vectors patched = rare();
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
  results = call_lanes(info, which ? which : bool_constant(true), args, results);
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
  results = patch(others, results, [&] { return call_lanes(info, others, args, results); });
  return {results[0], info.can_fail ? results[1] : quick.failed};
}

}  // namespace gilmap::codegen
