#include "spmd/freeze.h"

#include <algorithm>
#include <map>

#include "ir/dominators.h"
#include "passes/rewrite.h"

namespace gilmap::spmd {
namespace {

using ir::BlockId;
using ir::no_value;
using ir::Op;
using ir::ValueId;

class Freezer {
 public:
  Freezer(ir::Function& f, const DivergentLoop& loop, const LiveOuts& live_outs)
      : f_(f), loop_(loop), live_outs_(live_outs) {}

  bool run() {
    if (!find_edges()) return false;
    const std::vector<ValueId> params = f_.blocks[loop_.header].params;
    bool any = false;
    for (size_t j = 0; j < params.size(); ++j) any |= try_param(j);
    return any;
  }

 private:
  enum class When : uint8_t { Round, NextRound };  // which value of a parameter stands still: this round's, the next's

  ir::Edge& back() { return f_.blocks[loop_.latch].end.edges[back_]; }
  ir::Edge& enter() { return f_.blocks[enter_.from].end.edges[enter_.index]; }

  bool find_edges() {
    const ir::Terminator& end = f_.blocks[loop_.latch].end;
    if (end.kind != ir::Terminator::Kind::Branch || f_[end.values[0]].op != Op::AnyLane) return false;
    back_ = end.edges[0].block == loop_.header ? 0 : 1;
    if (end.edges[back_].block != loop_.header || end.edges[1 - back_].block == loop_.header) return false;
    const ir::Predecessors preds(f_);
    const auto in = preds[loop_.header];
    if (in.size() != 2) return false;
    enter_ = in[in[0].from == loop_.latch ? 1 : 0];
    live_next_ = f_[end.values[0]].args[0];
    const auto live = std::ranges::find(back().args, live_next_);
    if (live == back().args.end()) return false;
    live_ = static_cast<size_t>(live - back().args.begin());
    return true;
  }

  bool try_param(size_t j) {
    const std::vector<ValueId>& params = f_.blocks[loop_.header].params;
    const ValueId t = params[j], kept = back().args[j];
    if (!f_[t].varying || uses(t) != 1) return false;
    // One select for each exit that takes along the same.
    ValueId last = kept, taken = no_value;
    for (; last != t; last = f_[last].args[2]) {
      if (!live_outs_.takes.contains(last) || (taken != no_value && f_[last].args[1] != taken)) return false;
      if (last != kept && uses(last) != 1) return false;
      taken = f_[last].args[1];
    }
    if (taken == no_value) return false;
    const bool always_defined = !live_outs_.undefined.contains(enter().args[j]);
    if (always_defined && !loop_.has_one_exit) return false;
    for (size_t k = 0; k < params.size(); ++k) {
      if (k == j || k == live_ || !f_[params[k]].varying) continue;
      const ValueId next = frozen_.contains(k) ? f_[back().args[k]].args[1] : back().args[k];
      const bool is_next = next == taken;
      if (!is_next && params[k] != taken) continue;
      const When when = is_next ? When::NextRound : When::Round;
      if (auto old = frozen_.find(k); old != frozen_.end() && old->second != when) continue;
      const ValueId frozen = freeze(k, when);
      replace_behind(kept, always_defined ? behind(frozen, enter().args[j]) : frozen);
      back().args[j] = t;
      return true;
    }
    return false;
  }

  ValueId freeze(size_t k, When when) {
    if (frozen_.contains(k)) return back().args[k];
    const ValueId p = f_.blocks[loop_.header].params[k];
    const ValueId mask = when == When::NextRound ? f_.blocks[loop_.header].params[live_] : live_next_;
    frozen_[k] = when;
    return back().args[k] =
               append(loop_.latch, {Op::Select, f_.type(p), 0, 0, {mask, back().args[k], p}, true, f_[p].range});
  }

  // Lanes that did not enter the loop have what they had in front of it. In a block of its own, on the way out.
  ValueId behind(ValueId frozen, ValueId before) {
    if (out_ == ir::no_block) {
      out_ = static_cast<BlockId>(f_.blocks.size());
      f_.blocks.emplace_back();
      ir::Edge& leave = f_.blocks[loop_.latch].end.edges[1 - back_];
      f_.blocks[out_].end.kind = ir::Terminator::Kind::Jump;
      f_.blocks[out_].end.edges = {leave};
      leave = {out_, {}};
    }
    return append(out_,
                  {Op::Select, f_.type(before), 0, 0, {enter().args[live_], frozen, before}, true, f_[frozen].range});
  }

  ValueId append(BlockId b, ir::Inst inst) {
    f_.values.push_back(std::move(inst));
    f_.blocks[b].body.push_back(static_cast<ValueId>(f_.values.size() - 1));
    return f_.blocks[b].body.back();
  }

  size_t uses(ValueId v) {
    size_t count = 0;
    auto look = [&](ValueId& arg) { count += arg == v; };
    for (ir::Block& block : f_.blocks) {
      for (ValueId inst : block.body) std::ranges::for_each(f_[inst].args, look);
      passes::for_each_operand(block.end, look);
    }
    return count;
  }

  // All uses of v but the one on the way back.
  void replace_behind(ValueId v, ValueId by) {
    auto replace = [&](ValueId& arg) {
      if (arg == v) arg = by;
    };
    for (ir::Block& block : f_.blocks) {
      for (ValueId inst : block.body) {
        if (inst != by) std::ranges::for_each(f_[inst].args, replace);
      }
      passes::for_each_operand(block.end, replace);
    }
  }

  ir::Function& f_;
  const DivergentLoop loop_;
  const LiveOuts& live_outs_;
  size_t back_ = 0;       // the latch's edge to the header
  ir::Incoming enter_{};  // the edge into the loop
  ValueId live_next_ = no_value;
  size_t live_ = 0;                // the parameter that is the mask
  std::map<size_t, When> frozen_;  // parameters
  BlockId out_ = ir::no_block;
};

}  // namespace

bool freeze_live_outs(ir::Function& f, const LiveOuts& live_outs) {
  bool any = false;
  for (const DivergentLoop& loop : live_outs.loops) any |= Freezer(f, loop, live_outs).run();
  return any;
}

}  // namespace gilmap::spmd
