#pragma once
// What the kernels of lane functions share: the one that goes from group to group, and the one that refills lanes.

#include "codegen/kernel_memory.h"
#include "codegen/lanes_emitter.h"

namespace gilmap::codegen {

class LaneKernel : public LaneEmitter {
 public:
  LaneKernel(ModuleContext& module, llvm::Function* kernel, const LaneShape& shape);

 protected:
  // Begins the function: the builder stands where there are elements. Returns the block that returns end.
  llvm::BasicBlock* enter();

  llvm::Type* i64() { return b_.getInt64Ty(); }
  llvm::ConstantInt* elements() { return b_.getInt64(static_cast<uint64_t>(shape_.elements())); }
  size_t part_count() const { return static_cast<size_t>(shape_.parts); }
  bool has_payload() const { return memory_.has_payload(); }
  bool is_tagged() const { return memory_.is_tagged(); }
  // Of what a lane function returns the results come first, then the masks of `deopts`.
  size_t result_count() const { return is_tagged() ? 2 : has_payload() ? 1 : 0; }

  llvm::Type* stored_type(size_t k) { return memory_.stored_type(ir_.type(params_[k])); }
  // Memory for one of each element.
  llvm::Value* buffer(llvm::Type* element);
  llvm::Value* part_address(llvm::Type* element, llvm::Value* array, size_t part);
  void store(KernelMemory::Region region, llvm::Type* element, llvm::Value* array,
             std::span<llvm::Value* const> vectors);
  // Why an element is left to CPython, by a word for each of `deopts`.
  llvm::Value* reason_of(std::span<llvm::Value* const> words, llvm::Value* lane);

  llvm::BasicBlock* deopt_exit(ir::DeoptReason) override {
    GILMAP_CHECK(false && "a lane function returns its deopts");
    return nullptr;
  }
  void emit_callee_failed(llvm::Value*) override { GILMAP_CHECK(false && "a lane function calls nothing"); }

  const std::vector<ir::ValueId>& params_;
  KernelMemory memory_;
  llvm::Value *begin_, *end_;
};

void emit_refilling_kernel(ModuleContext& module, llvm::Function* kernel, const LaneShape& shape);

}  // namespace gilmap::codegen
