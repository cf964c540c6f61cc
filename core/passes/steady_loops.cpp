// Problem: a loop whose rounds all do the same adds the same again and again.
// Method: a value of the loop is unsteady if it is made, however indirectly, from a parameter of the header. In a
// steady loop the test of the header reads a counter and a bound, all other conditions are steady, so that each round
// takes the way of the first; and what is unsteady is nothing but a sum: a parameter of the header, to which a round
// adds something steady, once. So when the first round is over, what is left is known: `rest` rounds, and each sum
// grows by as much in each of them. The ways back to the header lead out of the loop instead:
//
//   header(sums) ─> round ─┐                  header(sums) ─────────────────────────> behind(sums)
//     │      └─────────────┘                    └─> round ─> add rest times as much ────┘
//   behind
//
// Overflow: a sum moves in one direction only, so that one of its values leaves 64 bits just if the last one does. That
// is checked where the rounds check it, and where they need not because so many additions take too long
// (slow_counters.h). Other sums cannot leave 64 bits, or may wrap.
// Invariant: a round without side effects that came to its end would do so again. One that does not end, or deopts,
// does so in the first round, which is still run.
// Limits: the counter grows by a constant; of the loop's values only parameters of the header are used where its test
// leads to.

#include "passes/steady_loops.h"

#include <algorithm>
#include <optional>

#include "ir/builder.h"
#include "ir/loops.h"
#include "passes/op_kinds.h"
#include "passes/rewrite.h"
#include "passes/slow_counters.h"

namespace gilmap::passes {
namespace {

using ir::Edge;
using ir::Incoming;
using ir::Type;

constexpr size_t none = ~size_t{0};

class SteadyLoops {
 public:
  explicit SteadyLoops(Function& f)
      : f_(f),
        preds_(f),
        dominators_(f, preds_),
        loops_(ir::Loops::of(f, preds_, dominators_)),
        home_(ir::home_blocks(f)) {}

  // Changes one loop, an inner one first. False if there is none.
  bool run() {
    if (!loops_) return false;
    for (size_t i = loops_->size(); i-- > 0;) {
      loop_ = &(*loops_)[i];
      if (!find_test() || !find_unsteady() || !find_sums() || !find_uses() || !find_step()) continue;
      change();
      return true;
    }
    return false;
  }

 private:
  // What an unsteady value is: of which parameter of the header, and how often was something added to it?
  struct Sum {
    size_t param = none;
    int additions = 0;
    bool operator==(const Sum&) const = default;
  };

  bool is_in(BlockId b) const { return loop_->blocks[b]; }
  const std::vector<ValueId>& params() const { return f_.blocks[loop_->header].params; }
  bool is_unsteady(ValueId v) const { return sum_[v].param != none; }

  // ---------------------------------------------------------------- is it one?

  // The header ends with a test of one of its parameters against a bound.
  bool find_test() {
    const ir::Terminator& end = f_.blocks[loop_->header].end;
    if (end.kind != ir::Terminator::Kind::Branch || !is_in(end.edges[0].block) || is_in(end.edges[1].block))
      return false;
    test_ = end.values[0];
    const ir::Inst& test = f_[test_];
    if (test.op != Op::ILt || home_[test_] != loop_->header) return false;
    const auto counter = std::ranges::find(params(), test.args[0]);
    if (counter == params().end()) return false;
    counter_ = static_cast<size_t>(counter - params().begin());
    bound_ = test.args[1];
    behind_ = end.edges[1].block;
    return !is_in(home_[bound_]);
  }

  // Calls visit(v, b) for each parameter and instruction of the loop's blocks.
  template <class Visit>
  void for_each_value(Visit visit) const {
    for (BlockId b = 0; b < f_.blocks.size(); ++b) {
      if (!is_in(b)) continue;
      for (ValueId v : f_.blocks[b].params) visit(v, b);
      for (ValueId v : f_.blocks[b].body) visit(v, b);
    }
  }

