// Problem: `for k in range(n): total += 1 / k` begins anew for each element, and comes by the same sums.
// Method: where all state of a loop begins with constants and its next value depends on such state alone (rounds.h),
// elements differ in nothing but when they leave, if they leave when a counter gets to a limit, or when as many rounds
// as were to be run have been. The state at the beginning of some rounds goes into a table (codegen/tables.h), and an
// element begins in the last of them that it gets to, if that is there:
//
//   before ──> loop ──> behind
//
//   before ──> any? ──(none)─────────────────────────────> leg ──> loop ──> done? ──> behind
//               └──> find the last row ──> read its state ──┘ └──< write the next row <──┘
//
// A leg is what lies between two rows: the loop itself tests for nothing but its end, and is as quick as before. Sums
// of floats keep their order and so their bits. An element that leaves by another way, or to CPython, does so in a
// round that no element before it has passed.
//
// Rows: each of the first rounds has one; then there are as many for each doubling, so that what an element has yet to
// run is a small part of what it would. The last row that was written is a value of the table itself, in row 0, which
// needs no state: that is the constants.
//
// Invariant: all rows up to that one are written. Rounds are run in order from a row that is, and a row does not count
// before its state has been written.
//
// Limits: a counter's step of 1, 2, 4, …, or -1 where it begins with anything and ends with a constant; the test stands
// at the beginning of a round or at its end; nothing in it depends on anything else. A loop of a few rounds is left
// alone: looking it up would cost as much.

#include "passes/resume_loops.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <optional>
#include <vector>

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

constexpr int64_t largest_constant = int64_t{1} << 52;  // leaves room for all rounds behind it
constexpr int log2_rows = 10, log2_rows_of_nest = 11;   // for a doubling; more where a round takes long
constexpr int64_t last_row = ir::table_length - 1;
constexpr int double_mantissa = 52;

// Rows are 2^bits apart from each other by the exponent of round + 2^bits, and so are its leading bits.
int64_t round_of(int64_t row, int bits) {
  return (((row & ((int64_t{1} << bits) - 1)) + (int64_t{1} << bits)) << (row >> bits)) - (int64_t{1} << bits);
}

// Either a counter goes up from a constant until it gets to `limit`, or one of the parameters goes down to a constant.
struct Plan {
  std::vector<Incoming> entries;
  std::vector<ValueId> params, starts;  // of the header
  ValueId counter = no_value, limit = no_value;
  int64_t constant = 0;        // that the counter goes up from, or down to
  bool reaches_limit = false;  // <=
  bool goes_down = false;
  int64_t step = 1;
  BlockId test_block = ir::no_block;  // decides whether the loop goes on
  Op test = Op::ILt;                  // of `tested` with `limit`, true if it does
  ValueId tested = no_value;          // the counter, or what it is in the next round
  bool tests_next = false;            // at the end of a round
  int64_t steps_ahead = 0;            // 1: it is the counter that is tested there
  int log2_rows = passes::log2_rows;

  // Of one that counts down: how much more `limit` is than what the counter is in the round that is not run any more.
  int64_t ahead() const { return steps_ahead + (test == Op::IGe ? 1 : 0); }
  int64_t most_rounds() const { return round_of(last_row, log2_rows); }
};

class Resumption {
 public:
  Resumption(Function& f, ir::TableCounts tables)
      : f_(f),
        preds_(f_),
        dominators_(f_, preds_),
        loops_(ir::Loops::of(f_, preds_, dominators_)),
        home_(ir::home_blocks(f_)),
        tables_(tables) {}

  // Changes one loop whose header is none of `done`, and adds it there. False if there is none.
  bool run(std::vector<BlockId>& done) {
    if (!loops_) return false;
    for (size_t i = 0; i < loops_->size(); ++i) {
      const Loop& loop = (*loops_)[i];
      if (std::ranges::find(done, loop.header) != done.end()) continue;
      const auto plan = plan_for(loop);
      if (!plan) continue;
      done.push_back(loop.header);
      change(loop, *plan);
      return true;
    }
    return false;
  }

 private:
  const Edge& edge(Incoming in) const { return f_.blocks[in.from].end.edges[in.index]; }
  Edge& edge(Incoming in) { return f_.blocks[in.from].end.edges[in.index]; }
  bool is_outside(const Loop& loop, ValueId v) const { return home_[v] == ir::no_block || !loop.blocks[home_[v]]; }

