#include "ir/loops.h"

namespace gilmap::ir {

std::optional<Loops> Loops::of(const Function& f, const Predecessors& preds, const Dominators& dominators) {
  Loops found;
  found.innermost_.assign(f.blocks.size(), none);
  for (BlockId header : dominators.order()) {
    Loop loop{header, {}, std::vector<bool>(f.blocks.size())};
    std::vector<BlockId> work;
    for (Incoming in : preds[header]) {
      if (!dominators.reachable(in.from) || !dominators.retreating(in.from, header)) continue;
      if (!dominators.dominates(header, in.from)) return std::nullopt;
      loop.back_edges.push_back(in);
      work.push_back(in.from);
    }
    if (loop.back_edges.empty()) continue;
    loop.blocks[header] = true;
    found.innermost_[header] = found.loops_.size();
    while (!work.empty()) {
      const BlockId b = work.back();
      work.pop_back();
      if (loop.blocks[b]) continue;
      loop.blocks[b] = true;
      found.innermost_[b] = found.loops_.size();
      for (Incoming in : preds[b]) {
        if (dominators.reachable(in.from)) work.push_back(in.from);
      }
    }
    found.loops_.push_back(std::move(loop));
  }
  return found;
}

size_t Loops::outer(size_t i) const {
  for (size_t k = i; k-- > 0;) {
    if (loops_[k].blocks[loops_[i].header]) return k;
  }
  return none;
}

std::optional<Incoming> only_entry(const Loop& loop, const Predecessors& preds, const Dominators& dominators) {
  std::optional<Incoming> entry;
  for (Incoming in : preds[loop.header]) {
    if (!dominators.reachable(in.from) || loop.blocks[in.from]) continue;
    if (entry) return std::nullopt;
    entry = in;
  }
  return entry;
}

bool has_loops(const Function& f) {
  std::vector<bool> seen(f.blocks.size());
  for (BlockId b : reverse_postorder(f)) {
    seen[b] = true;
    for (const Edge& edge : f.blocks[b].end.edges) {
      if (seen[edge.block]) return true;
    }
  }
  return false;
}

}  // namespace gilmap::ir
