#include "router/arrow/program.h"

#include <map>

#include "passes/op_kinds.h"

namespace gilmap::router::arrow {
namespace {

using ir::Op;

// "A few" calls: each takes a pass over the column.
constexpr size_t most_steps = 40;

// The function of pyarrow.compute with the same name for the operands of this type. Integer arithmetic is the checked
// one, which raises for the elements that the IR's check in front of it sends to CPython. Null: there is none, or one
// whose results differ.
const char* function_of(Op op) {
  switch (op) {
    case Op::IAdd:
    case Op::IAddOverflows:
      return "add_checked";
    case Op::ISub:
    case Op::ISubOverflows:
      return "subtract_checked";
    case Op::IMul:
    case Op::IMulOverflows:
      return "multiply_checked";
    case Op::IAnd:
      return "bit_wise_and";
    case Op::IOr:
      return "bit_wise_or";
    case Op::IXor:
      return "bit_wise_xor";
    case Op::INot:
      return "bit_wise_not";
    case Op::FAdd:
      return "add";
    case Op::FSub:
      return "subtract";
    case Op::FMul:
      return "multiply";
    case Op::FDiv:
      return "divide";
    case Op::FNeg:
      return "negate";
    case Op::FAbs:
      return "abs";
    case Op::FSqrt:
      return "sqrt";
    case Op::FFloor:
      return "floor";
    case Op::FCeil:
      return "ceil";
    case Op::FTrunc:
      return "trunc";
    case Op::IEq:
    case Op::FEq:
      return "equal";
    case Op::INe:
    case Op::FNe:
      return "not_equal";
    case Op::ILt:
    case Op::FLt:
      return "less";
    case Op::ILe:
    case Op::FLe:
      return "less_equal";
    case Op::IGt:
    case Op::FGt:
      return "greater";
    case Op::IGe:
    case Op::FGe:
      return "greater_equal";
    case Op::FIsNan:
      return "is_nan";
    case Op::FIsInf:
      return "is_inf";
    case Op::FIsFinite:
      return "is_finite";
    case Op::BAnd:
      return "and";
    case Op::BOr:
      return "or";
    case Op::BXor:
      return "xor";
    case Op::BNot:
      return "invert";
    case Op::Select:
      return "if_else";
    case Op::IConst:
    case Op::FConst:
    case Op::BConst:
    case Op::IFloorDiv:  // pyarrow's rounds towards zero
    case Op::IMod:
    case Op::IShl:
    case Op::IShr:
    case Op::FRint:
    case Op::FCopysign:
    case Op::IToF:
    case Op::FToI:
    case Op::FBits:
    case Op::BToI:
    case Op::ManyLanes:
    case Op::AnyLane:
    case Op::CallNumeric:
    case Op::CallFailed:
    case Op::CallForeign:
    case Op::ForeignFailed:
    case Op::Call:
    case Op::CallResult:
    case Op::DeoptIf:
    case Op::Poll:
    case Op::TableWay:
    case Op::TableValue:
    case Op::SetTableWay:
    case Op::SetTableValue:
    case Op::TakeNext:
    case Op::Argument:
    case Op::Finish:
    case Op::Param:
      return nullptr;
  }
  return nullptr;
}

class Maker {
 public:
  explicit Maker(const ir::Function& f) : f_(f) {}

  std::expected<Program, std::string> make(ir::Type result_type) {
    const ir::Block& block = f_.blocks[0];
    for (const ir::ValueId v : block.params) {
      if (f_.type(v) == ir::Type::Bool) return std::unexpected("it takes bools");
      slots_[v] = p_.columns++;
    }
    for (const ir::ValueId v : block.body) {
      if (!add(v)) return std::unexpected(std::string("pyarrow.compute has nothing for `") + info(f_[v].op).text + "`");
      if (p_.steps.size() > most_steps) return std::unexpected("it has too many operations");
    }
    if (block.end.values.empty()) return std::unexpected("it returns None");
    const auto result = slots_.find(block.end.values[0]);
    if (result == slots_.end() || result->second < p_.columns ||
        p_.steps[static_cast<size_t>(result->second - p_.columns)].kind == Step::Kind::Constant) {
      return std::unexpected("it computes nothing");
    }
    p_.result = result->second;
    p_.result_type = result_type;
    return std::move(p_);
  }

 private:
  int push(Step step) {
    p_.steps.push_back(std::move(step));
    return p_.columns + static_cast<int>(p_.steps.size()) - 1;
  }

  bool add(ir::ValueId v) {
    const ir::Inst& inst = f_[v];
    Step step;
    step.type = inst.type;
    if (inst.op == Op::IConst || inst.op == Op::FConst || inst.op == Op::BConst) {
      step.kind = Step::Kind::Constant;
      step.bits = inst.imm;
      slots_[v] = push(step);
      return true;
    }
    // The checked sum has raised by then.
    if (inst.op == Op::DeoptIf && never_.contains(inst.args[0])) return true;
    bool only_constants = true;
    for (const ir::ValueId arg : inst.args) {
      const auto slot = slots_.find(arg);
      if (slot == slots_.end()) return false;
      step.args.push_back(slot->second);
      only_constants &= slot->second >= p_.columns &&
                        p_.steps[static_cast<size_t>(slot->second - p_.columns)].kind == Step::Kind::Constant;
    }
    if (only_constants) return false;  // would give one value, not a column
    if (inst.op == Op::DeoptIf) {
      step.kind = Step::Kind::HandOn;
      step.reason = static_cast<ir::DeoptReason>(inst.imm);
      push(std::move(step));
      return true;
    }
    if (inst.op == Op::IToF || inst.op == Op::FToI || inst.op == Op::BToI) {
      step.kind = Step::Kind::Cast;
    } else {
      step.function = function_of(inst.op);
      if (!step.function) return false;
      step.reason = ir::DeoptReason::Overflow;
    }
    if (passes::is_overflow_check(inst.op)) step.type = ir::Type::I64;
    // A test for overflow and the sum behind it are one call.
    std::pair<std::string, std::vector<int>> key{step.function ? step.function : info(inst.op).text, step.args};
    const auto known = calls_.find(key);
    const int slot = known != calls_.end() ? known->second : push(std::move(step));
    calls_.emplace(std::move(key), slot);
    if (passes::is_overflow_check(inst.op))
      never_.emplace(v, slot);
    else
      slots_[v] = slot;
    return true;
  }

  const ir::Function& f_;
  Program p_;
  std::map<ir::ValueId, int> slots_;
  std::map<ir::ValueId, int> never_;  // bools that are false wherever the program goes on
  std::map<std::pair<std::string, std::vector<int>>, int> calls_;
};

}  // namespace

std::expected<Program, std::string> make_program(const ir::Module& module) {
  const ir::Function& f = module.functions[0];
  if (module.functions.size() > 1) return std::unexpected("it is recursive");
  if (f.blocks.size() > 1) return std::unexpected("it is not one expression: it has a loop or branches");
  if (f.blocks[0].end.kind != ir::Terminator::Kind::Ret) return std::unexpected("it always raises");
  return Maker(f).make(module.result_types[0]);
}

}  // namespace gilmap::router::arrow
