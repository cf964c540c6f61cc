// Method: an inner loop is invariant if all that it reads was there before the outer loop began, and the parameters of
// its header begin with such values. Then what it comes to (its results: the values that are used behind it) is the
// same in each round of the outer loop. It may not be moved before that loop, which may have no round at all, and then
// the inner one might not end, or deopt. So the outer loop gets a flag, "it has run", and its results as further
// parameters:
//
//   before ──> inner loop ──> behind            before ──(has run)──────────> join(results) ──> behind
//                                                      └─> inner loop ──────┘
//
// A sum: a header parameter that begins with a value of the outer loop, and of which the inner loop makes nothing but
// further sums by adding what does not depend on it. Such a loop is invariant but for where its sums begin. The first
// of the two passes lets them begin with 0 and adds what they began with behind the loop, with an overflow check: where
// slow_counters.h needed none, additions were executed one by one, which is no longer so. Ints are exact, so it does
// not matter that the order of additions is another one. Invariant: all operations are free of side effects; one that
// deopts leaves the whole element. Limits: one way into the inner loop, one way from it that stays in the outer loop,
// and none out of both; results that are used only behind that way.

#include "passes/invariant_loops.h"

#include <algorithm>
#include <optional>

#include "ir/builder.h"
#include "ir/loops.h"
#include "passes/op_kinds.h"
#include "passes/rewrite.h"

namespace gilmap::passes {
namespace {

using ir::Edge;
using ir::Incoming;
using ir::Loop;
using ir::Type;

// What is known of an inner loop that can be run once.
struct Plan {
  size_t inner, outer;
  Incoming entry, exit;
  BlockId behind;  // where the exit leads
  std::vector<ValueId> results;
  std::vector<ValueId> root;  // of each value of the function: the sum's header parameter, or no_value
  bool has_sums = false;
};

class InvariantLoops {
 public:
  explicit InvariantLoops(Function& f)
      : f_(f),
        preds_(f),
        dominators_(f, preds_),
        loops_(ir::Loops::of(f, preds_, dominators_)),
        home_(ir::home_blocks(f)) {}

  enum class Change : uint8_t { SeparateSums, RunOnce };

  // Changes one loop whose header is none of `done`, and appends it there. False if there is none.
  bool run(Change what, std::vector<BlockId>& done) {
    if (!loops_) return false;
    for (size_t i = loops_->size(); i-- > 0;) {
      const BlockId header = (*loops_)[i].header;
      if (loops_->outer(i) == ir::Loops::none || std::ranges::find(done, header) != done.end()) continue;
      const auto plan = plan_for(i);
      if (!plan || plan->has_sums != (what == Change::SeparateSums)) continue;
      done.push_back(header);
      what == Change::SeparateSums ? separate_sums(*plan) : run_once(*plan);
      return true;
    }
    return false;
  }

 private:
  const Loop& loop(size_t i) const { return (*loops_)[i]; }
  Edge& edge(Incoming in) { return f_.blocks[in.from].end.edges[in.index]; }
  bool is_in(size_t i, ValueId v) const { return loop(i).blocks[home_[v]]; }

  std::optional<Plan> plan_for(size_t inner) {
    Plan plan{.inner = inner,
              .outer = loops_->outer(inner),
              .entry = {},
              .exit = {},
              .behind = ir::no_block,
              .results = {},
              .root = {},
              .has_sums = false};
    if (!find_entry(plan) || !find_exit(plan) || !reads_only_what_was_there(plan) || !find_sums(plan) ||
        !find_results(plan) || !latches_are_clear(plan)) {
      return std::nullopt;
    }
    return plan;
  }

  bool find_entry(Plan& plan) const {
    const auto entry = ir::only_entry(loop(plan.inner), preds_, dominators_);
    if (entry) plan.entry = *entry;
    return entry && loops_->innermost(plan.entry.from) == plan.outer;
  }

  bool find_exit(Plan& plan) const {
    int exits = 0;
    for (BlockId b = 0; b < f_.blocks.size(); ++b) {
      if (!loop(plan.inner).blocks[b]) continue;
      const std::vector<Edge>& edges = f_.blocks[b].end.edges;
      for (uint32_t k = 0; k < edges.size(); ++k) {
        if (loop(plan.inner).blocks[edges[k].block]) continue;
        plan.exit = {b, k};
        plan.behind = edges[k].block;
        ++exits;
      }
    }
    return exits == 1 && loop(plan.outer).blocks[plan.behind];
  }

  // Calls visit(v) for each operand in the inner loop, those of the edge out of it left out.
  template <class Visit>
  void for_each_read(const Plan& plan, Visit visit) const {
    for (BlockId b = 0; b < f_.blocks.size(); ++b) {
      if (!loop(plan.inner).blocks[b]) continue;
      for (ValueId v : f_.blocks[b].body) {
        for (ValueId arg : f_[v].args) visit(arg);
      }
      const ir::Terminator& end = f_.blocks[b].end;
      for (ValueId v : end.values) visit(v);
      for (uint32_t k = 0; k < end.edges.size(); ++k) {
        if (b == plan.exit.from && k == plan.exit.index) continue;
        for (ValueId v : end.edges[k].args) visit(v);
      }
    }
  }

