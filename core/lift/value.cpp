#include "lift/value.h"

#include <bit>

namespace gilmap::lift {

double Value::as_double() const { return std::bit_cast<double>(bits); }

Value Value::floating(double d) { return constant(Kind::Float, std::bit_cast<int64_t>(d)); }

Value Value::of_items(Kind k, std::vector<Value> items, int aux) {
  Value v = of(k);
  v.items = std::make_shared<const std::vector<Value>>(std::move(items));
  v.aux = aux;
  return v;
}

ir::Type type_of(Kind kind) {
  switch (kind) {
    case Kind::Int:
      return ir::Type::I64;
    case Kind::Float:
      return ir::Type::F64;
    case Kind::Bool:
      return ir::Type::Bool;
    default:
      return ir::Type::Void;  // no number
  }
}

Kind kind_of(ir::Type type) {
  switch (type) {
    case ir::Type::I64:
      return Kind::Int;
    case ir::Type::F64:
      return Kind::Float;
    case ir::Type::Bool:
      return Kind::Bool;
    case ir::Type::Void:
      return Kind::None;
  }
  return Kind::None;
}

namespace {
template <class T>
void append_raw(const T& x, std::string& out) {
  out.append(reinterpret_cast<const char*>(&x), sizeof x);
}
}  // namespace

void append_shape(const Value& v, std::string& out) {
  out.push_back(static_cast<char>('A' + static_cast<int>(v.kind)));
  if (v.is_number()) {
    out.push_back(v.known ? 'k' : 's');
    if (v.known) append_raw(v.bits, out);
    return;
  }
  if (v.obj) append_raw(v.obj, out);
  if (v.kind == Kind::CellRef) append_raw(v.bits, out);
  if (v.aux) append_raw(v.aux, out);
  if (v.in_float) out.push_back('f');
  if (v.items) {
    append_raw(static_cast<uint32_t>(v.items->size()), out);
    for (const Value& i : *v.items) append_shape(i, out);
  }
  if (v.extra) {
    for (const Value& i : *v.extra) append_shape(i, out);
  }
}

void append_leaves(const Value& v, std::vector<ir::ValueId>& out) {
  if (v.is_number() && !v.known) out.push_back(v.ssa);
  if (v.items) {
    for (const Value& i : *v.items) append_leaves(i, out);
  }
  if (v.extra) {
    for (const Value& i : *v.extra) append_leaves(i, out);
  }
}

std::string describe(const Value& v) {
  switch (v.kind) {
    case Kind::Unbound:
      return "an unbound variable";
    case Kind::Null:
      return "nothing";
    case Kind::Int:
      return "an int";
    case Kind::Float:
      return "a float";
    case Kind::Bool:
      return "a bool";
    case Kind::None:
      return "None";
    case Kind::Object: {
      std::string name = Py_TYPE(v.obj)->tp_name;
      if (PyUnicode_Check(v.obj)) return "a str";
      if (PyLong_CheckExact(v.obj)) return "an int beyond 64 bits";
      if (PyFunction_Check(v.obj) || PyCFunction_Check(v.obj)) return "a function";
      if (PyType_Check(v.obj)) return "a class";
      for (const char* plain : {"list", "dict", "set", "frozenset", "complex", "bytes"}) {
        if (name == plain) return "a " + name;
      }
      bool vowel = name.find_first_of("aeiou") == 0;
      return (vowel ? "an object of type '" : "a value of type '") + name + "'";
    }
    case Kind::Tuple:
      return v.aux ? "a list" : "a tuple";
    case Kind::Range:
      return "a range";
    case Kind::RangeIter:
    case Kind::TupleIter:
    case Kind::Enumerate:
    case Kind::Zip:
      return "an iterator";
    case Kind::Function:
      return "a function";
    case Kind::Generator:
      return "a generator";
    case Kind::Method:
      return "a method";
    case Kind::Cell:
    case Kind::CellRef:
      return "a closure cell";
    case Kind::Dict:
      return "a dict";
    case Kind::Reduction:
      return "a list";
  }
  return "a value";
}

}  // namespace gilmap::lift
