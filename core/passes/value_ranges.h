#pragma once
// Bounds of integer values: what proves most overflow and zero checks away.
//
// Method: interval analysis on SSA. A value's range follows from its operands'; a block parameter's is the hull of what
// its edges bring. Conditions refine: behind `branch ilt a, b` and `deopt_if` the ranges of a and b are narrower in
// every block that the edge dominates. Parameters of loops are widened to a few thresholds so that the sweeps
// end, and two more sweeps narrow them again. Cost: a handful of sweeps over the function.
//
// Invariant: a range holds wherever its value is used in a block that the fact's block dominates, provided no
// deopt happened before. Wrapping operations have a full range unless a check in front excludes the wrap.

#include <optional>
#include <vector>

#include "ir/dominators.h"
#include "ir/function.h"

namespace gilmap::passes {

class ValueRanges {
 public:
  explicit ValueRanges(const ir::Function& f);

  // The range of v as seen at the end of what was visited so far of block b; v is an i64.
  ir::IntRange at(ir::ValueId v, ir::BlockId b) const;
  // What an integer comparison or overflow check comes out as in block b, if that is certain.
  std::optional<bool> outcome(ir::ValueId v, ir::BlockId b) const;

  // Walks one block again, front to back, so that at() and outcome() answer for the place before each instruction.
  template <class Visit>
  void replay(ir::BlockId b, Visit visit) {
    facts_[b].clear();
    enter(b);
    for (ir::ValueId v : f_.blocks[b].body) {
      visit(v);
      step(b, v);
    }
  }
  const ir::Dominators& dominators() const { return dominators_; }

 private:
  struct Fact {
    ir::ValueId value;
    ir::IntRange range;
  };

  void sweep(bool widen, bool narrow);
  void enter(ir::BlockId b);
  void step(ir::BlockId b, ir::ValueId v);
  void learn(ir::BlockId b, ir::ValueId cond, bool truth);
  void learn_compare(ir::BlockId b, ir::Op op, ir::ValueId x, ir::ValueId y);
  void add_fact(ir::BlockId b, ir::ValueId v, ir::IntRange r);
  ir::IntRange compute(ir::BlockId b, ir::ValueId v) const;
  ir::IntRange on_edge(ir::BlockId from, uint32_t index, ir::ValueId v) const;
  bool guarded(ir::BlockId b, ir::ValueId v) const;
  ir::IntRange widened(ir::IntRange old, ir::IntRange now) const;

  const ir::Function& f_;
  ir::Predecessors preds_;
  ir::Dominators dominators_;
  std::vector<ir::IntRange> ranges_;  // of each value wherever it is used
  std::vector<bool> seen_;
  std::vector<std::vector<Fact>> facts_;            // what holds in the block and those it dominates
  std::vector<ir::ValueId> check_of_;               // the overflow check on the same operands, or no_value
  std::vector<std::vector<ir::ValueId>> excluded_;  // checks known to be false from the block on
  std::vector<int64_t> thresholds_;
  bool changed_ = false;
};

}  // namespace gilmap::passes
