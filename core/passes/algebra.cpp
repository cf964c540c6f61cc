// Dispatch by family, and the folding of operations on constants.

#include "passes/algebra.h"

#include <array>
#include <cmath>

#include "ir/evaluate.h"
#include "passes/op_kinds.h"

namespace gilmap::passes {
namespace {

bool is_nan(uint64_t bits) { return std::isnan(std::bit_cast<double>(bits)); }

}  // namespace

ValueId Algebra::simplify(ValueId v, std::vector<ValueId>* before) {
  before_ = before;
  do {
    changed_ = false;
    if (ValueId by = fold(v); by != v) return by;
    order_operands(v);
    if (ValueId by = once(v); by != v) return by;
    any_change_ |= changed_;
  } while (changed_);
  return v;
}

// A constant operand stands second, so that the rules need to look for it in one place only.
void Algebra::order_operands(ValueId v) {
  bool compare = is_int_compare(op(v));
  if ((!compare && !is_commutative(op(v))) || !is_constant(op(arg(v, 0))) || is_constant(op(arg(v, 1)))) return;
  std::swap(f_[v].args[0], f_[v].args[1]);
  if (compare) f_[v].op = swapped(op(v));
  any_change_ = true;
}

ValueId Algebra::become(ValueId v, Op op, std::vector<ValueId> args) {
  f_[v].op = op;
  f_[v].imm = 0;
  f_[v].args = std::move(args);
  changed_ = true;
  return v;
}

ValueId Algebra::make(ValueId v, Op op, ir::Type type, std::vector<ValueId> args) {
  auto made = static_cast<ValueId>(f_.values.size());
  f_.values.push_back({op, type, f_[v].line, 0, std::move(args)});
  before_->push_back(made);
  return made;
}

ValueId Algebra::constant(ir::Type type, uint64_t bits) {
  Op op = constant_of(type);
  return pool_.get(op, static_cast<int64_t>(bits));
}

ValueId Algebra::fold(ValueId v) {
  const ir::Inst& inst = f_[v];
  std::array<uint64_t, 3> args{};
  if (inst.args.size() > args.size()) return v;
  for (size_t k = 0; k < inst.args.size(); ++k) {
    const ir::Inst& arg = f_[inst.args[k]];
    if (!is_constant(arg.op)) return v;
    args[k] = static_cast<uint64_t>(arg.imm);
    // Which NaN comes out of an operation on NaNs is for the machine to say.
    if (arg.op == Op::FConst && inst.type == ir::Type::F64 && is_nan(args[k])) return v;
  }
  std::optional<uint64_t> bits = evaluate(inst.op, inst.imm, {args.data(), inst.args.size()});
  return bits ? constant(inst.type, *bits) : v;
}

ValueId Algebra::once(ValueId v) {
  switch (op(v)) {
    case Op::IConst:
    case Op::FConst:
    case Op::BConst:
    case Op::IToF:
    case Op::FToI:
    case Op::FBits:
    case Op::BToI:
    case Op::FSqrt:
    case Op::Call:
    case Op::CallResult:
    case Op::CallNumeric:  // calling libm here would tie the IR to this machine's
    case Op::CallFailed:
    case Op::CallForeign:
    case Op::ForeignFailed:
    case Op::AnyLane:
    case Op::ManyLanes:
    case Op::TableWay:
    case Op::TableValue:
    case Op::SetTableWay:
    case Op::SetTableValue:
    case Op::TakeNext:
    case Op::Argument:
    case Op::Finish:
    case Op::DeoptIf:
    case Op::Poll:
    case Op::Param:
      return v;
    case Op::IAdd:
    case Op::ISub:
    case Op::IMul:
    case Op::IFloorDiv:
    case Op::IMod:
      return int_arithmetic(v);
    case Op::IAnd:
    case Op::IOr:
    case Op::IXor:
    case Op::INot:
    case Op::IShl:
    case Op::IShr:
      return int_bits(v);
    case Op::IAddOverflows:
    case Op::ISubOverflows:
    case Op::IMulOverflows:
      return overflow_check(v);
    case Op::IEq:
    case Op::INe:
    case Op::ILt:
    case Op::ILe:
    case Op::IGt:
    case Op::IGe:
      return int_compare(v);
    case Op::FAdd:
    case Op::FSub:
    case Op::FMul:
    case Op::FDiv:
      return float_arithmetic(v);
    case Op::FNeg:
    case Op::FAbs:
    case Op::FCopysign:
      return float_sign(v);
    case Op::FFloor:
    case Op::FCeil:
    case Op::FTrunc:
    case Op::FRint:
      return float_rounding(v);
    case Op::FEq:
    case Op::FNe:
    case Op::FLt:
    case Op::FLe:
    case Op::FGt:
    case Op::FGe:
      return float_compare(v);
    case Op::FIsNan:
    case Op::FIsInf:
    case Op::FIsFinite:
      return float_test(v);
    case Op::BAnd:
    case Op::BOr:
    case Op::BXor:
      return bool_logic(v);
    case Op::BNot:
      return bool_not(v);
    case Op::Select:
      return select(v);
  }
  GILMAP_UNREACHABLE();
}

}  // namespace gilmap::passes
