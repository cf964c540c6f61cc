#include "spmd/divergence.h"

#include <utility>

namespace gilmap::spmd {

using ir::no_block;
using ir::Op;

std::vector<BlockId> immediate_postdominators(const ir::Function& f, BlockId exit) {
  // Dominators of the reversed graph, in which the exit and block 0 have changed places.
  auto swapped = [&](BlockId b) { return b == 0 ? exit : b == exit ? BlockId{0} : b; };
  ir::Function reversed;
  reversed.blocks.resize(f.blocks.size());
  for (BlockId b = 0; b < f.blocks.size(); ++b) {
    for (const ir::Edge& edge : f.blocks[b].end.edges)
      reversed.blocks[swapped(edge.block)].end.edges.push_back({swapped(b), {}});
  }
  const ir::Dominators dominators(reversed);
  std::vector<BlockId> result(f.blocks.size(), no_block);
  for (BlockId b = 0; b < f.blocks.size(); ++b) {
    const BlockId up = dominators.idom(swapped(b));
    if (up != no_block) result[b] = swapped(up);
  }
  return result;
}

Divergence::Divergence(const Normal& normal, bool rounds_differ)
    : f_(normal.f),
      preds_(f_),
      dominators_(f_, preds_),
      loops_(ir::Loops::of(f_, preds_, dominators_)),
      exit_(normal.exit),
      home_(ir::home_blocks(f_)),
      varying_(f_.values.size()),
      parts_(f_.blocks.size()),
      joins_(f_.blocks.size()),
      divergent_(loops_->size()) {
  for (size_t i = 0; i < loops_->size(); ++i) postdominators_.push_back(postdominators_within(i));
  postdominators_.push_back(postdominators_within(ir::Loops::none));
  for (ValueId p : f_.blocks[0].params) varying_[p] = true;
  for (size_t i = 0; i < loops_->size() && rounds_differ; ++i) {
    if (loops_->outer(i) != ir::Loops::none) continue;
    for (ValueId p : f_.blocks[(*loops_)[i].header].params) varying_[p] = true;
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (BlockId b : dominators_.order()) {
      changed |= look_at_params(b);
      changed |= look_at_values(b);
    }
  }
}

// Where the ways back to the headers of the loop, and of those around it, lead to the exit.
std::vector<BlockId> Divergence::postdominators_within(size_t loop) const {
  ir::Function shape;
  shape.blocks.resize(f_.blocks.size());
  for (BlockId b = 0; b < f_.blocks.size(); ++b) {
    for (const ir::Edge& edge : f_.blocks[b].end.edges) shape.blocks[b].end.edges.push_back({edge.block, {}});
  }
  for (size_t i = loop; i != ir::Loops::none; i = loops_->outer(i)) {
    for (ir::Incoming in : (*loops_)[i].back_edges) shape.blocks[in.from].end.edges[in.index].block = exit_;
  }
  return immediate_postdominators(shape, exit_);
}

const std::vector<BlockId>& Divergence::postdominators_of(BlockId b) const {
  const size_t loop = loops_->innermost(b);
  return loop == ir::Loops::none ? postdominators_.back() : postdominators_[loop];
}

bool Divergence::postdominates(BlockId b, BlockId d) const {
  const std::vector<BlockId>& up = postdominators_of(b);
  while (d != no_block && d != b) d = up[d];
  return d == b;
}

size_t Divergence::loop_left(ValueId v, BlockId b) const {
  size_t outermost = ir::Loops::none;
  for (size_t i = loops_->innermost(home_[v]); i != ir::Loops::none; i = loops_->outer(i)) {
    if ((*loops_)[i].blocks[b]) break;
    if (divergent_[i]) outermost = i;
  }
  return outermost;
}

bool Divergence::set_varying(ValueId v) { return !varying_[v] && (varying_[v] = true); }

bool Divergence::look_at_values(BlockId b) {
  bool changed = false;
  for (ValueId v : f_.blocks[b].body) {
    for (ValueId arg : f_[v].args) {
      if (is_varying(arg, b)) changed |= set_varying(v);
    }
  }
  const ir::Terminator& end = f_.blocks[b].end;
  if (end.kind == ir::Terminator::Kind::Branch && !parts_[b] && is_varying(end.values[0], b)) {
    part(b);
    changed = true;
  }
  return changed;
}

bool Divergence::look_at_params(BlockId b) {
  bool changed = false;
  const std::vector<ValueId>& params = f_.blocks[b].params;
  for (size_t i = 0; i < params.size() && b != 0; ++i) {
    if (varying_[params[i]]) continue;
    ValueId only = ir::no_value;
    bool several = false, varying = false;
    for (ir::Incoming in : preds_[b]) {
      const std::vector<ValueId>& args = f_.blocks[in.from].end.edges[in.index].args;
      if (!dominators_.reachable(in.from) || args.empty()) continue;
      several |= only != ir::no_value && only != args[i];
      only = args[i];
      // What an edge out of a divergent loop takes along is of another round in each lane.
      varying |= is_varying(args[i], in.from) || is_varying(args[i], b);
    }
    if (varying || (several && joins_[b])) changed |= set_varying(params[i]);
  }
  return changed;
}

// Follows both ways from b. A block's label says which way leads there: that of one edge of b, or, where both do, its
// own from there on.
void Divergence::part(BlockId b) {
  parts_[b] = true;
  const BlockId together = postdominators_of(b)[b];
  // Two edges to one block are two ways: numbers that no block has tell them apart.
  const auto blocks = static_cast<BlockId>(f_.blocks.size());
  std::vector<BlockId> label(blocks, no_block);
  auto label_of = [&](ir::Incoming in) {
    if (in.from == b) return blocks + in.index;
    return in.from == together ? no_block : label[in.from];
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (BlockId at : dominators_.order()) {
      if (at == b) continue;
      BlockId by = no_block;
      for (ir::Incoming in : preds_[at]) {
        const BlockId l = label_of(in);
        if (l != no_block) by = by == no_block || by == l ? l : at;
        if (l != no_block) leave_loops(b, in.from, at);
      }
      if (by == at) joins_[at] = true;
      if (label[at] == by || label[at] == at) continue;
      label[at] = by;
      changed = true;
    }
  }
}

// Some lanes go along the edge while others, which parted from them in b, do not.
void Divergence::leave_loops(BlockId b, BlockId from, BlockId to) {
  for (size_t i = loops_->innermost(from); i != ir::Loops::none; i = loops_->outer(i)) {
    if ((*loops_)[i].blocks[b] && !(*loops_)[i].blocks[to]) divergent_[i] = true;
  }
}

}  // namespace gilmap::spmd
