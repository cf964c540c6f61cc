#pragma once
// The analysis behind value_ranges.h.
//
// Problem: for each integer (and bool) value an interval that holds whenever it is computed, and narrower ones where
// conditions are known: behind `branch ilt a, b`, behind a deopt_if.
//
// Method: abstract interpretation over intervals (Cousot and Cousot, 1977), swept along the dominator tree. The walk
// keeps in now_ the range of every value in scope; a condition narrows it, and leaving the part of the tree that the
// condition dominates undoes that. A block's parameters are the hull of what its edges brought, edges that cannot be
// taken left out. Sweeps repeat until what goes round loops is stable; parameters of loop headers that keep growing
// are widened to constants of the program, then to infinity, so that it ends. A sweep from a stable state gives a
// state that holds too and is narrower; the second such is recorded.
//
// Two things that intervals alone miss are kept by operand pair: how two values compare (`ilt a, b` settles
// `ige a, b`), and that an overflow check on the pair failed, so that the operation behind it did not wrap. A third,
// that counters have no time to overflow, comes from slow_counters.h.
//
// Invariant: what is claimed of a place holds whenever that place is reached. Wrapping arithmetic without a check in
// front of it, or bounds that exclude the wrap, has the full range.
// Cost: about 20 ns per instruction and sweep; one sweep without loops, about eight with them.

#include "passes/value_ranges.h"

namespace gilmap::passes {

class RangeAnalysis {
 public:
  static constexpr uint32_t no_fact = ~0u;

  RangeAnalysis(const ir::Function& f, const ir::Predecessors& preds, const ir::Dominators& dominators,
                ValueRanges& result);
  void run();

 private:
  using Op = ir::Op;
  using ValueId = ir::ValueId;
  using BlockId = ir::BlockId;

  enum class Mode : uint8_t { Grow, Narrow, Record };

  // What held on the one edge into a block that does not come from within what the block dominates.
  struct EntryEdge {
    ValueId condition = ir::no_value;  // none, or there are several such edges
    bool truth = false;
  };

  // range_analysis.cpp: sweeps
  void sweep(Mode mode);
  EntryEdge find_entry_edge(BlockId b) const;
  bool enter(BlockId b);
  bool run_body(BlockId b);
  void leave(BlockId b, bool reached);
  void record_edge(uint32_t edge, const ir::Edge& to, bool reached, bool loops);
  IntRange grown(ValueId param, IntRange old, IntRange now);
  void give_up();

  void define(ValueId v, IntRange r);
  bool narrow(ValueId v, IntRange r);
  void undo_to(size_t mark);

  // range_rules.cpp: what instructions compute, and what conditions say
  void link_pairs();
  IntRange compute(ValueId v);
  IntRange arithmetic(ValueId v) const;
  IntRange comparison(ValueId v) const;
  IntRange overflow_check(ValueId v) const;
  IntRange selection(ValueId v);
  IntRange call_result(ValueId call) const;
  bool can_fail(ValueId call) const;
  WideRange unwrapped(Op op, ValueId v) const;
  bool cannot_wrap(ValueId v) const;
  uint8_t possible_relations(ValueId v) const;
  // False if the condition cannot come out so.
  bool assume(ValueId cond, bool truth);
  bool assume_compare(ValueId cond, bool truth);
  bool assume_root(ValueId square);
  bool assume_no_overflow(ValueId check);

  IntRange arg(ValueId v, size_t k) const { return now_[f_[v].args[k]]; }
  bool is_known(ValueId v, bool truth) const { return now_[v] == single(truth); }

  struct EdgeState {
    uint32_t first_arg = 0;  // in edge_args_
    bool reached = false;
  };
  struct Change {
    ValueId value;
    IntRange old;
  };
  struct Scope {
    BlockId block;
    size_t mark;  // in changes_
  };

  const ir::Function& f_;
  const ir::Predecessors& preds_;
  const ir::Dominators& dominators_;
  ValueRanges& result_;
  const std::vector<bool> slow_counter_;

  Mode mode_ = Mode::Grow;
  bool changed_ = false;              // by this sweep, in what goes round a loop
  std::vector<uint32_t> first_edge_;  // of each block
  std::vector<EdgeState> edges_;
  std::vector<IntRange> edge_args_;    // as the last sweep left them
  std::vector<bool> is_header_;        // a retreating edge leads here
  std::vector<EntryEdge> entry_edge_;  // of each block
  std::vector<IntRange> header_;       // ranges of parameters of headers, by value
  std::vector<uint8_t> growths_;       // how often such a parameter grew
  std::vector<int64_t> thresholds_;

  std::vector<IntRange> now_;  // empty for values that are not in scope
  std::vector<Change> changes_;
  std::vector<Scope> scopes_;
  bool record_facts_ = false;
  BlockId block_ = 0;
  uint32_t position_ = 0;

  std::vector<ValueId> next_of_pair_;  // rings of operations on the same two operands
};

}  // namespace gilmap::passes
