// Calls and outcomes as text: %f(3, -0.0, true), 4, 4.0, none, deopt overflow.

#include <bit>
#include <charconv>

#include "filetest.h"
#include "ir/parser.h"
#include "ir/printer.h"

namespace gilmap::filetests {
namespace {

bool parse_value(std::string_view text, ir::Type type, uint64_t* bits) {
  switch (type) {
    case ir::Type::I64: {
      int64_t i = 0;
      auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), i);
      *bits = static_cast<uint64_t>(i);
      return error == std::errc() && end == text.data() + text.size();
    }
    case ir::Type::F64: {
      double x = 0;
      bool is_number = ir::parse_double(text, &x);
      *bits = std::bit_cast<uint64_t>(x);
      return is_number;
    }
    case ir::Type::Bool:
      *bits = text == "true";
      return text == "true" || text == "false";
    case ir::Type::Void:
      return false;
  }
  GILMAP_UNREACHABLE();
}

std::string print_value(ir::Type type, uint64_t bits) {
  switch (type) {
    case ir::Type::I64:
      return std::to_string(static_cast<int64_t>(bits));
    case ir::Type::F64:
      return ir::print_double(std::bit_cast<double>(bits));
    case ir::Type::Bool:
      return bits ? "true" : "false";
    case ir::Type::Void:
      return "none";
  }
  GILMAP_UNREACHABLE();
}

}  // namespace

bool parse_call(const std::string& text, const ir::Module& module, std::vector<uint64_t>* args, std::string* error) {
  const ir::Function& f = module.functions[0];
  size_t open = text.find('('), close = text.rfind(')');
  size_t name = text.find('%');
  if (name == std::string::npos || open == std::string::npos || close == std::string::npos || close < open) {
    *error = "a run looks like `%f(1, 2.0) == 3`";
    return false;
  }
  if (text.substr(name + 1, open - name - 1) != f.name) {
    *error = "only the first function, %" + f.name + ", can be run";
    return false;
  }
  std::string list = text.substr(open + 1, close - open - 1);
  for (size_t at = 0; at < list.size();) {
    size_t comma = std::min(list.find(',', at), list.size());
    std::string_view word = std::string_view(list).substr(at, comma - at);
    while (word.starts_with(' ')) word.remove_prefix(1);
    if (args->size() == f.blocks[0].params.size()) {
      *error = "too many arguments";
      return false;
    }
    ir::Type type = f.type(f.blocks[0].params[args->size()]);
    if (!parse_value(word, type, &args->emplace_back())) {
      *error = "`" + std::string(word) + "` is no " + ir::type_name(type);
      return false;
    }
    if (args->size() <= f.arg_ranges.size()) {
      ir::IntRange r = f.arg_ranges[args->size() - 1];
      auto i = static_cast<int64_t>(args->back());
      if (type == ir::Type::I64 && (i < r.lo || i > r.hi)) {
        *error = "`" + std::string(word) + "` is outside the range of the parameter";
        return false;
      }
    }
    at = comma + 1;
  }
  if (args->size() != f.blocks[0].params.size()) *error = "too few arguments";
  return args->size() == f.blocks[0].params.size();
}

std::string print_outcome(const ir::Outcome& outcome) {
  switch (outcome.kind) {
    case ir::Outcome::Kind::Deopt:
      return std::string("deopt ") + ir::text(outcome.reason);
    case ir::Outcome::Kind::OutOfSteps:
      return "endless";
    case ir::Outcome::Kind::Broken:
      return "broken: " + outcome.what;
    case ir::Outcome::Kind::Returned:
      break;
  }
  if (outcome.types.empty()) return "none";
  return print_value(outcome.types[0], outcome.bits[0]);
}

}  // namespace gilmap::filetests
