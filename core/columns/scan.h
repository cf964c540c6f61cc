#pragma once
// What one input says about a run of its rows. Between the inputs and partition(); nobody else needs it.

#include <cstdint>
#include <memory>
#include <vector>

#include "columns/columns.h"

namespace gilmap::columns {

enum class Kind : uint8_t { Int, Float, Bool, Other, Null };
constexpr int kind_count = 5;

constexpr bool is_number(Kind k) { return k <= Kind::Bool; }

constexpr Kind kind_of(ir::Type t) {
  switch (t) {
    case ir::Type::I64:
      return Kind::Int;
    case ir::Type::F64:
      return Kind::Float;
    case ir::Type::Bool:
      return Kind::Bool;
    case ir::Type::Void:
      return Kind::Other;
  }
  return Kind::Other;
}

constexpr ir::Type type_of(Kind k) {
  switch (k) {
    case Kind::Int:
      return ir::Type::I64;
    case Kind::Float:
      return ir::Type::F64;
    case Kind::Bool:
      return ir::Type::Bool;
    case Kind::Other:
    case Kind::Null:
      return ir::Type::Void;
  }
  return ir::Type::Void;
}

// Row begin + i has kind kinds[i], or `kind` if `kinds` is null. Its value is element i of the view of its kind, where
// that is a number.
struct Scan {
  Kind kind = Kind::Other;
  std::shared_ptr<uint8_t[]> kinds;
  View view;
  std::shared_ptr<void> storage;  // of the view, if it is not the input's own

  // Values of different kinds lie in one column of 8 bytes each.
  View view_of(Kind k) const {
    View v = view;
    if (mixed) {
      v.stored = k == Kind::Int ? Stored::I64 : k == Kind::Float ? Stored::F64 : Stored::Bool;
    }
    return v;
  }
  bool mixed = false;
};

// The view without its first `skip` elements. Not for a view with an index.
View skip_elements(View view, int64_t skip);

// True if one of the first `count` elements of a U64 view is no int64.
bool exceeds_int64(const View& view, int64_t count);

// Scans rows whose elements are all stored in `view`, some of which may be null: bit `first_bit + i` of `validity`
// (null: all are valid) is set if row i is not.
Scan scan_stored(const View& view, int64_t count, const uint8_t* validity, int64_t first_bit);

}  // namespace gilmap::columns
