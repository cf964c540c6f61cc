// Tables that elements share. Lane functions have none.

#include "codegen/emitter.h"

namespace gilmap::codegen {

using llvm::Value;

// The entry for an index; `otherwise` for one that is too large.
Value* FunctionEmitter::table_entry(llvm::Type* type, size_t offset, ir::ValueId index, int64_t otherwise) {
  Value* i = value(index);
  Value* fits = b_.CreateICmpULT(i, b_.getInt64(Tables::length));
  Value* entry = b_.CreateSelect(fits, i, b_.getInt64(static_cast<uint64_t>(otherwise)));
  return b_.CreateInBoundsGEP(type, b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), tables_, offset), entry);
}

Value* FunctionEmitter::emit_table_way(const ir::Inst& inst) {
  const size_t offset = Tables::offset_of_way(static_cast<int>(inst.imm));
  Value* way = b_.CreateLoad(b_.getInt8Ty(), table_entry(b_.getInt8Ty(), offset, inst.args[0], Tables::unwritten));
  return b_.CreateZExt(way, b_.getInt64Ty());
}

Value* FunctionEmitter::emit_table_value(const ir::Inst& inst) {
  llvm::Type* type = inst.type == ir::Type::Bool ? b_.getInt64Ty() : llvm_type(inst.type, context());
  const size_t offset = module_.tables.offset_of_value(static_cast<int>(inst.imm));
  Value* v = b_.CreateLoad(type, table_entry(type, offset, inst.args[0], Tables::unwritten));
  return inst.type == ir::Type::Bool ? b_.CreateIsNotNull(v) : v;
}

void FunctionEmitter::emit_set_table_way(const ir::Inst& inst) {
  const size_t offset = Tables::offset_of_way(static_cast<int>(inst.imm));
  Value* way = b_.CreateTrunc(value(inst.args[1]), b_.getInt8Ty());
  b_.CreateStore(way, table_entry(b_.getInt8Ty(), offset, inst.args[0], Tables::unread));
}

void FunctionEmitter::emit_set_table_value(const ir::Inst& inst) {
  Value* v = value(inst.args[1]);
  if (v->getType()->isIntegerTy(1)) v = b_.CreateZExt(v, b_.getInt64Ty());
  const size_t offset = module_.tables.offset_of_value(static_cast<int>(inst.imm));
  b_.CreateStore(v, table_entry(v->getType(), offset, inst.args[0], Tables::unread));
}

}  // namespace gilmap::codegen
