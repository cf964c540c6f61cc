// Comparisons, identity, and logic on bools.

#include <cmath>

#include "lift/lifter.h"

namespace gilmap::lift {
namespace {

constexpr int64_t exact_in_double = int64_t{1} << 53;

ir::Op int_op(CompareKind k) {
  switch (k) {
    case CompareKind::Lt:
      return ir::Op::ILt;
    case CompareKind::Le:
      return ir::Op::ILe;
    case CompareKind::Eq:
      return ir::Op::IEq;
    case CompareKind::Ne:
      return ir::Op::INe;
    case CompareKind::Gt:
      return ir::Op::IGt;
    case CompareKind::Ge:
      return ir::Op::IGe;
  }
  GILMAP_UNREACHABLE();
}

ir::Op float_op(CompareKind k) {
  switch (k) {
    case CompareKind::Lt:
      return ir::Op::FLt;
    case CompareKind::Le:
      return ir::Op::FLe;
    case CompareKind::Eq:
      return ir::Op::FEq;
    case CompareKind::Ne:
      return ir::Op::FNe;
    case CompareKind::Gt:
      return ir::Op::FGt;
    case CompareKind::Ge:
      return ir::Op::FGe;
  }
  GILMAP_UNREACHABLE();
}

CompareKind mirrored(CompareKind k) {
  switch (k) {
    case CompareKind::Lt:
      return CompareKind::Gt;
    case CompareKind::Le:
      return CompareKind::Ge;
    case CompareKind::Eq:
      return CompareKind::Eq;
    case CompareKind::Ne:
      return CompareKind::Ne;
    case CompareKind::Gt:
      return CompareKind::Lt;
    case CompareKind::Ge:
      return CompareKind::Le;
  }
  GILMAP_UNREACHABLE();
}

template <class T>
bool holds(CompareKind k, T a, T b) {
  switch (k) {
    case CompareKind::Lt:
      return a < b;
    case CompareKind::Le:
      return a <= b;
    case CompareKind::Eq:
      return a == b;
    case CompareKind::Ne:
      return a != b;
    case CompareKind::Gt:
      return a > b;
    case CompareKind::Ge:
      return a >= b;
  }
  GILMAP_UNREACHABLE();
}

int python_op(CompareKind k) {
  switch (k) {
    case CompareKind::Lt:
      return Py_LT;
    case CompareKind::Le:
      return Py_LE;
    case CompareKind::Eq:
      return Py_EQ;
    case CompareKind::Ne:
      return Py_NE;
    case CompareKind::Gt:
      return Py_GT;
    case CompareKind::Ge:
      return Py_GE;
  }
  GILMAP_UNREACHABLE();
}

// Objects that can be compared while lifting: no code of the user's runs.
bool is_plain_constant(PyObject* o) { return PyUnicode_CheckExact(o) || PyBytes_CheckExact(o) || PyLong_CheckExact(o); }

}  // namespace

Value FunctionLifter::logic(Op op, const Value& a, const Value& b) {
  bool and_ = op == Op::BAnd;
  if (a.known) return (a.bits != 0) == and_ ? b : a;
  if (b.known) return (b.bits != 0) == and_ ? a : b;
  return boolean(emit(op, {a.ssa, b.ssa}));
}

Value FunctionLifter::negation(const Value& v) {
  return v.known ? Value::boolean(v.bits == 0) : boolean(emit(Op::BNot, {v.ssa}));
}

Value FunctionLifter::select(const Value& cond, const Value& a, const Value& b) {
  if (cond.known) return cond.bits ? a : b;
  Value x = widen(a);
  Value y = widen(b);
  return Value::number(a.kind, emit(Op::Select, {cond.ssa, x.ssa, y.ssa}));
}

Value FunctionLifter::compare_int_float(CompareKind kind, const Value& i, const Value& f) {
  // Exact: a double comparison only where the int is surely a double.
  if (i.known && i.bits >= -exact_in_double && i.bits <= exact_in_double) {
    return boolean(emit(float_op(kind), {b_.fconst(static_cast<double>(i.bits)), as_f64(f)}));
  }
  if (i.kind == Kind::Bool) return boolean(emit(float_op(kind), {as_f64(i), as_f64(f)}));
  ValueId x = as_i64(i);
  ValueId y = as_f64(f);
  switch (kind) {
    case CompareKind::Lt:
      return numeric_value(Fn::int_lt_float, {x, y});
    case CompareKind::Le:
      return numeric_value(Fn::int_le_float, {x, y});
    case CompareKind::Eq:
      return numeric_value(Fn::int_eq_float, {x, y});
    case CompareKind::Ne:
      return negation(numeric_value(Fn::int_eq_float, {x, y}));
    case CompareKind::Gt:
      return numeric_value(Fn::int_gt_float, {x, y});
    case CompareKind::Ge:
      return numeric_value(Fn::int_ge_float, {x, y});
  }
  GILMAP_UNREACHABLE();
}

Value FunctionLifter::compare_numbers(CompareKind kind, const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) {
    if (a.known && b.known) return Value::boolean(holds(kind, a.bits, b.bits));
    return boolean(emit(int_op(kind), {as_i64(a), as_i64(b)}));
  }
  if (a.kind == Kind::Float && b.kind == Kind::Float) {
    if (a.known && b.known) return Value::boolean(holds(kind, a.as_double(), b.as_double()));
    return boolean(emit(float_op(kind), {as_f64(a), as_f64(b)}));
  }
  return a.is_integral() ? compare_int_float(kind, a, b) : compare_int_float(mirrored(kind), b, a);
}

