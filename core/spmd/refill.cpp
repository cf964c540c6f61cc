// Problem: elements of a divergent loop need different numbers of rounds, and a group of lanes needs as many as its
// longest. The shorter ones compute nothing meanwhile.
// Method: the function is turned around. The loop runs a few rounds at a time: one, after lanes were refilled, then
// twice as many as before, up to a limit. If a quarter of the lanes are done then,
// or none is left, these lanes go through what stands behind the loop, hand in their results, take the next elements,
// and go through what stands in front of the loop; the others keep their state. So code is neither copied nor written
// anew:
//
//     in front -> loop -> behind -> ret       becomes       behind -> finish, take_next -> in front -> loop -> behind …
//
// which begins behind the loop, with no results to hand in.
// Invariant: what the code in front computes depends on the arguments alone, so that for lanes that go on it gives what
// it gave before; only the loop's own state must be kept for them.
// Cost: all parts are one function body; a round pays nothing, every few rounds a test.
//
// After Krzikalla, Wende, Höhnerbach, "Dynamic SIMD Vector Lane Scheduling", 2016.

#include "spmd/refill.h"

#include <algorithm>
#include <utility>

#include "ir/loops.h"
#include "passes/op_kinds.h"
#include "spmd/costs.h"
#include "spmd/late_traps.h"
#include "spmd/variables.h"

namespace gilmap::spmd {
namespace {

using ir::no_block;
using ir::no_value;
using ir::Op;
using ir::Terminator;
using ir::Type;

// Additions between two looks at which lanes are done, and the most rounds.
constexpr int cost_between_looks = 128;
constexpr int most_rounds = 8;

class Refiller {
 public:
  explicit Refiller(const ir::Function& f) : f_(f), preds_(f), dominators_(f, preds_) {}

  std::optional<ir::Function> run() {
    if (!find_shape() || !is_all_varying()) return std::nullopt;
    live_meanwhile_ = find_live_meanwhile();
    lay_out();
    write_entry();
    for (BlockId b : order_) write(b);
    write_look();
    finish();
    return std::move(out_);
  }

  // The parts: one loop, that is left from its latch alone, one `ret`, behind the loop.
  bool find_shape() {
    const auto loops = ir::Loops::of(f_, preds_, dominators_);
    size_t loop = ir::Loops::none;
    for (size_t i = 0; loops && i < loops->size(); ++i) {
      if (loops->outer(i) != ir::Loops::none) continue;
      if (loop != ir::Loops::none) return false;
      loop = i;
    }
    if (loop == ir::Loops::none || (*loops)[loop].back_edges.size() != 1) return false;
    in_loop_ = (*loops)[loop].blocks;
    is_innermost_ = loops->size() == 1;
    header_ = (*loops)[loop].header;
    latch_ = (*loops)[loop].back_edges[0].from;
    const Terminator& end = f_.blocks[latch_].end;
    if (end.kind != Terminator::Kind::Branch || f_[end.values[0]].op != Op::AnyLane) return false;
    back_ = (*loops)[loop].back_edges[0].index;
    behind_ = end.edges[1 - back_].block;
    if (back_ != 0 || in_loop_[behind_]) return false;
    live_ = f_[end.values[0]].args[0];
    const std::vector<ValueId>& next = end.edges[back_].args;
    const auto live = std::ranges::find(next, live_);
    if (live == next.end()) return false;
    live_param_ = static_cast<size_t>(live - next.begin());

    for (BlockId b : ir::reverse_postorder(f_)) {
      if (f_.blocks[b].end.kind == Terminator::Kind::Ret) ret_ = ret_ == no_block ? b : f_.blocks.size();
      for (const ir::Edge& edge : f_.blocks[b].end.edges) {
        if (in_loop_[b] && !in_loop_[edge.block] && b != latch_) return false;
      }
    }
    if (ret_ >= f_.blocks.size() || in_loop_[ret_]) return false;
    find_behind();
    return is_behind_[ret_] && !is_behind_[0];
  }

 private:
  bool is_all_varying() const {
    return std::ranges::all_of(f_.blocks[header_].params, [&](ValueId p) { return f_[p].varying; });
  }

  // Within the loop lanes that were left to CPython may go on: the looks take them out. Not where inner loops would
  // wait for them.
  ValueId find_live_meanwhile() const {
    if (!is_innermost_) return live_;
    const ValueId others = live_with_traps(f_, {header_, latch_, behind_, back_, in_loop_}, live_);
    return others == no_value ? live_ : others;
  }

  void find_behind() {
    is_behind_.assign(f_.blocks.size(), false);
    std::vector<BlockId> work{behind_};
    while (!work.empty()) {
      const BlockId b = work.back();
      work.pop_back();
      if (is_behind_[b]) continue;
      is_behind_[b] = true;
      for (const ir::Edge& edge : f_.blocks[b].end.edges) work.push_back(edge.block);
    }
  }

