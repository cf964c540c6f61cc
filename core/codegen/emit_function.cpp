// Blocks, edges and terminators, and the switch over all operations.

#include <llvm/IR/MDBuilder.h>

#include <bit>

#include "codegen/emitter.h"
#include "passes/op_kinds.h"

namespace gilmap::codegen {

using ir::Op;
using llvm::Value;

namespace {

// Weights of a branch that is almost never taken, so that its target is placed out of line.
constexpr uint32_t rare = 1, usual = 1u << 20;
// A branch of the source that is seldom taken.
constexpr uint32_t seldom = 1, often = 2000;

Op arithmetic_of(Op overflow_test) {
  if (overflow_test == Op::IAddOverflows) return Op::IAdd;
  if (overflow_test == Op::ISubOverflows) return Op::ISub;
  GILMAP_CHECK(overflow_test == Op::IMulOverflows);
  return Op::IMul;
}

}  // namespace

llvm::Type* llvm_type(ir::Type t, llvm::LLVMContext& context) {
  switch (t) {
    case ir::Type::Void:
      return llvm::Type::getVoidTy(context);
    case ir::Type::I64:
      return llvm::Type::getInt64Ty(context);
    case ir::Type::F64:
      return llvm::Type::getDoubleTy(context);
    case ir::Type::Bool:
      return llvm::Type::getInt1Ty(context);
  }
  return nullptr;
}

FunctionEmitter::FunctionEmitter(ModuleContext& module, const ir::Function& ir, llvm::Function* function)
    : module_(module),
      ir_(ir),
      function_(function),
      b_(module.context()),
      ranges_(ir),
      dependence_(ir),
      sign_choices_(sign_choices(ir)),
      values_(ir.values.size()),
      blocks_(ir.blocks.size()),
      order_(ir::reverse_postorder(ir)),
      predecessors_(ir.blocks.size()) {
  scan();
}

// Notes which blocks have one predecessor, and which operations can be shared.
void FunctionEmitter::scan() {
  for (ir::BlockId id : order_) {
    const ir::Block& block = ir_.blocks[id];
    for (const ir::Edge& edge : block.end.edges) ++predecessors_[edge.block];
    for (ir::ValueId v : block.body) {
      const ir::Inst& inst = ir_[v];
      if (passes::is_overflow_check(inst.op)) {
        Pair operands{inst.args[0], inst.args[1]};
        if (inst.op != Op::ISubOverflows && operands.first > operands.second)
          std::swap(operands.first, operands.second);
        checked_.insert({arithmetic_of(inst.op), operands});
      }
      if (inst.op == Op::IFloorDiv) floor_divided_.insert({inst.args[0], inst.args[1]});
      if (inst.op == Op::IMod) modulo_.insert({inst.args[0], inst.args[1]});
    }
  }
}

llvm::BasicBlock* FunctionEmitter::new_block(const char* name) {
  return llvm::BasicBlock::Create(context(), name, function_);
}

void FunctionEmitter::leave_if(Value* cond, llvm::BasicBlock* exit) {
  llvm::BasicBlock* next = new_block("on");
  b_.CreateCondBr(cond, exit, next, llvm::MDBuilder(context()).createBranchWeights(rare, usual));
  b_.SetInsertPoint(next);
}

// Where flatten_branches made it of `deopt_if c` on one side of a branch on b, the operand is `select b, c, false`: c,
// which is rare, is tested first.
void FunctionEmitter::emit_deopt_if(const ir::Inst& inst) {
  llvm::BasicBlock* exit = deopt_exit(static_cast<ir::DeoptReason>(inst.imm));
  const ir::Inst& cond = ir_[inst.args[0]];
  auto is_false = [&](ir::ValueId v) { return ir_[v].op == Op::BConst && ir_[v].imm == 0; };
  if (cond.op != Op::Select || is_false(cond.args[1]) == is_false(cond.args[2]))
    return leave_if(value(inst.args[0]), exit);

  const bool if_true = is_false(cond.args[2]);
  llvm::BasicBlock* doubtful = new_block("doubtful");
  leave_if(value(cond.args[if_true ? 1 : 2]), doubtful);
  llvm::BasicBlock* next = b_.GetInsertBlock();
  b_.SetInsertPoint(doubtful);
  b_.CreateCondBr(value(cond.args[0]), if_true ? exit : next, if_true ? next : exit);
  b_.SetInsertPoint(next);
}

// A relaxed read suffices: the flag says "stop", and nothing is read on the strength of it. Volatile says as much of a
// byte, and unlike an atomic load it becomes an operand of the comparison.
void FunctionEmitter::emit_poll() {
  llvm::LoadInst* flag = b_.CreateLoad(b_.getInt8Ty(), cancel_, /*isVolatile=*/true, "cancel");
  leave_if(b_.CreateIsNotNull(flag), cancel_exit());
}

void FunctionEmitter::emit_into(llvm::Function* function, llvm::function_ref<void()> emit) {
  const llvm::IRBuilderBase::InsertPointGuard guard(b_);
  llvm::Function* outer = std::exchange(function_, function);
  llvm::AllocaInst* outer_flag = std::exchange(failed_flag_, nullptr);
  b_.SetInsertPoint(new_block("entry"));
  emit();
  function_ = outer;
  failed_flag_ = outer_flag;
}

llvm::AllocaInst* FunctionEmitter::entry_alloca(llvm::Type* type, const char* name) {
  llvm::IRBuilder<> at_entry(&function_->getEntryBlock(), function_->getEntryBlock().begin());
  return at_entry.CreateAlloca(type, nullptr, name);
}

// Each parameter of a block becomes a phi; those of the entry, to which nothing jumps, are bound.
void FunctionEmitter::prepare_blocks() {
  llvm::BasicBlock* from = b_.GetInsertBlock();
  for (ir::BlockId id : order_) {
    blocks_[id] = new_block("b");
    if (id == 0) continue;
    b_.SetInsertPoint(blocks_[id]);
    for (ir::ValueId p : ir_.blocks[id].params) emit_param(p, static_cast<unsigned>(predecessors_[id]));
  }
  b_.SetInsertPoint(from);
  b_.CreateBr(blocks_[0]);
}

void FunctionEmitter::emit_param(ir::ValueId param, unsigned edges) {
  values_[param] = b_.CreatePHI(llvm_type(ir_.type(param), context()), edges);
}

void FunctionEmitter::add_incoming(ir::ValueId param, ir::ValueId arg) {
  llvm::cast<llvm::PHINode>(values_[param])->addIncoming(value(arg), b_.GetInsertBlock());
}

void FunctionEmitter::add_choice(ir::ValueId param, Value* cond, ir::ValueId yes, ir::ValueId no) {
  Value* chosen = b_.CreateSelect(cond, value(yes), value(no));
  llvm::cast<llvm::PHINode>(values_[param])->addIncoming(chosen, b_.GetInsertBlock());
}

void FunctionEmitter::emit_blocks() {
  prepare_blocks();
  for (ir::BlockId id : order_) {
    b_.SetInsertPoint(blocks_[id]);
    auto inherited = inherited_.find(id);
    available_ = inherited != inherited_.end() ? std::move(inherited->second) : Available{};
    block_ = id;
    ranges_.replay(id, [&](ir::ValueId v) { emit_value(v); });
    for (const ir::Edge& edge : ir_.blocks[id].end.edges)
      if (edge.block != 0 && predecessors_[edge.block] == 1) inherited_[edge.block] = available_;
    emit_terminator(id);
  }
}

void FunctionEmitter::emit_terminator(ir::BlockId id) {
  const ir::Terminator& end = ir_.blocks[id].end;
  switch (end.kind) {
    case ir::Terminator::Kind::None:
      GILMAP_UNREACHABLE();
    case ir::Terminator::Kind::Jump:
      add_edge(end.edges[0]);
      b_.CreateBr(blocks_[end.edges[0].block]);
      return;
    case ir::Terminator::Kind::Branch:
      return emit_branch(end);
    case ir::Terminator::Kind::Ret:
      return emit_ret(end.values);
    case ir::Terminator::Kind::Deopt:
      b_.CreateBr(deopt_exit(end.reason));
      return;
  }
}

void FunctionEmitter::emit_branch(const ir::Terminator& end) {
  const ir::Edge &yes = end.edges[0], &no = end.edges[1];
  Value* cond = value(end.values[0]);
  if (yes.block == no.block) {  // a phi has one value for each block that it comes from
    const auto& params = ir_.blocks[yes.block].params;
    for (size_t i = 0; i < params.size(); ++i) add_choice(params[i], cond, yes.args[i], no.args[i]);
    b_.CreateBr(blocks_[yes.block]);
    return;
  }
  llvm::MDNode* weights = nullptr;
  if (end.unlikely == 0) weights = llvm::MDBuilder(context()).createBranchWeights(seldom, often);
  if (end.unlikely == 1) weights = llvm::MDBuilder(context()).createBranchWeights(often, seldom);
  add_edge(yes);
  add_edge(no);
  b_.CreateCondBr(cond, blocks_[yes.block], blocks_[no.block], weights);
}

void FunctionEmitter::add_edge(const ir::Edge& edge) {
  const auto& params = ir_.blocks[edge.block].params;
  for (size_t i = 0; i < params.size(); ++i) add_incoming(params[i], edge.args[i]);
}

Value* FunctionEmitter::emit_instruction(ir::ValueId v) {
  using P = llvm::CmpInst::Predicate;
  namespace I = llvm::Intrinsic;
  const ir::Inst& inst = ir_[v];
  auto arg = [&](size_t i) { return value(inst.args[i]); };
  auto icmp = [&](P p) { return b_.CreateICmp(p, arg(0), arg(1)); };
  auto fcmp = [&](P p) { return b_.CreateFCmp(p, arg(0), arg(1)); };

  switch (inst.op) {
    case Op::IConst:
      return integer(inst.imm);
    case Op::FConst:
      return llvm::ConstantFP::get(real_type(), llvm::APFloat(std::bit_cast<double>(inst.imm)));
    case Op::BConst:
      return bool_constant(inst.imm != 0);

    case Op::IAdd:
    case Op::ISub:
    case Op::IMul:
      return emit_arithmetic(inst.op, inst);
    case Op::IAddOverflows:
    case Op::ISubOverflows:
    case Op::IMulOverflows:
      return emit_overflows(arithmetic_of(inst.op), inst);
    case Op::IFloorDiv:
      return emit_divmod(v).quotient;
    case Op::IMod:
      return emit_divmod(v).remainder;
    case Op::IAnd:
      return b_.CreateAnd(arg(0), arg(1));
    case Op::IOr:
      return b_.CreateOr(arg(0), arg(1));
    case Op::IXor:
      return b_.CreateXor(arg(0), arg(1));
    case Op::INot:
      return b_.CreateNot(arg(0));
    case Op::IShl:
    case Op::IShr:
      return emit_shift(inst.op, arg(0), arg(1));
    case Op::IEq:
      return icmp(P::ICMP_EQ);
    case Op::INe:
      return icmp(P::ICMP_NE);
    case Op::ILt:
      return icmp(P::ICMP_SLT);
    case Op::ILe:
      return icmp(P::ICMP_SLE);
    case Op::IGt:
      return icmp(P::ICMP_SGT);
    case Op::IGe:
      return icmp(P::ICMP_SGE);

    case Op::FAdd:
      return b_.CreateFAdd(float_operand(arg(0)), float_operand(arg(1)));
    case Op::FSub:
      return b_.CreateFSub(float_operand(arg(0)), float_operand(arg(1)));
    case Op::FMul:
      return b_.CreateFMul(factor(inst.args[0]), factor(inst.args[1]));
    case Op::FDiv:
      return b_.CreateFDiv(factor(inst.args[0]), factor(inst.args[1]));
    case Op::FNeg:
      return fence(b_.CreateFNeg(fence(arg(0))));
    case Op::FAbs:
      return emit_float_unary(I::fabs, inst);
    case Op::FSqrt:
      return emit_float_unary(I::sqrt, inst);
    case Op::FFloor:
      return emit_float_unary(I::floor, inst);
    case Op::FCeil:
      return emit_float_unary(I::ceil, inst);
    case Op::FTrunc:
      return emit_float_unary(I::trunc, inst);
    case Op::FRint:
      return emit_float_unary(I::roundeven, inst);
    case Op::FCopysign:
      return b_.CreateBinaryIntrinsic(I::copysign, arg(0), arg(1));
    case Op::FEq:
      return fcmp(P::FCMP_OEQ);
    case Op::FNe:
      return fcmp(P::FCMP_UNE);
    case Op::FLt:
      return fcmp(P::FCMP_OLT);
    case Op::FLe:
      return fcmp(P::FCMP_OLE);
    case Op::FGt:
      return fcmp(P::FCMP_OGT);
    case Op::FGe:
      return fcmp(P::FCMP_OGE);
    case Op::FIsNan:
      return b_.CreateFCmpUNO(arg(0), arg(0));
    case Op::FIsInf:
      return emit_is_inf(arg(0));
    case Op::FIsFinite:
      return emit_is_finite(arg(0));

    case Op::IToF:
      return to_float(arg(0), range(inst.args[0]));
    case Op::FToI:
      return to_int(arg(0), range(v));
    case Op::FBits:
      return b_.CreateBitCast(arg(0), int_type());
    case Op::BToI:
      return b_.CreateZExt(arg(0), int_type());

    case Op::BAnd:
      return b_.CreateAnd(arg(0), arg(1));
    case Op::BOr:
      return b_.CreateOr(arg(0), arg(1));
    case Op::BXor:
      return b_.CreateXor(arg(0), arg(1));
    case Op::BNot:
      return b_.CreateNot(arg(0));

    case Op::Select:
      return b_.CreateSelect(arg(0), arg(1), arg(2));

    case Op::AnyLane:
      return emit_any_lane(inst.args[0]);
    case Op::ManyLanes:
      return emit_many_lanes(inst.args[0]);

    case Op::CallNumeric:
      return emit_call_numeric(v);
    case Op::CallFailed:
      return failed_.at({inst.args[0], part_});
    case Op::CallForeign:
      return emit_call_foreign(v);
    case Op::ForeignFailed:
      return failed_.at({inst.args[0], part_});
    case Op::Call:
      return emit_call(v);
    case Op::CallResult:
      return emit_call_result(inst);

    case Op::TableWay:
      return emit_table_way(inst);
    case Op::TableValue:
      return emit_table_value(inst);
    case Op::SetTableWay:
      emit_set_table_way(inst);
      return nullptr;
    case Op::SetTableValue:
      emit_set_table_value(inst);
      return nullptr;

    case Op::DeoptIf:
      emit_deopt_if(inst);
      return nullptr;
    case Op::Poll:
      emit_poll();
      return nullptr;
    case Op::TakeNext:  // the business of the kernel that refills
    case Op::Argument:
    case Op::Finish:
    case Op::Param:  // stands in no body
      break;
  }
  GILMAP_UNREACHABLE();
  return nullptr;
}

}  // namespace gilmap::codegen
