// The functions of the operator module: each is the operator that it stands for.

#include <algorithm>
#include <array>
#include <string_view>

#include "lift/lifter.h"

namespace gilmap::lift {
namespace {

struct BinaryName {
  std::string_view name;
  BinaryKind kind;
};
constexpr std::array binary_names{
    BinaryName{"add", BinaryKind::Add},
    BinaryName{"and_", BinaryKind::And},
    BinaryName{"floordiv", BinaryKind::FloorDiv},
    BinaryName{"lshift", BinaryKind::LShift},
    BinaryName{"mul", BinaryKind::Mul},
    BinaryName{"mod", BinaryKind::Mod},
    BinaryName{"or_", BinaryKind::Or},
    BinaryName{"pow", BinaryKind::Pow},
    BinaryName{"rshift", BinaryKind::RShift},
    BinaryName{"sub", BinaryKind::Sub},
    BinaryName{"truediv", BinaryKind::TrueDiv},
    BinaryName{"xor", BinaryKind::Xor},
};

struct CompareName {
  std::string_view name;
  CompareKind kind;
};
constexpr std::array compare_names{
    CompareName{"lt", CompareKind::Lt}, CompareName{"le", CompareKind::Le}, CompareName{"eq", CompareKind::Eq},
    CompareName{"ne", CompareKind::Ne}, CompareName{"gt", CompareKind::Gt}, CompareName{"ge", CompareKind::Ge},
};

}  // namespace

Step FunctionLifter::invert(const Value& v) {
  if (v.kind == Kind::Int) return result(v.known ? Value::integer(~v.bits) : integer(emit(Op::INot, {v.ssa})));
  if (v.kind == Kind::Bool) unsupported("~ of a bool warns, and is not compiled");
  if (v.is_number() || v.kind == Kind::None) return give_up(Reason::Type);
  unsupported("~ of " + describe(v) + " is not compiled");
}

Step FunctionLifter::positive(const Value& v) {
  if (v.kind == Kind::Bool) return result(v.known ? Value::integer(v.bits) : integer(as_i64(v)));
  if (v.is_number()) return result(v);
  if (v.kind == Kind::None) return give_up(Reason::Type);
  unsupported("unary + of " + describe(v) + " is not compiled");
}

Step FunctionLifter::call_operator(const std::string& name, Arguments args) {
  const auto& a = args.positional;
  if (!args.keyword.empty()) return give_up(Reason::Type);  // they take none
  for (const BinaryName& row : binary_names) {
    // iadd() and the like do the same to numbers, which do not change.
    const bool in_place = name == "i" + std::string(row.name.substr(0, row.name.find('_')));
    if (name != row.name && !in_place) continue;
    return a.size() == 2 ? binary(row.kind, a[0], a[1]) : give_up(Reason::Type);
  }
  for (const CompareName& row : compare_names) {
    if (name == row.name) return a.size() == 2 ? result(compare(row.kind, a[0], a[1])) : give_up(Reason::Type);
  }
  if (a.size() == 1) {
    if (name == "neg") return negate(a[0]);
    if (name == "pos") return positive(a[0]);
    if (name == "invert" || name == "inv") return invert(a[0]);
    if (name == "truth") return result(truth(a[0]));
    if (name == "not_") return result(negation(truth(a[0])));
    if (name == "abs" && a[0].is_number()) return result(absolute(a[0]));
    if (name == "index" && a[0].is_integral()) return result(to_int(a[0]));
  }
  unsupported("a call of operator." + name + "() is not compiled");
}

}  // namespace gilmap::lift
