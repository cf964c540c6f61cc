// The kernel of a lane function that refills: it runs once for all elements of a call, and each lane works on an
// element of its own, which it takes when it is done with the one before.
//
// What a lane needs to know of its element is in memory, since it is touched only when lanes are refilled: its index
// and its arguments. Elements are handed out in ascending order but come to their ends in any; so the list of those
// that are left to CPython is put in order, and published, at the end. When the function sees the cancel flag,
// everything from the lowest element that a lane is busy with counts as not done.

#include <llvm/IR/MDBuilder.h>

#include "codegen/deopt_list.h"
#include "codegen/lanes_kernel.h"

namespace gilmap::codegen {

using ir::Op;
using llvm::Value;

namespace {

class RefillingKernel final : public LaneKernel {
 public:
  using LaneKernel::LaneKernel;

  void emit() {
    enter();
    next_ = entry_alloca(i64(), "next");
    count_ = entry_alloca(i64(), "count");
    busy_ = entry_alloca(i64(), "busy");
    indices_ = buffer(i64());
    b_.CreateStore(begin_, next_);
    b_.CreateStore(memory_.load_deopt_count(), count_);
    b_.CreateStore(b_.getInt64(0), busy_);
    for (size_t k = 0; k < params_.size(); ++k) {
      arguments_.push_back(buffer(stored_type(k)));
      clear(arguments_[k]);  // read before there is an element, for lanes that do not matter
      bind_parts(params_[k], std::vector<Value*>(part_count(), llvm::PoisonValue::get(vector_type(k))));
    }
    if (has_payload()) payload_ = buffer(memory_.payload_type());
    if (is_tagged()) tags_ = buffer(b_.getInt8Ty());
    emit_blocks();
  }

 private:
  // As it is held, for a parameter that nothing uses.
  llvm::Type* vector_type(size_t k) {
    return vector_of(ir_.type(params_[k]) == ir::Type::Bool ? b_.getInt1Ty() : stored_type(k));
  }

  void clear(Value* array) {
    auto* type = llvm::cast<llvm::AllocaInst>(array)->getAllocatedType();
    b_.CreateStore(llvm::Constant::getNullValue(type), array);
  }

  Value* load(Value* address) { return b_.CreateLoad(i64(), address); }

  void emit_value(ir::ValueId v) override {
    const ir::Inst& inst = ir_[v];
    if (inst.op == Op::TakeNext) return take_next(v);
    if (inst.op == Op::Argument) return load_argument(v);
    if (inst.op == Op::Finish) return finish(inst);
    LaneEmitter::emit_value(v);
  }

  std::vector<Value*> parts_of(ir::ValueId v) {
    std::vector<Value*> parts;
    for (size_t p = 0; p < part_count(); ++p) parts.push_back(part(v, static_cast<int>(p)));
    return parts;
  }

  Value* bit(Value* lane) { return b_.CreateShl(b_.getInt64(1), lane); }

  void take_next(ir::ValueId v) {
    Value* before = load(busy_);
    auto more = [&] { return b_.CreateICmpSLT(load(next_), end_); };
    for_each_bit(word_of(parts_of(ir_[v].args[0])), more, [&](Value* lane) {
      Value* next = load(next_);
      b_.CreateStore(next, memory_.at(i64(), indices_, lane));
      for (size_t k = 0; k < params_.size(); ++k) {
        llvm::Type* type = stored_type(k);
        Value* x =
            memory_.within(KernelMemory::Inputs,
                           b_.CreateAlignedLoad(type, memory_.at(type, memory_.columns[k], next), llvm::Align(1)));
        b_.CreateStore(x, memory_.at(type, arguments_[k], lane));
      }
      b_.CreateStore(b_.CreateOr(load(busy_), bit(lane)), busy_);
      b_.CreateStore(b_.CreateAdd(next, b_.getInt64(1), "", true, true), next_);
    });
    // The lanes of the mask were not busy: finish() had them.
    Value* taken = b_.CreateXor(load(busy_), before);
    std::vector<Value*> masks;
    for (size_t p = 0; p < part_count(); ++p) {
      Value* bits = b_.CreateLShr(taken, p * static_cast<size_t>(shape_.lanes));
      bits = b_.CreateTrunc(bits, b_.getIntNTy(static_cast<unsigned>(shape_.lanes)));
      masks.push_back(b_.CreateBitCast(bits, vector_of(b_.getInt1Ty())));
    }
    bind_parts(v, std::move(masks));
  }