  // Marks what is made of the header's parameters; false if the way of a round depends on them, or if it calls
  // functions that may recurse.
  bool find_unsteady() {
    sum_.assign(f_.values.size(), {});
    for (size_t k = 0; k < params().size(); ++k) sum_[params()[k]].param = k;
    for (bool changed = true; changed;) {
      changed = false;
      const auto taint = [&](ValueId v, ValueId by) {
        if (!is_unsteady(by) || is_unsteady(v)) return;
        sum_[v] = sum_[by];
        changed = true;
      };
      for_each_value([&](ValueId v, BlockId) {
        for (ValueId arg : f_[v].args) taint(v, arg);
      });
      for_each_edge([&](const Edge& e) {
        const std::vector<ValueId>& to = f_.blocks[e.block].params;
        for (size_t k = 0; k < to.size(); ++k) taint(to[k], e.args[k]);
      });
    }
    for (BlockId b = 0; b < f_.blocks.size(); ++b) {
      if (!is_in(b)) continue;
      for (ValueId v : f_.blocks[b].body) {
        if (f_[v].op == Op::Call) return false;
      }
      if (b == loop_->header) continue;
      if (std::ranges::any_of(f_.blocks[b].end.values, [&](ValueId v) { return is_unsteady(v); })) return false;
    }
    return true;
  }

  // Edges within a round: those that lead to another block of the loop than the header.
  template <class Visit>
  void for_each_edge(Visit visit) const {
    for (BlockId b = 0; b < f_.blocks.size(); ++b) {
      if (!is_in(b)) continue;
      for (const Edge& e : f_.blocks[b].end.edges) {
        if (is_in(e.block) && e.block != loop_->header) visit(e);
      }
    }
  }

  // The sum that an addition makes, or an overflow check is about.
  std::optional<Sum> added_to(const ir::Inst& inst) const {
    if (!is_addition(inst.op) && !is_addition_check(inst.op)) return std::nullopt;
    const bool is_sum = inst.op == Op::IAdd || inst.op == Op::IAddOverflows;
    const bool first = is_unsteady(inst.args[0]), second = is_unsteady(inst.args[1]);
    if (first == second || (second && !is_sum)) return std::nullopt;
    const Sum before = sum_[inst.args[first ? 0 : 1]];
    return Sum{before.param, before.additions + 1};
  }

  // False if something unsteady is no sum. Additions are counted along the ways of a round until nothing changes; in an
  // inner loop that adds, they become too many.
  bool find_sums() {
    for (bool changed = true; changed;) {
      changed = false;
      bool well = true;
      for_each_value([&](ValueId v, BlockId b) {
        const ir::Inst& inst = f_[v];
        if (inst.op == Op::Param || !is_unsteady(v) || v == test_) return;
        if (inst.op == Op::DeoptIf) {
          well &= is_addition_check(f_[inst.args[0]].op) && b != loop_->header;
          return;
        }
        const std::optional<Sum> sum = added_to(inst);
        if (!sum || sum->additions > 1 || (is_addition_check(inst.op) && b == loop_->header)) {
          well = false;
          return;
        }
        if (is_addition_check(inst.op)) return;  // what reads one is looked at there
        if (sum_[v] != *sum) {
          sum_[v] = *sum;
          changed = true;
        }
      });
      for_each_edge([&](const Edge& e) {
        const std::vector<ValueId>& to = f_.blocks[e.block].params;
        for (size_t k = 0; k < to.size(); ++k) {
          if (!is_unsteady(to[k])) continue;
          const Sum arg = sum_[e.args[k]];
          if (arg.param != sum_[to[k]].param || is_addition_check(f_[e.args[k]].op)) {
            well = false;
          } else if (arg.additions > sum_[to[k]].additions) {
            sum_[to[k]].additions = arg.additions;
            changed = true;
          }
        }
      });
      if (!well) return false;
    }
    return reads_no_check() && ways_back_are_sums() && checks_are_of_sums();
  }

