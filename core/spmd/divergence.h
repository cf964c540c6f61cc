#pragma once
// Which values differ between lanes, and where lanes part.
//
// Method: everything is uniform but the arguments, and what follows from that is added until nothing changes.
//   - An operation of a varying operand is varying.
//   - From a branch on a varying condition the lanes go two ways. Both are followed, up to the block where all lanes
//     are together again: a block that both ways reach has varying parameters. They are together again only where they
//     meet in the same round: a block that a lane reaches some rounds later is none where the others wait.
//   - A loop that one of the ways leaves while the other stays is divergent: lanes leave it in different rounds, so
//     what it computes is varying for those behind it, even if it is uniform within.
//
// After Rosemann, Moll, Hack, "An Abstract Interpretation for SPMD Divergence on Reducible Control Flow Graphs", 2021.

#include <vector>

#include "ir/loops.h"
#include "spmd/normalise.h"

namespace gilmap::spmd {

// For each block the closest other one on every path from it to the exit; no_block for the exit.
std::vector<BlockId> immediate_postdominators(const ir::Function& f, BlockId exit);

class Divergence {
 public:
  // With `rounds_differ`, lanes may be in different rounds of the outermost loops, as where lanes are refilled.
  explicit Divergence(const Normal& normal, bool rounds_differ = false);

  bool is_varying(ValueId v) const { return varying_[v]; }
  // As an operand in block b, which may lie behind a loop that v belongs to.
  bool is_varying(ValueId v, BlockId b) const { return varying_[v] || loop_left(v, b) != ir::Loops::none; }
  bool parts(BlockId b) const { return parts_[b]; }  // ends in a branch on a varying condition
  bool is_divergent(size_t loop) const { return divergent_[loop]; }
  // The outermost divergent loop that v is computed in and b lies outside of, or none.
  size_t loop_left(ValueId v, BlockId b) const;

  const ir::Loops& loops() const { return *loops_; }
  const ir::Predecessors& predecessors() const { return preds_; }
  const ir::Dominators& dominators() const { return dominators_; }
  // Is b on every path from d, a block of the same loops, to the end of the round, or to the exit?
  bool postdominates(BlockId b, BlockId d) const;
  BlockId home(ValueId v) const { return home_[v]; }  // where v is computed

 private:
  bool set_varying(ValueId v);
  bool look_at_values(BlockId b);
  bool look_at_params(BlockId b);
  void part(BlockId b);
  std::vector<BlockId> postdominators_within(size_t loop) const;
  const std::vector<BlockId>& postdominators_of(BlockId b) const;
  void leave_loops(BlockId b, BlockId from, BlockId to);

  const ir::Function& f_;
  ir::Predecessors preds_;
  ir::Dominators dominators_;
  std::optional<ir::Loops> loops_;
  const BlockId exit_;
  // By loop, and at last those outside of all: in a round of the loop and of those around it.
  std::vector<std::vector<BlockId>> postdominators_;
  std::vector<BlockId> home_;
  std::vector<bool> varying_, parts_, joins_, divergent_;
};

}  // namespace gilmap::spmd
