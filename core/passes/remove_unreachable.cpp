#include "passes/remove_unreachable.h"

#include "ir/dominators.h"

namespace gilmap::passes {

bool remove_unreachable(ir::Function& f) {
  std::vector<ir::BlockId> order = ir::reverse_postorder(f);
  bool changed = order.size() != f.blocks.size();
  std::vector<ir::BlockId> number(f.blocks.size(), ir::no_block);
  for (ir::BlockId i = 0; i < order.size(); ++i) {
    changed |= order[i] != i;
    number[order[i]] = i;
  }
  if (!changed) return false;
  std::vector<ir::Block> blocks;
  blocks.reserve(order.size());
  for (ir::BlockId b : order) {
    for (ir::Edge& edge : f.blocks[b].end.edges) edge.block = number[edge.block];
    blocks.push_back(std::move(f.blocks[b]));
  }
  f.blocks = std::move(blocks);
  return true;
}

}  // namespace gilmap::passes
