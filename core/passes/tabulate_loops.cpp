// Problem: `for n in range(2, limit): if is_prime(n): …` decides for each element anew which numbers are prime.
// Method: some state of the outer loop is the same in the same round of every element (rounds.h). An inner loop that
// reads nothing else does the same then, too. Its outcome is the way by which it is left, and the values of its own
// that are used behind it. They go into a table, with the counter as the index:
//
//   before ──> inner loop ──> behind         before ──> way? ──(none)──> inner loop ──> write way, values ──> behind
//                                                          └──(k)──> read values ──────────────────────────────┘
//
// Whether an outcome was looked up or computed, it is the same one: so what depends on it is still the same in the same
// round, and a further loop may read it.
// Invariant: a table holds for an index what the loop comes to, or nothing; it makes no difference which of the two. So
// it need not be kept for longer than is convenient, nor for large indices. Where the loop leaves its element to
// CPython nothing is written. Used behind: values get parameters in the blocks where the ways meet.
// Limits: one way into the inner loop; no calls of recursive or foreign functions in it; a few ways and values. A loop
// of a few rounds is left alone: looking it up would cost as much.

#include "passes/tabulate_loops.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "ir/builder.h"
#include "ir/loops.h"
#include "ir/tables.h"
#include "passes/op_kinds.h"
#include "passes/remove_unreachable.h"
#include "passes/rewrite.h"
#include "passes/rounds.h"
#include "passes/value_ranges.h"

namespace gilmap::passes {
namespace {

using ir::Edge;
using ir::Effect;
using ir::Incoming;
using ir::Loop;
using ir::Type;

constexpr size_t most_ways = 8;

struct Exit {
  Incoming edge;
  BlockId write = ir::no_block, read = ir::no_block;  // of the new blocks
};

struct Plan {
  size_t inner, outer;
  Incoming entry;
  ValueId counter;
  int64_t start;
  std::vector<Exit> exits;
  std::vector<ValueId> results;  // values of the inner loop that are used behind it
};

class Tabulation {
 public:
  Tabulation(Function& f, int tables, int values)
      : f_(f),
        preds_(f_),
        dominators_(f_, preds_),
        loops_(ir::Loops::of(f_, preds_, dominators_)),
        home_(ir::home_blocks(f_)),
        tables_(tables),
        values_(values) {}

  // Changes one loop whose header is none of `done`, and adds it there, with those within. False if there is none.
  bool run(std::set<BlockId>& done) {
    if (!loops_) return false;
    for (size_t i = 0; i < loops_->size(); ++i) {
      if (loops_->outer(i) == ir::Loops::none || done.contains(loop(i).header)) continue;
      const auto plan = plan_for(i);
      if (!plan) continue;
      for (size_t k = i; k < loops_->size(); ++k) {
        if (loop(i).blocks[loop(k).header]) done.insert(loop(k).header);
      }
      tabulate(*plan);
      return true;
    }
    return false;
  }

  int values() const { return values_; }

 private:
  const Loop& loop(size_t i) const { return (*loops_)[i]; }
  Edge& edge(Incoming in) { return f_.blocks[in.from].end.edges[in.index]; }
  const Edge& edge(Incoming in) const { return f_.blocks[in.from].end.edges[in.index]; }
  bool is_in(size_t i, ValueId v) const { return home_[v] != ir::no_block && loop(i).blocks[home_[v]]; }
  bool is_constant(ValueId v) const { return passes::is_constant(f_[v].op); }

  std::optional<Plan> plan_for(size_t inner) {
    Plan plan{.inner = inner,
              .outer = loops_->outer(inner),
              .entry = {},
              .counter = no_value,
              .start = 0,
              .exits = {},
              .results = {}};
    if (!find_entry(plan) || is_short(plan) || !depends_on_the_round(plan) || !find_exits(plan) ||
        !find_results(plan)) {
      return std::nullopt;
    }
    return plan;
  }

  // ---------------------------------------------------------------- the inner loop

  bool find_entry(Plan& plan) const {
    const auto entry = ir::only_entry(loop(plan.inner), preds_, dominators_);
    if (entry) plan.entry = *entry;
    return entry.has_value();
  }

  // Does a counter of its own go from one constant to another in a few rounds?
  bool is_short(const Plan& plan) const {
    const Loop& inner = loop(plan.inner);
    for (size_t k = plan.inner + 1; k < loops_->size(); ++k) {
      if (inner.blocks[loop(k).header]) return false;
    }
    const ir::Terminator& end = f_.blocks[inner.header].end;
    if (end.kind != ir::Terminator::Kind::Branch) return false;
    const ir::Inst& test = f_[end.values[0]];
    if (!is_int_compare(test.op) || !is_constant(test.args[1])) return false;
    const auto& params = f_.blocks[inner.header].params;
    const auto param = std::ranges::find(params, test.args[0]);
    if (param == params.end()) return false;
    const ValueId start = edge(plan.entry).args[static_cast<size_t>(param - params.begin())];
    return is_constant(start) &&
           std::abs(static_cast<double>(f_[test.args[1]].imm) - static_cast<double>(f_[start].imm)) <= few_rounds;
  }