  std::optional<Plan> plan_for(const Loop& loop) const {
    Plan plan;
    plan.params = f_.blocks[loop.header].params;
    if (tables_.ways + 1 > ir::max_tables) return std::nullopt;
    if (tables_.values + 1 + static_cast<int>(plan.params.size()) > ir::max_tables) return std::nullopt;
    const Rounds rounds(loop, f_, preds_, dominators_);
    if (has_inner_loop(loop)) plan.log2_rows = log2_rows_of_nest;
    for (Incoming in : preds_[loop.header]) {
      if (!loop.blocks[in.from]) plan.entries.push_back(in);
    }
    if (!find_end(loop, rounds, plan) || !find_starts(rounds, plan) || is_short(plan) ||
        !is_alike(loop, rounds, plan)) {
      return std::nullopt;
    }
    return plan;
  }

  bool has_inner_loop(const Loop& loop) const {
    for (size_t i = 0; i < loops_->size(); ++i) {
      if ((*loops_)[i].header != loop.header && loop.blocks[(*loops_)[i].header]) return true;
    }
    return false;
  }

  bool find_starts(const Rounds& rounds, Plan& plan) const {
    for (size_t k = 0; k < plan.params.size(); ++k) {
      const bool is_state = rounds.is_state(plan.params[k]);
      if (!is_state && !(plan.goes_down && plan.params[k] == plan.counter)) return false;
      plan.starts.push_back(is_state ? *rounds.start_of(k) : edge(plan.entries[0]).args[k]);
    }
    return std::abs(plan.constant) <= largest_constant;
  }

  // Does the loop go on until a counter has got somewhere? What tells is the header, of the counter, or the only way
  // back, of what it will be in the next round.
  bool find_end(const Loop& loop, const Rounds& rounds, Plan& plan) const {
    plan.test_block = loop.header;
    if (find_test(loop, rounds, plan.params, plan)) return true;
    if (loop.back_edges.size() > 1) return false;
    const Incoming back = loop.back_edges[0];
    plan.test_block = back.from;
    const ir::Block& last = f_.blocks[back.from];
    const bool only_polls = std::ranges::all_of(last.body, [&](ValueId v) { return f_[v].op == Op::Poll; });
    if (last.end.edges.size() == 1 && only_polls && last.params.empty() && preds_[back.from].size() == 1) {
      plan.test_block = preds_[back.from][0].from;
    }
    plan.tests_next = true;
    return find_test(loop, rounds, edge(back).args, plan) || find_test(loop, rounds, plan.params, plan);
  }

  // Of a counter that is one of these, which stand for the header's parameters.
  bool find_test(const Loop& loop, const Rounds& rounds, const std::vector<ValueId>& state, Plan& plan) const {
    const ir::Terminator& end = f_.blocks[plan.test_block].end;
    if (end.kind != ir::Terminator::Kind::Branch) return false;
    const bool goes_on_if_true = loop.blocks[end.edges[0].block];
    if (goes_on_if_true == loop.blocks[end.edges[1].block]) return false;
    const ir::Inst& test = f_[end.values[0]];
    if (!is_int_compare(test.op)) return false;
    for (const bool swaps : {false, true}) {
      const auto tested = std::ranges::find(state, test.args[swaps ? 1 : 0]);
      if (tested == state.end()) continue;
      plan.test = swaps ? swapped(test.op) : test.op;
      if (!goes_on_if_true) plan.test = inverted(plan.test);
      plan.tested = *tested;
      plan.counter = plan.params[static_cast<size_t>(tested - state.begin())];
      plan.steps_ahead = plan.tests_next && plan.tested == plan.counter ? 1 : 0;
      plan.limit = test.args[swaps ? 0 : 1];
      if (goes_up(loop, rounds, plan) || goes_down(loop, plan)) return true;
    }
    return false;
  }

  bool goes_up(const Loop& loop, const Rounds& rounds, Plan& plan) const {
    if (plan.counter != rounds.counter || !rounds.step || !is_outside(loop, plan.limit)) return false;
    if (!std::has_single_bit(static_cast<uint64_t>(*rounds.step))) return false;
    if ((plan.test != Op::ILt && plan.test != Op::ILe) || plan.steps_ahead > 0) return false;
    plan.constant = rounds.start;
    plan.step = *rounds.step;
    plan.reaches_limit = plan.test == Op::ILe;
    return true;
  }

