#include "ir/printer.h"

#include <bit>
#include <charconv>
#include <cmath>

namespace gilmap::ir {
namespace {

bool plain_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '<' || c == '>';
}

class Printer {
 public:
  Printer(const Function& f, const PrintOptions& options) : f_(f), options_(options) {}

  void function(const std::vector<Type>& types, const char* separator) {
    out_ += "function ";
    name(f_.name);
    out_ += '(';
    const std::vector<ValueId>* params = f_.blocks.empty() ? nullptr : &f_.blocks[0].params;
    for (size_t i = 0; params && i < params->size(); ++i) {
      if (i) out_ += ", ";
      out_ += type_name(f_.type((*params)[i]));
      if (i < f_.arg_ranges.size() && f_.arg_ranges[i] != IntRange{}) {
        range(f_.arg_ranges[i]);
      }
    }
    out_ += ')';
    for (size_t i = 0; i < types.size(); ++i) {
      out_ += i ? separator : " -> ";
      out_ += type_name(types[i]);
    }
    if (f_.lanes) {
      out_ += " lanes(";
      for (size_t i = 0; i < f_.deopts.size(); ++i) {
        if (i) out_ += ", ";
        out_ += text(f_.deopts[i]);
      }
      out_ += f_.refills ? ") refills" : ")";
    }
    if (f_.depth != 1) out_ += " depth=" + std::to_string(f_.depth);
    out_ += " {\n";
    for (BlockId b = 0; b < f_.blocks.size(); ++b) block(b);
    out_ += "}\n";
  }

  void inst(ValueId v) {
    const Inst& inst = f_[v];
    const OpInfo& op = info(inst.op);
    if (inst.type != Type::Void) {
      value(v);
      out_ += " = ";
    }
    out_ += op.text;
    if (op.signature[0] == 'T') {
      out_ += '.';
      out_ += type_name(inst.type);
    }
    operands(inst);
    if (inst.range != IntRange{}) {
      out_ += " in";
      range(inst.range);
    }
    if (options_.lines && inst.line) out_ += " @" + std::to_string(inst.line);
  }

  // foreign0 numba %f(i64, f32) -> f64
  void foreign(size_t index, const Foreign& foreign) {
    out_ += "foreign" + std::to_string(index) + " ";
    out_ += ir::text(foreign.abi);
    out_ += ' ';
    name(foreign.name);
    out_ += '(';
    for (size_t i = 0; i < foreign.params.size(); ++i) {
      if (i) out_ += ", ";
      out_ += info(foreign.params[i]).text;
    }
    out_ += ") -> ";
    out_ += info(foreign.result).text;
    out_ += '\n';
  }

  std::string take() { return std::move(out_); }

 private:
  void name(const std::string& name) {
    out_ += '%';
    bool plain = !name.empty();
    for (char c : name) plain &= plain_name_char(c);
    if (plain) {
      out_ += name;
      return;
    }
    out_ += '"';
    for (char c : name) {
      if (c == '\n') {
        out_ += "\\n";
        continue;
      }
      if (c == '"' || c == '\\') out_ += '\\';
      out_ += c;
    }
    out_ += '"';
  }

  void value(ValueId v) {
    out_ += 'v';
    out_ += std::to_string(v);
  }

  void range(IntRange r) { out_ += " [" + std::to_string(r.lo) + ", " + std::to_string(r.hi) + "]"; }

  void values(const std::vector<ValueId>& list) {
    for (size_t i = 0; i < list.size(); ++i) {
      if (i) out_ += ", ";
      value(list[i]);
    }
  }

  void call_operands(const Inst& inst) {
    out_ += '(';
    values(inst.args);
    out_ += ')';
  }

  // What stands behind the mnemonic. Most operations have operands only.
  void operands(const Inst& inst) {
    out_ += ' ';
    if (inst.op == Op::IConst || inst.op == Op::Argument) {
      out_ += std::to_string(inst.imm);
    } else if (inst.op == Op::FConst) {
      out_ += print_double(std::bit_cast<double>(inst.imm));
    } else if (inst.op == Op::BConst) {
      out_ += inst.imm ? "true" : "false";
    } else if (inst.op == Op::CallNumeric) {
      auto fn = static_cast<size_t>(inst.imm);
      out_ += fn < options_.numeric.size() ? std::string(options_.numeric[fn].name) : std::to_string(inst.imm);
      call_operands(inst);
    } else if (inst.op == Op::CallForeign) {
      out_ += "foreign" + std::to_string(inst.imm);
      call_operands(inst);
    } else if (inst.op == Op::Call) {
      out_ += "fn" + std::to_string(inst.imm);
      call_operands(inst);
    } else if (inst.op == Op::CallResult || info(inst.op).effect == Effect::Table) {
      values(inst.args);
      out_ += ", " + std::to_string(inst.imm);
    } else if (inst.op == Op::DeoptIf) {
      values(inst.args);
      out_ += ", ";
      out_ += text(static_cast<DeoptReason>(inst.imm));
    } else {
      if (inst.args.empty()) out_.pop_back();
      values(inst.args);
    }
  }