  bool depends_on_the_round(Plan& plan) const {
    const Rounds rounds(loop(plan.outer), f_, preds_, dominators_);
    if (rounds.counter == no_value) return false;
    plan.counter = rounds.counter;
    plan.start = rounds.start;
    const auto reads = [&](ValueId v) { return is_in(plan.inner, v) || rounds.follows(v); };
    for (ValueId v : edge(plan.entry).args) {
      if (!reads(v)) return false;
    }
    for (BlockId b = 0; b < f_.blocks.size(); ++b) {
      if (!loop(plan.inner).blocks[b]) continue;
      for (ValueId v : f_.blocks[b].body) {
        const Effect effect = ir::info(f_[v].op).effect;
        const bool simple = effect == Effect::Pure || effect == Effect::Poll || f_[v].op == Op::DeoptIf;
        if (!simple || !std::ranges::all_of(f_[v].args, reads)) return false;
      }
      const ir::Terminator& end = f_.blocks[b].end;
      if (!std::ranges::all_of(end.values, reads)) return false;
      for (const Edge& e : end.edges) {
        if (loop(plan.inner).blocks[e.block] && !std::ranges::all_of(e.args, reads)) return false;
      }
    }
    return true;
  }

  bool find_exits(Plan& plan) const {
    for (BlockId b = 0; b < f_.blocks.size(); ++b) {
      if (!loop(plan.inner).blocks[b]) continue;
      const std::vector<Edge>& edges = f_.blocks[b].end.edges;
      for (uint32_t k = 0; k < edges.size(); ++k) {
        if (loop(plan.inner).blocks[edges[k].block]) continue;
        if (f_.blocks[edges[k].block].end.kind == ir::Terminator::Kind::Deopt) continue;
        plan.exits.push_back({{b, k}});
      }
    }
    return !plan.exits.empty() && plan.exits.size() <= most_ways;
  }

  bool find_results(Plan& plan) const {
    std::set<ValueId> results;
    for_each_use_behind(plan, [&](ValueId v) { results.insert(v); });
    for (const Exit& exit : plan.exits) {
      for (ValueId v : edge(exit.edge).args) {
        if (is_in(plan.inner, v)) results.insert(v);
      }
    }
    plan.results.assign(results.begin(), results.end());
    return std::ranges::none_of(plan.results, [&](ValueId v) { return f_.type(v) == Type::Void; }) &&
           values_ + static_cast<int>(plan.results.size()) <= ir::max_tables;
  }

  // Calls visit(v) for each operand outside of the inner loop that is a value of it.
  template <class Visit>
  void for_each_use_behind(const Plan& plan, Visit visit) const {
    for (BlockId b = 0; b < block_count_; ++b) {
      if (loop(plan.inner).blocks[b]) continue;
      const auto use = [&](ValueId v) {
        if (is_in(plan.inner, v)) visit(v);
      };
      for (ValueId v : f_.blocks[b].body) std::ranges::for_each(f_[v].args, use);
      std::ranges::for_each(f_.blocks[b].end.values, use);
      for (const Edge& e : f_.blocks[b].end.edges) std::ranges::for_each(e.args, use);
    }
  }

  // ---------------------------------------------------------------- the change

  void tabulate(Plan plan) {
    std::map<ValueId, ir::IntRange> ranges;
    if (!plan.results.empty()) {
      const ValueRanges known(f_);
      for (ValueId v : plan.results) {
        if (f_.type(v) == Type::I64) ranges[v] = known.defined(v);
      }
    }
    ConstantPool constants(f_);
    ir::Builder build(f_);
    build.set_line(line_of(loop(plan.inner)));
    const BlockId ask = build.new_block();
    for (Exit& exit : plan.exits) {
      exit.write = build.new_block();
      exit.read = build.new_block();
    }

    const Edge into = edge(plan.entry);
    edge(plan.entry) = {ask, {}};
    build.at(ask);
    const ValueId start = constants.integer(plan.start);
    index_ = plan.start == 0 ? plan.counter : build.emit(Op::ISub, {plan.counter, start});
    const ValueId way = build.emit(Op::TableWay, {index_}, tables_);
    for (size_t k = 0; k < plan.exits.size(); ++k) {
      const ValueId is = build.emit(Op::IEq, {way, constants.integer(static_cast<int64_t>(k))});
      const bool last = k + 1 == plan.exits.size();
      const BlockId next = last ? plan.exits[k].read : build.new_block();
      build.branch(is, k == 0 ? into : Edge{plan.exits[k - 1].read, {}}, {next, {}});
      build.at(next);
    }
    for (size_t k = 0; k < plan.exits.size(); ++k) {
      const Exit& exit = plan.exits[k];
      const Edge out = edge(exit.edge);
      edge(exit.edge) = {exit.write, {}};
      build.at(exit.write);
      build.emit(Op::SetTableWay, {index_, constants.integer(static_cast<int64_t>(k) + 1)}, tables_);
      build.jump(out.block, out.args);
      build.at(exit.read);
      build.jump(out.block, out.args);
    }
    for (ValueId v : plan.results) {
      supply(plan, v, ranges[v]);
      ++values_;
    }
    constants.place();
  }

