#include "ir/verifier.h"

#include <algorithm>
#include <string_view>

#include "ir/dominators.h"
#include "ir/printer.h"

namespace gilmap::ir {
namespace {

constexpr size_t message_limit = 50;  // one mistake can cause many

class Verifier {
 public:
  Verifier(const Module& module, size_t index, NumericTable numeric, std::vector<std::string>* messages)
      : module_(module), f_(module.functions[index]), element_(index == 0), numeric_(numeric), messages_(messages) {}

  void run() {
    size_t before = messages_->size();
    if (f_.blocks.empty()) return say("has no blocks");
    if (!f_.arg_ranges.empty() && f_.arg_ranges.size() != f_.blocks[0].params.size()) {
      say("has " + count(f_.arg_ranges.size(), "argument range") + " for " +
          count(f_.blocks[0].params.size(), "parameter"));
    }
    for (IntRange r : f_.arg_ranges) {
      if (r.lo > r.hi) say("has an empty argument range");
    }
    if (f_.lanes && module_.functions.size() > 1) say("is a lane function, but not the only function");
    if (!f_.lanes && !f_.deopts.empty()) say("has masks, but is no lane function");
    place_values();
    for (BlockId b = 0; b < f_.blocks.size(); ++b) {
      where_ = " block" + std::to_string(b);
      terminator(f_.blocks[b].end);
    }
    // What follows indexes by operands and edges.
    if (messages_->size() != before) return;
    for (BlockId b = 0; b < f_.blocks.size(); ++b) {
      for (ValueId v : f_.blocks[b].body) {
        where_ = " block" + std::to_string(b);
        inst_ = v;
        instruction(f_[v]);
        inst_ = no_value;
      }
    }
    dominance();
  }

 private:
  struct Place {
    BlockId block = no_block;
    uint32_t index = 0;  // 0 for parameters, else from 1
  };

  void say(const std::string& message) {
    if (messages_->size() >= message_limit) return;
    std::string inst = inst_ == no_value ? "" : " `" + print_inst(f_, inst_, {.numeric = numeric_}) + "`";
    messages_->push_back("%" + f_.name + where_ + inst + ": " + message);
  }
  static std::string name(ValueId v) { return "v" + std::to_string(v); }
  static std::string count(size_t n, const char* what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); }

  void place_values() {
    place_.resize(f_.values.size());
    for (BlockId b = 0; b < f_.blocks.size(); ++b) {
      where_ = " block" + std::to_string(b);
      uint32_t index = 0;
      for (ValueId v : f_.blocks[b].params) place(v, {b, 0}, true);
      for (ValueId v : f_.blocks[b].body) place(v, {b, ++index}, false);
    }
  }

  void place(ValueId v, Place at, bool param) {
    if (v >= f_.values.size()) return say(name(v) + " does not exist");
    if (place_[v].block != no_block) return say(name(v) + " stands in two places");
    place_[v] = at;
    if ((f_[v].op == Op::Param) != param) {
      say(name(v) + (param ? " is a parameter but not a param" : " is a param in the body"));
    }
    if (param && f_.type(v) == Type::Void) say(name(v) + " is a parameter without a type");
    if (!f_.lanes && f_[v].varying) say(name(v) + " is varying, but this is no lane function");
    if (f_.lanes && param && at.block == 0 && !f_[v].varying) say(name(v) + ", a parameter of the entry, is uniform");
    if (f_[v].range != IntRange{}) range_of(v);
    if (f_[v].op == Op::Param) return;
    inst_ = v;
    for (ValueId arg : f_[v].args) use(arg);
    inst_ = no_value;
  }

  void range_of(ValueId v) {
    if (!f_.lanes && f_[v].op != Op::TableValue) say(name(v) + " has a range, but this is no lane function");
    if (f_.type(v) != Type::I64) say(name(v) + " has a range, but is " + type_name(f_.type(v)));
    if (f_[v].range.lo > f_[v].range.hi) say(name(v) + " has an empty range");
  }

  bool use(ValueId v) {
    if (v < f_.values.size()) return true;
    say(name(v) + " does not exist");
    return false;
  }

