#include "codegen/dependence.h"

namespace gilmap::codegen {

void Dependence::build() {
  users_.resize(function_.values.size());
  escapes_.resize(function_.values.size());
  for (const ir::Block& block : function_.blocks) {
    for (ir::ValueId v : block.body) {
      for (ir::ValueId arg : function_[v].args) {
        users_[arg].push_back(v);
        if (function_[v].op == ir::Op::Call) escapes_[arg] = true;
      }
    }
    for (const ir::Edge& edge : block.end.edges)
      for (size_t i = 0; i < edge.args.size(); ++i)
        users_[edge.args[i]].push_back(function_.blocks[edge.block].params[i]);
  }
}

bool Dependence::is_recurrent(ir::ValueId v) {
  if (users_.empty()) build();
  std::vector<bool> seen(users_.size());
  std::vector<ir::ValueId> work{v};
  while (!work.empty()) {
    ir::ValueId at = work.back();
    work.pop_back();
    if (escapes_[at]) return true;
    for (ir::ValueId user : users_[at]) {
      if (user == v) return true;
      if (!seen[user]) {
        seen[user] = true;
        work.push_back(user);
      }
    }
  }
  return false;
}

}  // namespace gilmap::codegen