  bool reads_only_what_was_there(const Plan& plan) const {
    bool well = true;
    for_each_read(plan, [&](ValueId v) { well &= is_in(plan.inner, v) || !is_in(plan.outer, v); });
    return well;
  }

  // ---------------------------------------------------------------- sums

  // The sum that an addition goes on with, or no_value.
  ValueId sum_in(const Plan& plan, const ir::Inst& inst) const {
    const ValueId a = plan.root[inst.args[0]], b = plan.root[inst.args[1]];
    if (a != no_value && b == no_value) return a;
    const bool swapped = inst.op == Op::IAdd || inst.op == Op::IAddOverflows;
    return swapped && a == no_value ? b : no_value;
  }

  bool find_sums(Plan& plan) const {
    plan.root.assign(f_.values.size(), no_value);
    const std::vector<ValueId>& begin = f_.blocks[plan.entry.from].end.edges[plan.entry.index].args;
    const std::vector<ValueId>& params = f_.blocks[loop(plan.inner).header].params;
    for (size_t k = 0; k < params.size(); ++k) {
      if (!is_in(plan.outer, begin[k])) continue;
      if (f_.type(params[k]) != Type::I64) return false;
      plan.root[params[k]] = params[k];
      plan.has_sums = true;
    }
    if (!plan.has_sums) return true;
    spread(plan);
    return sums_are_kept_apart(plan);
  }

  // From additions and edges to what they make; a parameter of a block is of the sum that comes first.
  void spread(Plan& plan) const {
    for (bool changed = true; changed;) {
      changed = false;
      const auto take = [&](ValueId v, ValueId root) {
        if (root == no_value || plan.root[v] != no_value) return;
        plan.root[v] = root;
        changed = true;
      };
      for (BlockId b = 0; b < f_.blocks.size(); ++b) {
        if (!loop(plan.inner).blocks[b]) continue;
        for (ValueId v : f_.blocks[b].body) {
          if (is_addition(f_[v].op)) take(v, sum_in(plan, f_[v]));
        }
        for (const Edge& e : f_.blocks[b].end.edges) {
          if (!loop(plan.inner).blocks[e.block]) continue;
          for (size_t k = 0; k < e.args.size(); ++k) take(f_.blocks[e.block].params[k], plan.root[e.args[k]]);
        }
      }
    }
  }

  bool sums_are_kept_apart(const Plan& plan) const {
    for (BlockId b = 0; b < f_.blocks.size(); ++b) {
      if (!loop(plan.inner).blocks[b]) continue;
      for (ValueId v : f_.blocks[b].body) {
        const ir::Inst& inst = f_[v];
        const bool reads_one = std::ranges::any_of(inst.args, [&](ValueId a) { return plan.root[a] != no_value; });
        if (!reads_one) continue;
        if (is_addition_check(inst.op) && sum_in(plan, inst) != no_value) continue;
        if (!is_addition(inst.op) || plan.root[v] == no_value || plan.root[v] != sum_in(plan, inst)) return false;
      }
      const ir::Terminator& end = f_.blocks[b].end;
      if (std::ranges::any_of(end.values, [&](ValueId v) { return plan.root[v] != no_value; })) return false;
      for (const Edge& e : end.edges) {
        if (!loop(plan.inner).blocks[e.block]) continue;
        for (size_t k = 0; k < e.args.size(); ++k) {
          if (plan.root[e.args[k]] != plan.root[f_.blocks[e.block].params[k]]) return false;
        }
      }
    }
    return true;
  }

  // ---------------------------------------------------------------- results

  // Is a block reached only through the edge out of the inner loop?
  bool is_behind(const Plan& plan, BlockId b) const {
    return preds_[plan.behind].size() == 1 && dominators_.dominates(plan.behind, b);
  }

  bool find_results(Plan& plan) const {
    bool well = true;
    const auto use = [&](ValueId v, bool passed_the_join) {
      if (!is_in(plan.inner, v)) return;
      well &= passed_the_join;
      if (std::ranges::find(plan.results, v) == plan.results.end()) plan.results.push_back(v);
    };
    for (ValueId v : f_.blocks[plan.exit.from].end.edges[plan.exit.index].args) use(v, true);
    for (BlockId b = 0; b < f_.blocks.size(); ++b) {
      if (loop(plan.inner).blocks[b] || !dominators_.reachable(b)) continue;
      const bool passed = is_behind(plan, b);
      for (ValueId v : f_.blocks[b].body) {
        for (ValueId arg : f_[v].args) use(arg, passed);
      }
      for (ValueId v : f_.blocks[b].end.values) use(v, passed);
      for (const Edge& e : f_.blocks[b].end.edges) {
        for (ValueId v : e.args) use(v, passed);
      }
    }
    return well && std::ranges::none_of(plan.results, [&](ValueId v) { return f_.type(v) == Type::Void; });
  }

