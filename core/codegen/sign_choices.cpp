#include "codegen/sign_choices.h"

#include <algorithm>
#include <bit>

namespace gilmap::codegen {
namespace {

using ir::Op;

bool is_choice(const ir::Function& f, const ir::Inst& inst) {
  if (inst.op == Op::FConst) return std::bit_cast<double>(inst.imm) == -1.0;
  if (inst.op != Op::IToF) return false;
  // An argument is any number, known to nobody.
  return std::ranges::find(f.blocks[0].params, inst.args[0]) == f.blocks[0].params.end();
}

}  // namespace

std::vector<bool> sign_choices(const ir::Function& f) {
  std::vector<bool> choices(f.values.size());
  for (size_t v = 0; v < f.values.size(); ++v) choices[v] = is_choice(f, f.values[v]);

  bool changed = true;
  const auto flow = [&](ir::ValueId from, ir::ValueId to) {
    if (!choices[from] || choices[to] || f.type(to) != ir::Type::F64) return;
    choices[to] = true;
    changed = true;
  };
  while (changed) {
    changed = false;
    for (const ir::Block& block : f.blocks) {
      for (ir::ValueId v : block.body) {
        if (f[v].op == Op::Select) {
          flow(f[v].args[1], v);
          flow(f[v].args[2], v);
        }
      }
      for (const ir::Edge& edge : block.end.edges) {
        for (size_t i = 0; i < edge.args.size(); ++i) flow(edge.args[i], f.blocks[edge.block].params[i]);
      }
    }
  }
  return choices;
}

}  // namespace gilmap::codegen
