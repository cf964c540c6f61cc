#include "passes/value_ranges.h"

#include "passes/range_analysis.h"

namespace gilmap::passes {

ValueRanges::ValueRanges(const ir::Function& f)
    : f_(f),
      preds_(f),
      dominators_(f, preds_),
      ranges_(f.values.size(), empty_range),
      newest_(f.values.size(), RangeAnalysis::no_fact) {
  RangeAnalysis(f, preds_, dominators_, *this).run();
}

IntRange ValueRanges::at(ir::ValueId v, ir::BlockId b) const {
  IntRange r = ranges_[v];
  if (dominators_.reachable(b)) {
    for (uint32_t i = newest_[v]; i != RangeAnalysis::no_fact; i = facts_[i].next) {
      const Fact& fact = facts_[i];
      if (!dominators_.dominates(fact.block, b) || (fact.block == replayed_ && fact.position > position_)) continue;
      r = fact.range;
      break;
    }
  }
  return is_empty(r) ? full_range : r;
}

}  // namespace gilmap::passes