  void terminator(const Terminator& end) {
    size_t edges = 0, values = end.values.size();
    switch (end.kind) {
      case Terminator::Kind::None:
        return say("does not end in a terminator");
      case Terminator::Kind::Jump:
        edges = 1, values = 0;
        break;
      case Terminator::Kind::Branch:
        edges = 2, values = 1;
        break;
      case Terminator::Kind::Ret:
        break;
      case Terminator::Kind::Deopt:
        if (f_.lanes) say("a lane function has masks in place of a deopt");
        values = 0;
        break;
    }
    if (end.edges.size() != edges) say("ends in " + count(end.edges.size(), "edge") + ", not " + std::to_string(edges));
    if (end.values.size() != values)
      say("ends in " + count(end.values.size(), "operand") + ", not " + std::to_string(values));
    bool known = true;
    for (ValueId v : end.values) known &= use(v);
    for (const Edge& e : end.edges) edge(e);
    if (!known) return;
    if (end.kind == Terminator::Kind::Ret) ret(end.values);
    if (end.kind == Terminator::Kind::Branch && values == 1) {
      if (Type t = f_.type(end.values[0]); t != Type::Bool)
        say("the condition is " + std::string(type_name(t)) + ", not bool");
      if (f_[end.values[0]].varying) say("the condition is varying");
      if (end.unlikely < -1 || end.unlikely > 1) say("unlikely is neither 0 nor 1");
    }
  }

  void edge(const Edge& e) {
    std::string to = "block" + std::to_string(e.block);
    if (e.block >= f_.blocks.size()) return say(to + " does not exist");
    if (e.block == 0) say("jumps to block0, the entry");
    const std::vector<ValueId>& params = f_.blocks[e.block].params;
    if (e.args.size() != params.size()) {
      return say(to + " takes " + count(params.size(), "argument") + ", not " + std::to_string(e.args.size()));
    }
    for (size_t i = 0; i < params.size(); ++i) {
      if (!use(e.args[i]) || params[i] >= f_.values.size()) continue;
      Type is = f_.type(e.args[i]), want = f_.type(params[i]);
      if (is != want) say(name(e.args[i]) + " is " + type_name(is) + ", but " + to + " takes " + type_name(want));
      if (f_[e.args[i]].varying && !f_[params[i]].varying) {
        say(name(e.args[i]) + " is varying, but " + to + " takes a uniform value");
      }
    }
  }

  void ret(const std::vector<ValueId>& values) {
    if (f_.refills) return returns(values, {});
    if (f_.lanes) return results_of_lanes(values);
    if (element_) {
      if (values.size() > 1) return say("the element function returns " + count(values.size(), "value"));
      Type t = values.empty() ? Type::Void : f_.type(values[0]);
      if (std::find(module_.result_types.begin(), module_.result_types.end(), t) == module_.result_types.end()) {
        say(std::string("returns ") + type_name(t) + ", which is not among the result types");
      }
      return;
    }
    returns(values, f_.result_types);
  }

  void results_of_lanes(const std::vector<ValueId>& values) {
    std::vector<Type> want;
    if (module_.result_types.size() > 1) {
      want = {Type::I64, Type::I64};
    } else if (!module_.result_types.empty() && module_.result_types[0] != Type::Void) {
      want = module_.result_types;
    }
    want.insert(want.end(), f_.deopts.size(), Type::Bool);
    returns(values, want);
  }

  void returns(const std::vector<ValueId>& values, const std::vector<Type>& types) {
    if (values.size() != types.size()) {
      return say("returns " + count(values.size(), "value") + ", not " + std::to_string(types.size()));
    }
    for (size_t i = 0; i < values.size(); ++i) {
      Type is = f_.type(values[i]), want = types[i];
      if (is != want) say("returns " + name(values[i]) + " of type " + type_name(is) + ", not " + type_name(want));
    }
  }

