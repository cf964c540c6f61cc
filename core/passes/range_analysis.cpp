#include "passes/range_analysis.h"

#include <algorithm>
#include <utility>

#include "passes/op_kinds.h"
#include "passes/slow_counters.h"

namespace gilmap::passes {
namespace {

// After so many sweeps a parameter of a loop is widened, first to constants of the program, then to infinity.
constexpr int widen_after = 2, infinity_after = 6;
// Each parameter grows a bounded number of times, but nests of loops can make that many sweeps.
constexpr int most_sweeps = 60;

bool has_range(ir::Type t) { return t == ir::Type::I64 || t == ir::Type::Bool; }
IntRange any_of(ir::Type t) { return t == ir::Type::Bool ? any_bool : full_range; }

}  // namespace

RangeAnalysis::RangeAnalysis(const ir::Function& f, const ir::Predecessors& preds, const ir::Dominators& dominators,
                             ValueRanges& result)
    : f_(f),
      preds_(preds),
      dominators_(dominators),
      result_(result),
      slow_counter_(slow_counters(f, preds)),
      first_edge_(f.blocks.size()),
      is_header_(f.blocks.size()),
      entry_edge_(f.blocks.size()),
      now_(f.values.size(), empty_range),
      next_of_pair_(f.values.size(), ir::no_value) {
  for (BlockId b = 0; b < f.blocks.size(); ++b) {
    first_edge_[b] = static_cast<uint32_t>(edges_.size());
    for (const ir::Edge& edge : f.blocks[b].end.edges) {
      edges_.push_back({static_cast<uint32_t>(edge_args_.size()), false});
      edge_args_.resize(edge_args_.size() + edge.args.size(), empty_range);
      if (dominators.reachable(b) && dominators.retreating(b, edge.block)) is_header_[edge.block] = true;
    }
  }
  for (BlockId b : dominators.order()) entry_edge_[b] = find_entry_edge(b);
  link_pairs();
}

// Edges from blocks that b dominates do not count: on them the condition held before, and its operands, which lie
// outside, have not changed since.
RangeAnalysis::EntryEdge RangeAnalysis::find_entry_edge(BlockId b) const {
  EntryEdge entry;
  bool found = false;
  for (ir::Incoming in : preds_[b]) {
    if (!dominators_.reachable(in.from) || dominators_.dominates(b, in.from)) continue;
    if (std::exchange(found, true)) return {};
    const ir::Terminator& end = f_.blocks[in.from].end;
    if (end.kind == ir::Terminator::Kind::Branch) entry = {end.values[0], in.index == 0};
  }
  return entry;
}

void RangeAnalysis::run() {
  if (std::find(is_header_.begin(), is_header_.end(), true) != is_header_.end()) {
    header_.resize(f_.values.size(), empty_range);
    growths_.resize(f_.values.size());
    thresholds_ = {INT64_MIN, -(int64_t{1} << 53), INT32_MIN, -1, 0, 1, INT32_MAX, int64_t{1} << 53, INT64_MAX};
    for (const ir::Inst& inst : f_.values) {
      if (inst.op == Op::IConst) thresholds_.push_back(inst.imm);
    }
    for (IntRange r : f_.arg_ranges) thresholds_.insert(thresholds_.end(), {r.lo, r.hi});
    std::sort(thresholds_.begin(), thresholds_.end());

    int sweeps = 0;
    do {
      changed_ = false;
      sweep(Mode::Grow);
    } while (changed_ && ++sweeps < most_sweeps);
    if (changed_) give_up();
    sweep(Mode::Narrow);
  }
  sweep(Mode::Record);
}

// Nothing is known of what goes round loops. A state that surely holds.
void RangeAnalysis::give_up() {
  for (EdgeState& e : edges_) e.reached = true;
  for (BlockId b = 0; b < f_.blocks.size(); ++b) {
    const std::vector<ir::Edge>& edges = f_.blocks[b].end.edges;
    for (size_t i = 0; i < edges.size(); ++i) {
      for (size_t k = 0; k < edges[i].args.size(); ++k) {
        edge_args_[edges_[first_edge_[b] + i].first_arg + k] = any_of(f_.type(edges[i].args[k]));
      }
    }
  }
}

void RangeAnalysis::sweep(Mode mode) {
  mode_ = mode;
  record_facts_ = mode == Mode::Record;
  for (BlockId b : dominators_.order()) {
    while (!scopes_.empty() && scopes_.back().block != dominators_.idom(b)) {
      undo_to(scopes_.back().mark);
      scopes_.pop_back();
    }
    scopes_.push_back({b, changes_.size()});
    block_ = b;
    position_ = 0;
    leave(b, enter(b) && run_body(b));
  }
  undo_to(0);
  scopes_.clear();
}

// Parameters, and the condition of the one edge that leads here from outside. False if no edge can be taken.
bool RangeAnalysis::enter(BlockId b) {
  const std::vector<ValueId>& params = f_.blocks[b].params;
  if (b == 0) {
    for (size_t k = 0; k < params.size(); ++k) {
      bool bounded = k < f_.arg_ranges.size() && f_.type(params[k]) == ir::Type::I64;
      if (has_range(f_.type(params[k]))) define(params[k], bounded ? f_.arg_ranges[k] : any_of(f_.type(params[k])));
    }
    return true;
  }
  auto incoming = preds_[b];
  bool reached = false;
  for (ir::Incoming in : incoming) reached |= edges_[first_edge_[in.from] + in.index].reached;
  if (!reached) return false;
  for (size_t k = 0; k < params.size(); ++k) {
    ValueId p = params[k];
    if (!has_range(f_.type(p))) continue;
    IntRange r = empty_range;
    for (ir::Incoming in : incoming) {
      const EdgeState& edge = edges_[first_edge_[in.from] + in.index];
      if (edge.reached) r = hull(r, edge_args_[edge.first_arg + k]);
    }
    if (is_header_[b]) {
      if (mode_ == Mode::Grow) r = grown(p, header_[p], r);
      header_[p] = r;
    }
    define(p, r);
  }
  const EntryEdge& entry = entry_edge_[b];
  return entry.condition == ir::no_value || assume(entry.condition, entry.truth);
}

// False if the block does not get to its end.
bool RangeAnalysis::run_body(BlockId b) {
  for (ValueId v : f_.blocks[b].body) {
    const ir::Inst& inst = f_[v];
    ++position_;
    if (inst.op == Op::DeoptIf) {
      if (!assume(inst.args[0], false)) return false;
    } else if (has_range(inst.type)) {
      define(v, compute(v));
    }
  }
  return true;
}

void RangeAnalysis::leave(BlockId b, bool reached) {
  const ir::Terminator& end = f_.blocks[b].end;
  bool record = std::exchange(record_facts_, false);  // an edge's condition does not hold in b itself
  for (uint32_t i = 0; i < end.edges.size(); ++i) {
    size_t mark = changes_.size();
    bool taken = reached && (end.kind != ir::Terminator::Kind::Branch || assume(end.values[0], i == 0));
    record_edge(first_edge_[b] + i, end.edges[i], taken, dominators_.retreating(b, end.edges[i].block));
    undo_to(mark);
  }
  record_facts_ = record;
}

void RangeAnalysis::record_edge(uint32_t edge, const ir::Edge& to, bool reached, bool loops) {
  EdgeState& state = edges_[edge];
  if (loops && state.reached != reached) changed_ = true;
  state.reached = reached;
  if (!reached) return;
  for (size_t k = 0; k < to.args.size(); ++k) {
    if (!has_range(f_.type(to.args[k]))) continue;
    IntRange& r = edge_args_[state.first_arg + k];
    if (loops && r != now_[to.args[k]]) changed_ = true;
    r = now_[to.args[k]];
  }
}

// The range that a parameter of a loop header takes when its edges bring `now`.
IntRange RangeAnalysis::grown(ValueId param, IntRange old, IntRange now) {
  now = hull(old, now);
  if (now == old) return old;
  changed_ = true;
  uint8_t times = growths_[param];
  if (f_.type(param) == ir::Type::Bool || times < widen_after) {
    ++growths_[param];
    return now;
  }
  bool to_infinity = times >= infinity_after;
  if (!to_infinity) ++growths_[param];
  if (now.lo < old.lo) {
    now.lo = to_infinity ? INT64_MIN : *std::prev(std::upper_bound(thresholds_.begin(), thresholds_.end(), now.lo));
  }
  if (now.hi > old.hi) {
    now.hi = to_infinity ? INT64_MAX : *std::lower_bound(thresholds_.begin(), thresholds_.end(), now.hi);
  }
  return now;
}

void RangeAnalysis::define(ValueId v, IntRange r) {
  if (slow_counter_[v] && !is_empty(meet(r, counter_range))) r = meet(r, counter_range);
  changes_.push_back({v, empty_range});
  now_[v] = r;
  if (mode_ == Mode::Record) result_.ranges_[v] = r;
}

// False if that leaves nothing.
bool RangeAnalysis::narrow(ValueId v, IntRange r) {
  r = meet(now_[v], r);
  if (is_empty(r)) return false;
  if (r == now_[v]) return true;
  changes_.push_back({v, now_[v]});
  now_[v] = r;
  if (record_facts_) {
    result_.facts_.push_back({block_, position_, r, result_.newest_[v]});
    result_.newest_[v] = static_cast<uint32_t>(result_.facts_.size() - 1);
  }
  return true;
}

void RangeAnalysis::undo_to(size_t mark) {
  while (changes_.size() > mark) {
    now_[changes_.back().value] = changes_.back().old;
    changes_.pop_back();
  }
}

}  // namespace gilmap::passes
