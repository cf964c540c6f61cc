// The kernel of a lane function: loops over groups of elements, as many as it computes at once.
//
// The last group may be a partial one. Its inputs are copied into buffers, with the last element repeated for the lanes
// behind it, so that it diverges no more than its elements do; the body then works on the buffers in place of the
// columns, and what it writes is copied out of one.
//
// Elements are listed as left to CPython only after the results of their group are written: from then on others may
// write there. When the body sees the cancel flag, nothing of its group is written.
//
// A kernel that checks its inputs gathers their bits as it goes and looks at them once, at the end: a pass over the
// inputs of its own would cost as much as a short function. Until then no list is published. Inputs outside are garbage
// to the body, as those of lanes that do not matter are, which it bears; but loops might not end.

#include <llvm/IR/MDBuilder.h>

#include <algorithm>
#include <bit>
#include <ranges>

#include "codegen/kernel.h"
#include "codegen/lanes_kernel.h"

namespace gilmap::codegen {

using llvm::Value;

namespace {

// v lies within if v - lo has no bit beyond those of hi - lo.
uint64_t offset_bits(ir::IntRange r) { return static_cast<uint64_t>(r.hi) - static_cast<uint64_t>(r.lo); }

class GroupKernel final : public LaneKernel {
 public:
  GroupKernel(ModuleContext& module, llvm::Function* kernel, const LaneShape& shape, bool checks_inputs)
      : LaneKernel(module, kernel, shape), checks_inputs_(checks_inputs) {}

  void emit() {
    exit_ = enter();
    llvm::BasicBlock* some = b_.GetInsertBlock();
    group_ = new_block("group");
    done_ = new_block("done");
    Value* count = memory_.load_deopt_count();
    b_.CreateBr(group_);

    b_.SetInsertPoint(group_);
    index_ = b_.CreatePHI(i64(), 2, "i");
    count_ = b_.CreatePHI(i64(), 2, "deopt_count");
    index_->addIncoming(begin_, some);
    count_->addIncoming(count, some);
    if (checks_inputs_) {
      seen_ = b_.CreatePHI(vector_of(i64()), 2, "seen");
      seen_->addIncoming(llvm::Constant::getNullValue(seen_->getType()), some);
      seen_now_ = seen_;
    }
    left_ = b_.CreateSub(end_, index_, "left", true, true);
    is_partial_ = b_.CreateICmpSLT(left_, elements());
    choose_arrays();
    for (size_t k = 0; k < params_.size(); ++k) load_input(k);
    emit_blocks();
    finish_done();
  }

 private:
  struct Return {
    std::vector<Value*> vectors;  // for each value of the `ret`, its parts
    llvm::BasicBlock* from;
  };

  // for (j = 0; j < n; ++j), n > 0
  void loop(Value* n, llvm::function_ref<void(Value*)> body) {
    llvm::BasicBlock *start = b_.GetInsertBlock(), *turn = new_block("copy"), *after = new_block("copied");
    b_.CreateBr(turn);
    b_.SetInsertPoint(turn);
    llvm::PHINode* j = b_.CreatePHI(i64(), 2);
    j->addIncoming(b_.getInt64(0), start);
    body(j);
    Value* next = b_.CreateAdd(j, b_.getInt64(1), "", true, true);
    j->addIncoming(next, b_.GetInsertBlock());
    b_.CreateCondBr(b_.CreateICmpSLT(next, n), turn, after);
    b_.SetInsertPoint(after);
  }

  void copy(llvm::Type* type, Value* from, Value* to) {
    b_.CreateAlignedStore(b_.CreateAlignedLoad(type, from, llvm::Align(1)), to, llvm::Align(1));
  }

