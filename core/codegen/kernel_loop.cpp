// The kernel: unpacks KernelArgs and loops over the elements, with the element function as the body of the loop.
//
// `ret` stores the payload and the tag, and a deopt appends to the lists; both go on with the next element. The count
// of deopts lives in a register and is published after each append, because another thread re-runs the listed elements
// while this one goes on. The arrays do not overlap, and the accesses say so (alias scopes): with no deopt and no inner
// loop LLVM can then vectorise the loop.

#include <llvm/IR/MDBuilder.h>

#include <algorithm>
#include <cstddef>

#include "codegen/emitter.h"
#include "codegen/kernel.h"

namespace gilmap::codegen {

using llvm::Value;

namespace {

class KernelLoop final : public FunctionEmitter {
 public:
  KernelLoop(ModuleContext& module, llvm::Function* kernel)
      : FunctionEmitter(module, module.ir.functions[0], kernel),
        result_types_(module.ir.result_types),
        args_(kernel->getArg(0)),
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
    load_args();
    Value* count = b_.CreateLoad(b_.getInt64Ty(), count_address());
    b_.CreateBr(element_);

    b_.SetInsertPoint(element_);
    index_ = b_.CreatePHI(b_.getInt64Ty(), 2, "i");
    count_ = b_.CreatePHI(b_.getInt64Ty(), 2, "deopt_count");
    index_->addIncoming(begin_, some);
    count_->addIncoming(count, some);
    b_.SetInsertPoint(latch_);
    next_count_ = b_.CreatePHI(b_.getInt64Ty(), 2);

    b_.SetInsertPoint(element_);
    std::vector<Value*> args;
    for (size_t k = 0; k < ir_.blocks[0].params.size(); ++k) args.push_back(load_input(k));
    if (module_.functions.size() > 1)
      leave_if(b_.CreateICmpSLT(depth_left_, b_.getInt64(0)), deopt_exit(ir::DeoptReason::Depth));
    emit_blocks(args);
    finish_done();
    finish_deopts();
    finish_latch();
  }

 private:
  // Arrays that are written, and the inputs, which are not. No two overlap.
  enum Region : unsigned { Inputs, Payload, Tags, Lists, RegionCount };

