#include "passes/merge_blocks.h"

#include "ir/dominators.h"
#include "passes/rewrite.h"

namespace gilmap::passes {

bool merge_blocks(Function& f) {
  std::vector<uint32_t> entries(f.blocks.size(), 0);
  std::vector<BlockId> order = ir::reverse_postorder(f);
  for (BlockId b : order) {
    for (const ir::Edge& edge : f.blocks[b].end.edges) ++entries[edge.block];
  }
  Replacements replacements(f);
  std::vector<bool> gone(f.blocks.size(), false);
  bool changed = false;
  for (BlockId b : order) {
    if (gone[b]) continue;
    for (;;) {
      ir::Block& block = f.blocks[b];
      if (block.end.kind != ir::Terminator::Kind::Jump) break;
      BlockId next = block.end.edges[0].block;
      if (next == b || next == 0 || entries[next] != 1) break;
      ir::Block& tail = f.blocks[next];
      for (size_t k = 0; k < tail.params.size(); ++k) {
        ValueId by = replacements(block.end.edges[0].args[k]);
        if (by != replacements(tail.params[k])) replacements.replace(tail.params[k], by);
      }
      block.body.insert(block.body.end(), tail.body.begin(), tail.body.end());
      ir::Terminator end = std::move(tail.end);
      tail = {};
      tail.end.kind = ir::Terminator::Kind::Deopt;
      block.end = std::move(end);
      gone[next] = true;
      changed = true;
    }
  }
  replacements.apply(f);
  return changed;
}

}  // namespace gilmap::passes
