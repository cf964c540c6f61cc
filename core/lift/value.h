#pragma once
// What the lifter knows of one Python value: an SSA value with its type, a constant, or a small structure of such.

#include <Python.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ir/function.h"

namespace gilmap::lift {

enum class Kind : uint8_t {
  Unbound,  // a local without a value, or one that is not read again
  Null,     // the NULL of a call sequence
  Int,
  Float,
  Bool,  // `ssa`, or `bits` if known
  None,
  Object,     // a constant object: function, class, module, builtin, string …
  Tuple,      // items
  Range,      // items: start, stop, step
  RangeIter,  // items: next, stop or count left, step; aux 1: counts up by one to stop, 0: counts what is left
  TupleIter,  // items: the tuple's; aux: the next index
  Enumerate,  // items: count, iterator
  Zip,        // items: iterators
  Function,   // made by this code: obj is its code, items: closure; defaults in `extra`
  Generator,  // items[0]: the Function or Object, then its bound locals; aux 1: already made a list of
  Method,     // items[0]: self; obj: a function, or a str that names a method of int or float
  Cell,       // items[0]: content; aux 1: of another activation, so never assigned here
  CellRef,    // cell `aux` of the activation whose id is `bits`
  Dict,       // items: keys and values in turn; only of **kwargs
  Reduction,  // a list or generator on its way into sum(), max() …; aux: the Consumer; items: its state
};

struct Value {
  Kind kind = Kind::Unbound;
  bool known = false;     // Int, Float, Bool: a constant, in bits
  bool in_float = false;  // Reduction of sum: the float mode has begun
  int aux = 0;
  int node = -1;  // Object: the guard path that leads to it, or -1
  ir::ValueId ssa = ir::no_value;
  int64_t bits = 0;         // of a known number; of a CellRef, see there
  PyObject* obj = nullptr;  // borrowed; the lifter keeps it alive
  std::shared_ptr<const std::vector<Value>> items;
  std::shared_ptr<const std::vector<Value>> extra;  // Function: defaults (a Tuple), keyword defaults (a Dict)

  bool is_number() const { return kind == Kind::Int || kind == Kind::Float || kind == Kind::Bool; }
  bool is_integral() const { return kind == Kind::Int || kind == Kind::Bool; }
  bool is_known_int(int64_t v) const { return is_integral() && known && bits == v; }
  double as_double() const;  // of a known Float
  size_t size() const { return items ? items->size() : 0; }
  const Value& operator[](size_t i) const { return (*items)[i]; }

  static Value of(Kind k) {
    Value v;
    v.kind = k;
    return v;
  }
  static Value number(Kind k, ir::ValueId ssa) {
    Value v = of(k);
    v.ssa = ssa;
    return v;
  }
  static Value constant(Kind k, int64_t bits) {
    Value v = of(k);
    v.known = true;
    v.bits = bits;
    return v;
  }
  static Value integer(int64_t i) { return constant(Kind::Int, i); }
  static Value boolean(bool b) { return constant(Kind::Bool, b); }
  static Value floating(double d);
  static Value object(PyObject* o, int node = -1) {
    Value v = of(Kind::Object);
    v.obj = o;
    v.node = node;
    return v;
  }
  static Value of_items(Kind k, std::vector<Value> items, int aux = 0);
};

ir::Type type_of(Kind kind);  // of Int, Float, Bool
Kind kind_of(ir::Type type);

// The part of a value that identifies a block version: everything but the SSA values.
void append_shape(const Value& v, std::string& out);
// The SSA values inside, in a fixed order.
void append_leaves(const Value& v, std::vector<ir::ValueId>& out);
// The same value with its leaves replaced by next().
template <class Next>
Value replace_leaves(const Value& v, Next&& next) {
  Value r = v;
  if (v.is_number() && !v.known) r.ssa = next(type_of(v.kind));
  if (v.items) {
    auto items = std::make_shared<std::vector<Value>>();
    items->reserve(v.items->size());
    for (const Value& i : *v.items) items->push_back(replace_leaves(i, next));
    r.items = std::move(items);
  }
  if (v.extra) {
    auto extra = std::make_shared<std::vector<Value>>();
    for (const Value& i : *v.extra) extra->push_back(replace_leaves(i, next));
    r.extra = std::move(extra);
  }
  return r;
}

// "an int", "a tuple", "a function": for messages.
std::string describe(const Value& v);

}  // namespace gilmap::lift
