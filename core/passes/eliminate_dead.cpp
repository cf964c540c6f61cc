// Mark and sweep over values, block parameters included: a parameter that lives makes the arguments of all edges
// into its block live. Linear in the size of the function.

#include "passes/eliminate_dead.h"

#include "ir/dominators.h"
#include "passes/rewrite.h"

namespace gilmap::passes {
namespace {

class Marker {
 public:
  explicit Marker(const Function& f) : f_(f), live_(f.values.size()), place_(f.values.size()), preds_(f) {
    for (BlockId b = 0; b < f.blocks.size(); ++b) {
      const ir::Block& block = f.blocks[b];
      for (uint32_t i = 0; i < block.params.size(); ++i) place_[block.params[i]] = {b, i};
    }
    for (const ir::Block& block : f.blocks) {
      for (ValueId v : block.body) {
        if (info(f[v].op).effect != ir::Effect::Pure) mark(v);
      }
      for (ValueId v : block.end.values) mark(v);
    }
    for (ValueId v : f.blocks[0].params) mark(v);  // the signature of the function
    while (!work_.empty()) {
      ValueId v = work_.back();
      work_.pop_back();
      if (f[v].op != Op::Param) {
        for (ValueId arg : f[v].args) mark(arg);
        continue;
      }
      for (ir::Incoming in : preds_[place_[v].block]) {
        mark(f.blocks[in.from].end.edges[in.index].args[place_[v].index]);
      }
    }
  }

  bool live(ValueId v) const { return live_[v]; }

 private:
  struct Place {
    BlockId block = 0;
    uint32_t index = 0;
  };

  void mark(ValueId v) {
    if (live_[v]) return;
    live_[v] = 1;
    work_.push_back(v);
  }

  const Function& f_;
  std::vector<uint8_t> live_;
  std::vector<Place> place_;  // of parameters
  ir::Predecessors preds_;
  std::vector<ValueId> work_;
};

}  // namespace

bool eliminate_dead(Function& f) {
  Marker marker(f);
  bool changed = false;
  for (ir::Block& block : f.blocks) {
    changed |= std::erase_if(block.body, [&](ValueId v) { return !marker.live(v); }) > 0;
    for (ir::Edge& edge : block.end.edges) {
      const std::vector<ValueId>& params = f.blocks[edge.block].params;
      size_t kept = 0;
      for (size_t i = 0; i < params.size(); ++i) {
        if (marker.live(params[i])) edge.args[kept++] = edge.args[i];
      }
      edge.args.resize(kept);
    }
  }
  // Only now, because edges were matched against the parameters.
  for (ir::Block& block : f.blocks) {
    changed |= std::erase_if(block.params, [&](ValueId v) { return !marker.live(v); }) > 0;
  }
  return changed;
}

}  // namespace gilmap::passes