Value FunctionLifter::compare(CompareKind kind, const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return compare_numbers(kind, a, b);
  bool equality = kind == CompareKind::Eq || kind == CompareKind::Ne;
  bool ne = kind == CompareKind::Ne;
  auto simple = [](const Value& v) {
    return v.is_number() || v.kind == Kind::None || v.kind == Kind::Tuple || v.kind == Kind::Function ||
           (v.kind == Kind::Object && (is_plain_constant(v.obj) || PyFunction_Check(v.obj) || PyType_Check(v.obj)));
  };
  // A big constant against an int that fits 64 bits: its sign decides.
  auto big = [](const Value& v) { return v.kind == Kind::Object && PyLong_CheckExact(v.obj); };
  if (big(b) && a.is_integral()) {
    bool positive = PyObject_RichCompareBool(b.obj, Py_False, Py_GT) == 1;
    return Value::boolean(holds<int64_t>(kind, 0, positive ? 1 : -1));
  }
  if (big(a) && b.is_integral()) return compare(mirrored(kind), b, a);
  if (a.kind == Kind::Object && b.kind == Kind::Object && is_plain_constant(a.obj) && is_plain_constant(b.obj) &&
      Py_TYPE(a.obj) == Py_TYPE(b.obj)) {
    int r = PyObject_RichCompareBool(a.obj, b.obj, python_op(kind));
    return Value::boolean(r == 1);
  }
  if (equality && a.kind == Kind::Object && b.kind == Kind::Object && PyType_Check(a.obj) && PyType_Check(b.obj)) {
    return Value::boolean((a.obj == b.obj) != ne);
  }
  if (a.kind == Kind::Tuple && b.kind == Kind::Tuple && a.aux == b.aux) {
    if (equality) {
      Value same = Value::boolean(a.size() == b.size());
      for (size_t k = 0; k < a.size() && a.size() == b.size(); ++k) {
        same = logic(Op::BAnd, same, same_or_equal(a[k], b[k]));
      }
      return ne ? negation(same) : same;
    }
    // Lexicographic: the first unequal pair decides.
    size_t n = std::min(a.size(), b.size());
    Value r = Value::boolean(holds<int64_t>(kind, static_cast<int64_t>(a.size()), static_cast<int64_t>(b.size())));
    for (size_t k = n; k-- > 0;) {
      if (!a[k].is_number() || !b[k].is_number() || a[k].kind == Kind::Float || b[k].kind == Kind::Float) {
        unsupported("ordering these tuples is not compiled");
      }
      r = select(equal(a[k], b[k]), r, compare_numbers(kind, a[k], b[k]));
    }
    return r;
  }
  if (equality && simple(a) && simple(b) && !(a.kind == Kind::Object && big(a)) &&
      !(b.kind == Kind::Object && big(b)) &&
      (a.is_number() != b.is_number() || a.kind == Kind::None || b.kind == Kind::None || a.kind != b.kind)) {
    bool both_none = a.kind == Kind::None && b.kind == Kind::None;
    return Value::boolean(both_none != ne);
  }
  unsupported("comparing " + describe(a) + " with " + describe(b) + " is not compiled");
}

// Only a NaN is the same object without being equal, and whether two NaNs are one object is not known here.
Value FunctionLifter::same_or_equal(const Value& a, const Value& b) {
  if (a.kind == Kind::Float && b.kind == Kind::Float) {
    auto not_nan = [](const Value& v) { return v.known && v.as_double() == v.as_double(); };
    if (!not_nan(a) && !not_nan(b)) {
      deopt_if(emit(Op::BAnd, {emit(Op::FIsNan, {as_f64(a)}), emit(Op::FIsNan, {as_f64(b)})}), Reason::Other);
    }
  }
  return equal(a, b);
}

Value FunctionLifter::identical(const Value& a, const Value& b) {
  if (a.kind == Kind::None || b.kind == Kind::None) return Value::boolean(a.kind == b.kind);
  if (a.kind == Kind::Bool && b.kind == Kind::Bool) return negation(bool_binary(BinaryKind::Xor, a, b));
  if (a.is_number() && b.is_number() && a.kind != b.kind) return Value::boolean(false);
  if (a.kind == Kind::Object && b.kind == Kind::Object && (PyType_Check(a.obj) || PyFunction_Check(a.obj)) &&
      (PyType_Check(b.obj) || PyFunction_Check(b.obj))) {
    return Value::boolean(a.obj == b.obj);
  }
  unsupported("`is` between " + describe(a) + " and " + describe(b) + " depends on how CPython shares objects");
}

}  // namespace gilmap::lift
