#include "ir/dominators.h"

#include <algorithm>

namespace gilmap::ir {

Predecessors::Predecessors(const Function& f) : start_(f.blocks.size() + 2) {
  // A counting sort. Counts are kept one place to the right, so that filling leaves the starts in place.
  for (const Block& block : f.blocks) {
    for (const Edge& edge : block.end.edges) ++start_[edge.block + 2];
  }
  for (size_t i = 2; i < start_.size(); ++i) start_[i] += start_[i - 1];
  list_.resize(start_.back());
  for (BlockId b = 0; b < f.blocks.size(); ++b) {
    const std::vector<Edge>& edges = f.blocks[b].end.edges;
    for (uint32_t i = 0; i < edges.size(); ++i) list_[start_[edges[i].block + 1]++] = {b, i};
  }
}

std::vector<BlockId> home_blocks(const Function& f) {
  std::vector<BlockId> home(f.values.size(), no_block);
  for (BlockId b = 0; b < f.blocks.size(); ++b) {
    for (ValueId v : f.blocks[b].params) home[v] = b;
    for (ValueId v : f.blocks[b].body) home[v] = b;
  }
  return home;
}

std::vector<BlockId> reverse_postorder(const Function& f) {
  std::vector<BlockId> order;
  order.reserve(f.blocks.size());
  std::vector<bool> seen(f.blocks.size());
  struct Visit {
    BlockId block;
    uint32_t left;  // edges still to follow, the last first, so that in the reverse the first comes first
  };
  std::vector<Visit> stack;
  auto enter = [&](BlockId b) {
    if (seen[b]) return;
    seen[b] = true;
    stack.push_back({b, static_cast<uint32_t>(f.blocks[b].end.edges.size())});
  };
  enter(0);
  while (!stack.empty()) {
    Visit& top = stack.back();
    if (top.left == 0) {
      order.push_back(top.block);
      stack.pop_back();
    } else {
      enter(f.blocks[top.block].end.edges[--top.left].block);
    }
  }
  std::reverse(order.begin(), order.end());
  return order;
}

Dominators::Dominators(const Function& f, const Predecessors& preds)
    : idom_(f.blocks.size(), no_block), first_(f.blocks.size()), last_(f.blocks.size()) {
  std::vector<BlockId> rpo = reverse_postorder(f);
  auto count = static_cast<uint32_t>(rpo.size());
  std::vector<uint32_t> position(f.blocks.size(), ~0u);
  for (uint32_t i = 0; i < count; ++i) position[rpo[i]] = i;

  // From here on, blocks are their positions in rpo.
  std::vector<uint32_t> idom(count, ~0u);
  idom[0] = 0;
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t i = 1; i < count; ++i) {
      uint32_t common = ~0u;
      for (Incoming in : preds[rpo[i]]) {
        uint32_t p = position[in.from];
        if (p == ~0u || idom[p] == ~0u) continue;
        if (common == ~0u) {
          common = p;
          continue;
        }
        while (p != common) {
          while (p > common) p = idom[p];
          while (common > p) common = idom[common];
        }
      }
      if (idom[i] != common) {
        idom[i] = common;
        changed = true;
      }
    }
  }

  // Preorder numbers without a recursion: subtree sizes from the leaves up, then each block takes the next
  // free stretch of its parent's.
  std::vector<uint32_t> size(count, 1), next(count);
  for (uint32_t i = count; i-- > 1;) size[idom[i]] += size[i];
  order_.resize(count);
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t at = 0;
    if (i > 0) {
      at = next[idom[i]];
      next[idom[i]] += size[i];
      idom_[rpo[i]] = rpo[idom[i]];
    }
    next[i] = at + 1;
    order_[at] = rpo[i];
    first_[rpo[i]] = at + 1;
    last_[rpo[i]] = at + size[i];
  }
}

}  // namespace gilmap::ir
