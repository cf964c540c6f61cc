#include "ir/lane_interpreter.h"

#include <algorithm>

#include "ir/evaluate.h"

namespace gilmap::ir {
namespace {

using Bits = std::vector<uint64_t>;  // of a value: one for each lane, or one for all if it is uniform

constexpr size_t no_element = ~size_t{0};

class LaneInterpreter {
 public:
  LaneInterpreter(const Module& module, std::span<const std::vector<uint64_t>> args, const InterpreterOptions& options)
      : module_(module),
        f_(module.functions[0]),
        args_(args),
        lanes_(f_.refills ? (args.size() + 1) / 2 : args.size()),
        options_(options),
        element_(lanes_, no_element),
        outcomes_(args.size(), {.kind = Outcome::Kind::Broken, .what = "the element is never finished"}) {
    GILMAP_CHECK(f_.lanes && lanes_ > 0);
    values_.resize(f_.values.size());
    failed_.resize(f_.values.size());
  }

  std::vector<Outcome> run() {
    if (f_.depth > options_.depth_budget) return all({.kind = Outcome::Kind::Deopt, .reason = DeoptReason::Depth});
    for (size_t k = 0; k < f_.blocks[0].params.size() && !f_.refills; ++k) {
      for (const std::vector<uint64_t>& lane : args_) values_[f_.blocks[0].params[k]].push_back(lane[k]);
    }
    int64_t steps_left = options_.max_steps;
    for (const Block* block = &f_.blocks[0];;) {
      steps_left -= static_cast<int64_t>(block->body.size()) + 1;
      if (steps_left < 0) return all({.kind = Outcome::Kind::OutOfSteps});
      for (ValueId v : block->body) step(v);
      switch (block->end.kind) {
        case Terminator::Kind::Jump:
          block = follow(block->end.edges[0]);
          break;
        case Terminator::Kind::Branch:
          block = follow(block->end.edges[at(block->end.values[0], 0) ? 0 : 1]);
          break;
        case Terminator::Kind::Ret:
          if (f_.refills) return outcomes_;
          for (size_t lane = 0; lane < lanes_; ++lane) outcomes_[lane] = outcome(block->end.values, lane);
          return outcomes_;
        case Terminator::Kind::None:
        case Terminator::Kind::Deopt:
          return all({.kind = Outcome::Kind::Broken, .what = "the block has no end that a lane function may have"});
      }
    }
  }

 private:
  std::vector<Outcome> all(Outcome outcome) const { return std::vector<Outcome>(args_.size(), std::move(outcome)); }
  uint64_t at(ValueId v, size_t lane) const { return values_[v][f_[v].varying ? lane : 0]; }
  size_t width(ValueId v) const { return f_[v].varying ? lanes_ : 1; }

  const Block* follow(const Edge& edge) {
    const Block& to = f_.blocks[edge.block];
    std::vector<Bits> params;
    for (size_t i = 0; i < to.params.size(); ++i) {
      Bits& bits = params.emplace_back();
      for (size_t lane = 0; lane < width(to.params[i]); ++lane) bits.push_back(at(edge.args[i], lane));
    }
    for (size_t i = 0; i < to.params.size(); ++i) values_[to.params[i]] = std::move(params[i]);
    return &to;
  }

  void step(ValueId v) {
    const Inst& inst = f_[v];
    if (inst.op == Op::Poll) return;
    if (inst.op == Op::Finish) return finish(inst.args);
    Bits result;
    if (inst.op == Op::AnyLane || inst.op == Op::ManyLanes) {
      const Bits& bits = values_[inst.args[0]];
      const auto count = static_cast<size_t>(std::ranges::count_if(bits, [](uint64_t b) { return b != 0; }));
      result = {inst.op == Op::AnyLane ? count > 0 : 4 * count >= bits.size()};
    } else if (inst.op == Op::TakeNext) {
      for (size_t lane = 0; lane < lanes_; ++lane) result.push_back(at(inst.args[0], lane) && take_next(lane));
    } else if (inst.op == Op::Argument) {
      for (size_t element : element_)
        result.push_back(element == no_element ? garbage : args_[element][static_cast<size_t>(inst.imm)]);
    } else {
      failed_[v].assign(width(v), 0);
      for (size_t lane = 0; lane < width(v); ++lane) result.push_back(compute(v, lane));
    }
    values_[v] = std::move(result);
  }

  uint64_t compute(ValueId v, size_t lane) {
    const Inst& inst = f_[v];
    const uint64_t any = inst.type == Type::Bool ? 1 : garbage;
    std::vector<uint64_t> args;
    for (ValueId arg : inst.args) args.push_back(at(arg, lane));
    if (inst.op == Op::CallFailed) return failed_[inst.args[0]][f_[inst.args[0]].varying ? lane : 0];
    if (inst.op == Op::CallNumeric) {
      const auto fn = static_cast<size_t>(inst.imm);
      const bool masked = fn < options_.table.size() && args.size() > options_.table[fn].args.size();
      if (masked && !args.back()) {
        failed_[v][lane] = 1;
        return any;
      }
      if (masked) args.pop_back();
      uint64_t result = any;
      failed_[v][lane] = !options_.numeric(inst.imm, args, &result);
      return failed_[v][lane] ? any : result;
    }
    return evaluate(inst.op, inst.imm, args).value_or(any);
  }

  bool take_next(size_t lane) {
    if (next_ == args_.size()) return false;
    element_[lane] = next_++;
    return true;
  }

  void finish(const std::vector<ValueId>& args) {
    for (size_t lane = 0; lane < lanes_; ++lane) {
      if (at(args[0], lane) && element_[lane] != no_element)
        outcomes_[element_[lane]] = outcome(std::span(args).subspan(1), lane);
    }
  }

  Outcome outcome(std::span<const ValueId> values, size_t lane) const {
    const std::vector<Type>& types = module_.result_types;
    const size_t results = values.size() - f_.deopts.size();
    const auto mask = std::find_if(values.begin() + static_cast<std::ptrdiff_t>(results), values.end(),
                                   [&](ValueId v) { return at(v, lane) != 0; });
    Outcome o;
    if (mask != values.end()) {
      o.kind = Outcome::Kind::Deopt;
      o.reason = f_.deopts[static_cast<size_t>(mask - values.begin()) - results];
      return o;
    }
    if (results == 0) return o;
    const uint64_t tag = results == 2 ? at(values[1], lane) : 0;
    const Type type = results == 1 ? types[0] : type_of(static_cast<Tag>(tag));
    if (std::ranges::find(types, type) == types.end() || tag > static_cast<uint64_t>(Tag::None)) {
      o = {.kind = Outcome::Kind::Broken, .what = "there is no result of tag " + std::to_string(tag)};
    } else if (type != Type::Void) {
      o.types = {type};
      o.bits = {at(values[0], lane)};
    }
    return o;
  }

  const Module& module_;
  const Function& f_;
  const std::span<const std::vector<uint64_t>> args_;  // of each element
  const size_t lanes_;
  const InterpreterOptions& options_;
  // Of a function that refills: the element of each lane, the next one, and what has become of each.
  std::vector<size_t> element_;
  size_t next_ = 0;
  std::vector<Outcome> outcomes_;
  std::vector<Bits> values_;
  std::vector<Bits> failed_;  // of each call_numeric
};

}  // namespace

std::vector<Outcome> interpret_lanes(const Module& module, std::span<const std::vector<uint64_t>> args,
                                     const InterpreterOptions& options) {
  return LaneInterpreter(module, args, options).run();
}

}  // namespace gilmap::ir