  // Overflow checks are read by a deopt_if only.
  bool reads_no_check() const {
    bool well = true;
    for_each_value([&](ValueId v, BlockId) {
      if (f_[v].op == Op::DeoptIf) return;
      for (ValueId arg : f_[v].args) well &= !(is_unsteady(arg) && is_addition_check(f_[arg].op));
    });
    return well;
  }

  // Each way back gives a parameter something steady, or its own sum.
  bool ways_back_are_sums() const {
    return std::ranges::all_of(loop_->back_edges, [&](Incoming in) {
      const std::vector<ValueId>& args = f_.blocks[in.from].end.edges[in.index].args;
      for (size_t k = 0; k < args.size(); ++k) {
        if (is_unsteady(args[k]) && (sum_[args[k]].param != k || is_addition_check(f_[args[k]].op))) return false;
      }
      return true;
    });
  }

  // An overflow check asks for the next value of a sum: what is added where it stands is what a round adds, if it adds
  // anything. So no other addition to that sum may be met in the same round, nor may the sum be set to something else.
  bool checks_are_of_sums() const {
    struct Addition {
      ValueId value;
      BlockId block;
    };
    std::vector<std::vector<Addition>> additions(params().size());
    std::vector<Addition> checks;
    for_each_value([&](ValueId v, BlockId b) {
      if (!is_unsteady(v) || f_[v].op == Op::Param || v == test_ || f_[v].op == Op::DeoptIf) return;
      if (is_addition_check(f_[v].op))
        checks.push_back({v, b});
      else
        additions[sum_[v].param].push_back({v, b});
    });
    for (const Addition& check : checks) {
      const size_t param = added_to(f_[check.value])->param;
      const std::vector<Addition>& of_sum = additions[param];
      const bool is_of_one = std::ranges::any_of(
          of_sum, [&](const Addition& a) { return a.block == check.block && asks_for(f_[check.value], f_[a.value]); });
      if (!is_of_one) return false;
      for (size_t i = 0; i < of_sum.size(); ++i) {
        for (size_t k = i + 1; k < of_sum.size(); ++k) {
          if (reaches(of_sum[i].block, of_sum[k].block) || reaches(of_sum[k].block, of_sum[i].block)) return false;
        }
      }
      for (Incoming in : loop_->back_edges) {
        if (!is_unsteady(f_.blocks[in.from].end.edges[in.index].args[param])) return false;
      }
    }
    return true;
  }

  static bool asks_for(const ir::Inst& check, const ir::Inst& addition) {
    return (check.op == Op::IAddOverflows ? Op::IAdd : Op::ISub) == addition.op && check.args == addition.args;
  }

  // Within a round, from the end of one block to another; true of one and the same.
  bool reaches(BlockId from, BlockId to) const {
    const auto in_round = [&](BlockId b) { return b == from || (is_in(b) && b != loop_->header); };
    return ir::reached_from(f_, from, in_round)[to];
  }

  // ---------------------------------------------------------------- what is used behind it

  bool is_behind(BlockId b) const {
    return !is_in(b) && preds_[behind_].size() == 1 && dominators_.dominates(behind_, b);
  }

