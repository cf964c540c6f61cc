#pragma once
// Live-outs of divergent loops without a copy of their own.

#include <set>
#include <vector>

#include "ir/function.h"

namespace gilmap::spmd {

struct DivergentLoop {
  ir::BlockId header, latch;
  bool has_one_exit;  // all lanes leave it along the same edge
};

// What lanes take along when they leave a loop is kept in a parameter of the header that is written for the lanes that
// leave: `t' = select leaving, v, t`. If v is what another parameter p is, or becomes, in that round, it is enough that
// p stands still from then on: `p' = select live, …, p` costs nothing more on many CPUs, and t is not needed.
//
// `takes` are such selects, `undefined` constants that stand for no value.
struct LiveOuts {
  std::vector<DivergentLoop> loops;
  std::set<ir::ValueId> takes, undefined;
};
bool freeze_live_outs(ir::Function& f, const LiveOuts& live_outs);

}  // namespace gilmap::spmd