  // Block b of f becomes b + 1, behind an entry of our own; a look at which lanes are done, and an end, follow.
  static BlockId to(BlockId b) { return b + 1; }

  void lay_out() {
    out_.name = f_.name;
    out_.arg_ranges = f_.arg_ranges;
    out_.depth = f_.depth;
    out_.lanes = out_.refills = true;
    out_.deopts = f_.deopts;
    out_.values = f_.values;  // with their numbers; operands are looked up anew
    const auto count = static_cast<BlockId>(f_.blocks.size());
    look_ = count + 1;
    end_ = count + 2;
    out_.blocks.resize(count + 3);
    rounds_ = add({Op::Param, Type::I64, 0, 0, {}});

    auto connect = [&](BlockId from, std::vector<BlockId> targets) {
      std::vector<ir::Edge>& edges = out_.blocks[from].end.edges;
      for (BlockId target : targets) edges.push_back({target, {}});
    };
    connect(0, {to(behind_)});
    for (BlockId b : dominators_.order()) {
      std::vector<BlockId> targets;
      for (const ir::Edge& edge : f_.blocks[b].end.edges) targets.push_back(to(edge.block));
      if (b == latch_) targets = {to(header_), look_};
      if (b == ret_) targets = {to(0), end_};
      connect(to(b), targets);
    }
    connect(look_, {to(behind_), to(header_)});

    std::vector<std::vector<BlockId>> predecessors(out_.blocks.size());
    for (BlockId b = 0; b < out_.blocks.size(); ++b) {
      for (const ir::Edge& edge : out_.blocks[b].end.edges) {
        std::vector<BlockId>& from = predecessors[edge.block];
        if (std::ranges::find(from, b) == from.end()) from.push_back(b);
      }
    }
    out_dominators_.emplace(out_);
    variables_.emplace(out_, std::move(predecessors));
    for (BlockId b : dominators_.order()) {
      if (b != 0) out_.blocks[to(b)].params = f_.blocks[b].params;
    }
    out_.blocks[to(header_)].params.push_back(rounds_);

    for (bool behind : {true, false}) {  // each behind those that lead to it and to nothing else
      for (BlockId b : ir::reverse_postorder(f_)) {
        if (is_behind_[b] == behind) order_.push_back(b);
      }
    }
    find_homes();
  }

  void find_homes() {
    home_.assign(out_.values.size(), no_block);
    variable_.assign(out_.values.size(), none);
    for (BlockId b : dominators_.order()) {
      for (ValueId v : f_.blocks[b].params) home_[v] = to(b);
      for (ValueId v : f_.blocks[b].body) home_[v] = is_constant(v) ? 0 : to(b);
    }
    if (live_meanwhile_ != live_) home_[live_] = look_;
  }

  // The code in front of the loop runs again and again: constants do not.
  bool is_constant(ValueId v) const { return passes::is_constant(f_[v].op); }

  // ------------------------------------------------------------ values

  ValueId add(ir::Inst inst) {
    out_.values.push_back(std::move(inst));
    return static_cast<ValueId>(out_.values.size() - 1);
  }

  ValueId append(BlockId b, ir::Inst inst) {
    inst.varying = ir::is_varying(out_, inst);
    const ValueId v = add(std::move(inst));
    out_.blocks[b].body.push_back(v);
    return v;
  }

  ValueId zero(Type type) { return append(0, {passes::constant_of(type), type, 0, 0, {}}); }
  ValueId boolean(bool b) { return append(0, {Op::BConst, Type::Bool, 0, b, {}}); }
  ValueId integer(int64_t i) { return append(0, {Op::IConst, Type::I64, 0, i, {}}); }

  // The value v of f where block b of the new function stands. What does not dominate b any more, because the code
  // behind the loop comes first now, is a variable.
  ValueId operand(ValueId v, BlockId b) {
    if (v == live_ && b != look_ && b > 0 && in_loop_[b - 1]) v = live_meanwhile_;
    if (out_dominators_->dominates(home_[v], b)) return v;
    if (variable_[v] == none) variable_[v] = variables_->add(f_.type(v), f_[v].varying, zero(f_.type(v)), f_[v].range);
    return variables_->read(variable_[v], b);
  }

  // ------------------------------------------------------------ blocks