  Value* field(llvm::Type* type, size_t offset) {
    return b_.CreateLoad(type, b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), args_, offset));
  }

  void load_args() {
    llvm::Type* ptr = b_.getPtrTy();
    Value* inputs = field(ptr, offsetof(KernelArgs, inputs));
    for (size_t k = 0; k < ir_.blocks[0].params.size(); ++k)
      columns_.push_back(b_.CreateLoad(ptr, b_.CreateConstInBoundsGEP1_64(ptr, inputs, k)));
    payload_ = field(ptr, offsetof(KernelArgs, payload));
    tags_ = field(ptr, offsetof(KernelArgs, tags));
    deopts_ = field(ptr, offsetof(KernelArgs, deopts));
    reasons_ = field(ptr, offsetof(KernelArgs, deopt_reasons));
    cancel_ = field(ptr, offsetof(KernelArgs, cancel));
    if (module_.functions.size() > 1) load_depth();

    llvm::MDBuilder md(context());
    llvm::MDNode* domain = md.createAnonymousAliasScopeDomain();
    for (llvm::MDNode*& scope : scopes_) scope = md.createAnonymousAliasScope(domain);
  }

  void load_depth() {
    auto* cap = new llvm::GlobalVariable(module_.llvm, b_.getInt64Ty(), true, llvm::GlobalValue::ExternalLinkage,
                                         nullptr, depth_cap_symbol);
    Value* budget =
        b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, field(b_.getInt64Ty(), offsetof(KernelArgs, depth_budget)),
                                 b_.CreateLoad(b_.getInt64Ty(), cap));
    depth_left_ = b_.CreateSub(budget, b_.getInt64(static_cast<uint64_t>(ir_.depth)), "depth_left");
  }

  template <class Access>
  Access* within(Region region, Access* access) {
    std::vector<llvm::Metadata*> others;
    for (unsigned r = 0; r < RegionCount; ++r)
      if (r != region) others.push_back(scopes_[r]);
    access->setMetadata(llvm::LLVMContext::MD_alias_scope, llvm::MDNode::get(context(), scopes_[region]));
    access->setMetadata(llvm::LLVMContext::MD_noalias, llvm::MDNode::get(context(), others));
    return access;
  }

  Value* at(llvm::Type* type, Value* base, Value* index) { return b_.CreateInBoundsGEP(type, base, index); }

  Value* count_address() {
    return b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), args_, offsetof(KernelArgs, deopt_count));
  }

  // Columns may lie at any address.
  Value* load_input(size_t k) {
    ir::Type t = ir_.type(ir_.blocks[0].params[k]);
    llvm::Type* stored = t == ir::Type::Bool ? b_.getInt8Ty() : llvm_type(t, context());
    llvm::LoadInst* load =
        within(Inputs, b_.CreateAlignedLoad(stored, at(stored, columns_[k], index_), llvm::Align(1)));
    if (t == ir::Type::Bool) return b_.CreateIsNotNull(load);
    if (t == ir::Type::I64 && k < ir_.arg_ranges.size() && !is_full(ir_.arg_ranges[k])) {
      IntRange r = ir_.arg_ranges[k];
      llvm::APInt lo(64, static_cast<uint64_t>(r.lo)), end(64, static_cast<uint64_t>(r.hi) + 1);
      load->setMetadata(llvm::LLVMContext::MD_range, llvm::MDBuilder(context()).createRange(lo, end));
    }
    return load;
  }

  bool is_tagged() const { return result_types_.size() > 1; }

  // The payload as it is stored.
  llvm::Type* payload_type() {
    if (is_tagged()) return b_.getInt64Ty();
    return result_types_[0] == ir::Type::Bool ? b_.getInt8Ty() : llvm_type(result_types_[0], context());
  }

  Value* payload(const std::vector<ir::ValueId>& values) {
    if (values.empty()) return llvm::Constant::getNullValue(payload_type());
    Value* v = value(values[0]);
    switch (ir_.type(values[0])) {
      case ir::Type::Void:
        break;
      case ir::Type::I64:
        return v;
      case ir::Type::F64:
        return is_tagged() ? b_.CreateBitCast(v, b_.getInt64Ty()) : v;
      case ir::Type::Bool:
        return b_.CreateZExt(v, payload_type());
    }
    GILMAP_UNREACHABLE();
    return v;
  }

  void emit_ret(const std::vector<ir::ValueId>& values) override {
    ir::Type type = values.empty() ? ir::Type::Void : ir_.type(values[0]);
    GILMAP_CHECK(std::ranges::find(result_types_, type) != result_types_.end());
    Return r{nullptr, nullptr, nullptr};
    if (is_tagged() || result_types_[0] != ir::Type::Void) r.payload = payload(values);
    if (is_tagged()) r.tag = b_.getInt8(static_cast<uint8_t>(tag_of(type)));
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
    Value* tag = is_tagged() ? meet(&Return::tag) : nullptr;
    if (v) within(Payload, b_.CreateStore(v, at(v->getType(), payload_, index_)));
    if (tag) within(Tags, b_.CreateStore(tag, at(b_.getInt8Ty(), tags_, index_)));
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
    within(Lists, b_.CreateStore(reason, at(b_.getInt8Ty(), reasons_, count_)));
    b_.CreateBr(deopt_);
  }

  void finish_deopts() {
    if (!deopt_) return;
    b_.SetInsertPoint(deopt_);
    within(Lists, b_.CreateStore(index_, at(b_.getInt64Ty(), deopts_, count_)));
    Value* count = b_.CreateAdd(count_, b_.getInt64(1), "", true, true);
    // Release: whoever acquires the count sees the index and the reason stored above.
    b_.CreateAlignedStore(count, count_address(), llvm::Align(8))->setAtomic(llvm::AtomicOrdering::Release);
    next_count_->addIncoming(count, deopt_);
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
  Value *args_, *begin_, *end_;
  std::vector<Value*> columns_;
  Value *payload_ = nullptr, *tags_ = nullptr, *deopts_ = nullptr, *reasons_ = nullptr;
  std::array<llvm::MDNode*, RegionCount> scopes_{};
  llvm::BasicBlock *element_ = nullptr, *done_ = nullptr, *latch_ = nullptr, *exit_ = nullptr;
  llvm::BasicBlock *deopt_ = nullptr, *cancelled_ = nullptr;
  llvm::PHINode *index_ = nullptr, *count_ = nullptr, *next_count_ = nullptr;
  std::map<ir::DeoptReason, llvm::BasicBlock*> deopt_exits_;
  std::vector<Return> returns_;
};

}  // namespace

void emit_kernel(ModuleContext& module) {
  llvm::Type *i64 = llvm::Type::getInt64Ty(module.context()), *ptr = llvm::PointerType::get(module.context(), 0);
  auto* type = llvm::FunctionType::get(i64, {ptr, i64, i64}, false);
  auto* kernel = llvm::Function::Create(type, llvm::Function::ExternalLinkage, kernel_symbol, module.llvm);
  kernel->setDoesNotThrow();
  KernelLoop(module, kernel).emit();
}

}  // namespace gilmap::codegen
