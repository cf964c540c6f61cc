#include "spmd/variables.h"

#include <utility>

namespace gilmap::spmd {

Variables::Variables(ir::Function& f, std::vector<std::vector<BlockId>> predecessors)
    : f_(f), predecessors_(std::move(predecessors)), now_(f.blocks.size()), parameters_(f.blocks.size()) {}

Variables::Variable Variables::add(ir::Type type, bool varying, ValueId initial, ir::IntRange range) {
  kinds_.push_back({type, varying, initial, range});
  return static_cast<Variable>(kinds_.size() - 1);
}

ValueId Variables::read(Variable x, BlockId b) {
  // Up to a block that has it, and with it down again.
  BlockId at = b;
  ValueId v = ir::no_value;
  for (;; at = predecessors_[at][0]) {
    if (auto found = now_[at].find(x); found != now_[at].end()) {
      v = found->second;
      break;
    }
    const Kind& kind = kinds_[x];
    if (predecessors_[at].empty()) {
      v = kind.initial;
    } else if (predecessors_[at].size() > 1) {
      v = static_cast<ValueId>(f_.values.size());
      f_.values.push_back({ir::Op::Param, kind.type, 0, 0, {}, kind.varying, kind.range});
      f_.blocks[at].params.push_back(v);
      parameters_[at].push_back(x);
    }
    if (v != ir::no_value) break;
  }
  now_[at][x] = v;
  now_[b][x] = v;
  return v;
}

void Variables::finish() {
  // Reading the arguments may make further parameters, in any block.
  std::vector<size_t> supplied(f_.blocks.size());
  for (bool more = true; more;) {
    more = false;
    for (BlockId b = 0; b < f_.blocks.size(); ++b) {
      for (; supplied[b] < parameters_[b].size(); ++supplied[b]) {
        more = true;
        for (BlockId from : predecessors_[b]) {
          const ValueId v = read(parameters_[b][supplied[b]], from);
          for (ir::Edge& edge : f_.blocks[from].end.edges) {
            if (edge.block == b) edge.args.push_back(v);
          }
        }
      }
    }
  }
}

}  // namespace gilmap::spmd