  // Each way round the outer loop has either passed the join, or surely not.
  bool latches_are_clear(const Plan& plan) const {
    const Loop& outer = loop(plan.outer);
    const std::vector<bool> reached =
        ir::reached_from(f_, plan.behind, [&](BlockId b) { return outer.blocks[b] && b != outer.header; });
    return std::ranges::all_of(outer.back_edges,
                               [&](Incoming in) { return has_passed(plan, in) || !reached[in.from]; });
  }

  bool has_passed(const Plan& plan, Incoming in) const {
    return (in.from == plan.exit.from && in.index == plan.exit.index) || is_behind(plan, in.from);
  }

  // ---------------------------------------------------------------- the changes

  // What the sums began with is added behind the inner loop.
  void separate_sums(const Plan& plan) {
    ConstantPool constants(f_);
    ir::Builder build(f_);
    const std::vector<ValueId> params = f_.blocks[loop(plan.inner).header].params;  // new blocks move all others
    std::vector<ValueId>& begin = edge(plan.entry).args;
    const std::vector<ValueId> began = begin;
    for (size_t k = 0; k < params.size(); ++k) {
      if (plan.root[params[k]] != no_value) begin[k] = constants.integer(0);
    }

    const BlockId join = build.new_block();
    Edge out = edge(plan.exit);
    edge(plan.exit) = {join, {}};
    build.at(join);
    for (ValueId result : plan.results) {
      if (plan.root[result] == no_value) continue;
      const auto k = std::ranges::find(params, plan.root[result]) - params.begin();
      const ValueId start = began[static_cast<size_t>(k)];
      build.set_line(f_[result].line);
      build.deopt_if(build.emit(Op::IAddOverflows, {start, result}), ir::DeoptReason::Overflow);
      replace_behind(plan, result, build.emit(Op::IAdd, {start, result}), out);
    }
    build.jump(out.block, out.args);
    constants.place();
  }

  void run_once(const Plan& plan) {
    ConstantPool constants(f_);
    const auto zero = [&](Type type) {
      return type == Type::F64    ? constants.floating(0.0)
             : type == Type::Bool ? constants.boolean(false)
                                  : constants.integer(0);
    };
    ir::Builder build(f_);
    const BlockId outer_header = loop(plan.outer).header;
    const BlockId ask = build.new_block();
    const BlockId join = build.new_block();

    const ValueId has_run = build.add_param(outer_header, Type::Bool);
    std::vector<ValueId> kept, joined;
    for (ValueId v : plan.results) {
      kept.push_back(build.add_param(outer_header, f_.type(v)));
      joined.push_back(build.add_param(join, f_.type(v)));
    }

    for (Incoming in : preds_[outer_header]) {
      const bool round = loop(plan.outer).blocks[in.from];
      const bool passed = round && has_passed(plan, in);
      std::vector<ValueId>& args = edge(in).args;
      args.push_back(passed ? constants.boolean(true) : round ? has_run : constants.boolean(false));
      for (size_t k = 0; k < kept.size(); ++k) {
        args.push_back(passed ? joined[k] : round ? kept[k] : zero(f_.type(kept[k])));
      }
    }

    const Edge into = edge(plan.entry);
    edge(plan.entry) = {ask, {}};
    build.at(ask);
    build.branch(has_run, {join, kept}, into);

    Edge out = edge(plan.exit);
    edge(plan.exit) = {join, plan.results};
    for (size_t k = 0; k < joined.size(); ++k) replace_behind(plan, plan.results[k], joined[k], out);
    build.at(join);
    build.jump(out.block, out.args);
    constants.place();
  }

  // In the edge out of the inner loop, and in the blocks of old that lie behind it.
  void replace_behind(const Plan& plan, ValueId result, ValueId by, Edge& out) {
    std::ranges::replace(out.args, result, by);
    for (BlockId b = 0; b < block_count_; ++b) {
      if (loop(plan.inner).blocks[b] || !dominators_.reachable(b) || !is_behind(plan, b)) continue;
      const auto put = [&](ValueId& v) {
        if (v == result) v = by;
      };
      for (ValueId v : f_.blocks[b].body) std::ranges::for_each(f_[v].args, put);
      for_each_operand(f_.blocks[b].end, put);
    }
  }

  Function& f_;
  const BlockId block_count_ = static_cast<BlockId>(f_.blocks.size());  // before any change
  ir::Predecessors preds_;
  ir::Dominators dominators_;
  std::optional<ir::Loops> loops_;
  std::vector<BlockId> home_;  // of each value
};

}  // namespace

bool separate_invariant_sums(Function& f) {
  std::vector<BlockId> done;
  while (InvariantLoops(f).run(InvariantLoops::Change::SeparateSums, done)) {
  }
  return !done.empty();
}

bool run_invariant_loops_once(Function& f) {
  std::vector<BlockId> done;
  while (InvariantLoops(f).run(InvariantLoops::Change::RunOnce, done)) {
  }
  return !done.empty();
}

}  // namespace gilmap::passes