  // By one in each round; from one value, wherever the loop is entered.
  bool goes_down(const Loop& loop, Plan& plan) const {
    const auto param = std::ranges::find(plan.params, plan.counter);
    if (param == plan.params.end() || f_[plan.limit].op != Op::IConst) return false;
    if (plan.test != Op::IGt && plan.test != Op::IGe && plan.test != Op::INe) return false;
    const auto k = static_cast<size_t>(param - plan.params.begin());
    const auto is_one_less = [&](Incoming in) {
      const ir::Inst& next = f_[edge(in).args[k]];
      if (!is_addition(next.op) || next.args[0] != plan.counter) return false;
      const ir::Inst& step = f_[next.args[1]];
      return step.op == Op::IConst && step.imm == (next.op == Op::ISub ? 1 : -1);
    };
    const ValueId first = edge(plan.entries[0]).args[k];
    const auto begins_with_it = [&](Incoming in) { return edge(in).args[k] == first; };
    if (!std::ranges::all_of(loop.back_edges, is_one_less)) return false;
    if (!std::ranges::all_of(plan.entries, begins_with_it)) return false;
    plan.constant = f_[plan.limit].imm - plan.ahead();
    plan.goes_down = true;
    return true;
  }

  bool is_short(const Plan& plan) const {
    const ir::Inst& far = f_[plan.goes_down ? start_of_counter(plan) : plan.limit];
    return far.op == Op::IConst && far.imm <= plan.constant + few_rounds * plan.step;
  }

  static ValueId start_of_counter(const Plan& plan) {
    return plan.starts[static_cast<size_t>(std::ranges::find(plan.params, plan.counter) - plan.params.begin())];
  }

  // Is everything in a round the same for all elements, but for that test?
  bool is_alike(const Loop& loop, const Rounds& rounds, const Plan& plan) const {
    for (BlockId b = 0; b < f_.blocks.size(); ++b) {
      if (!loop.blocks[b]) continue;
      for (ValueId v : f_.blocks[b].body) {
        const Effect effect = ir::info(f_[v].op).effect;
        const bool decides = f_[v].op == Op::DeoptIf;
        if (effect != Effect::Pure && effect != Effect::Poll && effect != Effect::Table && !decides) return false;
        if (decides && !rounds.follows(f_[v].args[0]) && !cannot_fire(f_[v].args[0], plan)) return false;
      }
      const ir::Terminator& end = f_.blocks[b].end;
      if (b == plan.test_block || end.edges.size() < 2) continue;
      if (!std::ranges::all_of(end.values, [&](ValueId v) { return rounds.follows(v); })) return false;
    }
    return true;
  }

  // In rounds that are left out: the counter has not got to its limit there.
  bool cannot_fire(ValueId check, const Plan& plan) const {
    if (!plan.goes_down || f_[check].op != Op::ISubOverflows || f_[check].args[0] != plan.counter) return false;
    const ir::Inst& step = f_[f_[check].args[1]];
    return step.op == Op::IConst && step.imm == 1;
  }

  // ---------------------------------------------------------------- the change

  void change(const Loop& loop, const Plan& plan) {
    std::vector<ir::IntRange> ranges;
    {
      const ValueRanges known(f_);
      for (ValueId v : plan.params) ranges.push_back(f_.type(v) == Type::I64 ? known.defined(v) : ir::IntRange{});
    }
    Writer(*this, loop, plan).write(ranges);
  }

  // The new blocks around one loop.
  class Writer {
   public:
    Writer(Resumption& all, const Loop& loop, const Plan& plan)
        : f_(all.f_), tables_(all.tables_), loop_(loop), plan_(plan), constants_(f_), build_(f_) {
      build_.set_line(f_[f_.blocks[plan.test_block].end.values[0]].line);
      leg_ = build_.new_block();
    }

    void write(const std::vector<ir::IntRange>& ranges) {
      begin_later(ranges);
      const ValueId limit = begin_leg();
      end_leg(limit);
      constants_.place();
    }

