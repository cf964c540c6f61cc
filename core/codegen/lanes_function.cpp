// Values, block parameters and masks of lane functions.
//
// A mask is a vector of i1. AVX-512 has registers for it; elsewhere it is a vector of 64-bit lanes, all ones or zeros,
// which LLVM finds by itself within a block. From block to block it would pack them, so there the lanes are explicit.

#include "codegen/lanes_emitter.h"

#include "passes/int_range.h"

namespace gilmap::codegen {

using llvm::Value;

LaneEmitter::LaneEmitter(ModuleContext& module, const ir::Function& ir, llvm::Function* function, LaneShape shape)
    : FunctionEmitter(module, ir, function), shape_(shape), parts_(ir.values.size()) {}

void LaneEmitter::for_each_part(llvm::function_ref<void()> emit) {
  width_ = static_cast<unsigned>(shape_.lanes);
  for (part_ = 0; part_ < static_cast<unsigned>(shape_.parts); ++part_) emit();
  width_ = part_ = 0;
}

Value* LaneEmitter::value(ir::ValueId v) {
  if (!is_vector()) return FunctionEmitter::value(v);
  if (ir_[v].varying) return parts_[v][part_];
  Value* scalar = FunctionEmitter::value(v);
  if (auto* constant = llvm::dyn_cast<llvm::Constant>(scalar))
    return llvm::ConstantVector::getSplat(llvm::ElementCount::getFixed(width_), constant);
  return b_.CreateVectorSplat(width_, scalar);
}

Value* LaneEmitter::part(ir::ValueId v, int part) {
  width_ = static_cast<unsigned>(shape_.lanes);
  part_ = static_cast<unsigned>(part);
  Value* found = value(v);
  width_ = part_ = 0;
  return found;
}

// A uniform value may be garbage as a whole, where a block runs in which no lane matters, and nothing marks it: only
// constants are certain.
IntRange LaneEmitter::range(ir::ValueId v) const {
  const ir::Inst& inst = ir_[v];
  if (inst.op == ir::Op::IConst) return passes::single(inst.imm);
  if (!is_vector()) return passes::full_range;
  IntRange r = passes::meet(inst.range, FunctionEmitter::range(v));
  return passes::is_empty(r) ? passes::full_range : r;
}

void LaneEmitter::emit_value(ir::ValueId v) {
  const ir::Inst& inst = ir_[v];
  if (!inst.varying) return FunctionEmitter::emit_value(v);
  emitted_ = v;
  for_each_part([&] { parts_[v].push_back(emit_instruction(v)); });
  emitted_ = ir::no_value;
}

void LaneEmitter::emit_param(ir::ValueId param, unsigned edges) {
  if (!ir_[param].varying) return FunctionEmitter::emit_param(param, edges);
  const bool wide_mask = ir_.type(param) == ir::Type::Bool && !has_mask_registers();
  for_each_part([&] {
    llvm::Type* type = wide_mask ? int_type() : shaped(llvm_type(ir_.type(param), context()));
    phis_[param].push_back(b_.CreatePHI(type, edges));
  });
  for (llvm::PHINode* phi : phis_[param]) parts_[param].push_back(phi);
  if (!wide_mask) return;
  for (Value*& mask : parts_[param]) mask = b_.CreateICmpSLT(mask, llvm::Constant::getNullValue(mask->getType()));
}

// The builder stands where the edge leaves.
void LaneEmitter::add_to_phi(ir::ValueId param, Value* v) {
  llvm::PHINode* phi = phis_.at(param)[part_];
  if (v->getType() != phi->getType()) v = b_.CreateSExt(v, phi->getType());
  phi->addIncoming(v, b_.GetInsertBlock());
}

void LaneEmitter::add_incoming(ir::ValueId param, ir::ValueId arg) {
  if (!ir_[param].varying) return FunctionEmitter::add_incoming(param, arg);
  for_each_part([&] { add_to_phi(param, value(arg)); });
}

void LaneEmitter::add_choice(ir::ValueId param, Value* cond, ir::ValueId yes, ir::ValueId no) {
  if (!ir_[param].varying) return FunctionEmitter::add_choice(param, cond, yes, no);
  for_each_part([&] { add_to_phi(param, b_.CreateSelect(cond, value(yes), value(no))); });
}

Value* LaneEmitter::any(Value* mask) {
  Value* bits = b_.CreateBitCast(mask, b_.getIntNTy(static_cast<unsigned>(shape_.lanes)));
  return b_.CreateIsNotNull(bits);
}

Value* LaneEmitter::any(std::span<Value* const> masks) {
  Value* all = masks[0];
  for (Value* mask : masks.subspan(1)) all = b_.CreateOr(all, mask);
  return any(all);
}

Value* LaneEmitter::bits_of(Value* mask) {
  return b_.CreateZExt(b_.CreateBitCast(mask, b_.getIntNTy(static_cast<unsigned>(shape_.lanes))), b_.getInt64Ty());
}

// The operation itself is uniform.
Value* LaneEmitter::emit_any_lane(ir::ValueId v) { return ir_[v].varying ? any(parts_[v]) : value(v); }

}  // namespace gilmap::codegen