  void instruction(const Inst& inst) {
    std::string_view signature = info(inst.op).signature;
    Type any = Type::Void;  // what T stands for
    auto matches = [&](char want, Type is) {
      switch (want) {
        case 'i':
          return is == Type::I64;
        case 'f':
          return is == Type::F64;
        case 'b':
          return is == Type::Bool;
        case 'v':
          return is == Type::Void;
        case 'T':
          if (any == Type::Void) any = is;
          return is == any && is != Type::Void;
        default:
          GILMAP_UNREACHABLE();
      }
    };
    if (f_.lanes) {
      if (inst.op == Op::DeoptIf || inst.op == Op::Call || inst.op == Op::CallResult || inst.op == Op::CallForeign ||
          info(inst.op).effect == Effect::Table) {
        return say("does not belong into a lane function");
      }
      if (inst.varying != is_varying(f_, inst)) {
        say(inst.varying ? "is varying, but its operands are not" : "is uniform, but an operand is varying");
      }
    } else if (inst.op == Op::AnyLane || inst.op == Op::ManyLanes) {
      say("belongs into a lane function");
    }
    if (info(inst.op).effect == Effect::Element && !f_.refills) return say("belongs into a function that refills");
    if (inst.op == Op::Finish) return finish(inst);
    if (inst.op == Op::Argument) return argument(inst);
    // Calls take what the callee does; a call's result is no T where the callee returns None.
    if (inst.op == Op::Call) return call(inst);
    if (inst.op == Op::CallNumeric) return call_numeric(inst);
    if (inst.op == Op::CallForeign) return call_foreign(inst);
    std::string wants;
    for (char c : signature.substr(2)) {
      if (c != ' ') wants += c;
    }
    if (inst.args.size() != wants.size()) {
      return say("takes " + count(wants.size(), "operand") + ", not " + std::to_string(inst.args.size()));
    }
    if (inst.op == Op::CallFailed) return call_failed(inst);
    if (inst.op == Op::ForeignFailed) return foreign_failed(inst);
    if (inst.op == Op::CallResult) return call_result(inst);
    if (!matches(signature[0], inst.type)) say(std::string("the result cannot be ") + type_name(inst.type));
    for (size_t i = 0; i < wants.size(); ++i) {
      Type t = f_.type(inst.args[i]);
      if (!matches(wants[i], t)) say("operand " + std::to_string(i + 1) + " cannot be " + type_name(t));
    }
    if (info(inst.op).effect == Effect::Table) table(inst);
    if (inst.op == Op::BConst && inst.imm != 0 && inst.imm != 1) say("the constant is neither 0 nor 1");
    if (inst.op == Op::DeoptIf && (inst.imm < 0 || inst.imm > static_cast<int64_t>(DeoptReason::Other))) {
      say("there is no such deopt reason");
    }
  }

  void table(const Inst& inst) {
    if (inst.imm < 0 || inst.imm >= max_tables) say("there is no such table");
  }

  void types(const std::vector<ValueId>& args, const std::vector<Type>& want) {
    if (args.size() != want.size()) {
      return say("the function takes " + count(want.size(), "argument") + ", not " + std::to_string(args.size()));
    }
    for (size_t i = 0; i < args.size(); ++i) {
      Type is = f_.type(args[i]);
      if (is != want[i])
        say("argument " + std::to_string(i + 1) + " is " + type_name(is) + ", not " + type_name(want[i]));
    }
  }

  void call_numeric(const Inst& inst) {
    if (numeric_.empty()) return;
    if (inst.imm < 0 || static_cast<size_t>(inst.imm) >= numeric_.size()) return say("there is no such function");
    const NumericSignature& callee = numeric_[static_cast<size_t>(inst.imm)];
    std::vector<Type> want = callee.args;
    if (f_.lanes && inst.args.size() == want.size() + 1) want.push_back(Type::Bool);  // a mask
    types(inst.args, want);
    if (inst.type != callee.result) say(std::string("the result is ") + type_name(callee.result));
  }

  void finish(const Inst& inst) {
    if (inst.args.empty() || f_.type(inst.args[0]) != Type::Bool) return say("the first operand is no mask");
    results_of_lanes({inst.args.begin() + 1, inst.args.end()});
  }

  void argument(const Inst& inst) {
    const std::vector<ValueId>& params = f_.blocks[0].params;
    if (inst.imm < 0 || static_cast<size_t>(inst.imm) >= params.size()) return say("there is no such argument");
    const Type want = f_.type(params[static_cast<size_t>(inst.imm)]);
    if (inst.type != want) say(std::string("the argument is ") + type_name(want));
  }

