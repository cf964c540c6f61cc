#include "ir/interpreter.h"

#include "ir/evaluate.h"
#include "ir/printer.h"

namespace gilmap::ir {
namespace {

class Interpreter {
 public:
  Interpreter(const Module& module, const InterpreterOptions& options)
      : module_(module), options_(options), steps_left_(options.max_steps) {}

  Outcome call(const Function& f, std::span<const uint64_t> args, int64_t depth_left) {
    Frame frame{f, std::vector<uint64_t>(f.values.size()), std::vector<bool>(f.values.size()),
                std::vector<std::vector<uint64_t>>(f.values.size()), depth_left - f.depth};
    if (frame.depth_left < 0) return deopt(DeoptReason::Depth);
    enter(frame, 0, std::vector<uint64_t>(args.begin(), args.end()));
    for (BlockId b = 0;;) {
      for (ValueId v : f.blocks[b].body) {
        if (--steps_left_ < 0) return stop(Outcome::Kind::OutOfSteps);
        Outcome left;
        if (!step(frame, v, &left)) return left;
      }
      if (--steps_left_ < 0) return stop(Outcome::Kind::OutOfSteps);
      const Terminator& end = f.blocks[b].end;
      const Edge* taken = nullptr;
      switch (end.kind) {
        case Terminator::Kind::None:
          return broken("the block has no terminator");
        case Terminator::Kind::Jump:
          taken = &end.edges[0];
          break;
        case Terminator::Kind::Branch:
          taken = &end.edges[frame.bits[end.values[0]] ? 0 : 1];
          break;
        case Terminator::Kind::Ret: {
          Outcome returned;
          for (ValueId v : end.values) returned.types.push_back(f.type(v));
          returned.bits = operands(frame, end.values);
          return returned;
        }
        case Terminator::Kind::Deopt:
          return deopt(end.reason);
      }
      enter(frame, taken->block, operands(frame, taken->args));
      b = taken->block;
    }
  }

 private:
  struct Frame {
    const Function& f;
    std::vector<uint64_t> bits;                  // of each value
    std::vector<bool> failed;                    // of each call_numeric and call_foreign
    std::vector<std::vector<uint64_t>> results;  // of each call
    int64_t depth_left;
  };

  static Outcome stop(Outcome::Kind kind) {
    Outcome o;
    o.kind = kind;
    return o;
  }
  static Outcome deopt(DeoptReason reason) {
    Outcome o = stop(Outcome::Kind::Deopt);
    o.reason = reason;
    return o;
  }
  static Outcome broken(std::string what) {
    Outcome o = stop(Outcome::Kind::Broken);
    o.what = std::move(what);
    return o;
  }

  static std::vector<uint64_t> operands(const Frame& frame, const std::vector<ValueId>& values) {
    std::vector<uint64_t> bits;
    for (ValueId v : values) bits.push_back(frame.bits[v]);
    return bits;
  }

  static void enter(Frame& frame, BlockId b, const std::vector<uint64_t>& args) {
    const std::vector<ValueId>& params = frame.f.blocks[b].params;
    for (size_t i = 0; i < params.size(); ++i) frame.bits[params[i]] = args[i];
  }

  // False if the function is left, with `left` saying how.
  bool step(Frame& frame, ValueId v, Outcome* left) {
    const Inst& inst = frame.f[v];
    std::vector<uint64_t> args = operands(frame, inst.args);
    if (inst.op == Op::Poll) return true;
    if (info(inst.op).effect == Effect::Table) {  // it forgets at once
      frame.bits[v] = 0;
      return true;
    }
    if (inst.op == Op::DeoptIf) {
      if (args[0]) *left = deopt(static_cast<DeoptReason>(inst.imm));
      return !args[0];
    }
    if (inst.op == Op::CallNumeric) {
      if (!options_.numeric) {
        *left = broken("call_numeric without a table of functions");
        return false;
      }
      frame.failed[v] = !options_.numeric(inst.imm, args, &frame.bits[v]);
      return true;
    }
    if (inst.op == Op::CallForeign) {
      if (!options_.foreign) {
        *left = broken("call_foreign without a way to call");
        return false;
      }
      const Foreign& callee = module_.foreign[static_cast<size_t>(inst.imm)];
      frame.failed[v] = !options_.foreign(callee, args, &frame.bits[v]);
      return true;
    }
    if (inst.op == Op::CallFailed || inst.op == Op::ForeignFailed) {
      frame.bits[v] = frame.failed[inst.args[0]];
      return true;
    }
    if (inst.op == Op::Call) {
      *left = call(module_.functions[static_cast<size_t>(inst.imm)], args, frame.depth_left);
      if (left->kind != Outcome::Kind::Returned) return false;
      if (!left->bits.empty()) frame.bits[v] = left->bits[0];
      frame.results[v] = std::move(left->bits);
      return true;
    }
    if (inst.op == Op::CallResult) {
      frame.bits[v] = frame.results[inst.args[0]][static_cast<size_t>(inst.imm)];
      return true;
    }
    std::optional<uint64_t> result = evaluate(inst.op, inst.imm, args);
    if (!result) {
      *left = broken("a precondition does not hold: " + print_inst(frame.f, v));
      return false;
    }
    frame.bits[v] = *result;
    return true;
  }

  const Module& module_;
  const InterpreterOptions& options_;
  int64_t steps_left_;
};

}  // namespace

Outcome interpret(const Module& module, size_t function, std::span<const uint64_t> args,
                  const InterpreterOptions& options) {
  return Interpreter(module, options).call(module.functions[function], args, options.depth_budget);
}

}  // namespace gilmap::ir
