// If-conversion: `n = n // 2 if n % 2 == 0 else 3 * n + 1` becomes straight-line code that computes both sides and
// selects. A branch that depends on the data is mispredicted half of the time, at the price of some twenty
// instructions.
//
// LLVM does this too, but not where a side contains a check, because to it a deopt is an exit with side effects. In our
// IR it is an instruction: `deopt_if c` on one side of a branch on b is `deopt_if (b and c)` in straight-line code.
//
// A side qualifies if only the branch leads to it, it jumps to where the other side jumps to (or where the branch
// itself goes), and all it computes is cheap and can be computed for any operands. Inner branches are flattened first,
// so chains of conditional expressions fold up. A branch that is marked unlikely is left alone.
//
// `b and c` is written `select b, c, false`. It is emitted as a test of c, which is rare, and of b only behind it.

#include "codegen/flatten_branches.h"

#include <bit>
#include <utility>

namespace gilmap::codegen {

namespace {

using ir::BlockId;
using ir::Op;
using ir::ValueId;

// In additions. Both sides are computed, so that each bounds what the other may lose.
constexpr int max_cost = 7;
constexpr size_t max_selects = 3;
constexpr int too_much = 1000;

int division_cost(const ir::Inst& divisor) {
  if (divisor.op != Op::IConst || divisor.imm <= 0) return too_much;
  return std::has_single_bit(static_cast<uint64_t>(divisor.imm)) ? 1 : 5;
}

int cost(const ir::Function& f, const ir::Inst& inst) {
  switch (inst.op) {
    case Op::IConst:
    case Op::FConst:
    case Op::BConst:
      return 0;
    // An operation and its test are one.
    case Op::IAddOverflows:
    case Op::ISubOverflows:
    case Op::IMulOverflows:
      return 0;
    case Op::IAdd:
    case Op::ISub:
    case Op::IAnd:
    case Op::IOr:
    case Op::IXor:
    case Op::INot:
    case Op::IEq:
    case Op::INe:
    case Op::ILt:
    case Op::ILe:
    case Op::IGt:
    case Op::IGe:
    case Op::FNeg:
    case Op::FAbs:
    case Op::FCopysign:
    case Op::FBits:
    case Op::FEq:
    case Op::FNe:
    case Op::FLt:
    case Op::FLe:
    case Op::FGt:
    case Op::FGe:
    case Op::FIsNan:
    case Op::FIsInf:
    case Op::FIsFinite:
    case Op::BToI:
    case Op::BAnd:
    case Op::BOr:
    case Op::BXor:
    case Op::BNot:
    case Op::Select:
    case Op::DeoptIf:
      return 1;
    case Op::IMul:
    case Op::FAdd:
    case Op::FSub:
    case Op::FMul:
    case Op::IToF:
      return 2;
    case Op::FFloor:
    case Op::FCeil:
    case Op::FTrunc:
    case Op::FRint:
      return 3;
    case Op::IShl:
    case Op::IShr:
      return f[inst.args[1]].op == Op::IConst ? 1 : too_much;  // the count may be anything
    case Op::IFloorDiv:
    case Op::IMod:
      return division_cost(f[inst.args[1]]);
    case Op::FToI:  // its operand may lie outside 64 bits
    case Op::FDiv:
    case Op::FSqrt:
    case Op::CallNumeric:
    case Op::CallFailed:
    case Op::CallForeign:
    case Op::ForeignFailed:
    case Op::Call:
    case Op::CallResult:
    case Op::AnyLane:
    case Op::ManyLanes:
    case Op::TableWay:
    case Op::TableValue:
    case Op::SetTableWay:
    case Op::SetTableValue:
    case Op::TakeNext:
    case Op::Argument:
    case Op::Finish:
    case Op::Poll:
    case Op::Param:
      return too_much;
  }
  return too_much;
}

class Flattening {
 public:
  explicit Flattening(ir::Function& f) : f_(f) {}

  bool run() {
    predecessors_.assign(f_.blocks.size(), 0);
    for (const ir::Block& block : f_.blocks)
      for (const ir::Edge& edge : block.end.edges) ++predecessors_[edge.block];
    bool any = false;
    for (bool changed = true; changed; any |= changed) {
      changed = false;
      for (BlockId b = 0; b < f_.blocks.size(); ++b)
        while (flatten(b)) changed = true;
    }
    return any;
  }

 private:
  bool is_side(BlockId b, BlockId from) const {
    const ir::Block& block = f_.blocks[b];
    return b != 0 && b != from && predecessors_[b] == 1 && block.params.empty() &&
           block.end.kind == ir::Terminator::Kind::Jump && block.end.edges[0].block != b;
  }

  int cost_of(BlockId b) const {
    int total = 0;
    for (ValueId v : f_.blocks[b].body) total += cost(f_, f_[v]);
    return total;
  }

