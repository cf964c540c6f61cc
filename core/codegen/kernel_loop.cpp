// The kernel: unpacks KernelArgs and loops over the elements, with the element function as the body of the loop.
//
// `ret` stores the payload and the tag, and a deopt appends to the lists; both go on with the next element. The count
// of deopts lives in a register and is published after each append, because another thread re-runs the listed elements
// while this one goes on. The accesses say that the arrays do not overlap: with no deopt and no inner loop LLVM
// can then vectorise the loop.

#include <llvm/IR/MDBuilder.h>

#include <algorithm>
#include <cstddef>

#include "codegen/emitter.h"
#include "codegen/kernel.h"
#include "codegen/kernel_memory.h"

namespace gilmap::codegen {

using llvm::Value;

namespace {

class KernelLoop final : public FunctionEmitter {
 public:
  KernelLoop(ModuleContext& module, llvm::Function* kernel)
      : FunctionEmitter(module, module.ir.functions[0], kernel),
        result_types_(module.ir.result_types),
        memory_(b_, module, kernel->getArg(0)),
        begin_(kernel->getArg(1)),
        end_(kernel->getArg(2)) {}

  void emit() {
    llvm::BasicBlock *entry = new_block("entry"), *some = new_block("some");
    element_ = new_block("element");
    latch_ = new_block("next");
    done_ = new_block("done");
    exit_ = new_block("exit");
    b_.SetInsertPoint(exit_);
    b_.CreateRet(end_);
    b_.SetInsertPoint(entry);
    b_.CreateCondBr(b_.CreateICmpSLT(begin_, end_), some, exit_);
    b_.SetInsertPoint(some);
    memory_.load_args();
    cancel_ = memory_.cancel;
    tables_ = memory_.shared_tables;
    if (module_.functions.size() > 1) load_depth();
    Value* count = memory_.load_deopt_count();
    b_.CreateBr(element_);

    b_.SetInsertPoint(element_);
    index_ = b_.CreatePHI(b_.getInt64Ty(), 2, "i");
    count_ = b_.CreatePHI(b_.getInt64Ty(), 2, "deopt_count");
    index_->addIncoming(begin_, some);
    count_->addIncoming(count, some);
    b_.SetInsertPoint(latch_);
    next_count_ = b_.CreatePHI(b_.getInt64Ty(), 2);

    b_.SetInsertPoint(element_);
    for (size_t k = 0; k < ir_.blocks[0].params.size(); ++k) bind(ir_.blocks[0].params[k], load_input(k));
    if (module_.functions.size() > 1)
      leave_if(b_.CreateICmpSLT(depth_left_, b_.getInt64(0)), deopt_exit(ir::DeoptReason::Depth));
    emit_blocks();
    finish_done();
    finish_deopts();
    finish_latch();
  }

 private:
  void load_depth() {
    auto* cap = new llvm::GlobalVariable(module_.llvm, b_.getInt64Ty(), true, llvm::GlobalValue::ExternalLinkage,
                                         nullptr, depth_cap_symbol);
    Value* budget = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin,
                                             memory_.field(b_.getInt64Ty(), offsetof(KernelArgs, depth_budget)),
                                             b_.CreateLoad(b_.getInt64Ty(), cap));
    depth_left_ = b_.CreateSub(budget, b_.getInt64(static_cast<uint64_t>(ir_.depth)), "depth_left");
  }

  // Columns may lie at any address.
  Value* load_input(size_t k) {
    ir::Type t = ir_.type(ir_.blocks[0].params[k]);
    llvm::Type* stored = memory_.stored_type(t);
    llvm::LoadInst* load =
        memory_.within(KernelMemory::Inputs,
                       b_.CreateAlignedLoad(stored, memory_.at(stored, memory_.columns[k], index_), llvm::Align(1)));
    if (t == ir::Type::Bool) return b_.CreateIsNotNull(load);
    if (t == ir::Type::I64 && k < ir_.arg_ranges.size() && !is_full(ir_.arg_ranges[k])) {
      IntRange r = ir_.arg_ranges[k];
      llvm::APInt lo(64, static_cast<uint64_t>(r.lo)), end(64, static_cast<uint64_t>(r.hi) + 1);
      load->setMetadata(llvm::LLVMContext::MD_range, llvm::MDBuilder(context()).createRange(lo, end));
    }
    return load;
  }

  Value* payload(const std::vector<ir::ValueId>& values) {
    if (values.empty()) return llvm::Constant::getNullValue(memory_.payload_type());
    Value* v = value(values[0]);
    switch (ir_.type(values[0])) {
      case ir::Type::Void:
        break;
      case ir::Type::I64:
        return v;
      case ir::Type::F64:
        return memory_.is_tagged() ? b_.CreateBitCast(v, b_.getInt64Ty()) : v;
      case ir::Type::Bool:
        return b_.CreateZExt(v, memory_.payload_type());
    }
    GILMAP_UNREACHABLE();
    return v;
  }

