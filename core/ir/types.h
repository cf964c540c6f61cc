#pragma once
// Types of IR values. Python's int is I64 as long as it fits; an element in which it does not is
// deoptimised. References (lists, strings) will be added here as further rows.

#include <cstdint>

namespace gilmap::ir {

enum class Type : uint8_t {
  Void,  // no value; as a result type: Python's None
  I64,
  F64,
  Bool,
};

constexpr const char* type_name(Type t) {
  switch (t) {
    case Type::Void:
      return "void";
    case Type::I64:
      return "i64";
    case Type::F64:
      return "f64";
    case Type::Bool:
      return "bool";
  }
  return "?";
}

}  // namespace gilmap::ir
