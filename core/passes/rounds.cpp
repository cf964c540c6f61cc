#include "passes/rounds.h"

#include <algorithm>

#include "passes/op_kinds.h"

namespace gilmap::passes {

using ir::Edge;
using ir::Incoming;
using ir::Type;

namespace {

constexpr int64_t most_step = 64;  // of a counter: most of a table of its values would be empty

constexpr bool reads_table(Op op) { return op == Op::TableWay || op == Op::TableValue; }

}  // namespace

Rounds::Rounds(const ir::Loop& loop, const Function& f, const ir::Predecessors& preds, const ir::Dominators& dominators)
    : loop_(loop), f_(f), preds_(preds), dominators_(dominators) {
  const std::vector<ValueId>& params = f_.blocks[loop_.header].params;
  for (size_t k = 0; k < params.size(); ++k) {
    if (start_of(k)) state_.insert(params[k]);
  }
  find_counter();
  if (counter != no_value && !step) state_ = {counter};  // rounds have no numbers
  for (bool changed = true; changed;) {
    changed = false;
    const bool one_way_back = find_followers();
    for (size_t k = 0; k < params.size(); ++k) {
      if (params[k] == counter || !state_.contains(params[k])) continue;
      const auto follows_then = [&](Incoming in) { return follows_[edge(in).args[k]]; };
      if ((one_way_back || has_one_next(k)) && std::ranges::all_of(loop_.back_edges, follows_then)) continue;
      state_.erase(params[k]);
      changed = true;
    }
  }
}

void Rounds::find_counter() {
  const std::vector<ValueId>& params = f_.blocks[loop_.header].params;
  for (size_t k = 0; k < params.size() && counter == no_value; ++k) {
    if (!state_.contains(params[k]) || !steps(k)) continue;
    counter = params[k];
    start = f_[*start_of(k)].imm;
    step = step_of(k, loop_.back_edges[0]);
    for (Incoming in : loop_.back_edges) {
      if (step_of(k, in) != step) step.reset();
    }
  }
}

bool Rounds::is_constant(ValueId v) const { return passes::is_constant(f_[v].op); }

std::optional<ValueId> Rounds::start_of(size_t param) const {
  std::optional<ValueId> start;
  for (Incoming in : preds_[loop_.header]) {
    if (loop_.blocks[in.from]) continue;
    const ValueId v = edge(in).args[param];
    if (!is_constant(v)) return std::nullopt;
    if (start && (f_[*start].op != f_[v].op || f_[*start].imm != f_[v].imm)) return std::nullopt;
    start = v;
  }
  return start;
}

// Is it the same value in the next round, on whatever way back?
bool Rounds::has_one_next(size_t param) const {
  const ValueId next = edge(loop_.back_edges[0]).args[param];
  return std::ranges::all_of(loop_.back_edges, [&](Incoming in) { return edge(in).args[param] == next; });
}

// The constant that it grows by on a way back.
std::optional<int64_t> Rounds::step_of(size_t param, Incoming way_back) const {
  const ValueId counter = f_.blocks[loop_.header].params[param];
  const ir::Inst& next = f_[edge(way_back).args[param]];
  if (next.op != Op::IAdd || (next.args[0] != counter && next.args[1] != counter)) return std::nullopt;
  const ir::Inst& step = f_[next.args[0] == counter ? next.args[1] : next.args[0]];
  if (step.op != Op::IConst || step.imm <= 0 || step.imm > most_step) return std::nullopt;
  return step.imm;
}

// Does it grow by a constant on every way back?
bool Rounds::steps(size_t param) const {
  return f_.type(f_.blocks[loop_.header].params[param]) == Type::I64 &&
         std::ranges::all_of(loop_.back_edges, [&](Incoming in) { return step_of(param, in).has_value(); });
}

// Values that depend on the state and constants alone, and other constants; parameters too, where nothing else decides
// on which way their block is reached. All are taken to do so until something speaks against it. True if every element
// takes the same way back in the same round.
bool Rounds::find_followers() {
  follows_.assign(f_.values.size(), true);
  for (ValueId v : f_.blocks[loop_.header].params) follows_[v] = state_.contains(v);
  std::vector<bool> reached_alike(f_.blocks.size(), true);
  for (bool changed = true; changed;) {
    changed = false;
    const auto drop = [&](std::vector<bool>& all, size_t k) {
      changed |= all[k];
      all[k] = false;
    };
    for (BlockId b : dominators_.order()) {
      if (loop_.blocks[b] && b != loop_.header) {
        if (!are_taken_alike(preds_[b], reached_alike)) drop(reached_alike, b);
        const std::vector<ValueId>& params = f_.blocks[b].params;
        for (size_t k = 0; k < params.size(); ++k) {
          const auto arg_follows = [&](Incoming in) { return follows_[edge(in).args[k]]; };
          if (!reached_alike[b] || !std::ranges::all_of(preds_[b], arg_follows)) drop(follows_, params[k]);
        }
      } else if (!loop_.blocks[b]) {
        for (ValueId v : f_.blocks[b].params) drop(follows_, v);
      }
      for (ValueId v : f_.blocks[b].body) {
        const bool same = ir::info(f_[v].op).effect == ir::Effect::Pure || reads_table(f_[v].op);
        if (!same || !std::ranges::all_of(f_[v].args, [&](ValueId a) { return follows_[a]; })) drop(follows_, v);
      }
    }
  }
  return are_taken_alike(loop_.back_edges, reached_alike);
}

// Of edges within the loop that lead to one block: if it is reached in a round, is it by the same one for every
// element?
bool Rounds::are_taken_alike(std::span<const Incoming> edges, const std::vector<bool>& reached_alike) const {
  return std::ranges::all_of(edges, [&](Incoming in) {
    const ir::Terminator& end = f_.blocks[in.from].end;
    const bool chooses = std::ranges::count_if(end.edges, [&](const Edge& e) { return loop_.blocks[e.block]; }) > 1;
    return reached_alike[in.from] && (!chooses || follows_[end.values[0]]);
  });
}

}  // namespace gilmap::passes
