#pragma once
// What is the same in the same round of a loop, whatever the element: the state that begins with constants and whose
// next value depends on such state alone.

#include <optional>
#include <set>
#include <span>
#include <vector>

#include "ir/loops.h"
#include "passes/rewrite.h"

namespace gilmap::passes {

// A loop of no more rounds is run as soon as looked up.
constexpr int64_t few_rounds = 8;

class Rounds {
 public:
  // Of a loop of f, which must not change while this is in use.
  Rounds(const ir::Loop& loop, const Function& f, const ir::Predecessors& preds, const ir::Dominators& dominators);

  // A parameter of the header that begins with a constant and grows by constants. Without one, rounds are taken to be
  // told apart by something else.
  ValueId counter = no_value;
  int64_t start = 0;
  std::optional<int64_t> step;  // of the counter, if it is the same on all ways back

  // Is a parameter of the header the same in the same round?
  bool is_state(ValueId param) const { return state_.contains(param); }
  // Of any value: does it depend on such state and constants alone? True for values of blocks that cannot be reached.
  bool follows(ValueId v) const { return follows_[v]; }
  // The constant that a parameter of the header begins with.
  std::optional<ValueId> start_of(size_t param) const;

 private:
  void find_counter();
  bool find_followers();
  bool has_one_next(size_t param) const;
  std::optional<int64_t> step_of(size_t param, ir::Incoming way_back) const;
  bool steps(size_t param) const;
  bool are_taken_alike(std::span<const ir::Incoming> edges, const std::vector<bool>& reached_alike) const;
  const ir::Edge& edge(ir::Incoming in) const { return f_.blocks[in.from].end.edges[in.index]; }
  bool is_constant(ValueId v) const;

  const ir::Loop& loop_;
  const Function& f_;
  const ir::Predecessors& preds_;
  const ir::Dominators& dominators_;
  std::set<ValueId> state_;
  std::vector<bool> follows_;
};

}  // namespace gilmap::passes
