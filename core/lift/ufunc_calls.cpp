// NumPy's ufuncs on Python numbers, mapped themselves over arrays.
//
// Their results are NumPy scalars, which a list has to show and an array does not; so the router asks for them for
// arrays alone. A call that raises a floating point flag may warn or raise, as numpy.seterr() says, and is left to
// NumPy: each operation here is one that raises none, or whose result tells.

#include <cfloat>
#include <cstring>
#include <string>

#include "lift/lifter.h"

namespace gilmap::lift {

bool is_numpy_ufunc(PyObject* callable) {
  if (std::strcmp(Py_TYPE(callable)->tp_name, "numpy.ufunc") != 0) return false;
  PyObject* numpy = PyDict_GetItemString(PyImport_GetModuleDict(), "numpy");
  Ref name = Ref::steal(PyObject_GetAttrString(callable, "__name__"));
  Ref own = numpy && name ? Ref::steal(PyObject_GetAttr(numpy, name.get())) : Ref();
  PyErr_Clear();
  return own.get() == callable;
}

// A sum, difference, product or quotient that is finite, and no product or quotient that may have lost bits to
// underflow, raises no flag.
Value FunctionLifter::without_flags(Op op, ValueId a, ValueId b) {
  ValueId r = emit(op, {a, b});
  deopt_if(emit(Op::BNot, {emit(Op::FIsFinite, {r})}), Reason::Other);
  if (op == Op::FMul || op == Op::FDiv) {
    ValueId tiny = emit(Op::FLt, {emit(Op::FAbs, {r}), b_.fconst(DBL_MIN * 2)});
    ValueId lossy = emit(Op::FNe, {a, b_.fconst(0.0)});
    if (op == Op::FMul) lossy = emit(Op::BAnd, {lossy, emit(Op::FNe, {b, b_.fconst(0.0)})});
    deopt_if(emit(Op::BAnd, {tiny, lossy}), Reason::Other);
  }
  return floating(r);
}

Step FunctionLifter::call_ufunc(PyObject* f, const Arguments& args) {
  Ref name_object = Ref::steal(PyObject_GetAttrString(f, "__name__"));
  const char* s = name_object ? PyUnicode_AsUTF8(name_object.get()) : nullptr;
  const std::string name = s ? s : "?";
  const auto& a = args.positional;
  auto all = [&](size_t count, Kind kind) {
    if (a.size() != count) return false;
    for (const Value& v : a)
      if (v.kind != kind) return false;
    return true;
  };
  if (all(1, Kind::Float)) {
    const Value& x = a[0];
    ValueId v = as_f64(x);
    if (name == "sqrt") {
      deopt_if(emit(Op::FLt, {v, b_.fconst(0.0)}), Reason::Domain);
      return result(floating(emit(Op::FSqrt, {v})));
    }
    if (name == "square") return result(without_flags(Op::FMul, v, v));
    if (name == "absolute" || name == "fabs") return result(floating(emit(Op::FAbs, {v})));
    if (name == "negative") return result(floating(emit(Op::FNeg, {v})));
    if (name == "positive") return result(x);
    if (name == "floor") return result(floating(emit(Op::FFloor, {v})));
    if (name == "ceil") return result(floating(emit(Op::FCeil, {v})));
    if (name == "trunc") return result(floating(emit(Op::FTrunc, {v})));
    if (name == "rint") return result(floating(emit(Op::FRint, {v})));
    if (name == "isnan") return result(boolean(emit(Op::FIsNan, {v})));
    if (name == "isinf") return result(boolean(emit(Op::FIsInf, {v})));
    if (name == "isfinite") return result(boolean(emit(Op::FIsFinite, {v})));
  }
  if (all(1, Kind::Int) && name == "sqrt") {
    ValueId v = as_f64(a[0]);
    deopt_if(emit(Op::FLt, {v, b_.fconst(0.0)}), Reason::Domain);
    return result(floating(emit(Op::FSqrt, {v})));
  }
  if (all(1, Kind::Int) && name == "absolute") return result(absolute(a[0]));
  if (all(1, Kind::Int) && name == "negative") return negate(a[0]);
  if (all(2, Kind::Float)) {
    ValueId x = as_f64(a[0]);
    ValueId y = as_f64(a[1]);
    if (name == "add") return result(without_flags(Op::FAdd, x, y));
    if (name == "subtract") return result(without_flags(Op::FSub, x, y));
    if (name == "multiply") return result(without_flags(Op::FMul, x, y));
    if (name == "divide") return result(without_flags(Op::FDiv, x, y));
  }
  if (all(2, Kind::Int)) {  // where they leave 64 bits, NumPy wraps or warns
    if (name == "add") return result(int_binary(BinaryKind::Add, a[0], a[1]));
    if (name == "subtract") return result(int_binary(BinaryKind::Sub, a[0], a[1]));
    if (name == "multiply") return result(int_binary(BinaryKind::Mul, a[0], a[1]));
  }
  unsupported("numpy." + name + " of these types is not compiled");
}

}  // namespace gilmap::lift