   private:
    Edge& edge(Incoming in) { return f_.blocks[in.from].end.edges[in.index]; }
    ValueId emit(Op op, std::vector<ValueId> args) { return build_.emit(op, std::move(args)); }
    ValueId constant(int64_t i) { return constants_.integer(i); }
    ValueId least(ValueId a, ValueId b) { return emit(Op::Select, {emit(Op::ILt, {a, b}), a, b}); }
    ValueId most(ValueId a, ValueId b) { return emit(Op::Select, {emit(Op::IGt, {a, b}), a, b}); }
    int column(size_t param) const { return tables_.values + 1 + static_cast<int>(param); }
    int last_written() const { return tables_.values; }
    bool counts_down(size_t param) const { return plan_.goes_down && plan_.params[param] == plan_.counter; }

    Edge to_leg(ValueId row, std::vector<ValueId> state) const {
      state.insert(state.begin(), row);
      return {leg_, std::move(state)};
    }

    void begin_later(const std::vector<ir::IntRange>& ranges) {
      const BlockId ask = build_.new_block(), mark = build_.new_block(), find = build_.new_block(),
                    read = build_.new_block();
      for (Incoming in : plan_.entries) edge(in) = {ask, {}};
      const ValueId zero = constant(0);
      const Edge from_start = to_leg(zero, plan_.starts);

      build_.at(ask);
      const ValueId row = row_to_leave_in();
      const ValueId way = build_.emit(Op::TableWay, {zero}, tables_.ways);
      build_.branch(emit(Op::INe, {way, zero}), {find, {}}, {mark, {}});

      build_.at(mark);
      build_.emit(Op::SetTableValue, {zero, zero}, last_written());
      build_.emit(Op::SetTableWay, {zero, constant(1)}, tables_.ways);
      build_.jump(leg_, from_start.args);

      build_.at(find);
      const ValueId last = build_.emit(Op::TableValue, {zero}, last_written(), Type::I64);
      f_[last].range = {0, last_row};
      const ValueId from = least(row, last);
      build_.branch(emit(Op::IGt, {from, zero}), {read, {}}, from_start);

      build_.at(read);
      std::vector<ValueId> state;
      for (size_t k = 0; k < plan_.params.size(); ++k) {
        if (counts_down(k)) {
          state.push_back(emit(Op::ISub, {plan_.starts[k], round_of_row(from)}));
          continue;
        }
        state.push_back(build_.emit(Op::TableValue, {from}, column(k), f_.type(plan_.params[k])));
        f_[state.back()].range = ranges[k];
      }
      build_.jump(leg_, to_leg(from, state).args);
    }

    // Of the round that the element leaves in, or the last row.
    ValueId row_to_leave_in() {
      const ValueId low = constant(plan_.constant);
      const ValueId high = constant(plan_.constant + plan_.step * plan_.most_rounds());
      const ValueId far = plan_.goes_down ? start_of_counter(plan_) : plan_.limit;
      ValueId round = emit(Op::ISub, {most(least(far, high), low), low});
      if (plan_.reaches_limit) round = emit(Op::IAdd, {round, emit(Op::BToI, {emit(Op::IGe, {far, low})})});
      if (plan_.step > 1) {  // rounded up
        const int bits = std::countr_zero(static_cast<uint64_t>(plan_.step));
        round = emit(Op::IShr, {emit(Op::IAdd, {round, constant(plan_.step - 1)}), constant(bits)});
      }
      // The last round is run to its end where it is the next one that is tested.
      if (plan_.tests_next) round = most(emit(Op::ISub, {round, constant(1)}), constant(0));
      const int64_t first = int64_t{1} << plan_.log2_rows;
      const int64_t base = std::bit_cast<int64_t>(static_cast<double>(first)) >> (double_mantissa - plan_.log2_rows);
      const ValueId bits = emit(Op::FBits, {emit(Op::IToF, {emit(Op::IAdd, {round, constant(first)})})});
      const ValueId leading = emit(Op::IShr, {bits, constant(double_mantissa - plan_.log2_rows)});
      return least(emit(Op::ISub, {leading, constant(base)}), constant(last_row));
    }

    // The first of the rounds up to the next row.
    ValueId round_of_row(ValueId row) {
      const int64_t first = int64_t{1} << plan_.log2_rows;
      const ValueId above = emit(Op::IAdd, {emit(Op::IAnd, {row, constant(first - 1)}), constant(first)});
      const ValueId doublings = emit(Op::IAnd, {emit(Op::IShr, {row, constant(plan_.log2_rows)}), constant(63)});
      return emit(Op::ISub, {emit(Op::IShl, {above, doublings}), constant(first)});
    }

