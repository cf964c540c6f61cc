#pragma once
// What a kernel reads and writes: the fields of KernelArgs, and accesses to the arrays behind them. The arrays do not
// overlap, and the accesses say so (alias scopes).

#include <llvm/IR/IRBuilder.h>

#include <array>
#include <vector>

#include "codegen/module_context.h"

namespace gilmap::codegen {

class KernelMemory {
 public:
  // Arrays that are written, and the inputs, which are not; Lanes are the kernel's own.
  enum Region : unsigned { Inputs, Payload, Tags, Lists, Lanes, RegionCount };

  KernelMemory(llvm::IRBuilder<>& builder, const ModuleContext& module, llvm::Value* args);

  // Loads what the kernel needs of its KernelArgs, where the builder stands.
  void load_args();
  llvm::Value* field(llvm::Type* type, size_t offset);

  template <class Access>
  Access* within(Region region, Access* access) {
    mark(region, access);
    return access;
  }
  llvm::Value* at(llvm::Type* type, llvm::Value* base, llvm::Value* index) {
    return b_.CreateInBoundsGEP(type, base, index);
  }

  // A type as it is stored; and the payload's.
  llvm::Type* stored_type(ir::Type t);
  bool is_tagged() const { return module_.ir.result_types.size() > 1; }
  bool has_payload() const { return is_tagged() || module_.ir.result_types[0] != ir::Type::Void; }
  llvm::Type* payload_type() { return is_tagged() ? b_.getInt64Ty() : stored_type(module_.ir.result_types[0]); }

  llvm::Value* load_deopt_count();
  // Appends to the deopts and publishes the count, which it returns.
  void store_reason(llvm::Value* reason, llvm::Value* count);
  llvm::Value* append_deopt(llvm::Value* index, llvm::Value* count);
  void store_deopt(llvm::Value* index, llvm::Value* count);  // without publishing it
  void publish_deopts(llvm::Value* count);
  void store_outside(llvm::Value* bits);

  std::vector<llvm::Value*> columns;
  llvm::Value *payload = nullptr, *tags = nullptr, *cancel = nullptr, *shared_tables = nullptr;

 private:
  void mark(Region region, llvm::Instruction* access);
  llvm::Value* count_address();

  llvm::IRBuilder<>& b_;
  const ModuleContext& module_;
  llvm::Value* args_;
  llvm::Value *deopts_ = nullptr, *reasons_ = nullptr;
  std::array<llvm::MDNode*, RegionCount> scopes_{};
};

// The kernel's function, (KernelArgs*, begin, end) -> int64_t.
llvm::Function* declare_kernel(ModuleContext& module);

}  // namespace gilmap::codegen
