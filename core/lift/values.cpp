// Between Python objects, abstract values and SSA values.

#include <bit>
#include <cmath>

#include "lift/lifter.h"

namespace gilmap::lift {

Value FunctionLifter::pop() {
  if (s_.stack.empty()) unsupported("the bytecode pops more than it pushed");
  Value v = std::move(s_.stack.back());
  s_.stack.pop_back();
  return v;
}

Value FunctionLifter::from_object(PyObject* o, int node) {
  m_.keep(o);
  if (o == Py_None) return Value::of(Kind::None);
  if (PyBool_Check(o)) return Value::boolean(o == Py_True);
  if (PyFloat_CheckExact(o)) return Value::floating(PyFloat_AS_DOUBLE(o));
  if (PyLong_CheckExact(o)) {
    int overflow = 0;
    long long i = PyLong_AsLongLongAndOverflow(o, &overflow);
    if (!overflow) return Value::integer(i);
  }
  if (PyTuple_CheckExact(o)) {
    std::vector<Value> items;
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(o); ++k) items.push_back(from_object(PyTuple_GET_ITEM(o, k), -1));
    return Value::of_items(Kind::Tuple, std::move(items));
  }
  if (PyRange_Check(o)) {
    std::vector<Value> items;
    for (const char* name : {"start", "stop", "step"}) {
      Ref part = Ref::steal(PyObject_GetAttrString(o, name));
      if (!part) {
        PyErr_Clear();
        break;
      }
      items.push_back(from_object(part.get(), -1));
      if (items.back().kind != Kind::Int) break;
    }
    if (items.size() == 3 && items.back().kind == Kind::Int) return Value::of_items(Kind::Range, std::move(items));
  }
  return Value::object(o, node);
}

FunctionLifter::ValueId FunctionLifter::emit(Op op, std::initializer_list<ValueId> args, int64_t imm) {
  return b_.emit(op, std::vector<ValueId>(args), imm);
}

FunctionLifter::ValueId FunctionLifter::as_i64(const Value& v) {
  if (v.known) return b_.iconst(v.bits);
  return v.kind == Kind::Bool ? emit(Op::BToI, {v.ssa}) : v.ssa;
}

FunctionLifter::ValueId FunctionLifter::as_f64(const Value& v) {
  if (v.kind == Kind::Float) return v.known ? b_.emit(Op::FConst, {}, v.bits) : v.ssa;
  if (v.known) return b_.fconst(static_cast<double>(v.bits));  // rounds to nearest even, as CPython does
  return emit(Op::IToF, {as_i64(v)});
}

FunctionLifter::ValueId FunctionLifter::as_bool(const Value& v) { return v.known ? b_.bconst(v.bits != 0) : v.ssa; }

Value FunctionLifter::truth(const Value& v) {
  switch (v.kind) {
    case Kind::Bool:
      return v;
    case Kind::Int:
      if (v.known) return Value::boolean(v.bits != 0);
      return boolean(emit(Op::INe, {v.ssa, b_.iconst(0)}));
    case Kind::Float:
      if (v.known) return Value::boolean(!(v.as_double() == 0.0));
      return boolean(emit(Op::FNe, {v.ssa, b_.fconst(0.0)}));
    case Kind::None:
      return Value::boolean(false);
    case Kind::Tuple:
    case Kind::Dict:
      return Value::boolean(v.size() > 0);
    case Kind::Range: {
      Value n = range_count(v);
      return truth(n);
    }
    case Kind::Function:
    case Kind::Method:
    case Kind::Generator:
      return Value::boolean(true);
    case Kind::Object:
      if (PyUnicode_Check(v.obj)) return Value::boolean(PyUnicode_GET_LENGTH(v.obj) > 0);
      if (PyFunction_Check(v.obj) || PyCFunction_Check(v.obj) || PyType_Check(v.obj) || PyModule_Check(v.obj)) {
        return Value::boolean(true);
      }
      if (PyLong_CheckExact(v.obj)) return Value::boolean(true);
      break;
    default:
      break;
  }
  unsupported("the truth value of " + describe(v) + " is not compiled");
}

// A call of core/numeric whose failure leaves the element to CPython.
FunctionLifter::ValueId FunctionLifter::call_numeric(Fn f, std::vector<ValueId> args, Reason why) {
  const numeric::NumericFnInfo& info = numeric::info(f);
  ir::Type type = info.result == numeric::NumericType::I64   ? ir::Type::I64
                  : info.result == numeric::NumericType::F64 ? ir::Type::F64
                                                             : ir::Type::Bool;
  ValueId r = b_.emit(Op::CallNumeric, std::move(args), static_cast<int64_t>(f), type);
  if (info.can_fail) deopt_if(emit(Op::CallFailed, {r}), why);
  return r;
}

Value FunctionLifter::numeric_value(Fn f, std::vector<ValueId> args, Reason why) {
  ValueId r = call_numeric(f, std::move(args), why);
  return Value::number(kind_of(fn().type(r)), r);
}

}  // namespace gilmap::lift
