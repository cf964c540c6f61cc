#pragma once
// The control flow of a lane function: what is left of the element function's when lanes cannot part.
//
// Problem: all lanes run the same instructions, yet each element goes its own way.
// Method: a node runs for the lanes of its mask. Where lanes would part, all ways are run, one behind the other, and
// each edge hands its lanes, and what they take along, on to its target: an update of the target's mask and parameters.
//
//   - A divergent loop goes on while one lane is left in it. An edge out of it updates its target, in whatever round
//     its lanes leave, and leads to the latch; behind the loop the targets are run.
//   - Branches on uniform conditions stay. Masks that are the same for all of a region are one: a node has a mask of
//     its own only if the lanes of its dominator may go around it.
//   - In front of what is dear, or must not be run for nobody (a loop), stands a guard, which goes around it if no lane
//     is left.
//
// The order of nodes and linearise() follow Moll, Hack, "Partial Control-Flow Linearization", 2018: no node is copied.

#include <optional>
#include <vector>

#include "spmd/divergence.h"

namespace gilmap::spmd {

using NodeId = uint32_t;

// What happens at the end of a node to the lanes that go from there to `to`.
struct Update {
  enum class Way : uint8_t { All, IfTrue, IfFalse };  // which lanes of the node: by its condition
  NodeId to;
  Way way = Way::All;
  std::vector<ValueId> args = {};  // of the target's parameters; empty where it does not matter
};

struct Node {
  enum class End : uint8_t {
    Follow,  // run everything in `next`; linearise() leaves one
    Branch,  // next[0] if the condition, which is uniform, is true, else next[1]
    Guard,   // next[0] if next[0] has a lane to run for, else next[1]
    Latch,   // next[0], the header, if a lane is left, else next[1]
    Exit,
  };
  BlockId block = ir::no_block;  // whose body it has; where its operands are looked up
  bool has_body = false;
  End end = End::Follow;
  ValueId condition = ir::no_value;
  int8_t unlikely = -1;
  std::vector<NodeId> next = {};
  std::vector<Update> updates = {};
  size_t loop = ir::Loops::none;          // the innermost that it belongs to
  NodeId mask = 0;                        // the node whose mask it has; that of node 0 is all lanes
  std::vector<NodeId> begins = {};        // nodes whose masks and parameters begin, empty, at its end
  std::vector<size_t> leaves = {};        // divergent loops that its lanes leave, the innermost first
  std::vector<size_t> enters = {};        // divergent loops that it is the preheader of
  std::optional<ir::DeoptReason> deopts;  // its lanes are left to CPython
};

class MaskedGraph {
 public:
  // Both must outlive the graph. The nodes of blocks have their numbers.
  MaskedGraph(const Normal& normal, const Divergence& divergence);

  const Node& operator[](NodeId n) const { return nodes_[n]; }
  size_t size() const { return nodes_.size(); }
  // The nodes that are run, each behind those before it on a path without back edges.
  const std::vector<NodeId>& order() const { return order_; }
  const std::vector<ValueId>& params(NodeId n) const;
  bool is_header(NodeId n) const { return is_header_[n]; }
  bool has_own_mask(NodeId n) const { return nodes_[n].mask == n && n != 0; }
  size_t updates_of(NodeId n) const { return update_counts_[n]; }
  bool has_deopts() const { return has_deopts_; }
  // Is there always a lane to run for?
  bool is_busy(NodeId n) const;

 private:
  void make_nodes();
  void find_masks();
  void make_edges(BlockId b);
  void make_edge(BlockId b, uint32_t index);
  void make_latch(size_t loop);
  void find_begins();
  void guard();
  void put_guard(NodeId n, NodeId around);
  void number();
  void linearise();
  NodeId add(Node node);
  BlockId entry_of(BlockId b) const;
  bool leaves_divergent(BlockId from, BlockId to) const;
  BlockId latch_around(size_t loop) const;
  bool is_tested(size_t loop) const;
  ir::Function control() const;
  size_t depth(size_t loop) const;
  bool lies_in(size_t loop, size_t around) const;

  const Normal& normal_;
  const ir::Function& f_;
  const Divergence& divergence_;
  const ir::Loops& loops_;
  std::vector<Node> nodes_;
  std::vector<NodeId> order_;
  std::vector<bool> is_header_, is_guarded_;
  std::vector<size_t> update_counts_;
  std::vector<ValueId> no_params_;
  bool has_deopts_ = false;
};

}  // namespace gilmap::spmd
