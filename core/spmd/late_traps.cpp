// Problem: each round takes the lanes that it leaves to CPython out of the mask of those that go on, which is an
// operation on the way from round to round, and keeps the comparison of the loop's condition from being done under the
// mask.
// Method: such a lane computes garbage, which lanes do anyway. If its trap is kept until the loop is left, and is
// returned then, it may as well go on for a few rounds.
// A trap is kept if it is carried round the loop and only ever joined (bor) by others. It is returned if on the way
// from the loop to the `ret`, where that has no branches, it becomes one of the masks there, joined with whatever.

#include "spmd/late_traps.h"

#include <algorithm>

namespace gilmap::spmd {
namespace {

using ir::BlockId;
using ir::no_value;
using ir::Op;
using ir::ValueId;

bool has(const std::vector<ValueId>& all, ValueId v) { return std::ranges::find(all, v) != all.end(); }

// The values that `v` is the disjunction of, itself among them.
std::vector<ValueId> joined(const ir::Function& f, ValueId v) {
  std::vector<ValueId> all{v};
  for (size_t i = 0; i < all.size(); ++i) {
    if (f[all[i]].op != Op::BOr) continue;
    for (ValueId arg : f[all[i]].args) {
      if (!has(all, arg)) all.push_back(arg);
    }
  }
  return all;
}

class Traps {
 public:
  Traps(const ir::Function& f, const RefilledLoop& loop)
      : f_(f),
        params_(f.blocks[loop.header].params),
        again_(f.blocks[loop.latch].end.edges[loop.back].args),
        out_(f.blocks[loop.latch].end.edges[1 - loop.back].args),
        out_params_(f.blocks[loop.behind].params) {
    std::vector<BlockId> way{loop.behind};  // from the loop to the `ret`
    while (f.blocks[way.back()].end.kind == ir::Terminator::Kind::Jump)
      way.push_back(f.blocks[way.back()].end.edges[0].block);
    const ir::Terminator& end = f.blocks[way.back()].end;
    if (end.kind != ir::Terminator::Kind::Ret) return;
    for (size_t k = end.values.size() - f.deopts.size(); k < end.values.size(); ++k) add_returned(end.values[k]);
    for (size_t i = way.size() - 1; i-- > 0;) {
      const ir::Edge& edge = f.blocks[way[i]].end.edges[0];
      for (size_t k = 0; k < edge.args.size(); ++k) {
        if (has(returned_, f.blocks[edge.block].params[k])) add_returned(edge.args[k]);
      }
    }
  }

  // Are all lanes of the mask, which is one at the latch, left to CPython?
  bool are(ValueId mask) const {
    if (is_kept(mask) && is_returned(mask)) return true;
    const ir::Inst& inst = f_[mask];
    return inst.op == Op::BOr && std::ranges::all_of(inst.args, [&](ValueId arg) { return are(arg); });
  }

 private:
  void add_returned(ValueId mask) {
    const std::vector<ValueId> masks = joined(f_, mask);
    returned_.insert(returned_.end(), masks.begin(), masks.end());
  }

  bool is_kept(ValueId mask) const {
    const std::vector<ValueId> parts = joined(f_, mask);
    for (size_t i = 0; i < params_.size(); ++i) {
      if (again_[i] == mask && has(parts, params_[i])) return true;
    }
    return false;
  }

  bool is_returned(ValueId mask) const {
    if (has(returned_, mask)) return true;
    for (size_t i = 0; i < out_params_.size(); ++i) {
      if (out_[i] == mask && has(returned_, out_params_[i])) return true;
    }
    return false;
  }

  const ir::Function& f_;
  const std::vector<ValueId>&params_, &again_, &out_, &out_params_;
  std::vector<ValueId> returned_;
};

}  // namespace

ValueId live_with_traps(const ir::Function& f, const RefilledLoop& loop, ValueId live) {
  const ir::Inst& both = f[live];
  if (both.op != Op::BAnd) return no_value;
  const Traps traps(f, loop);
  for (size_t k : {0, 1}) {
    const ir::Inst& others = f[both.args[k]];
    if (others.op == Op::BNot && traps.are(others.args[0])) return both.args[1 - k];
  }
  return no_value;
}

}  // namespace gilmap::spmd
