// Problem: `count += 1` in a loop without a known end needs an overflow check that never fires.
// Method: a value is a slow counter if it was made from small constants by adding small steps, one executed addition
// at a time. Whatever the control flow, after k additions it has moved by 4k at most, and 2^60 additions, each of which
// waits for the one before it, take seven years at 5 GHz. Greatest fixed point: all candidates are taken for counters,
// then those that are made from something else are struck out.
// Invariant for other passes: additions are executed one by one. A pass that replaces a loop by a formula must check
// the result for overflow itself where it was a slow counter.
// Cost: linear in the operands, times the length of the longest chain that is struck out (short).

#include "passes/slow_counters.h"

#include <algorithm>

#include "passes/rewrite.h"

namespace gilmap::passes {
namespace {

bool lies_within(const Function& f, ValueId v, int64_t bound) {
  const ir::Inst& inst = f[v];
  if (inst.op == Op::BToI) return true;
  return inst.op == Op::IConst && inst.imm >= -bound && inst.imm <= bound;
}

}  // namespace

std::vector<bool> slow_counters(const Function& f, const ir::Predecessors& preds) {
  std::vector<bool> slow(f.values.size());
  std::vector<BlockId> home(f.values.size(), ir::no_block);  // of parameters
  std::vector<ValueId> candidates;
  for (BlockId b = 0; b < f.blocks.size(); ++b) {
    for (ValueId p : f.blocks[b].params) {
      home[p] = b;
      if (b != 0 && f.type(p) == ir::Type::I64) candidates.push_back(p);
    }
    for (ValueId v : f.blocks[b].body) {
      if (f[v].op == Op::IAdd || f[v].op == Op::ISub) candidates.push_back(v);
    }
  }
  for (ValueId v : candidates) slow[v] = true;

  const auto is_slow = [&](ValueId v) { return slow[v] || lies_within(f, v, counter_start); };
  const auto holds = [&](ValueId v) {
    const ir::Inst& inst = f[v];
    if (inst.op != Op::Param) {
      return (is_slow(inst.args[0]) && lies_within(f, inst.args[1], counter_step)) ||
             (inst.op == Op::IAdd && is_slow(inst.args[1]) && lies_within(f, inst.args[0], counter_step));
    }
    const std::vector<ValueId>& params = f.blocks[home[v]].params;
    const size_t k = static_cast<size_t>(std::find(params.begin(), params.end(), v) - params.begin());
    for (ir::Incoming in : preds[home[v]]) {
      if (!is_slow(f.blocks[in.from].end.edges[in.index].args[k])) return false;
    }
    return true;
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (ValueId v : candidates) {
      if (slow[v] && !holds(v)) {
        slow[v] = false;
        changed = true;
      }
    }
  }
  return slow;
}

}  // namespace gilmap::passes