  // Which parameters of the header matter when the loop is over. False if another unsteady value is, or if one is used
  // where it is not clear which way led there.
  bool find_uses() {
    used_.assign(params().size(), false);
    const std::vector<bool> reached = ir::reached_from(f_, behind_, [](BlockId) { return true; });
    bool well = true;
    const auto use = [&](ValueId v, BlockId b) {
      if (home_[v] == ir::no_block || !is_in(home_[v])) return;
      if (b != loop_->header && !is_behind(b)) {
        // A steady value would be there behind a loop that had a round, and is not where it had none.
        well &= !reached[b];
        return;
      }
      const auto param = std::ranges::find(params(), v);
      if (param != params().end())
        used_[static_cast<size_t>(param - params().begin())] = true;
      else
        well &= !is_unsteady(v);
    };
    for (ValueId v : f_.blocks[loop_->header].end.edges[1].args) use(v, loop_->header);
    for (BlockId b = 0; b < f_.blocks.size(); ++b) {
      if (is_in(b) || !dominators_.reachable(b)) continue;
      for (ValueId v : f_.blocks[b].body) {
        for (ValueId arg : f_[v].args) use(arg, b);
      }
      for_each_operand(f_.blocks[b].end, [&](ValueId& v) { use(v, b); });
    }
    const std::vector<bool> slow = slow_counters(f_, preds_);
    checked_.assign(params().size(), false);
    for (size_t k = 0; k < params().size(); ++k) checked_[k] = slow[params()[k]];
    // A sum that leaves 64 bits leaves the element to CPython, whoever reads it.
    for_each_value([&](ValueId v, BlockId) {
      if (!is_unsteady(v) || !is_addition_check(f_[v].op)) return;
      if (const std::optional<Sum> sum = added_to(f_[v])) used_[sum->param] = checked_[sum->param] = true;
    });
    for (size_t k = 0; k < used_.size(); ++k) {
      for (Incoming in : loop_->back_edges) {
        const ValueId arg = f_.blocks[in.from].end.edges[in.index].args[k];
        if (used_[k] && is_unsteady(arg) && arg != params()[k] && f_.type(arg) != Type::I64) return false;
      }
    }
    return well;
  }

  // The counter grows by the same positive constant on each way back.
  bool find_step() {
    step_ = 0;
    for (Incoming in : loop_->back_edges) {
      const ir::Inst& next = f_[f_.blocks[in.from].end.edges[in.index].args[counter_]];
      if (next.op != Op::IAdd) return false;
      const ValueId counter = params()[counter_];
      const ValueId by = next.args[0] == counter ? next.args[1] : next.args[1] == counter ? next.args[0] : no_value;
      if (by == no_value || f_[by].op != Op::IConst || f_[by].imm < 1) return false;
      if (step_ != 0 && f_[by].imm != step_) return false;
      step_ = f_[by].imm;
    }
    return step_ != 0;
  }

  // ---------------------------------------------------------------- the change

  void change() {
    ConstantPool constants(f_);
    ir::Builder build(f_);
    const std::vector<ValueId> began = params();
    const std::vector<Incoming> ways_back = loop_->back_edges;
    const BlockId out = build.new_block();

    std::vector<ValueId> ended(began.size(), no_value), leaving;
    for (size_t k = 0; k < began.size(); ++k) {
      if (!used_[k]) continue;
      ended[k] = build.add_param(out, f_.type(began[k]));
      leaving.push_back(began[k]);
    }
    Edge& exit = f_.blocks[loop_->header].end.edges[1];
    const Edge behind = exit;
    exit = {out, leaving};
    build.at(out);
    build.jump(behind.block, behind.args);
    for (BlockId b = 0; b < block_count_; ++b) {
      if (dominators_.reachable(b) && is_behind(b)) replace_in(b, began, ended);
    }
    replace_in(out, began, ended);

    for (Incoming in : ways_back) {
      const BlockId rest_of_it = build.new_block();
      std::vector<ValueId>& args = f_.blocks[in.from].end.edges[in.index].args;
      const std::vector<ValueId> after = args;
      f_.blocks[in.from].end.edges[in.index] = {rest_of_it, {}};
      build.at(rest_of_it);
      build.set_line(f_[test_].line);
      ValueId rest = no_value;  // where no sum is used nobody asks
      std::vector<ValueId> final;
      for (size_t k = 0; k < began.size(); ++k) {
        if (!used_[k]) continue;
        const bool is_sum = is_unsteady(after[k]) && after[k] != began[k];
        if (is_sum && rest == no_value) rest = rounds_left(build, constants, after[counter_]);
        if (!is_sum)
          final.push_back(after[k]);
        else if (checked_[k])
          final.push_back(grown(build, constants, began[k], after[k], rest));
        else
          final.push_back(grown_wrapping(build, began[k], after[k], rest));
      }
      build.jump(out, final);
    }
    constants.place();
  }