  void call_failed(const Inst& inst) {
    const Inst& call = f_[inst.args[0]];
    if (inst.type != Type::Bool) say("the result is bool");
    if (call.op != Op::CallNumeric) return say(name(inst.args[0]) + " is not a call_numeric");
    auto fn = static_cast<size_t>(call.imm);
    if (fn < numeric_.size() && !numeric_[fn].can_fail) say("that function cannot fail");
  }

  void call_foreign(const Inst& inst) {
    if (inst.imm < 0 || static_cast<size_t>(inst.imm) >= module_.foreign.size())
      return say("there is no such foreign function");
    const Foreign& callee = module_.foreign[static_cast<size_t>(inst.imm)];
    std::vector<Type> want;
    for (ForeignType t : callee.params) {
      if (t == ForeignType::None) say("the function takes none");
      want.push_back(info(t).type);
    }
    types(inst.args, want);
    const Type result = info(callee.result).type;
    if (inst.type != result) say(std::string("the result is ") + type_name(result));
  }

  void foreign_failed(const Inst& inst) {
    const Inst& call = f_[inst.args[0]];
    if (call.op != Op::CallForeign) return say(name(inst.args[0]) + " is not a call_foreign");
    const auto index = static_cast<size_t>(call.imm);
    if (index < module_.foreign.size() && module_.foreign[index].abi != ForeignAbi::Numba)
      say("that function has no status");
  }

  void call(const Inst& inst) {
    if (inst.imm < 0 || static_cast<size_t>(inst.imm) >= module_.functions.size())
      return say("there is no such function");
    const Function& callee = module_.functions[static_cast<size_t>(inst.imm)];
    std::vector<Type> want;
    if (!callee.blocks.empty()) {
      for (ValueId p : callee.blocks[0].params) want.push_back(p < callee.values.size() ? callee.type(p) : Type::Void);
    }
    types(inst.args, want);
    // The element function returns one of its types; it can be called where there is only one.
    const std::vector<Type>& results = inst.imm == 0 ? module_.result_types : callee.result_types;
    if (inst.imm == 0 && results.size() > 1) return say("the element function has several result types");
    Type result = results.empty() ? Type::Void : results[0];
    if (inst.type != result) say(std::string("the result is ") + type_name(result));
  }

  void call_result(const Inst& inst) {
    const Inst& call = f_[inst.args[0]];
    if (call.op != Op::Call) return say(name(inst.args[0]) + " is not a call");
    if (call.imm < 0 || static_cast<size_t>(call.imm) >= module_.functions.size()) return;
    const std::vector<Type>& results = module_.functions[static_cast<size_t>(call.imm)].result_types;
    if (inst.imm < 1 || static_cast<size_t>(inst.imm) >= results.size()) return say("there is no such result");
    Type result = results[static_cast<size_t>(inst.imm)];
    if (inst.type != result) say(std::string("the result is ") + type_name(result));
  }

  void dominance() {
    Dominators dom(f_);
    for (BlockId b : dom.order()) {
      const Block& block = f_.blocks[b];
      where_ = " block" + std::to_string(b);
      auto check = [&](ValueId v, uint32_t index) {
        Place def = place_[v];
        if (def.block == no_block) return say(name(v) + " stands in no block");
        bool before = def.block == b ? def.index < index : dom.reachable(def.block) && dom.dominates(def.block, b);
        if (!before) say(name(v) + " is not defined on every path to here");
      };
      uint32_t index = 0;
      for (ValueId v : block.body) {
        inst_ = v;
        ++index;
        for (ValueId arg : f_[v].args) check(arg, index);
      }
      inst_ = no_value;
      for (ValueId v : block.end.values) check(v, index + 1);
      for (const Edge& e : block.end.edges) {
        for (ValueId v : e.args) check(v, index + 1);
      }
    }
  }

  const Module& module_;
  const Function& f_;
  bool element_;
  NumericTable numeric_;
  std::vector<std::string>* messages_;
  std::vector<Place> place_;
  std::string where_;
  ValueId inst_ = no_value;
};

}  // namespace

std::vector<std::string> verify(const Module& module, NumericTable numeric) {
  std::vector<std::string> messages;
  if (module.functions.empty()) messages.push_back("the module has no functions");
  for (size_t i = 0; i < module.functions.size(); ++i) Verifier(module, i, numeric, &messages).run();
  return messages;
}

}  // namespace gilmap::ir