  // Where the group's elements are read and written: the arrays themselves or, in a partial group, buffers.
  void choose_arrays() {
    std::vector<Value*> whole, partial;
    for (size_t k = 0; k < params_.size(); ++k) {
      whole.push_back(memory_.at(stored_type(k), memory_.columns[k], index_));
      partial.push_back(buffer(stored_type(k)));
    }
    auto add_output = [&](bool wanted, llvm::Type* type, Value* array) {
      if (!wanted) return;
      whole.push_back(memory_.at(type, array, index_));
      partial.push_back(buffer(type));
    };
    add_output(has_payload(), has_payload() ? memory_.payload_type() : nullptr, memory_.payload);
    add_output(is_tagged(), b_.getInt8Ty(), memory_.tags);

    llvm::BasicBlock *full_end = b_.GetInsertBlock(), *fill = new_block("partial"), *body = new_block("body");
    b_.CreateCondBr(is_partial_, fill, body, llvm::MDBuilder(context()).createBranchWeights(1, 1000));
    b_.SetInsertPoint(fill);
    if (!params_.empty()) {
      Value* last = b_.CreateSub(left_, b_.getInt64(1));
      loop(elements(), [&](Value* j) {
        Value* from = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, j, last);
        for (size_t k = 0; k < params_.size(); ++k) {
          llvm::Type* type = stored_type(k);
          copy(type, memory_.at(type, whole[k], from), memory_.at(type, partial[k], j));
        }
      });
    }
    llvm::BasicBlock* fill_end = b_.GetInsertBlock();
    b_.CreateBr(body);

    b_.SetInsertPoint(body);
    for (size_t k = 0; k < whole.size(); ++k) {
      llvm::PHINode* array = b_.CreatePHI(b_.getPtrTy(), 2);
      array->addIncoming(whole[k], full_end);
      array->addIncoming(partial[k], fill_end);
      arrays_.push_back(array);
    }
    outputs_ = {whole.begin() + static_cast<ptrdiff_t>(params_.size()), whole.end()};
  }

  void load_input(size_t k) {
    llvm::Type* element = stored_type(k);
    std::vector<Value*> vectors;
    for (size_t p = 0; p < part_count(); ++p) {
      llvm::LoadInst* load = memory_.within(
          KernelMemory::Inputs,
          b_.CreateAlignedLoad(vector_of(element), part_address(element, arrays_[k], p), llvm::Align(1)));
      vectors.push_back(ir_.type(params_[k]) == ir::Type::Bool ? b_.CreateIsNotNull(load) : load);
      if (checks_inputs_ && ir_.type(params_[k]) == ir::Type::I64) see(load, ir_.arg_ranges[k]);
    }
    bind_parts(params_[k], std::move(vectors));
  }

  // Gathers the bits that tell that an input is outside.
  void see(Value* inputs, ir::IntRange range) {
    if (range == ir::IntRange{}) return;
    Value* offset = b_.CreateSub(inputs, splat_of(static_cast<uint64_t>(range.lo)));
    seen_now_ = b_.CreateOr(seen_now_, b_.CreateAnd(offset, splat_of(~offset_bits(range))));
  }

  Value* splat_of(uint64_t bits) {
    return b_.CreateVectorSplat(static_cast<unsigned>(shape_.lanes), b_.getInt64(bits));
  }

  void finish_checks(llvm::BasicBlock* over, Value* count) {
    llvm::BasicBlock* within = new_block("within");
    b_.SetInsertPoint(over);
    Value* outside = b_.CreateOrReduce(seen_now_);
    memory_.store_outside(outside);
    b_.CreateCondBr(b_.CreateIsNull(outside), within, exit_);
    b_.SetInsertPoint(within);
    if (!ir_.deopts.empty()) memory_.publish_deopts(count);
    b_.CreateBr(exit_);
  }