  void replace_in(BlockId b, const std::vector<ValueId>& from, const std::vector<ValueId>& by) {
    const auto put = [&](ValueId& v) {
      for (size_t k = 0; k < from.size(); ++k) {
        if (v == from[k] && by[k] != no_value) v = by[k];
      }
    };
    for (ValueId v : f_.blocks[b].body) std::ranges::for_each(f_[v].args, put);
    for_each_operand(f_.blocks[b].end, put);
  }

  static ValueId checked(ir::Builder& build, Op check, Op op, ValueId a, ValueId b) {
    build.deopt_if(build.emit(check, {a, b}), ir::DeoptReason::Overflow);
    return build.emit(op, {a, b});
  }

  // Not below 0, because the counter that the last round began with lay below the bound.
  ValueId rounds_left(ir::Builder& build, ConstantPool& constants, ValueId counter) const {
    const ValueId distance = checked(build, Op::ISubOverflows, Op::ISub, bound_, counter);
    if (step_ == 1) return distance;
    const ValueId up = checked(build, Op::IAddOverflows, Op::IAdd, distance, constants.integer(step_ - 1));
    return build.emit(Op::IFloorDiv, {up, constants.integer(step_)});
  }

  // What becomes of a sum that one round took from `before` to `after`, `rest` rounds later. In two halves, and one
  // more round if their number is odd: the whole product may leave 64 bits where the sum, which began at the other end,
  // does not; half of it does not.
  ValueId grown(ir::Builder& build, ConstantPool& constants, ValueId before, ValueId after, ValueId rest) const {
    const bool falls = f_[after].op == Op::ISub;
    const Op op = falls ? Op::ISub : Op::IAdd, check = falls ? Op::ISubOverflows : Op::IAddOverflows;
    const ValueId by = growth(build, before, after);
    const ValueId one = constants.integer(1), zero = constants.integer(0);
    const ValueId half = build.emit(Op::IShr, {rest, one});
    const ValueId is_odd = build.emit(Op::INe, {build.emit(Op::IAnd, {rest, one}), zero});
    const ValueId half_growth = checked(build, Op::IMulOverflows, Op::IMul, by, half);
    const ValueId middle = checked(build, check, op, after, half_growth);
    const ValueId end = checked(build, check, op, middle, half_growth);
    return checked(build, check, op, end, build.emit(Op::Select, {is_odd, by, zero}));
  }

  static ValueId grown_wrapping(ir::Builder& build, ValueId before, ValueId after, ValueId rest) {
    const ValueId by = build.emit(Op::ISub, {after, before});
    return build.emit(Op::IAdd, {after, build.emit(Op::IMul, {by, rest})});
  }

  // What a round adds; or subtracts, if its last step is a subtraction.
  ValueId growth(ir::Builder& build, ValueId before, ValueId after) const {
    const ir::Inst& inst = f_[after];
    if (inst.op == Op::ISub) return inst.args[1];
    if (inst.op == Op::IAdd) return inst.args[is_unsteady(inst.args[0]) ? 1 : 0];
    return checked(build, Op::ISubOverflows, Op::ISub, after, before);
  }

  Function& f_;
  const BlockId block_count_ = static_cast<BlockId>(f_.blocks.size());  // before any change
  ir::Predecessors preds_;
  ir::Dominators dominators_;
  std::optional<ir::Loops> loops_;
  std::vector<BlockId> home_;  // of each value

  // Of the loop that is looked at.
  const ir::Loop* loop_ = nullptr;
  ValueId test_ = no_value, bound_ = no_value;
  size_t counter_ = 0;  // among the header's parameters
  BlockId behind_ = ir::no_block;
  int64_t step_ = 0;
  std::vector<Sum> sum_;       // of each value; no parameter if it is steady
  std::vector<bool> used_;     // of the header's parameters: which matter when the loop is over
  std::vector<bool> checked_;  // of them: which may not leave 64 bits
};

}  // namespace

bool run_steady_loops_once(Function& f) {
  bool changed = false;
  while (SteadyLoops(f).run()) changed = true;
  return changed;
}

}  // namespace gilmap::passes
