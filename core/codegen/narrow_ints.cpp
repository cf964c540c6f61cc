// Problem: a vector has 8 lanes of 64 bits but 16 of 32, and most integers are small.
// Method: an integer fits if its range says so, or if it is chosen (select, block parameter) among such that fit:
// greatest fixed point, since choosing makes no new values. Operations modulo 2^32 need no more than that their result
// fits; others, that their operands do.
// Invariant: ranges hold in the lanes that matter. In the others the lower 32 bits are as arbitrary as all 64 were.
// Cost: linear in the operands, times the length of the longest chain that is struck out.

#include "codegen/narrow_ints.h"

#include "ir/dominators.h"
#include "numeric/functions.h"
#include "passes/int_range.h"
#include "passes/value_ranges.h"

namespace gilmap::codegen {

namespace {

using ir::Op;
using ir::Type;
using ir::ValueId;

class Finder {
 public:
  explicit Finder(const ir::Function& f) : f_(f), ranges_(f) {}

  std::vector<bool> fitting() {
    std::vector<bool> fits(f_.values.size());
    std::vector<ValueId> chosen;
    std::vector<std::vector<ValueId>> incoming(f_.values.size());  // of block parameters
    for (const ir::Block& block : f_.blocks) {
      for (const ir::Edge& edge : block.end.edges) {
        for (size_t k = 0; k < edge.args.size(); ++k) incoming[f_.blocks[edge.block].params[k]].push_back(edge.args[k]);
      }
    }
    for (ir::BlockId b : ir::reverse_postorder(f_)) {
      auto add = [&](ValueId v) {
        if (f_.type(v) != Type::I64) return;
        const bool is_chosen = f_[v].op == Op::Select || !incoming[v].empty();
        fits[v] = is_narrow(range(v)) || is_chosen;
        if (fits[v] && !is_narrow(range(v))) chosen.push_back(v);
      };
      for (ValueId v : f_.blocks[b].params) add(v);
      for (ValueId v : f_.blocks[b].body) add(v);
    }
    for (bool changed = true; changed;) {
      changed = false;
      for (ValueId v : chosen) {
        if (!fits[v]) continue;
        const std::vector<ValueId>& from = incoming[v].empty() ? f_[v].args : incoming[v];
        for (ValueId arg : from) {
          if (f_.type(arg) == Type::I64 && !fits[arg]) fits[v] = false;
        }
        changed |= !fits[v];
      }
    }
    return fits;
  }

  bool computes(ValueId v, const std::vector<bool>& fits) const {
    const ir::Inst& inst = f_[v];
    auto arg_fits = [&](size_t k) { return fits[inst.args[k]]; };
    switch (inst.op) {
      case Op::IAdd:
      case Op::ISub:
      case Op::IMul:
      case Op::IAnd:
      case Op::IOr:
      case Op::IXor:
      case Op::INot:
      case Op::Select:
      case Op::BToI:
      case Op::FToI:
        return fits[v];
      case Op::IShl:
        return fits[v] && arg_fits(1) && passes::meet(range(inst.args[1]), {0, 31}) == range(inst.args[1]);
      case Op::IShr:
      case Op::IFloorDiv:
      case Op::IMod:
        return fits[v] && arg_fits(0) && arg_fits(1);
      case Op::IEq:
      case Op::INe:
      case Op::ILt:
      case Op::ILe:
      case Op::IGt:
      case Op::IGe:
        return arg_fits(0) && arg_fits(1);
      case Op::IToF:
        return arg_fits(0);
      case Op::CallNumeric: {
        const auto fn = static_cast<numeric::NumericFn>(inst.imm);
        using enum numeric::NumericFn;
        const bool has_sequence = fn == int_bit_length || fn == int_bit_count || fn == int_isqrt;
        return has_sequence && fits[v] && arg_fits(0);
      }
      case Op::IAddOverflows:  // of 64 bits
      case Op::ISubOverflows:
      case Op::IMulOverflows:
      case Op::FBits:
      case Op::IConst:
      case Op::FConst:
      case Op::BConst:
      case Op::FAdd:
      case Op::FSub:
      case Op::FMul:
      case Op::FDiv:
      case Op::FNeg:
      case Op::FAbs:
      case Op::FSqrt:
      case Op::FFloor:
      case Op::FCeil:
      case Op::FTrunc:
      case Op::FRint:
      case Op::FCopysign:
      case Op::FEq:
      case Op::FNe:
      case Op::FLt:
      case Op::FLe:
      case Op::FGt:
      case Op::FGe:
      case Op::FIsNan:
      case Op::FIsInf:
      case Op::FIsFinite:
      case Op::BAnd:
      case Op::BOr:
      case Op::BXor:
      case Op::BNot:
      case Op::AnyLane:
      case Op::ManyLanes:
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
        return false;
    }
    GILMAP_UNREACHABLE();
  }

 private:
  static bool is_narrow(ir::IntRange r) { return r.lo >= INT32_MIN && r.hi <= INT32_MAX; }

  ir::IntRange range(ValueId v) const {
    const ir::IntRange r = passes::meet(f_[v].range, ranges_.defined(v));
    return passes::is_empty(r) ? passes::full_range : r;
  }

  const ir::Function& f_;
  const passes::ValueRanges ranges_;
};

}  // namespace

NarrowInts::NarrowInts(const ir::Function& lanes) : computes_(lanes.values.size()) {
  Finder finder(lanes);
  fits_ = finder.fitting();
  for (ValueId v = 0; v < computes_.size(); ++v) computes_[v] = lanes[v].varying && finder.computes(v, fits_);
}

}  // namespace gilmap::codegen
