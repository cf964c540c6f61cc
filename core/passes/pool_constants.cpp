#include "passes/pool_constants.h"

#include "passes/op_kinds.h"
#include "passes/rewrite.h"

namespace gilmap::passes {

bool pool_constants(Function& f) {
  Replacements replacements(f);
  ValueTable table(f.values.size());
  std::vector<ValueId> constants;
  bool moved = false;
  for (BlockId b = 0; b < f.blocks.size(); ++b) {
    std::vector<ValueId>& body = f.blocks[b].body;
    size_t kept = 0;
    for (ValueId v : body) {
      const ir::Inst& inst = f[v];
      if (!is_constant(inst.op)) {
        body[kept++] = v;
        continue;
      }
      ValueId& first = table.slot(mix(static_cast<uint64_t>(inst.op), static_cast<uint64_t>(inst.imm)),
                                  [&](ValueId w) { return f[w].op == inst.op && f[w].imm == inst.imm; });
      moved |= b != 0 || kept != 0 || first != no_value;
      if (first == no_value) {
        first = v;
        constants.push_back(v);
      } else {
        replacements.replace(v, first);
      }
    }
    body.resize(kept);
  }
  std::vector<ValueId>& entry = f.blocks[0].body;
  entry.insert(entry.begin(), constants.begin(), constants.end());
  replacements.apply(f);
  return moved;
}

}  // namespace gilmap::passes
