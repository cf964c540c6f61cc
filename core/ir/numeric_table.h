#pragma once
// What the text form and the verifier know of the functions behind call_numeric. The table itself
// belongs to core/numeric, a higher layer, so it is handed in: without one a call_numeric prints its
// number (`call_numeric.f64 12(v1)`) and its operands are not checked.

#include <span>
#include <string_view>
#include <vector>

#include "ir/types.h"

namespace gilmap::ir {

struct NumericSignature {
  std::string_view name;
  Type result = Type::Void;
  std::vector<Type> args;
  bool can_fail = false;  // may be the operand of a call_failed
};

using NumericTable = std::span<const NumericSignature>;  // indexed by the immediate of a call_numeric

}  // namespace gilmap::ir