    // What the loop takes for its limit: where the next row begins, if there is one and the loop gets so far.
    ValueId begin_leg() {
      row_ = build_.add_param(leg_, Type::I64);
      std::vector<ValueId> state;
      for (ValueId param : plan_.params) state.push_back(build_.add_param(leg_, f_.type(param)));
      build_.at(leg_);
      next_row_ = emit(Op::IAdd, {row_, constant(1)});
      const ValueId round = round_of_row(next_row_);
      ValueId limit = no_value;
      ValueId is_last = emit(Op::IGe, {row_, constant(last_row)});
      if (plan_.goes_down) {
        const ValueId start = start_of_counter(plan_);
        const int64_t ahead = plan_.ahead();
        const ValueId steps = ahead > 0 ? emit(Op::ISub, {round, constant(ahead)}) : round;
        limit = most(plan_.limit, emit(Op::ISub, {start, steps}));
        // An element that begins below never gets there.
        if (plan_.test == Op::INe) is_last = emit(Op::BOr, {is_last, emit(Op::ILt, {start, plan_.limit})});
      } else {
        const int bits = std::countr_zero(static_cast<uint64_t>(plan_.step));
        const ValueId steps = plan_.step > 1 ? emit(Op::IShl, {round, constant(bits)}) : round;
        const int64_t begins = plan_.constant - (plan_.reaches_limit ? 1 : 0);
        limit = least(plan_.limit, begins == 0 ? steps : emit(Op::IAdd, {steps, constant(begins)}));
      }
      limit = emit(Op::Select, {is_last, plan_.limit, limit});
      build_.jump(loop_.header, state);
      return limit;
    }

    void end_leg(ValueId limit) {
      const BlockId done = build_.new_block(), write = build_.new_block();
      const std::vector<ValueId> state = plan_.tests_next ? edge(loop_.back_edges[0]).args : plan_.params;
      ir::Terminator& end = f_.blocks[plan_.test_block].end;
      const size_t leaves = loop_.blocks[end.edges[0].block] ? 1 : 0;
      const Edge out = end.edges[leaves], on = end.edges[1 - leaves];
      end = {};
      build_.at(plan_.test_block);
      build_.branch(emit(plan_.test, {plan_.tested, limit}), on, {done, {}});

      build_.at(done);
      build_.branch(emit(plan_.test, {plan_.tested, plan_.limit}), {write, {}}, out);

      build_.at(write);
      for (size_t k = 0; k < state.size(); ++k) {
        if (!counts_down(k)) build_.emit(Op::SetTableValue, {next_row_, state[k]}, column(k));
      }
      build_.emit(Op::SetTableValue, {constant(0), next_row_}, last_written());
      build_.jump(leg_, to_leg(next_row_, state).args);
    }

    Function& f_;
    const ir::TableCounts tables_;  // in use
    const Loop& loop_;
    const Plan& plan_;
    ConstantPool constants_;
    ir::Builder build_;
    BlockId leg_ = ir::no_block;
    ValueId row_ = no_value, next_row_ = no_value;  // of the leg
  };

  Function& f_;
  ir::Predecessors preds_;
  ir::Dominators dominators_;
  std::optional<ir::Loops> loops_;
  std::vector<BlockId> home_;  // of each value
  ir::TableCounts tables_;     // in use
};

}  // namespace

bool resume_loops(Function& f) {
  if (!ir::has_loops(f)) return false;
  remove_unreachable(f);
  std::vector<BlockId> done;
  while (Resumption(f, ir::count_tables(f)).run(done)) continue;
  return !done.empty();
}

bool resumes_all_loops(const Function& f) {
  if (ir::count_tables(f).ways == 0) return false;
  const ir::Predecessors preds(f);
  const auto loops = ir::Loops::of(f, preds, ir::Dominators(f, preds));
  if (!loops) return false;
  const auto is_resumed = [&](const Loop& loop) {
    return std::ranges::any_of(preds[loop.header], [&](Incoming in) {
      if (loop.blocks[in.from]) return false;
      const std::vector<ValueId>& body = f.blocks[in.from].body;
      return std::ranges::any_of(body, [&](ValueId v) { return f[v].op == Op::TableValue; });
    });
  };
  for (size_t i = 0; i < loops->size(); ++i) {
    if (loops->outer(i) == ir::Loops::none && !is_resumed((*loops)[i])) return false;
  }
  return true;
}

}  // namespace gilmap::passes
