#include "ir/parser.h"

#include <bit>
#include <unordered_map>

#include "ir/lexer.h"

namespace gilmap::ir {
namespace {

// Ids index arrays, so a mistyped one must not make a huge array.
constexpr uint32_t id_limit = 1u << 20;

const std::unordered_map<std::string_view, Op>& ops_by_text() {
  static const std::unordered_map<std::string_view, Op> map = {
#define OP(name, text, signature, effects, doc) {text, Op::name},
#include "ir/ops.def"
#undef OP
  };
  return map;
}

template <class Int>
bool to_integer(std::string_view text, Int* out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

class Parser {
 public:
  Parser(std::string_view text, NumericTable numeric) : lex_(text), numeric_(numeric) {}

  std::expected<Module, ParseError> run() {
    while (starts_foreign()) {
      if (!foreign()) return std::unexpected(error_);
    }
    while (!lex_.at_end()) {
      if (!function()) return std::unexpected(error_);
    }
    if (module_.functions.empty()) return std::unexpected(lex_.error(0, "a module has at least one function"));
    return std::move(module_);
  }

 private:
  bool fail_at(size_t where, std::string message) {
    error_ = lex_.error(where, std::move(message));
    return false;
  }
  bool fail(std::string message) { return fail_at(lex_.here(), std::move(message)); }
  bool expect(std::string_view token) { return lex_.accept(token) || fail("expected '" + std::string(token) + "'"); }

  template <class Int>
  bool integer(Int* out, const char* what = "an integer") {
    size_t at = lex_.here();
    return to_integer(lex_.number(), out) || fail_at(at, std::string("expected ") + what);
  }

  bool type(Type* out) {
    size_t at = lex_.here();
    std::string_view word = lex_.word();
    for (Type t : {Type::Void, Type::I64, Type::F64, Type::Bool}) {
      if (word == type_name(t)) {
        *out = t;
        return true;
      }
    }
    return fail_at(at, "expected a type: i64, f64, bool or void");
  }

  // A letter or word with a number: v12, block3, fn1.
  bool id(std::string_view prefix, uint32_t* out) {
    size_t at = lex_.here();
    std::string_view word = lex_.word();
    if (!word.starts_with(prefix) || !to_integer(word.substr(prefix.size()), out)) {
      return fail_at(at, "expected " + std::string(prefix) + " and a number");
    }
    return *out < id_limit || fail_at(at, "the number is too large");
  }

  bool use(ValueId* v) {
    size_t at = lex_.here();
    if (!id("v", v)) return false;
    uses_.push_back({*v, at});
    return true;
  }

  bool uses(std::vector<ValueId>* list) {
    do {
      if (!use(&list->emplace_back())) return false;
    } while (lex_.accept(","));
    return true;
  }

  bool define(size_t at, ValueId v, Inst inst) {
    if (v >= f_->values.size()) {
      f_->values.resize(v + 1);
      defined_.resize(v + 1);
    }
    if (defined_[v]) return fail_at(at, "v" + std::to_string(v) + " is defined twice");
    defined_[v] = true;
    f_->values[v] = std::move(inst);
    return true;
  }

  bool starts_foreign() const {
    Lexer ahead = lex_;
    return ahead.word().starts_with("foreign");
  }

  // foreign0 numba %f(i64, f32) -> f64
  bool foreign() {
    const size_t at = lex_.here();
    uint32_t index = 0;
    if (!id("foreign", &index)) return false;
    if (index != module_.foreign.size()) return fail_at(at, "foreign functions are numbered from 0 on");
    Foreign& f = module_.foreign.emplace_back();
    if (lex_.accept("numba ")) {
      f.abi = ForeignAbi::Numba;
    } else if (!lex_.accept("c ")) {
      return fail("expected c or numba");
    }
    if (!expect("%")) return false;
    if (!lex_.name(&f.name)) return fail("expected the name of the function");
    if (!expect("(")) return false;
    if (lex_.peek() != ')') {
      do {
        if (!foreign_type(&f.params.emplace_back())) return false;
      } while (lex_.accept(","));
    }
    return expect(")") && expect("->") && foreign_type(&f.result);
  }

  bool foreign_type(ForeignType* out) {
    const size_t at = lex_.here();
    const auto found = ir::foreign_type(lex_.word());
    if (found) *out = *found;
    return found.has_value() || fail_at(at, "expected a type of a foreign function: i32, u8, f32, none …");
  }

  bool function() {
    if (!expect("function") || !expect("%")) return false;
    bool element = module_.functions.empty();
    f_ = &module_.functions.emplace_back();
    uses_.clear();
    defined_.clear();
    block_defined_.clear();
    block_uses_.clear();
    if (!lex_.name(&f_->name)) return fail("expected the name of the function");
    return signature(element ? &module_.result_types : &f_->result_types, element ? "|" : ",") && body() && finish();
  }

  bool signature(std::vector<Type>* results, std::string_view separator) {
    if (!expect("(")) return false;
    bool any_range = false;
    if (lex_.peek() != ')') {
      do {
        if (!type(&arg_types_.emplace_back())) return false;
        IntRange& bounds = f_->arg_ranges.emplace_back();
        if (lex_.peek() == '[') {
          any_range = true;
          if (!range(&bounds)) return false;
        }
      } while (lex_.accept(","));
    }
    if (!any_range) f_->arg_ranges.clear();
    if (!expect(")")) return false;
    if (lex_.accept("->")) {
      do {
        if (!type(&results->emplace_back())) return false;
      } while (lex_.accept(separator));
    }
    if (lex_.accept("lanes(")) {
      f_->lanes = true;
      if (!lex_.accept(")")) {
        do {
          if (!reason(&f_->deopts.emplace_back())) return false;
        } while (lex_.accept(","));
        if (!expect(")")) return false;
      }
      f_->refills = lex_.accept("refills");
    }
    if (lex_.accept("depth=") && !integer(&f_->depth)) return false;
    return true;
  }

  bool range(IntRange* out) {
    return expect("[") && integer(&out->lo) && expect(",") && integer(&out->hi) && expect("]");
  }

  bool body() {
    size_t at = lex_.here();
    if (!expect("{")) return false;
    while (!lex_.accept("}")) {
      if (!block()) return false;
    }
    std::vector<Type> types;
    if (!f_->blocks.empty()) {
      for (ValueId p : f_->blocks[0].params) types.push_back(f_->type(p));
    }
    std::swap(types, arg_types_);
    if (types != arg_types_) return fail_at(at, "the parameters of block0 are not those of the function");
    arg_types_.clear();
    return true;
  }

  bool block() {
    BlockId b = 0;
    size_t at = lex_.here();
    if (!id("block", &b)) return false;
    if (b >= f_->blocks.size()) {
      f_->blocks.resize(b + 1);
      block_defined_.resize(b + 1);
    }
    if (block_defined_[b]) return fail_at(at, "block" + std::to_string(b) + " is defined twice");
    block_defined_[b] = true;
    if (lex_.accept("(")) {
      do {
        Inst param;
        ValueId v = 0;
        size_t value_at = lex_.here();
        if (!id("v", &v) || !expect(":")) return false;
        param.varying = lex_.accept("<");
        if (!type(&param.type) || (param.varying && !expect(">"))) return false;
        if (lex_.peek() == '[' && !range(&param.range)) return false;
        if (!define(value_at, v, param)) return false;
        f_->blocks[b].params.push_back(v);
      } while (lex_.accept(","));
      if (!expect(")")) return false;
    }
    if (!expect(":")) return false;
    while (f_->blocks[b].end.kind == Terminator::Kind::None && !lex_.at_end() && lex_.peek() != '}') {
      Lexer before = lex_;
      if (lex_.word().starts_with("block")) {  // no terminator: the verifier's business
        lex_ = before;
        return true;
      }
      lex_ = before;
      if (!line(b)) return false;
    }
    return true;
  }

  bool line(BlockId b) {
    size_t at = lex_.here();
    std::string_view word = lex_.word();
    ValueId v = no_value;
    if (word.size() > 1 && word[0] == 'v' && to_integer(word.substr(1), &v)) {
      if (v >= id_limit) return fail_at(at, "the number is too large");
      if (!expect("=")) return false;
      size_t op_at = lex_.here();
      return instruction(b, v, at, op_at, lex_.word());
    }
    Terminator& end = f_->blocks[b].end;
    if (word == "jump") {
      end.kind = Terminator::Kind::Jump;
      return edge(&end);
    }
    if (word == "branch") {
      end.kind = Terminator::Kind::Branch;
      if (!use(&end.values.emplace_back()) || !expect(",") || !edge(&end) || !expect(",") || !edge(&end)) return false;
      return !lex_.accept("unlikely=") || integer(&end.unlikely, "0 or 1");
    }
    if (word == "ret") {
      end.kind = Terminator::Kind::Ret;
      Lexer before = lex_;
      uint32_t ignored = 0;
      std::string_view next = lex_.word();
      lex_ = before;
      bool operands = next.size() > 1 && next[0] == 'v' && to_integer(next.substr(1), &ignored);
      return !operands || uses(&end.values);
    }
    if (word == "deopt") {
      end.kind = Terminator::Kind::Deopt;
      return reason(&end.reason);
    }
    return instruction(b, no_value, at, at, word);
  }

  bool edge(Terminator* end) {
    Edge edge;
    size_t at = lex_.here();
    if (!id("block", &edge.block)) return false;
    block_uses_.push_back({edge.block, at});
    if (lex_.accept("(") && !lex_.accept(")")) {
      if (!uses(&edge.args) || !expect(")")) return false;
    }
    end->edges.push_back(std::move(edge));
    return true;
  }

  bool reason(DeoptReason* out) {
    size_t at = lex_.here();
    std::string_view word = lex_.word();
#define REASON(name, word_, words_) \
  if (word == word_) {              \
    *out = DeoptReason::name;       \
    return true;                    \
  }
#include "ir/deopt_reasons.def"
#undef REASON
    return fail_at(at, "expected a deopt reason");
  }

  bool instruction(BlockId b, ValueId v, size_t at, size_t op_at, std::string_view word) {
    auto found = ops_by_text().find(word);
    if (found == ops_by_text().end()) return fail_at(op_at, "unknown operation '" + std::string(word) + "'");
    Inst inst;
    inst.op = found->second;
    switch (info(inst.op).signature[0]) {
      case 'i':
        inst.type = Type::I64;
        break;
      case 'f':
        inst.type = Type::F64;
        break;
      case 'b':
        inst.type = Type::Bool;
        break;
      case 'v':
        inst.type = Type::Void;
        break;
      case 'T':
        if (!expect(".") || !type(&inst.type)) return false;
        break;
    }
    if (!operands(&inst)) return false;
    if (lex_.accept("in ") && !range(&inst.range)) return false;
    if (lex_.accept("@") && !integer(&inst.line, "a line number")) return false;
    bool has_result = inst.type != Type::Void;
    if (has_result != (v != no_value)) {
      return fail_at(at, has_result ? "the result needs a name" : "the operation has no result");
    }
    f_->blocks[b].body.push_back(v);
    if (has_result) return define(at, v, std::move(inst));
    nameless_.push_back({b, f_->blocks[b].body.size() - 1, std::move(inst)});
    return true;
  }

  bool operands(Inst* inst) {
    size_t at = lex_.here();
    if (inst->op == Op::IConst || inst->op == Op::Argument) return integer(&inst->imm);
    if (inst->op == Op::FConst) {
      double x = 0;
      if (!parse_double(lex_.number(), &x)) return fail_at(at, "expected a float");
      inst->imm = std::bit_cast<int64_t>(x);
      return true;
    }
    if (inst->op == Op::BConst) {
      std::string_view word = lex_.word();
      inst->imm = word == "true";
      return word == "true" || word == "false" || fail_at(at, "expected true or false");
    }
    if (inst->op == Op::CallNumeric || inst->op == Op::Call || inst->op == Op::CallForeign) {
      const bool known = inst->op == Op::Call          ? callee(inst, "fn")
                         : inst->op == Op::CallForeign ? callee(inst, "foreign")
                                                       : numeric_function(inst);
      if (!known || !expect("(")) return false;
      return lex_.accept(")") || (uses(&inst->args) && expect(")"));
    }
    if (inst->op == Op::CallResult || info(inst->op).effect == Effect::Table) {
      const size_t count = inst->op == Op::SetTableWay || inst->op == Op::SetTableValue ? 2 : 1;
      for (size_t k = 0; k < count; ++k) {
        if (!use(&inst->args.emplace_back()) || !expect(",")) return false;
      }
      return integer(&inst->imm);
    }
    if (inst->op == Op::DeoptIf) {
      DeoptReason why = DeoptReason::Other;
      if (!use(&inst->args.emplace_back()) || !expect(",") || !reason(&why)) return false;
      inst->imm = static_cast<int64_t>(why);
      return true;
    }
    std::string_view signature = info(inst->op).signature;
    return signature.substr(signature.find(':') + 1).empty() || uses(&inst->args);
  }

  bool callee(Inst* inst, std::string_view prefix) {
    uint32_t index = 0;
    if (!id(prefix, &index)) return false;
    inst->imm = index;
    return true;
  }

  bool numeric_function(Inst* inst) {
    size_t at = lex_.here();
    std::string_view word = lex_.word();
    if (to_integer(word, &inst->imm)) return true;
    for (size_t i = 0; i < numeric_.size(); ++i) {
      if (numeric_[i].name == word) {
        inst->imm = static_cast<int64_t>(i);
        return true;
      }
    }
    return fail_at(at, "unknown numeric function '" + std::string(word) + "'");
  }

  // Checks the forward references, and gives instructions without a result the ids that nothing uses.
  bool finish() {
    for (auto [b, at] : block_uses_) {
      if (b >= block_defined_.size() || !block_defined_[b]) {
        return fail_at(at, "block" + std::to_string(b) + " is not defined");
      }
    }
    for (size_t b = 0; b < block_defined_.size(); ++b) {
      if (!block_defined_[b]) return fail("block" + std::to_string(b) + " is missing");
    }
    for (auto [v, at] : uses_) {
      if (v >= defined_.size() || !defined_[v]) return fail_at(at, "v" + std::to_string(v) + " is not defined");
    }
    ValueId free = 0;
    for (Nameless& n : nameless_) {
      while (free < defined_.size() && defined_[free]) ++free;
      if (free == f_->values.size()) f_->values.emplace_back();
      f_->values[free] = std::move(n.inst);
      f_->blocks[n.block].body[n.index] = free++;
    }
    nameless_.clear();
    if (f_->lanes) derive_varying(*f_);
    return true;
  }

  struct Use {
    uint32_t id;
    size_t at;
  };
  struct Nameless {
    BlockId block;
    size_t index;
    Inst inst;
  };

  Lexer lex_;
  NumericTable numeric_;
  Module module_;
  ParseError error_;
  Function* f_ = nullptr;
  std::vector<Type> arg_types_;
  std::vector<bool> defined_, block_defined_;
  std::vector<Use> uses_, block_uses_;
  std::vector<Nameless> nameless_;
};

}  // namespace

bool parse_double(std::string_view text, double* x) {
  if (text.starts_with("nan:0x")) {
    uint64_t bits = 0;
    text.remove_prefix(6);
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits, 16);
    *x = std::bit_cast<double>(bits);
    return error == std::errc() && end == text.data() + text.size();
  }
  if (text == "nan" || text == "-nan") {  // from_chars leaves the sign of a NaN open
    *x = std::bit_cast<double>(text == "nan" ? 0x7ff8000000000000 : 0xfff8000000000000);
    return true;
  }
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *x);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

std::expected<Module, ParseError> parse(std::string_view text, NumericTable numeric) {
  return Parser(text, numeric).run();
}

}  // namespace gilmap::ir