  int line_of(const Loop& inner) const {
    const std::vector<ValueId>& body = f_.blocks[inner.header].body;
    return body.empty() ? 0 : f_[body.front()].line;
  }

  // Has what is used of a value behind the inner loop come from the table where the loop was not run.
  void supply(const Plan& plan, ValueId v, ir::IntRange range) {
    const ir::Predecessors preds(f_);
    std::map<BlockId, ValueId> at_end, at_begin;
    for (const Exit& exit : plan.exits) at_end[exit.write] = v;
    const auto read_in = [&](const Exit& exit) {
      if (const auto known = at_end.find(exit.read); known != at_end.end()) return known->second;
      const auto read = static_cast<ValueId>(f_.values.size());
      const int line = f_[v].line;
      f_.values.push_back({Op::TableValue, f_.type(v), line, values_, {index_}, false, range});
      f_.blocks[exit.read].body.push_back(read);
      f_.values.push_back({Op::SetTableValue, Type::Void, line, values_, {index_, v}});
      f_.blocks[exit.write].body.push_back(static_cast<ValueId>(f_.values.size() - 1));
      return at_end[exit.read] = read;
    };
    const auto find_end = [&](auto& self, BlockId b) -> ValueId {
      const auto exit = std::ranges::find(plan.exits, b, &Exit::read);
      if (exit != plan.exits.end()) return read_in(*exit);
      if (at_end.contains(b)) return at_end[b];
      if (b < block_count_ && loop(plan.inner).blocks[b]) return v;
      if (at_begin.contains(b)) return at_begin[b];
      if (preds[b].size() == 1) return at_begin[b] = self(self, preds[b][0].from);
      const ValueId param = ir::Builder(f_).add_param(b, f_.type(v));
      at_begin[b] = param;
      for (Incoming in : preds[b]) {
        const ValueId arg = self(self, in.from);
        edge(in).args.push_back(arg);
      }
      return param;
    };

    for (const Exit& exit : plan.exits) {
      for (ValueId& arg : f_.blocks[exit.read].end.edges[0].args) {
        if (arg == v) arg = read_in(exit);
      }
    }
    for (BlockId b = 0; b < block_count_; ++b) {
      if (loop(plan.inner).blocks[b] || !uses(b, v)) continue;
      const ValueId by = find_end(find_end, b);
      for (ValueId inst : f_.blocks[b].body) std::ranges::replace(f_[inst].args, v, by);
      for_each_operand(f_.blocks[b].end, [&](ValueId& operand) {
        if (operand == v) operand = by;
      });
    }
  }

  bool uses(BlockId b, ValueId v) {
    bool found = std::ranges::any_of(
        f_.blocks[b].body, [&](ValueId inst) { return std::ranges::find(f_[inst].args, v) != f_[inst].args.end(); });
    for_each_operand(f_.blocks[b].end, [&](ValueId operand) { found |= operand == v; });
    return found;
  }

  Function& f_;
  const BlockId block_count_ = static_cast<BlockId>(f_.blocks.size());  // before any change
  ir::Predecessors preds_;
  ir::Dominators dominators_;
  std::optional<ir::Loops> loops_;
  std::vector<BlockId> home_;  // of each value
  int tables_, values_;        // in use
  ValueId index_ = no_value;
};

}  // namespace

bool tabulate_loops(Function& f) {
  if (!ir::has_loops(f)) return false;
  remove_unreachable(f);
  std::set<BlockId> done;
  const ir::TableCounts before = ir::count_tables(f);
  int tables = before.ways, values = before.values;
  for (; tables < ir::max_tables; ++tables) {
    Tabulation tabulation(f, tables, values);
    if (!tabulation.run(done)) break;
    values = tabulation.values();
  }
  return tables > before.ways;
}

}  // namespace gilmap::passes