  void write_entry() {
    for (ValueId p : f_.blocks[0].params) {
      const ir::Inst argument = f_[p];  // its place is taken by an instruction of the same number
      out_.blocks[0].params.push_back(add(argument));
    }
    for (BlockId b : dominators_.order()) {
      for (ValueId v : f_.blocks[b].body) {
        if (is_constant(v)) out_.blocks[0].body.push_back(v);
      }
    }
    done_ = variables_->add(Type::Bool, true, no_value);      // lanes between two elements
    active_ = variables_->add(Type::Bool, true, no_value);    // lanes that have an element
    stride_ = variables_->add(Type::I64, false, integer(1));  // rounds between two looks
    variables_->write(done_, 0, boolean(true));
    variables_->write(active_, 0, boolean(false));
    ir::Terminator& end = out_.blocks[0].end;
    end.kind = Terminator::Kind::Jump;
    std::vector<ValueId> args;
    for (ValueId p : f_.blocks[behind_].params) args.push_back(zero(f_.type(p)));
    end.edges[0].args = std::move(args);
  }

  void write(BlockId b) {
    if (b == 0) {
      for (size_t k = 0; k < f_.blocks[0].params.size(); ++k) {
        const ValueId p = f_.blocks[0].params[k];
        out_[p] = {Op::Argument, f_.type(p), f_[p].line, static_cast<int64_t>(k), {}, true, f_[p].range};
        out_.blocks[to(0)].body.push_back(p);
      }
    }
    for (ValueId v : f_.blocks[b].body) {
      const bool late = f_[v].op == Op::Poll && in_loop_[b] && is_innermost_;
      polls_ |= late;
      if (!is_constant(v) && home_[v] == to(b) && !late) write_value(v, to(b));
    }
    if (b == latch_) return write_latch();
    if (b == ret_) return write_next();
    write_end(b);
  }

  void write_value(ValueId v, BlockId b) {
    std::vector<ValueId> args;
    for (ValueId arg : f_[v].args) args.push_back(operand(arg, b));
    out_[v].args = std::move(args);
    out_.blocks[b].body.push_back(v);
  }

  void write_end(BlockId b) {
    const Terminator& old = f_.blocks[b].end;
    std::vector<ValueId> values;
    for (ValueId v : old.values) values.push_back(operand(v, to(b)));
    for (size_t i = 0; i < old.edges.size(); ++i) {
      std::vector<ValueId> args;
      for (ValueId v : old.edges[i].args) args.push_back(operand(v, to(b)));
      if (old.edges[i].block == header_) enter_loop(to(b), &args);
      out_.blocks[to(b)].end.edges[i].args = std::move(args);
    }
    Terminator& end = out_.blocks[to(b)].end;
    end.kind = old.kind;
    end.unlikely = old.unlikely;
    end.values = std::move(values);
  }

  // Lanes with a new element begin; the others go on where they were.
  void enter_loop(BlockId b, std::vector<ValueId>* args) {
    const ValueId done = variables_->read(done_, b);
    const std::vector<ValueId>& next = f_.blocks[latch_].end.edges[back_].args;
    for (size_t i = 0; i < args->size(); ++i) {
      ValueId begin = (*args)[i];
      if (i == live_param_) begin = append(b, {Op::BAnd, Type::Bool, 0, 0, {begin, variables_->read(active_, b)}});
      ir::Inst chosen{Op::Select, f_.type(next[i]), 0, 0, {done, begin, operand(next[i], b)}};
      chosen.range = f_[f_.blocks[header_].params[i]].range;
      (*args)[i] = append(b, std::move(chosen));
    }
    args->push_back(integer(1));
    variables_->write(stride_, b, integer(1));
  }

  int most() const { return std::clamp(cost_between_looks / std::max(cost_of_round(f_), 1), 1, most_rounds); }

  void write_latch() {
    const BlockId b = to(latch_);
    const ValueId left = append(b, {Op::ISub, Type::I64, 0, 0, {rounds_, integer(1)}});
    const ValueId more = append(b, {Op::IGt, Type::Bool, 0, 0, {left, integer(0)}});
    Terminator& end = out_.blocks[b].end;
    end.kind = Terminator::Kind::Branch;
    end.values = {more};
    end.edges[0].args = next_round(b, left);
  }

  std::vector<ValueId> next_round(BlockId b, ValueId rounds) {
    std::vector<ValueId> args;
    for (ValueId v : f_.blocks[latch_].end.edges[back_].args) args.push_back(operand(v, b));
    args.push_back(rounds);
    return args;
  }