  bool flatten(BlockId b) {
    const ir::Terminator& end = f_.blocks[b].end;
    if (end.kind != ir::Terminator::Kind::Branch || end.unlikely >= 0) return false;
    const ir::Edge yes = end.edges[0], no = end.edges[1];
    const ValueId cond = end.values[0];
    if (yes.block == no.block) return false;
    bool yes_side = is_side(yes.block, b), no_side = is_side(no.block, b);
    auto target = [&](const ir::Edge& edge) { return f_.blocks[edge.block].end.edges[0]; };
    if (yes_side && no_side && target(yes).block != target(no).block) {
      // One side may still lead around the other.
      if (target(yes).block == no.block)
        no_side = false;
      else if (target(no).block == yes.block)
        yes_side = false;
    }
    const ir::Edge from_yes = yes_side ? target(yes) : yes, from_no = no_side ? target(no) : no;
    if (from_yes.block != from_no.block || (!yes_side && !no_side)) return false;
    if ((yes_side ? cost_of(yes.block) : 0) + (no_side ? cost_of(no.block) : 0) > max_cost) return false;
    size_t selects = 0;
    for (size_t i = 0; i < from_yes.args.size(); ++i) selects += from_yes.args[i] != from_no.args[i];
    if (selects > max_selects) return false;

    if (yes_side) absorb(b, yes.block, cond, true);
    if (no_side) absorb(b, no.block, cond, false);
    join(b, cond, from_yes, from_no);
    return true;
  }

  // Moves the body of a side to the end of b. The side cannot be reached any more.
  void absorb(BlockId b, BlockId side, ValueId cond, bool if_true) {
    std::vector<ValueId> body = std::exchange(f_.blocks[side].body, {});
    for (ValueId v : body) {
      if (f_[v].op == Op::DeoptIf) {
        const int line = f_[v].line;
        const ValueId c = f_[v].args[0], never = append(b, {Op::BConst, ir::Type::Bool, line, 0, {}});
        std::vector<ValueId> args = if_true ? std::vector{cond, c, never} : std::vector{cond, never, c};
        f_[v].args[0] = append(b, {Op::Select, ir::Type::Bool, line, 0, std::move(args)});
      }
      f_.blocks[b].body.push_back(v);
    }
    remove(side);
  }

  void join(BlockId b, ValueId cond, ir::Edge yes, const ir::Edge& no) {
    for (size_t i = 0; i < yes.args.size(); ++i) {
      if (yes.args[i] == no.args[i]) continue;
      yes.args[i] = append(b, {Op::Select, f_.type(yes.args[i]), f_[cond].line, 0, {cond, yes.args[i], no.args[i]}});
    }
    ir::Terminator& end = f_.blocks[b].end;
    for (const ir::Edge& edge : end.edges) --predecessors_[edge.block];
    ++predecessors_[yes.block];
    end = {};
    end.kind = ir::Terminator::Kind::Jump;
    end.edges = {std::move(yes)};
    merge_successor(b);
  }

  // Joins b with the block that it jumps to, if nothing else does.
  void merge_successor(BlockId b) {
    const ir::Edge edge = f_.blocks[b].end.edges[0];
    if (edge.block == 0 || edge.block == b || predecessors_[edge.block] != 1) return;
    ir::Block next = f_.blocks[edge.block];
    for (size_t i = 0; i < next.params.size(); ++i) replace(next.params[i], edge.args[i]);
    next.end = f_.blocks[edge.block].end;  // with the parameters replaced
    remove(edge.block);
    ir::Block& block = f_.blocks[b];
    block.body.insert(block.body.end(), next.body.begin(), next.body.end());
    for (const ir::Edge& e : next.end.edges) ++predecessors_[e.block];
    block.end = std::move(next.end);
    --predecessors_[edge.block];
  }

  void remove(BlockId b) {
    ir::Block& block = f_.blocks[b];
    for (const ir::Edge& edge : block.end.edges) --predecessors_[edge.block];
    block = {};
    block.end.kind = ir::Terminator::Kind::Deopt;
  }

  void replace(ValueId from, ValueId to) {
    auto rewrite = [&](std::vector<ValueId>& values) {
      for (ValueId& v : values)
        if (v == from) v = to;
    };
    for (ir::Inst& inst : f_.values) rewrite(inst.args);
    for (ir::Block& block : f_.blocks) {
      rewrite(block.end.values);
      for (ir::Edge& edge : block.end.edges) rewrite(edge.args);
    }
  }

  ValueId append(BlockId b, ir::Inst inst) {
    auto v = static_cast<ValueId>(f_.values.size());
    f_.values.push_back(std::move(inst));
    f_.blocks[b].body.push_back(v);
    return v;
  }

  ir::Function& f_;
  std::vector<int> predecessors_;  // edges that lead to each block
};

}  // namespace

bool flatten_branches(ir::Function& function) { return Flattening(function).run(); }

}  // namespace gilmap::codegen
