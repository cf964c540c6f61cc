#pragma once
// Bounds of integer values: what proves most overflow and zero checks away, and what lets code generation choose the
// cheaper of two instructions. range_analysis.h has the method; this is what is known in the end.

#include <vector>

#include "ir/dominators.h"
#include "passes/int_range.h"

namespace gilmap::passes {

// Describes the function as it was at the time of construction, which must outlive the object.
class ValueRanges {
 public:
  explicit ValueRanges(const ir::Function& f);

  // The range of v, an i64 or a bool, wherever it is computed.
  IntRange defined(ir::ValueId v) const { return is_empty(ranges_[v]) ? full_range : ranges_[v]; }

  // The range of v or a bool, where block b ends; within replay(), where b's next instruction stands. All
  // integers if nothing is known, or if b is never run.
  IntRange at(ir::ValueId v, ir::BlockId b) const;

  // Walks a block front to back, so that at() answers for the place before each instruction that is visited.
  template <class Visit>
  void replay(ir::BlockId b, Visit visit) {
    replayed_ = b;
    position_ = 0;
    for (ir::ValueId v : f_.blocks[b].body) {
      visit(v);
      ++position_;
    }
    replayed_ = ir::no_block;
  }

  const ir::Dominators& dominators() const { return dominators_; }

 private:
  friend class RangeAnalysis;

  // From instruction number `position` of the block on, wherever the block dominates, the value lies in the range.
  // A value's facts are chained, the latest in dominator order first; each includes those before it.
  struct Fact {
    ir::BlockId block;
    uint32_t position;
    IntRange range;
    uint32_t next;
  };

  const ir::Function& f_;
  ir::Predecessors preds_;
  ir::Dominators dominators_;
  std::vector<IntRange> ranges_;  // where the value is defined; empty if that place is never reached
  std::vector<uint32_t> newest_;  // fact of each value
  std::vector<Fact> facts_;
  ir::BlockId replayed_ = ir::no_block;
  uint32_t position_ = 0;
};

}  // namespace gilmap::passes
