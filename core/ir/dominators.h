#pragma once
// The shape of a function's control flow: who jumps to a block, and which blocks lie on every path to it.
//
// Method: Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm", 2001, on the reverse postorder.
// Linear in practice. All of it describes the function at the time of construction.

#include <cstdint>
#include <span>
#include <vector>

#include "ir/function.h"

namespace gilmap::ir {

constexpr BlockId no_block = ~0u;

// An edge as its target sees it: edge number `index` of block `from`.
struct Incoming {
  BlockId from;
  uint32_t index;
};

// The edges into each block, those from unreachable blocks included.
class Predecessors {
 public:
  explicit Predecessors(const Function& f);
  std::span<const Incoming> operator[](BlockId b) const {
    return {list_.data() + start_[b], list_.data() + start_[b + 1]};
  }

 private:
  std::vector<uint32_t> start_;
  std::vector<Incoming> list_;
};

// The block of each value; no_block for one that stands in none.
std::vector<BlockId> home_blocks(const Function& f);

// The blocks on all ways from `start` that lead through accepted blocks only; `start` too must be accepted.
template <class Accepts>
std::vector<bool> reached_from(const Function& f, BlockId start, Accepts accepts) {
  std::vector<bool> reached(f.blocks.size());
  std::vector<BlockId> work{start};
  while (!work.empty()) {
    const BlockId b = work.back();
    work.pop_back();
    if (reached[b] || !accepts(b)) continue;
    reached[b] = true;
    for (const Edge& edge : f.blocks[b].end.edges) work.push_back(edge.block);
  }
  return reached;
}

// The blocks that can be reached, each after all those before it on a path without back edges.
// Of a branch's two sides the first comes first.
std::vector<BlockId> reverse_postorder(const Function& f);

class Dominators {
 public:
  explicit Dominators(const Function& f) : Dominators(f, Predecessors(f)) {}
  Dominators(const Function& f, const Predecessors& preds);

  bool reachable(BlockId b) const { return first_[b] != 0; }
  // The closest other block on every path to b; no_block for the entry and for unreachable blocks.
  BlockId idom(BlockId b) const { return idom_[b]; }
  // Does every path to b lead through a? True for a == b. Both must be reachable.
  bool dominates(BlockId a, BlockId b) const { return first_[a] <= first_[b] && last_[b] <= last_[a]; }

  // Reachable blocks, a block before those it dominates, siblings in reverse postorder. This too is an
  // order in which only retreating edges lead backwards (or from a block to itself), so one walk along it
  // can keep a stack of what holds in the dominators and still see a block after its predecessors.
  const std::vector<BlockId>& order() const { return order_; }
  // Does the edge lead backwards in that order? True of all back edges of loops.
  bool retreating(BlockId from, BlockId to) const { return first_[to] <= first_[from]; }

 private:
  std::vector<BlockId> idom_;
  std::vector<BlockId> order_;
  // The position in order_, from 1, of the block and of the last one that it dominates; 0 if unreachable.
  std::vector<uint32_t> first_, last_;
};

}  // namespace gilmap::ir