  void emit_ret(const std::vector<ir::ValueId>& values) override {
    GILMAP_CHECK(values.size() == result_count() + ir_.deopts.size());
    Return r{{}, nullptr};
    for (ir::ValueId v : values)
      for (size_t p = 0; p < part_count(); ++p) r.vectors.push_back(part(v, static_cast<int>(p)));
    r.from = b_.GetInsertBlock();
    b_.CreateBr(done_);
    returns_.push_back(std::move(r));
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

  void finish_done() {
    b_.SetInsertPoint(done_);
    std::vector<Value*> vectors;
    if (!returns_.empty()) {
      for (size_t k = 0; k < returns_[0].vectors.size(); ++k) {
        llvm::PHINode* phi = b_.CreatePHI(returns_[0].vectors[k]->getType(), static_cast<unsigned>(returns_.size()));
        for (const Return& r : returns_) phi->addIncoming(r.vectors[k], r.from);
        vectors.push_back(phi);
      }
    } else {  // it runs until it is cancelled
      done_->eraseFromParent();
      for (llvm::PHINode* phi : {index_, count_}) {
        phi->replaceAllUsesWith(phi->getIncomingValue(0));
        phi->eraseFromParent();
      }
      return;
    }
    const std::span<Value* const> all = vectors;
    if (has_payload()) store(KernelMemory::Payload, memory_.payload_type(), arrays_[params_.size()], all);
    if (is_tagged()) store(KernelMemory::Tags, b_.getInt8Ty(), arrays_[params_.size() + 1], all.subspan(part_count()));
    copy_out();
    Value* count = list_deopts(all.subspan(result_count() * part_count()));

    Value* next = b_.CreateAdd(index_, elements(), "", true, true);
    index_->addIncoming(next, b_.GetInsertBlock());
    count_->addIncoming(count, b_.GetInsertBlock());
    if (checks_inputs_) seen_->addIncoming(seen_now_, b_.GetInsertBlock());
    llvm::BasicBlock* over = checks_inputs_ ? new_block("over") : exit_;
    b_.CreateCondBr(b_.CreateICmpSLT(next, end_), group_, over);
    if (checks_inputs_) finish_checks(over, count);
  }

  void copy_out() {
    if (outputs_.empty()) return;
    llvm::BasicBlock *partial = new_block("copy_out"), *written = new_block("written");
    b_.CreateCondBr(is_partial_, partial, written, llvm::MDBuilder(context()).createBranchWeights(1, 1000));
    b_.SetInsertPoint(partial);
    loop(left_, [&](Value* j) {
      for (size_t k = 0; k < outputs_.size(); ++k) {
        llvm::Type* type = k == 0 ? memory_.payload_type() : b_.getInt8Ty();
        copy(type, memory_.at(type, arrays_[params_.size() + k], j), memory_.at(type, outputs_[k], j));
      }
    });
    b_.CreateBr(written);
    b_.SetInsertPoint(written);
  }

  // The masks of all reasons, each of all parts. Returns the new count.
  Value* list_deopts(std::span<Value* const> masks) {
    if (masks.empty()) return count_;
    llvm::BasicBlock *start = b_.GetInsertBlock(), *some = new_block("deopts"), *head = new_block("deopts.head");
    llvm::BasicBlock *one = new_block("deopt"), *listed = new_block("listed");
    b_.CreateCondBr(any(masks), some, listed, llvm::MDBuilder(context()).createBranchWeights(1, 1000));

    b_.SetInsertPoint(some);
    std::vector<Value*> words;  // for each reason a bit for each element
    Value* all = b_.getInt64(0);
    for (size_t k = 0; k < ir_.deopts.size(); ++k) {
      words.push_back(word_of(masks.subspan(k * part_count(), part_count())));
      all = b_.CreateOr(all, words.back());
    }
    Value* real = b_.CreateSub(b_.CreateShl(b_.getInt64(1), left_), b_.getInt64(1));
    all = b_.CreateAnd(all, b_.CreateSelect(is_partial_, real, b_.getInt64(~uint64_t{0})));
    llvm::BasicBlock* some_end = b_.GetInsertBlock();
    b_.CreateBr(head);

    b_.SetInsertPoint(head);
    llvm::PHINode *left = b_.CreatePHI(i64(), 2), *count = b_.CreatePHI(i64(), 2);
    left->addIncoming(all, some_end);
    count->addIncoming(count_, some_end);
    b_.CreateCondBr(b_.CreateIsNull(left), listed, one);

    b_.SetInsertPoint(one);
    Value* lane = b_.CreateIntrinsic(llvm::Intrinsic::cttz, {i64()}, {left, b_.getTrue()});
    memory_.store_reason(reason_of(words, lane), count);
    count->addIncoming(append_deopt(b_.CreateAdd(index_, lane), count), one);
    left->addIncoming(b_.CreateAnd(left, b_.CreateSub(left, b_.getInt64(1))), one);
    b_.CreateBr(head);

    b_.SetInsertPoint(listed);
    llvm::PHINode* result = b_.CreatePHI(i64(), 2);
    result->addIncoming(count_, start);
    result->addIncoming(count, head);
    return result;
  }

  Value* append_deopt(Value* index, Value* count) {
    if (!checks_inputs_) return memory_.append_deopt(index, count);
    memory_.store_deopt(index, count);
    return b_.CreateAdd(count, b_.getInt64(1), "", true, true);
  }

  const bool checks_inputs_;
  llvm::PHINode* seen_ = nullptr;  // a vector: bits of the inputs of all groups before
  Value* seen_now_ = nullptr;      // and of this one
  Value *left_ = nullptr, *is_partial_ = nullptr;
  std::vector<Value*> arrays_;   // of the group: the columns, the payload, the tags
  std::vector<Value*> outputs_;  // where they are in the real arrays
  llvm::BasicBlock *group_ = nullptr, *done_ = nullptr, *exit_ = nullptr, *cancelled_ = nullptr;
  llvm::PHINode *index_ = nullptr, *count_ = nullptr;
  std::vector<Return> returns_;
};

}  // namespace

LaneKernel::LaneKernel(ModuleContext& module, llvm::Function* kernel, const LaneShape& shape)
    : LaneEmitter(module, module.ir.functions[0], kernel, shape),
      params_(ir_.blocks[0].params),
      memory_(b_, module, kernel->getArg(0)),
      begin_(kernel->getArg(1)),
      end_(kernel->getArg(2)) {}

llvm::BasicBlock* LaneKernel::enter() {
  llvm::BasicBlock *entry = new_block("entry"), *some = new_block("some"), *exit = new_block("exit");
  b_.SetInsertPoint(exit);
  b_.CreateRet(end_);
  b_.SetInsertPoint(entry);
  b_.CreateCondBr(b_.CreateICmpSLT(begin_, end_), some, exit);
  b_.SetInsertPoint(some);
  memory_.load_args();
  cancel_ = memory_.cancel;
  return exit;
}

Value* LaneKernel::buffer(llvm::Type* element) {
  return entry_alloca(llvm::ArrayType::get(element, static_cast<uint64_t>(shape_.elements())), "buffer");
}

Value* LaneKernel::part_address(llvm::Type* element, Value* array, size_t part) {
  return b_.CreateConstInBoundsGEP1_64(element, array, part * static_cast<size_t>(shape_.lanes));
}

void LaneKernel::store(KernelMemory::Region region, llvm::Type* element, Value* array,
                       std::span<Value* const> vectors) {
  for (size_t p = 0; p < part_count(); ++p) {
    Value* v = vectors[p];
    llvm::Type* type = v->getType()->getScalarType();
    if (type != element) {
      const bool bits = type->isDoubleTy();
      v = bits ? b_.CreateBitCast(v, vector_of(element)) : b_.CreateZExtOrTrunc(v, vector_of(element));
    }
    memory_.within(region, b_.CreateAlignedStore(v, part_address(element, array, p), llvm::Align(1)));
  }
}

Value* LaneKernel::reason_of(std::span<Value* const> words, Value* lane) {
  auto code = [&](size_t k) { return b_.getInt8(static_cast<uint8_t>(ir_.deopts[k])); };
  Value* reason = code(words.size() - 1);
  for (size_t k = words.size() - 1; k-- > 0;) {
    Value* has = b_.CreateTrunc(b_.CreateLShr(words[k], lane), b_.getInt1Ty());
    reason = b_.CreateSelect(has, code(k), reason);
  }
  return reason;
}

void emit_lane_kernel(ModuleContext& module, const LaneShape& shape, bool checks_inputs) {
  if (module.ir.functions[0].refills) return emit_refilling_kernel(module, declare_kernel(module), shape);
  GroupKernel(module, declare_kernel(module), shape, checks_inputs).emit();
}

bool can_check_inputs(const ir::Function& f) {
  const auto simple = [](ir::IntRange r) { return std::has_single_bit(offset_bits(r) + 1); };
  const auto known = [](ir::IntRange r) { return r != ir::IntRange{}; };
  const auto& ranges = f.arg_ranges;
  return std::ranges::any_of(ranges, known) && std::ranges::all_of(ranges | std::views::filter(known), simple);
}

}  // namespace gilmap::codegen