  void note(ValueId v) {
    if (!options_.note) return;
    if (std::string text = options_.note(v); !text.empty()) out_ += "  ; " + text;
  }

  void block(BlockId b) {
    const Block& block = f_.blocks[b];
    out_ += "block" + std::to_string(b);
    for (size_t i = 0; i < block.params.size(); ++i) {
      out_ += i ? ", " : "(";
      const Inst& param = f_[block.params[i]];
      value(block.params[i]);
      out_ += param.varying ? ": <" : ": ";
      out_ += type_name(param.type);
      if (param.varying) out_ += '>';
      if (param.range != IntRange{}) range(param.range);
    }
    out_ += block.params.empty() ? ":" : "):";
    if (options_.note) {  // the notes of all parameters, in one comment
      std::string all;
      for (ValueId p : block.params) {
        if (std::string text = options_.note(p); !text.empty()) {
          all += all.empty() ? "  ; " : ", ";
          all += "v" + std::to_string(p) + " " + text;
        }
      }
      out_ += all;
    }
    out_ += '\n';
    for (ValueId v : block.body) {
      out_ += "  ";
      inst(v);
      note(v);
      out_ += '\n';
    }
    terminator(block.end);
  }

  void edge(const Edge& edge) {
    out_ += "block" + std::to_string(edge.block);
    if (edge.args.empty()) return;
    out_ += '(';
    values(edge.args);
    out_ += ')';
  }

  void terminator(const Terminator& end) {
    switch (end.kind) {
      case Terminator::Kind::None:
        return;
      case Terminator::Kind::Jump:
        out_ += "  jump ";
        edge(end.edges[0]);
        break;
      case Terminator::Kind::Branch:
        out_ += "  branch ";
        values(end.values);
        out_ += ", ";
        edge(end.edges[0]);
        out_ += ", ";
        edge(end.edges[1]);
        if (end.unlikely >= 0) out_ += " unlikely=" + std::to_string(end.unlikely);
        break;
      case Terminator::Kind::Ret:
        out_ += end.values.empty() ? "  ret" : "  ret ";
        values(end.values);
        break;
      case Terminator::Kind::Deopt:
        out_ += "  deopt ";
        out_ += text(end.reason);
        break;
    }
    out_ += '\n';
  }

  const Function& f_;
  const PrintOptions& options_;
  std::string out_;
};

}  // namespace

std::string print_double(double x) {
  auto bits = std::bit_cast<uint64_t>(x);
  if (std::isnan(x)) {
    if (bits == 0x7ff8000000000000) return "nan";
    if (bits == 0xfff8000000000000) return "-nan";
    char hex[17];
    *std::to_chars(hex, hex + 16, bits, 16).ptr = 0;
    return std::string("nan:0x") + hex;
  }
  char buffer[32];
  std::string text(buffer, std::to_chars(buffer, buffer + sizeof buffer, x).ptr);
  if (std::isfinite(x) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string print(const Function& f, const PrintOptions& options) {
  Printer p(f, options);
  p.function(f.result_types, ", ");
  return p.take();
}

std::string print(const Module& module, const PrintOptions& options) {
  std::string out;
  for (size_t i = 0; i < module.foreign.size(); ++i) {
    Printer p(module.functions[0], options);
    p.foreign(i, module.foreign[i]);
    out += p.take();
  }
  if (!module.foreign.empty()) out += '\n';
  for (size_t i = 0; i < module.functions.size(); ++i) {
    if (i) out += '\n';
    const Function& f = module.functions[i];
    Printer p(f, options);
    if (i == 0) {
      p.function(module.result_types, " | ");
    } else {
      p.function(f.result_types, ", ");
    }
    out += p.take();
  }
  return out;
}

std::string print_inst(const Function& f, ValueId v, const PrintOptions& options) {
  Printer p(f, options);
  p.inst(v);
  return p.take();
}

}  // namespace gilmap::ir
