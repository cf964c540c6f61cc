#pragma once
// The natural loops of a function, at the time of construction.

#include <optional>
#include <vector>

#include "ir/dominators.h"

namespace gilmap::ir {

struct Loop {
  BlockId header;
  std::vector<Incoming> back_edges;
  std::vector<bool> blocks;  // of the function: those within
};

class Loops {
 public:
  static constexpr size_t none = ~size_t{0};

  // nullopt if there is a cycle that is no natural loop.
  static std::optional<Loops> of(const Function& f, const Predecessors& preds, const Dominators& dominators);

  size_t size() const { return loops_.size(); }
  // Inner loops stand behind those around them.
  const Loop& operator[](size_t i) const { return loops_[i]; }
  // The innermost loop that a block lies in, or none.
  size_t innermost(BlockId b) const { return innermost_[b]; }
  // The loop around a loop, or none.
  size_t outer(size_t i) const;

 private:
  std::vector<Loop> loops_;
  std::vector<size_t> innermost_;
};

// The edge into a loop from outside, if it is the only one that can be reached.
std::optional<Incoming> only_entry(const Loop& loop, const Predecessors& preds, const Dominators& dominators);

// Is there a way back? Cheaper than finding the loops.
bool has_loops(const Function& f);

}  // namespace gilmap::ir
