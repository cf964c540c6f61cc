#include "spmd/masked_graph.h"

#include <algorithm>
#include <set>

#include "spmd/costs.h"

namespace gilmap::spmd {

using ir::no_block;
using ir::Op;
constexpr size_t none = ir::Loops::none;

namespace {

// In additions: from here on a region is worth a guard.
constexpr int dear = 24;

}  // namespace

MaskedGraph::MaskedGraph(const Normal& normal, const Divergence& divergence)
    : normal_(normal), f_(normal.f), divergence_(divergence), loops_(divergence.loops()) {
  for (BlockId b : divergence.dominators().order()) {
    for (ValueId v : f_.blocks[b].body) has_deopts_ |= f_[v].op == Op::DeoptIf;
  }
  make_nodes();
  find_masks();
  for (BlockId b : divergence.dominators().order()) make_edges(b);
  for (size_t i = 0; i < loops_.size(); ++i) make_latch(i);
  find_begins();
  guard();
  number();
  linearise();
  update_counts_.resize(nodes_.size());
  for (NodeId n : order_) {
    for (const Update& u : nodes_[n].updates) ++update_counts_[u.to];
  }
}

const std::vector<ValueId>& MaskedGraph::params(NodeId n) const {
  return nodes_[n].has_body ? f_.blocks[n].params : no_params_;
}

NodeId MaskedGraph::add(Node node) {
  nodes_.push_back(std::move(node));
  is_header_.push_back(false);
  is_guarded_.push_back(false);
  return static_cast<NodeId>(nodes_.size() - 1);
}

void MaskedGraph::make_nodes() {
  nodes_.resize(f_.blocks.size());
  is_header_.resize(f_.blocks.size());
  is_guarded_.resize(f_.blocks.size());
  for (BlockId b : divergence_.dominators().order()) {
    Node& node = nodes_[b];
    node.block = b;
    node.has_body = true;
    node.loop = loops_.innermost(b);
    if (b == normal_.exit) node.end = Node::End::Exit;
  }
  for (const auto& [reason, b] : normal_.deopts) nodes_[b].deopts = reason;
  for (size_t i = 0; i < loops_.size(); ++i) is_header_[loops_[i].header] = true;
}

// The closest dominator outside of loops that b lies outside of: its lanes come to b once each, if at all.
BlockId MaskedGraph::entry_of(BlockId b) const {
  BlockId d = divergence_.dominators().idom(b);
  for (size_t i = loops_.innermost(d); i != none; i = loops_.outer(i)) {
    if (!loops_[i].blocks[b]) d = divergence_.dominators().idom(loops_[i].header);  // the preheader
  }
  return d;
}

bool MaskedGraph::leaves_divergent(BlockId from, BlockId to) const {
  for (size_t i = loops_.innermost(from); i != none; i = loops_.outer(i)) {
    if (divergence_.is_divergent(i) && !loops_[i].blocks[to]) return true;
  }
  return false;
}

void MaskedGraph::find_masks() {
  for (BlockId b : divergence_.dominators().order()) {
    if (b == 0) continue;
    nodes_[b].mask = b;
    const size_t loop = loops_.innermost(b);
    if (loop != none && loops_[loop].header == b) {
      if (!divergence_.is_divergent(loop)) nodes_[b].mask = nodes_[divergence_.dominators().idom(b)].mask;
      continue;
    }
    // Where lanes have left a divergent loop, its latch is reached without them.
    if (loop != none && divergence_.is_divergent(loop) && loops_[loop].back_edges[0].from == b) continue;
    std::vector<BlockId> from;
    for (ir::Incoming in : divergence_.predecessors()[b]) {
      if (divergence_.dominators().reachable(in.from)) from.push_back(in.from);
    }
    if (from.size() == 1 && !divergence_.parts(from[0]) && !leaves_divergent(from[0], b)) {
      nodes_[b].mask = nodes_[from[0]].mask;
    } else if (const BlockId entry = entry_of(b); divergence_.postdominates(b, entry)) {
      nodes_[b].mask = nodes_[entry].mask;
    }
  }
}

void MaskedGraph::make_edges(BlockId b) {
  const ir::Terminator& end = f_.blocks[b].end;
  if (end.kind == ir::Terminator::Kind::Branch) {
    nodes_[b].condition = end.values[0];
    nodes_[b].unlikely = end.unlikely;
    if (!divergence_.parts(b)) nodes_[b].end = Node::End::Branch;
  }
  for (uint32_t i = 0; i < end.edges.size(); ++i) make_edge(b, i);
}

void MaskedGraph::make_edge(BlockId b, uint32_t index) {
  const ir::Edge& edge = f_.blocks[b].end.edges[index];
  const bool parts = divergence_.parts(b), leaves = leaves_divergent(b, edge.block);
  auto way = Update::Way::All;
  if (parts) way = index == 0 ? Update::Way::IfTrue : Update::Way::IfFalse;
  if (!leaves && nodes_[b].end != Node::End::Branch) {
    nodes_[b].next.push_back(edge.block);
    nodes_[b].updates.push_back({edge.block, way, edge.args});
    return;
  }
  // A node for the edge alone: its update is that of lanes which take it, or takes the place of going there.
  Node middle;
  middle.block = b;
  middle.loop = loops_.innermost(b);
  while (middle.loop != none && !loops_[middle.loop].blocks[edge.block] && !divergence_.is_divergent(middle.loop)) {
    middle.loop = loops_.outer(middle.loop);
  }
  middle.updates = {{edge.block, Update::Way::All, edge.args}};
  middle.next = {leaves ? latch_around(middle.loop) : edge.block};
  if (leaves) {
    for (size_t i = loops_.innermost(b); i != none && !loops_[i].blocks[edge.block]; i = loops_.outer(i)) {
      if (divergence_.is_divergent(i)) middle.leaves.push_back(i);
    }
  }
  middle.mask = nodes_[b].mask;
  const NodeId m = add(std::move(middle));
  nodes_[b].next.push_back(m);
  if (!parts) return;
  nodes_[m].mask = m;
  nodes_[b].updates.push_back({m, way, {}});
}

// The latch of the innermost divergent loop from `loop` outwards, or the exit.
BlockId MaskedGraph::latch_around(size_t loop) const {
  while (loop != none && !divergence_.is_divergent(loop)) loop = loops_.outer(loop);
  return loop == none ? normal_.exit : loops_[loop].back_edges[0].from;
}

// Lanes leave the loop together. But it may go on for long after all were left to CPython, or for ever: nobody counts
// its rounds where guards lead around its inner loops.
bool MaskedGraph::is_tested(size_t loop) const {
  bool polls = false, deopts = false, has_inner = false;
  for (BlockId b = 0; b < f_.blocks.size(); ++b) {
    if (!loops_[loop].blocks[b]) continue;
    has_inner |= loops_.innermost(b) != loop;
    for (ValueId v : f_.blocks[b].body) {
      polls |= f_[v].op == Op::Poll;
      deopts |= f_[v].op == Op::DeoptIf;
    }
  }
  return (polls && deopts) || (has_inner && has_deopts_);
}

void MaskedGraph::make_latch(size_t i) {
  const ir::Loop& loop = loops_[i];
  const NodeId latch = loop.back_edges[0].from;
  const bool divergent = divergence_.is_divergent(i);
  if (!divergent && !is_tested(i)) return;
  const size_t outer = loops_.outer(i);
  std::set<NodeId> targets;
  if (divergent) {
    nodes_[divergence_.dominators().idom(loop.header)].enters.push_back(i);
    for (BlockId b = 0; b < f_.blocks.size(); ++b) {
      if (!loop.blocks[b]) continue;
      for (const ir::Edge& edge : f_.blocks[b].end.edges) {
        // Lanes that leave the divergent loop around this one as well are behind that one.
        if (!loop.blocks[edge.block])
          targets.insert(leaves_divergent(latch_around(outer), edge.block) ? latch_around(outer) : edge.block);
      }
    }
  } else {
    targets.insert(latch_around(outer));
  }
  Node behind;
  behind.block = latch;
  behind.loop = outer;
  behind.mask = latch;  // of no interest: it has neither a body nor updates
  behind.next.assign(targets.begin(), targets.end());
  const NodeId b = add(std::move(behind));
  nodes_[latch].end = Node::End::Latch;
  nodes_[latch].next.push_back(b);
}

// A mask begins where all that updates it is still to come: at the entry of its block, or further up, if lanes that
// leave a loop lead around that.
void MaskedGraph::find_begins() {
  const ir::Function shape = control();
  const ir::Dominators dominators(shape);
  for (BlockId b : divergence_.dominators().order()) {
    if (b == 0 || is_header_[b] || (nodes_[b].mask != b && f_.blocks[b].params.empty())) continue;
    NodeId at = entry_of(b);
    while (!dominators.dominates(at, b)) at = dominators.idom(at);
    nodes_[at].begins.push_back(b);
  }
}

bool MaskedGraph::is_busy(NodeId n) const {
  if (has_deopts_) return false;
  for (NodeId root = nodes_[n].mask; root != 0; root = nodes_[root].mask) {
    if (is_guarded_[root]) return true;
    if (!is_header_[root]) return false;
    root = divergence_.dominators().idom(root);  // busy in the first round if the preheader is, and later by its latch
  }
  return true;
}

// ---------------------------------------------------------------- guards

ir::Function MaskedGraph::control() const {
  ir::Function f;
  f.blocks.resize(nodes_.size());
  for (NodeId n = 0; n < nodes_.size(); ++n) {
    for (NodeId to : nodes_[n].next) f.blocks[n].end.edges.push_back({to, {}});
  }
  return f;
}

void MaskedGraph::guard() {
  const ir::Function shape = control();
  const ir::Dominators dominators(shape);
  const std::vector<BlockId> postdominators = immediate_postdominators(shape, normal_.exit);

  // What a node and those below it in the tree of dominators cost.
  std::vector<int> costs(nodes_.size());
  const std::vector<BlockId>& order = dominators.order();
  for (size_t i = order.size(); i-- > 0;) {
    const NodeId n = order[i];
    if (nodes_[n].has_body) {
      for (ValueId v : f_.blocks[n].body) costs[n] += cost(f_[v].op);
      if (is_header_[n]) costs[n] += dear;
    }
    if (i > 0) costs[dominators.idom(n)] += costs[n];
  }

  std::vector<std::pair<NodeId, NodeId>> guards;
  for (NodeId n : order) {
    if (n == 0 || n == normal_.exit || is_header_[n]) continue;
    NodeId around = postdominators[n];
    while (around != no_block && dominators.dominates(n, around)) around = postdominators[around];
    if (around == no_block) continue;
    // The guard must not lead out of a loop: lanes that have left it are handed on behind its latch.
    if (nodes_[n].loop != none && !lies_in(nodes_[around].loop, nodes_[n].loop)) continue;
    const std::vector<NodeId>& next = nodes_[n].next;
    const bool enters_loop = next.size() == 1 && is_header_[next[0]] && dominators.idom(next[0]) == n;
    if (nodes_[n].mask == n ? costs[n] < dear : !enters_loop) continue;
    if (is_busy(n)) continue;
    is_guarded_[n] = true;
    guards.push_back({n, around});
  }
  for (auto [n, around] : guards) put_guard(n, around);
}

void MaskedGraph::put_guard(NodeId n, NodeId around) {
  Node guard;
  guard.block = nodes_[n].block;
  guard.end = Node::End::Guard;
  guard.loop = nodes_[n].loop;
  guard.mask = nodes_[n].mask;
  guard.next = {n, around};
  const NodeId g = add(std::move(guard));
  for (NodeId p = 0; p < g; ++p) std::ranges::replace(nodes_[p].next, n, g);
}

// ---------------------------------------------------------------- one behind the other

bool MaskedGraph::lies_in(size_t loop, size_t around) const {
  while (loop != none && loop != around) loop = loops_.outer(loop);
  return loop == around;
}

size_t MaskedGraph::depth(size_t loop) const {
  size_t d = 0;
  for (; loop != none; loop = loops_.outer(loop)) ++d;
  return d;
}

// A node before all that it dominates, and of these, first those in the same loop: so that neither a region that all
// lanes enter together nor a loop is torn apart.
void MaskedGraph::number() {
  const ir::Function shape = control();
  const ir::Dominators dominators(shape);
  std::vector<uint32_t> position(nodes_.size());
  std::vector<std::vector<NodeId>> children(nodes_.size());
  uint32_t count = 0;
  for (NodeId n : ir::reverse_postorder(shape)) {
    position[n] = count++;
    if (n != 0) children[dominators.idom(n)].push_back(n);
  }
  std::vector<NodeId> stack{0};
  while (!stack.empty()) {
    const NodeId n = stack.back();
    stack.pop_back();
    order_.push_back(n);
    std::vector<NodeId>& below = children[n];
    std::ranges::sort(below, [&](NodeId x, NodeId y) {
      const size_t dx = depth(nodes_[x].loop), dy = depth(nodes_[y].loop);
      return dx != dy ? dx < dy : position[x] > position[y];  // the last one is taken first
    });
    stack.insert(stack.end(), below.begin(), below.end());
  }
}

// What a node still has to run beside the one that follows is deferred: it follows later, behind whatever comes first.
void MaskedGraph::linearise() {
  std::vector<uint32_t> number(nodes_.size());
  for (uint32_t i = 0; i < order_.size(); ++i) number[order_[i]] = i;
  auto earlier = [&](NodeId x, NodeId y) { return number[x] < number[y]; };
  using Pending = std::set<NodeId, decltype(earlier)>;
  std::vector<Pending> deferred(nodes_.size(), Pending(earlier));
  std::vector<bool> run(nodes_.size());
  run[0] = true;
  auto follow = [&](NodeId from, Pending pending) {
    const NodeId next = *pending.begin();
    GILMAP_CHECK(earlier(from, next));
    pending.erase(next);
    deferred[next].insert(pending.begin(), pending.end());
    run[next] = true;
    return next;
  };
  for (NodeId n : order_) {
    if (!run[n]) continue;
    Node& node = nodes_[n];
    if (node.end == Node::End::Exit) continue;
    Pending all = deferred[n];
    if (node.end == Node::End::Follow) {
      // The latch of a uniform loop goes back, with what is deferred to behind the loop.
      if (node.next.size() == 1 && !earlier(n, node.next[0])) continue;
      all.insert(node.next.begin(), node.next.end());
      node.next = {follow(n, std::move(all))};
      continue;
    }
    for (NodeId& to : node.next) {
      if (!earlier(n, to)) continue;  // a back edge
      Pending pending = all;
      pending.insert(to);
      to = follow(n, std::move(pending));
    }
  }
  std::erase_if(order_, [&](NodeId n) { return !run[n]; });
}

}  // namespace gilmap::spmd
