// Values, block parameters and masks of lane functions.
//
// A mask is a vector of i1 where it is computed and used. AVX-512 has registers for those. Elsewhere LLVM would pack
// and unpack them at every turn, so a mask is held as a vector of lanes with all ones or zeros, and logic on masks
// works on these. A fence, which is for floats and costs nothing, keeps LLVM from seeing that it was an i1.
//
// With lanes of 32 bits an integer that fits is held in 32 bits, and others, and doubles, in 64: LLVM makes two
// registers of such a vector. An operation is done in 32 bits or in 64 (NarrowInts); its operands are made so long, and
// its result what it is held in.

#include "codegen/lanes_emitter.h"

#include "passes/int_range.h"

namespace gilmap::codegen {

using llvm::Value;

LaneEmitter::LaneEmitter(ModuleContext& module, const ir::Function& ir, llvm::Function* function,
                         const LaneShape& shape)
    : FunctionEmitter(module, ir, function), shape_(shape), parts_(ir.values.size()) {}

void LaneEmitter::for_each_part(llvm::function_ref<void()> emit) {
  width_ = static_cast<unsigned>(shape_.lanes);
  for (part_ = 0; part_ < static_cast<unsigned>(shape_.parts); ++part_) emit();
  width_ = part_ = 0;
}

Value* LaneEmitter::splat(Value* scalar) {
  if (auto* constant = llvm::dyn_cast<llvm::Constant>(scalar))
    return llvm::ConstantVector::getSplat(llvm::ElementCount::getFixed(width_), constant);
  return b_.CreateVectorSplat(width_, scalar);
}

Value* LaneEmitter::one() {
  if (module_.simd != Simd::Avx512) return integer(1);
  Value*& known = int_bits_ == 32 ? narrow_one_ : one_;
  if (!known) {
    const llvm::IRBuilderBase::InsertPointGuard guard(b_);
    llvm::BasicBlock& entry = function_->getEntryBlock();
    b_.SetInsertPoint(&entry, entry.getFirstInsertionPt());
    known = fenced(integer(1));
  }
  return known;
}

Value* LaneEmitter::value(ir::ValueId v) {
  if (!is_vector()) return FunctionEmitter::value(v);
  Value* x = held(v, int_bits_);
  return is_wide_mask(v) ? b_.CreateICmpSLT(x, llvm::Constant::getNullValue(x->getType())) : x;
}

Value* LaneEmitter::held(ir::ValueId v, unsigned bits) {
  const bool is_int = ir_.type(v) == ir::Type::I64;
  Value* x = ir_[v].varying ? parts_[v][part_] : FunctionEmitter::value(v);
  if (is_int) x = resized(x, bits);
  if (!ir_[v].varying) x = splat(x);
  return is_wide_mask(v) && !ir_[v].varying ? b_.CreateSExt(x, wide_mask_type()) : x;
}

Value* LaneEmitter::resized(Value* ints, unsigned bits) {
  llvm::Type* type = b_.getIntNTy(bits);
  return b_.CreateSExtOrTrunc(ints, ints->getType()->isVectorTy() ? vector_of(type) : type);
}

// LLVM does not see what it is.
Value* LaneEmitter::fenced(Value* ints) {
  llvm::Type* type = ints->getType();
  llvm::Type* real = type->getScalarSizeInBits() == 32 ? b_.getFloatTy() : b_.getDoubleTy();
  return b_.CreateBitCast(fence(b_.CreateBitCast(ints, vector_of(real))), type);
}

Value* LaneEmitter::widened(Value* mask) {
  Value* wide = b_.CreateSExt(mask, wide_mask_type());
  return llvm::isa<llvm::Constant>(wide) ? wide : fenced(wide);
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
  const IntRange least = shape_.narrow.fits(v) ? IntRange{INT32_MIN, INT32_MAX} : passes::full_range;
  IntRange r = passes::meet(passes::meet(inst.range, least), FunctionEmitter::range(v));
  return passes::is_empty(r) ? least : r;
}

void LaneEmitter::bind_parts(ir::ValueId param, std::vector<Value*> parts) {
  const bool is_int = ir_.type(param) == ir::Type::I64;
  for_each_part([&] {
    Value* x = is_int ? resized(parts[part_], held_bits(param)) : parts[part_];
    parts_[param].push_back(is_wide_mask(param) ? widened(x) : x);
  });
}

void LaneEmitter::emit_value(ir::ValueId v) {
  if (!ir_[v].varying) return FunctionEmitter::emit_value(v);
  emitted_ = v;
  const bool is_int = ir_.type(v) == ir::Type::I64;
  for_each_part([&] {
    Value* r = is_wide_mask(v) ? emit_wide_logic(ir_[v]) : nullptr;
    int_bits_ = shape_.narrow.computes(v) ? 32 : 64;
    if (!r) r = is_wide_mask(v) ? widened(emit_instruction(v)) : emit_instruction(v);
    int_bits_ = 64;
    parts_[v].push_back(is_int ? resized(r, held_bits(v)) : r);
  });
  emitted_ = ir::no_value;
}

// Null if the operation is none on masks.
Value* LaneEmitter::emit_wide_logic(const ir::Inst& inst) {
  auto arg = [&](size_t i) { return held(inst.args[i], 64); };
  if (inst.op == ir::Op::BAnd) return b_.CreateAnd(arg(0), arg(1));
  if (inst.op == ir::Op::BOr) return b_.CreateOr(arg(0), arg(1));
  if (inst.op == ir::Op::BXor) return b_.CreateXor(arg(0), arg(1));
  if (inst.op == ir::Op::BNot) return b_.CreateNot(arg(0));
  if (inst.op == ir::Op::Select) return b_.CreateSelect(value(inst.args[0]), arg(1), arg(2));
  return nullptr;
}

void LaneEmitter::emit_param(ir::ValueId param, unsigned edges) {
  if (!ir_[param].varying) return FunctionEmitter::emit_param(param, edges);
  for_each_part([&] {
    llvm::Type* type = is_wide_mask(param)                ? wide_mask_type()
                       : ir_.type(param) == ir::Type::I64 ? shaped(b_.getIntNTy(held_bits(param)))
                                                          : shaped(llvm_type(ir_.type(param), context()));
    parts_[param].push_back(b_.CreatePHI(type, edges));
  });
}

// The builder stands where the edge leaves.
void LaneEmitter::add_to_phi(ir::ValueId param, Value* v) {
  llvm::cast<llvm::PHINode>(parts_[param][part_])->addIncoming(v, b_.GetInsertBlock());
}

void LaneEmitter::add_incoming(ir::ValueId param, ir::ValueId arg) {
  if (!ir_[param].varying) return FunctionEmitter::add_incoming(param, arg);
  for_each_part([&] { add_to_phi(param, held(arg, held_bits(param))); });
}

void LaneEmitter::add_choice(ir::ValueId param, Value* cond, ir::ValueId yes, ir::ValueId no) {
  if (!ir_[param].varying) return FunctionEmitter::add_choice(param, cond, yes, no);
  const unsigned bits = held_bits(param);
  for_each_part([&] { add_to_phi(param, b_.CreateSelect(cond, held(yes, bits), held(no, bits))); });
}

Value* LaneEmitter::any(Value* mask) {
  if (!mask->getType()->getScalarType()->isIntegerTy(1))
    mask = b_.CreateICmpSLT(mask, llvm::Constant::getNullValue(mask->getType()));
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

Value* LaneEmitter::word_of(std::span<Value* const> masks) {
  Value* word = bits_of(masks[0]);
  for (size_t p = 1; p < masks.size(); ++p)
    word = b_.CreateOr(word, b_.CreateShl(bits_of(masks[p]), p * static_cast<size_t>(shape_.lanes)));
  return word;
}

// The operations themselves are uniform.
Value* LaneEmitter::emit_many_lanes(ir::ValueId v) {
  if (!ir_[v].varying) return value(v);
  std::vector<Value*> masks;
  for (int p = 0; p < shape_.parts; ++p) masks.push_back(part(v, p));
  Value* count = b_.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, word_of(masks));
  return b_.CreateICmpUGE(count, b_.getInt64(static_cast<uint64_t>((shape_.elements() + 3) / 4)));
}

Value* LaneEmitter::emit_any_lane(ir::ValueId v) { return ir_[v].varying ? any(parts_[v]) : value(v); }

}  // namespace gilmap::codegen