  void emit_ret(const std::vector<ir::ValueId>& values) override {
    ir::Type type = values.empty() ? ir::Type::Void : ir_.type(values[0]);
    GILMAP_CHECK(std::ranges::find(result_types_, type) != result_types_.end());
    Return r{nullptr, nullptr, nullptr};
    if (memory_.has_payload()) r.payload = payload(values);
    if (memory_.is_tagged()) r.tag = b_.getInt8(static_cast<uint8_t>(tag_of(type)));
    r.from = b_.GetInsertBlock();
    b_.CreateBr(done_);
    returns_.push_back(r);
  }

  // All ways to return meet here, so that there is one store, which a vectoriser can handle.
  void finish_done() {
    if (returns_.empty()) {
      done_->eraseFromParent();
      return;
    }
    b_.SetInsertPoint(done_);
    auto meet = [&](Value* Return::* part) {
      llvm::PHINode* phi = b_.CreatePHI((returns_[0].*part)->getType(), static_cast<unsigned>(returns_.size()));
      for (const Return& r : returns_) phi->addIncoming(r.*part, r.from);
      return phi;
    };
    Value* v = returns_[0].payload ? meet(&Return::payload) : nullptr;
    Value* tag = memory_.is_tagged() ? meet(&Return::tag) : nullptr;
    if (v) memory_.within(KernelMemory::Payload, b_.CreateStore(v, memory_.at(v->getType(), memory_.payload, index_)));
    if (tag) memory_.within(KernelMemory::Tags, b_.CreateStore(tag, memory_.at(b_.getInt8Ty(), memory_.tags, index_)));
    next_count_->addIncoming(count_, done_);
    b_.CreateBr(latch_);
  }

  llvm::BasicBlock* deopt_exit(ir::DeoptReason why) override {
    llvm::BasicBlock*& block = deopt_exits_[why];
    if (!block) {
      block = new_block("deopt");
      llvm::IRBuilderBase::InsertPointGuard guard(b_);
      b_.SetInsertPoint(block);
      emit_deopt(b_.getInt8(static_cast<uint8_t>(why)));
    }
    return block;
  }

  void emit_deopt(Value* reason) {
    if (!deopt_) deopt_ = new_block("deopted");
    memory_.store_reason(reason, count_);
    b_.CreateBr(deopt_);
  }

  void finish_deopts() {
    if (!deopt_) return;
    b_.SetInsertPoint(deopt_);
    next_count_->addIncoming(memory_.append_deopt(index_, count_), deopt_);
    b_.CreateBr(latch_);
  }

  llvm::BasicBlock* cancel_exit() override {
    if (!cancelled_) {
      cancelled_ = new_block("cancelled");
      llvm::IRBuilderBase::InsertPointGuard guard(b_);
      b_.SetInsertPoint(cancelled_);
      b_.CreateRet(index_);
    }
    return cancelled_;
  }

  void emit_callee_failed(Value* status) override {
    llvm::BasicBlock* deopted = new_block("callee_deopted");
    b_.CreateCondBr(b_.CreateICmpEQ(status, b_.getInt8(status_cancelled)), cancel_exit(), deopted);
    b_.SetInsertPoint(deopted);
    emit_deopt(b_.CreateSub(status, b_.getInt8(1)));
  }

  void finish_latch() {
    if (next_count_->getNumIncomingValues() == 0) {  // no element is ever finished
      next_count_->eraseFromParent();
      latch_->eraseFromParent();
      for (llvm::PHINode* phi : {index_, count_}) {
        phi->replaceAllUsesWith(phi->getIncomingValue(0));
        phi->eraseFromParent();
      }
      return;
    }
    b_.SetInsertPoint(latch_);
    Value* next = b_.CreateAdd(index_, b_.getInt64(1), "", true, true);
    index_->addIncoming(next, latch_);
    count_->addIncoming(next_count_, latch_);
    llvm::BranchInst* again = b_.CreateCondBr(b_.CreateICmpSLT(next, end_), element_, exit_);
    again->setMetadata(llvm::LLVMContext::MD_loop, loop_hints());
  }

  // If the loop is vectorised: two vectors per turn, and no second vector loop for the rest. That is half of the code
  // that LLVM would make, in half of the time, and as fast.
  llvm::MDNode* loop_hints() {
    auto* two = llvm::ConstantAsMetadata::get(b_.getInt32(2));
    auto* hint = llvm::MDNode::get(context(), {llvm::MDString::get(context(), "llvm.loop.interleave.count"), two});
    llvm::MDNode* loop = llvm::MDNode::getDistinct(context(), {nullptr, hint});
    loop->replaceOperandWith(0, loop);  // its identity
    return loop;
  }

  struct Return {
    Value* payload;
    Value* tag;
    llvm::BasicBlock* from;
  };

  const std::vector<ir::Type>& result_types_;
  KernelMemory memory_;
  Value *begin_, *end_;
  llvm::BasicBlock *element_ = nullptr, *done_ = nullptr, *latch_ = nullptr, *exit_ = nullptr;
  llvm::BasicBlock *deopt_ = nullptr, *cancelled_ = nullptr;
  llvm::PHINode *index_ = nullptr, *count_ = nullptr, *next_count_ = nullptr;
  std::map<ir::DeoptReason, llvm::BasicBlock*> deopt_exits_;
  std::vector<Return> returns_;
};

}  // namespace

void emit_kernel(ModuleContext& module) { KernelLoop(module, declare_kernel(module)).emit(); }

}  // namespace gilmap::codegen