  void load_argument(ir::ValueId v) {
    const auto k = static_cast<size_t>(ir_[v].imm);
    llvm::Type* element = stored_type(k);
    std::vector<Value*> vectors;
    for (size_t p = 0; p < part_count(); ++p) {
      Value* x = b_.CreateAlignedLoad(vector_of(element), part_address(element, arguments_[k], p), llvm::Align(1));
      vectors.push_back(ir_[v].type == ir::Type::Bool ? b_.CreateIsNotNull(x) : x);
    }
    bind_parts(v, std::move(vectors));
  }

  void finish(const ir::Inst& inst) {
    std::vector<std::vector<Value*>> vectors;
    for (ir::ValueId arg : inst.args) vectors.push_back(parts_of(arg));
    Value* done = word_of(vectors[0]);
    if (has_payload()) store(KernelMemory::Lanes, memory_.payload_type(), payload_, vectors[1]);
    if (is_tagged()) store(KernelMemory::Lanes, b_.getInt8Ty(), tags_, vectors[2]);
    for_each_bit(done, nullptr, [&](Value* lane) {
      Value* index = b_.CreateLoad(i64(), memory_.at(i64(), indices_, lane));
      if (has_payload()) copy(KernelMemory::Payload, memory_.payload_type(), payload_, lane, memory_.payload, index);
      if (is_tagged()) copy(KernelMemory::Tags, b_.getInt8Ty(), tags_, lane, memory_.tags, index);
    });
    b_.CreateStore(b_.CreateAnd(load(busy_), b_.CreateNot(done)), busy_);
    list_deopts(done, {vectors.begin() + 1 + static_cast<ptrdiff_t>(result_count()), vectors.end()});
  }

  void copy(KernelMemory::Region region, llvm::Type* type, Value* from, Value* lane, Value* to, Value* index) {
    Value* x = b_.CreateAlignedLoad(type, memory_.at(type, from, lane), llvm::Align(1));
    memory_.within(region, b_.CreateAlignedStore(x, memory_.at(type, to, index), llvm::Align(1)));
  }

  void list_deopts(Value* done, const std::vector<std::vector<Value*>>& masks) {
    if (masks.empty()) return;
    std::vector<Value*> words;
    Value* all = b_.getInt64(0);
    for (const std::vector<Value*>& mask : masks) {
      words.push_back(word_of(mask));
      all = b_.CreateOr(all, words.back());
    }
    for_each_bit(b_.CreateAnd(all, done), nullptr, [&](Value* lane) {
      Value* count = load(count_);
      memory_.store_reason(reason_of(words, lane), count);
      memory_.store_deopt(b_.CreateLoad(i64(), memory_.at(i64(), indices_, lane)), count);
      b_.CreateStore(b_.CreateAdd(count, b_.getInt64(1), "", true, true), count_);
    });
  }

  void close(Value* limit) {
    if (ir_.deopts.empty()) return;
    auto* type = llvm::FunctionType::get(b_.getVoidTy(), {b_.getPtrTy(), i64(), i64()}, false);
    module_.symbols[close_deopts_symbol] = reinterpret_cast<const void*>(&close_deopts);
    b_.CreateCall(module_.llvm.getOrInsertFunction(close_deopts_symbol, type),
                  {function_->getArg(0), load(count_), limit});
  }

  void emit_ret(const std::vector<ir::ValueId>& values) override {
    GILMAP_CHECK(values.empty());
    close(end_);
    b_.CreateRet(end_);
  }

  llvm::BasicBlock* cancel_exit() override {
    if (cancelled_) return cancelled_;
    cancelled_ = new_block("cancelled");
    llvm::IRBuilderBase::InsertPointGuard guard(b_);
    b_.SetInsertPoint(cancelled_);
    Value* lowest = entry_alloca(i64(), "lowest");
    b_.CreateStore(load(next_), lowest);
    for_each_bit(load(busy_), nullptr, [&](Value* lane) {
      Value* index = b_.CreateLoad(i64(), memory_.at(i64(), indices_, lane));
      b_.CreateStore(b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, load(lowest), index), lowest);
    });
    Value* limit = load(lowest);
    close(limit);
    b_.CreateRet(limit);
    return cancelled_;
  }

  Value *next_ = nullptr, *count_ = nullptr, *busy_ = nullptr;  // i64: the next element, deopts so far, busy lanes
  Value* indices_ = nullptr;                                    // of the element of each lane
  std::vector<Value*> arguments_;                               // the same for each parameter
  Value *payload_ = nullptr, *tags_ = nullptr;                  // the results of each lane on their way out
  llvm::BasicBlock* cancelled_ = nullptr;
};

}  // namespace

void emit_refilling_kernel(ModuleContext& module, llvm::Function* kernel, const LaneShape& shape) {
  RefillingKernel(module, kernel, shape).emit();
}

}  // namespace gilmap::codegen
