#include "passes/compact_values.h"

#include "passes/rewrite.h"

namespace gilmap::passes {

bool compact_values(Function& f) {
  std::vector<ValueId> number(f.values.size(), no_value);
  ValueId next = 0;
  for (const ir::Block& block : f.blocks) {
    for (ValueId v : block.params) number[v] = next++;
    for (ValueId v : block.body) {
      if (f.type(v) != ir::Type::Void) number[v] = next++;
    }
  }
  for (const ir::Block& block : f.blocks) {
    for (ValueId v : block.body) {
      if (f.type(v) == ir::Type::Void) number[v] = next++;
    }
  }
  bool changed = next != f.values.size();
  for (ValueId v = 0; v < number.size() && !changed; ++v) changed = number[v] != v;
  if (!changed) return false;

  std::vector<ir::Inst> values(next);
  auto renumber = [&](ValueId& v) { v = number[v]; };
  for (ir::Block& block : f.blocks) {
    for (ValueId& v : block.params) {
      values[number[v]] = std::move(f[v]);
      renumber(v);
    }
    for (ValueId& v : block.body) {
      ir::Inst& inst = values[number[v]] = std::move(f[v]);
      for (ValueId& arg : inst.args) renumber(arg);
      renumber(v);
    }
    for_each_operand(block.end, renumber);
  }
  f.values = std::move(values);
  return true;
}

}  // namespace gilmap::passes
