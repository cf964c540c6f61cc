#include "codegen/kernel_memory.h"

#include <llvm/IR/MDBuilder.h>

#include <cstddef>

#include "codegen/emitter.h"
#include "codegen/kernel.h"

namespace gilmap::codegen {

using llvm::Value;

KernelMemory::KernelMemory(llvm::IRBuilder<>& builder, const ModuleContext& module, Value* args)
    : b_(builder), module_(module), args_(args) {
  llvm::MDBuilder md(module.context());
  llvm::MDNode* domain = md.createAnonymousAliasScopeDomain();
  for (llvm::MDNode*& scope : scopes_) scope = md.createAnonymousAliasScope(domain);
}

Value* KernelMemory::field(llvm::Type* type, size_t offset) {
  return b_.CreateLoad(type, b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), args_, offset));
}

void KernelMemory::load_args() {
  llvm::Type* ptr = b_.getPtrTy();
  Value* inputs = field(ptr, offsetof(KernelArgs, inputs));
  for (size_t k = 0; k < module_.ir.functions[0].blocks[0].params.size(); ++k)
    columns.push_back(b_.CreateLoad(ptr, b_.CreateConstInBoundsGEP1_64(ptr, inputs, k)));
  payload = field(ptr, offsetof(KernelArgs, payload));
  tags = field(ptr, offsetof(KernelArgs, tags));
  deopts_ = field(ptr, offsetof(KernelArgs, deopts));
  reasons_ = field(ptr, offsetof(KernelArgs, deopt_reasons));
  cancel = field(ptr, offsetof(KernelArgs, cancel));
  if (module_.tables.ways > 0) shared_tables = field(ptr, offsetof(KernelArgs, tables));
}

void KernelMemory::mark(Region region, llvm::Instruction* access) {
  std::vector<llvm::Metadata*> others;
  for (unsigned r = 0; r < RegionCount; ++r)
    if (r != region) others.push_back(scopes_[r]);
  access->setMetadata(llvm::LLVMContext::MD_alias_scope, llvm::MDNode::get(module_.context(), scopes_[region]));
  access->setMetadata(llvm::LLVMContext::MD_noalias, llvm::MDNode::get(module_.context(), others));
}

llvm::Type* KernelMemory::stored_type(ir::Type t) {
  return t == ir::Type::Bool ? b_.getInt8Ty() : llvm_type(t, module_.context());
}

Value* KernelMemory::count_address() {
  return b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), args_, offsetof(KernelArgs, deopt_count));
}

Value* KernelMemory::load_deopt_count() { return b_.CreateLoad(b_.getInt64Ty(), count_address()); }

void KernelMemory::store_reason(Value* reason, Value* count) {
  within(Lists, b_.CreateStore(reason, at(b_.getInt8Ty(), reasons_, count)));
}

void KernelMemory::store_deopt(Value* index, Value* count) {
  within(Lists, b_.CreateStore(index, at(b_.getInt64Ty(), deopts_, count)));
}

Value* KernelMemory::append_deopt(Value* index, Value* count) {
  store_deopt(index, count);
  Value* next = b_.CreateAdd(count, b_.getInt64(1), "", true, true);
  publish_deopts(next);
  return next;
}

void KernelMemory::publish_deopts(Value* count) {
  // Release: whoever acquires the count sees the indices and the reasons stored before.
  b_.CreateAlignedStore(count, count_address(), llvm::Align(8))->setAtomic(llvm::AtomicOrdering::Release);
}

void KernelMemory::store_outside(Value* bits) {
  b_.CreateStore(bits, b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), args_, offsetof(KernelArgs, outside)));
}

llvm::Function* declare_kernel(ModuleContext& module) {
  llvm::Type *i64 = llvm::Type::getInt64Ty(module.context()), *ptr = llvm::PointerType::get(module.context(), 0);
  auto* type = llvm::FunctionType::get(i64, {ptr, i64, i64}, false);
  auto* kernel = llvm::Function::Create(type, llvm::Function::ExternalLinkage, kernel_symbol, module.llvm);
  kernel->setDoesNotThrow();
  return kernel;
}

}  // namespace gilmap::codegen
