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

// What tells the types of a result apart where a module has several.
enum class Tag : uint8_t { Int = 0, Float = 1, Bool = 2, None = 3 };

constexpr Tag tag_of(Type t) {
  switch (t) {
    case Type::I64:
      return Tag::Int;
    case Type::F64:
      return Tag::Float;
    case Type::Bool:
      return Tag::Bool;
    case Type::Void:
      return Tag::None;
  }
  return Tag::None;
}

constexpr Type type_of(Tag tag) {
  switch (tag) {
    case Tag::Int:
      return Type::I64;
    case Tag::Float:
      return Type::F64;
    case Tag::Bool:
      return Type::Bool;
    case Tag::None:
      return Type::Void;
  }
  return Type::Void;
}

}  // namespace gilmap::ir