  void write_look() {
    if (live_meanwhile_ != live_) write_value(live_, look_);
    // Looks are close enough to each other to poll there, where no inner loop takes its time.
    if (polls_) append(look_, {Op::Poll, Type::Void, 0, 0, {}});
    const ValueId live = operand(live_, look_);
    const ValueId dead = append(look_, {Op::BNot, Type::Bool, 0, 0, {live}});
    const ValueId done = append(look_, {Op::BAnd, Type::Bool, 0, 0, {variables_->read(active_, look_), dead}});
    const ValueId none_left =
        append(look_, {Op::BNot, Type::Bool, 0, 0, {append(look_, {Op::AnyLane, Type::Bool, 0, 0, {live}})}});
    const ValueId many = append(look_, {Op::ManyLanes, Type::Bool, 0, 0, {done}});
    variables_->write(done_, look_, done);
    Terminator& end = out_.blocks[look_].end;
    end.kind = Terminator::Kind::Branch;
    end.values = {append(look_, {Op::BOr, Type::Bool, 0, 0, {many, none_left}})};
    std::vector<ValueId> args;
    for (ValueId v : f_.blocks[latch_].end.edges[1 - back_].args) args.push_back(operand(v, look_));
    out_.blocks[look_].end.edges[0].args = std::move(args);
    const ValueId stride = variables_->read(stride_, look_);
    const ValueId twice = append(look_, {Op::IAdd, Type::I64, 0, 0, {stride, stride}});
    const ValueId fits = append(look_, {Op::ILt, Type::Bool, 0, 0, {twice, integer(most())}});
    const ValueId longer = append(look_, {Op::Select, Type::I64, 0, 0, {fits, twice, integer(most())}});
    variables_->write(stride_, look_, longer);
    out_.blocks[look_].end.edges[1].args = next_round(look_, longer);
  }

  // In place of the `ret`.
  void write_next() {
    const BlockId b = to(ret_);
    const ValueId done = variables_->read(done_, b), active = variables_->read(active_, b);
    std::vector<ValueId> handed{append(b, {Op::BAnd, Type::Bool, 0, 0, {done, active}})};
    for (ValueId v : f_.blocks[ret_].end.values) handed.push_back(operand(v, b));
    append(b, {Op::Finish, Type::Void, 0, 0, std::move(handed)});
    const ValueId taken = append(b, {Op::TakeNext, Type::Bool, 0, 0, {done}});
    const ValueId others =
        append(b, {Op::BAnd, Type::Bool, 0, 0, {active, append(b, {Op::BNot, Type::Bool, 0, 0, {done}})}});
    const ValueId now = append(b, {Op::BOr, Type::Bool, 0, 0, {taken, others}});
    variables_->write(active_, b, now);
    Terminator& end = out_.blocks[b].end;
    end.kind = Terminator::Kind::Branch;
    end.values = {append(b, {Op::AnyLane, Type::Bool, 0, 0, {now}})};
    out_.blocks[end_].end.kind = Terminator::Kind::Ret;
  }

  void finish() {
    for (ValueId v = 0; v < variable_.size(); ++v) {
      if (variable_[v] != none) variables_->write(variable_[v], home_[v], v);
    }
    variables_->finish();
  }

  static constexpr Variables::Variable none = ~0u;

  const ir::Function& f_;
  ir::Predecessors preds_;
  ir::Dominators dominators_;
  std::vector<bool> in_loop_, is_behind_;
  BlockId header_ = no_block, latch_ = no_block, behind_ = no_block, ret_ = no_block;
  size_t back_ = 0;  // the latch's edge to the header
  bool is_innermost_ = false;
  bool polls_ = false;                 // at the looks
  ValueId live_ = no_value;            // at the latch
  ValueId live_meanwhile_ = no_value;  // the same between two looks
  size_t live_param_ = 0;              // of the header

  ir::Function out_;
  BlockId look_ = 0, end_ = 0;
  std::vector<BlockId> order_;
  ValueId rounds_ = no_value;  // until the next look
  std::optional<ir::Dominators> out_dominators_;
  std::optional<Variables> variables_;
  std::vector<BlockId> home_;
  std::vector<Variables::Variable> variable_;
  Variables::Variable done_ = none, active_ = none, stride_ = none;
};

}  // namespace

bool has_loop_to_refill(const ir::Function& lanes) { return Refiller(lanes).find_shape(); }

std::optional<ir::Function> refill(const ir::Function& lanes) { return Refiller(lanes).run(); }

int cost_of_round(const ir::Function& f) {
  const ir::Predecessors preds(f);
  const ir::Dominators dominators(f, preds);
  const auto loops = ir::Loops::of(f, preds, dominators);
  int total = 0;
  for (BlockId b : dominators.order()) {
    size_t depth = 0;
    for (size_t i = loops ? loops->innermost(b) : ir::Loops::none; i != ir::Loops::none; i = loops->outer(i)) ++depth;
    if (depth == 0) continue;
    constexpr int rounds_of_inner_loops = 8;
    int times = 1;
    for (size_t d = 1; d < std::min<size_t>(depth, 4); ++d) times *= rounds_of_inner_loops;
    for (ValueId v : f.blocks[b].body) {
      if (f[v].varying || f[v].op == Op::AnyLane) total += times * cost(f[v].op);
    }
  }
  return total;
}

}  // namespace gilmap::spmd
