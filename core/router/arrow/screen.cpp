#include "router/arrow/screen.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "lift/decode.h"
#include "support/py_ref.h"

namespace gilmap::router::arrow {
namespace {

using lift::BinaryKind;
using lift::Code;
using lift::Instr;

// Units of bytecode, of two bytes each.
constexpr Py_ssize_t short_code = 128;
// Of `a if c else b` and comparisons in a chain the passes make one expression, if they are few.
constexpr int most_jumps = 4;

// Of the module math: what the program has no step for.
constexpr std::array<std::string_view, 31> without_step = {
    "acos", "acosh",  "asin", "asinh", "atan",  "atan2", "atanh", "cbrt",  "comb", "cos",   "cosh",
    "dist", "erf",    "erfc", "exp",   "exp2",  "expm1", "fmod",  "gamma", "gcd",  "hypot", "isqrt",
    "lcm",  "lgamma", "log",  "log10", "log1p", "log2",  "pow",   "sin",   "tan"};

bool has_step(const Instr& i) {
  switch (i.code) {
    case Code::Binary: {
      const auto kind = static_cast<BinaryKind>(i.arg);
      return kind != BinaryKind::FloorDiv && kind != BinaryKind::Mod && kind != BinaryKind::LShift &&
             kind != BinaryKind::RShift && kind != BinaryKind::MatMul && kind != BinaryKind::Subscript;
    }
    case Code::LoadAttr: {
      const char* name = PyUnicode_AsUTF8(i.obj);
      if (!name) PyErr_Clear();
      return name && std::ranges::find(without_step, std::string_view(name)) == without_step.end();
    }
    case Code::ForIter:
    case Code::GetIter:
    case Code::Unknown:
    case Code::ReturnGenerator:
    case Code::BuildList:
    case Code::StoreShared:
    case Code::StoreSubscr:
      return false;
    default:
      return true;
  }
}

}  // namespace

bool may_be_expression(PyObject* func) {
  if (!PyFunction_Check(func)) return false;
  auto* code = reinterpret_cast<PyCodeObject*>(PyFunction_GET_CODE(func));
  if (Py_SIZE(code) > short_code) return false;
  int jumps = 0;
  const std::vector<Instr> instrs = lift::decode(code);
  for (size_t k = 0; k < instrs.size(); ++k) {
    if (!has_step(instrs[k])) return false;
    if (instrs[k].target < 0) continue;
    if (instrs[k].target <= static_cast<int>(k) || ++jumps > most_jumps) return false;
  }
  return true;
}

}  // namespace gilmap::router::arrow
