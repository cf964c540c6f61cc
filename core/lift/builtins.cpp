// Builtin functions, types that are called, and methods of numbers.

#include <algorithm>
#include <cstring>

#include "lift/lifter.h"

namespace gilmap::lift {
namespace {

std::string function_name(PyObject* f) {
  const char* s = reinterpret_cast<PyCFunctionObject*>(f)->m_ml->ml_name;
  return s ? s : "?";
}

std::string module_of(PyObject* f) {
  PyObject* m = reinterpret_cast<PyCFunctionObject*>(f)->m_module;
  if (m && PyUnicode_Check(m)) {
    const char* s = PyUnicode_AsUTF8(m);
    return s ? s : "";
  }
  return "";
}

constexpr double two_63 = 9223372036854775808.0;

}  // namespace

Step FunctionLifter::call_builtin(PyObject* f, Arguments args) {
  std::string name = function_name(f);
  std::string module = module_of(f);
  if (module == "math") return call_math(name, std::move(args));
  if (module == "_io" && name == "open") unsupported("open() acts on something outside the function", true);
  if (module == "_operator") return call_operator(name, std::move(args));
  if (module != "builtins") {
    if (module.starts_with('_')) module.erase(0, 1);  // the C half of a library module
    if (module == "random" || module == "time" || name == "random") {
      unsupported("`" + name + "()` gives another result each time", true);
    }
    unsupported("a call of " + (module.empty() ? "" : module + ".") + name + "() is not compiled");
  }
  if (auto consumer = consumer_of(Value::object(f)); consumer && name != "len") {
    if (name == "min" || name == "max") return call_min_max(name == "max", std::move(args));
    return reduce(*consumer, std::move(args));
  }
  if (name == "round") return call_round(std::move(args));
  if (!args.keyword.empty() && name != "pow") unsupported(name + "() with keywords is not compiled");
  const auto& a = args.positional;
  if (name == "abs" && a.size() == 1) {
    if (!a[0].is_number()) {
      if (a[0].kind == Kind::None) return give_up(Reason::Type);
      unsupported("abs() of " + describe(a[0]) + " is not compiled");
    }
    return result(absolute(a[0]));
  }
  if (name == "divmod" && a.size() == 2) return call_divmod(a[0], a[1]);
  if (name == "pow") {
    std::vector<Value> all = a;
    for (const char* wanted : {"base", "exp", "mod"}) {
      for (const auto& [kw, value] : args.keyword) {
        if (PyUnicode_CompareWithASCIIString(kw, wanted) == 0) all.push_back(value);
      }
    }
    return call_pow(all);
  }
  if (name == "len" && a.size() == 1) {
    if (a[0].kind == Kind::Tuple) return result(Value::integer(static_cast<int64_t>(a[0].size())));
    if (a[0].kind == Kind::Range) return result(range_count(a[0]));
    if (a[0].kind == Kind::Reduction) return result(a[0][0]);
    if (a[0].kind == Kind::Generator && a[0].aux == 1) {
      return reduce_generator(Consumer::Len, a[0], reduction_start(Consumer::Len));
    }
    if (a[0].is_number() || a[0].kind == Kind::None || a[0].kind == Kind::Generator) return give_up(Reason::Type);
    unsupported("len() of " + describe(a[0]) + " is not compiled");
  }
  if (name == "isinstance" && a.size() == 2) return call_isinstance(a[0], a[1]);
  if (name == "callable" && a.size() == 1 && (a[0].is_number() || a[0].kind == Kind::None)) {
    return result(Value::boolean(false));
  }
  if (name == "iter" && a.size() == 1 && (a[0].kind == Kind::Range || a[0].kind == Kind::Tuple)) {
    return result(iterate(a[0]));
  }
  static const char* const effects[] = {"print", "input",   "setattr", "delattr", "exec",
                                        "eval",  "globals", "locals",  "next"};
  for (const char* e : effects) {
    if (name == e) unsupported(name + "() acts on something outside the function", true);
  }
  unsupported(name + "() is not compiled");
}

// ---------------------------------------------------------------- types

Value FunctionLifter::float_to_int(ValueId f, Op rounding) {
  ValueId whole = rounding == Op::FToI ? f : emit(rounding, {f});
  // NaN fails both comparisons.
  ValueId inside =
      emit(Op::BAnd, {emit(Op::FGe, {whole, b_.fconst(-two_63)}), emit(Op::FLt, {whole, b_.fconst(two_63)})});
  deopt_if(emit(Op::BNot, {inside}), Reason::Conversion);
  return integer(emit(Op::FToI, {whole}));
}

Value FunctionLifter::to_int(const Value& v) {
  if (v.kind == Kind::Int) return v;
  if (v.kind == Kind::Bool) return v.known ? Value::integer(v.bits) : integer(as_i64(v));
  return float_to_int(as_f64(v), Op::FToI);
}

Step FunctionLifter::call_type(PyTypeObject* type, Arguments args) {
  const auto& a = args.positional;
  if (!args.keyword.empty()) {
    if (type == &PyEnum_Type && a.size() == 1 && args.keyword.size() == 1) {
      Value it = iterate(a[0]);
      return result(Value::of_items(Kind::Enumerate, {args.keyword[0].second, it}));
    }
    unsupported(std::string(type->tp_name) + "() with keywords is not compiled");
  }
  if (type == &PyLong_Type) {
    if (a.empty()) return result(Value::integer(0));
    if (a.size() == 1 && a[0].is_number()) return result(to_int(a[0]));
    if (a.size() == 1 && a[0].kind == Kind::None) return give_up(Reason::Type);
    unsupported("int() of " + describe(a[0]) + " is not compiled");
  }
  if (type == &PyFloat_Type) {
    if (a.empty()) return result(Value::floating(0.0));
    if (a.size() == 1 && a[0].is_number()) return result(a[0].kind == Kind::Float ? a[0] : floating(as_f64(a[0])));
    if (a.size() == 1 && a[0].kind == Kind::Object && PyUnicode_CheckExact(a[0].obj)) {
      Ref f = Ref::steal(PyFloat_FromString(a[0].obj));
      PyErr_Clear();
      return f ? result(Value::floating(PyFloat_AS_DOUBLE(f.get()))) : give_up(Reason::Raise);
    }
    if (a.size() == 1 && a[0].kind == Kind::None) return give_up(Reason::Type);
    unsupported("float() of " + describe(a[0]) + " is not compiled");
  }
  if (type == &PyBool_Type) {
    if (a.empty()) return result(Value::boolean(false));
    if (a.size() == 1) return result(truth(a[0]));
  }
  if (type == &PyRange_Type) return make_range(a);
  if (type == &PyEnum_Type && (a.size() == 1 || a.size() == 2)) {
    Value it = iterate(a[0]);
    return result(Value::of_items(Kind::Enumerate, {a.size() == 2 ? a[1] : Value::integer(0), it}));
  }
  if (type == &PyZip_Type && !a.empty()) {
    std::vector<Value> its;
    for (const Value& v : a) its.push_back(iterate(v));
    return result(Value::of_items(Kind::Zip, std::move(its)));
  }
  if (type == &PyReversed_Type && a.size() == 1) {
    if (a[0].kind == Kind::Tuple) {
      std::vector<Value> items(a[0].items->rbegin(), a[0].items->rend());
      return result(iterate(Value::of_items(Kind::Tuple, std::move(items))));
    }
    if (a[0].kind == Kind::Range && a[0][2].known && a[0][2].bits != INT64_MIN) {
      // from the last element back to the first
      Value n = range_count(a[0]);
      int64_t step = a[0][2].bits;
      Value last_offset = int_binary(BinaryKind::Mul, int_binary(BinaryKind::Sub, n, Value::integer(1)), a[0][2]);
      Value last = int_binary(BinaryKind::Add, a[0][0], last_offset);
      return result(Value::of_items(Kind::RangeIter, {to_int(last), n, Value::integer(-step)}, 0));
    }
    unsupported("reversed() of " + describe(a[0]) + " is not compiled");
  }
  if (type == &PyTuple_Type || type == &PyList_Type) {
    bool list = type == &PyList_Type;
    if (a.size() == 1 && a[0].kind == Kind::Tuple) {
      Value v = a[0];
      v.aux = list;
      return result(v);
    }
    if (a.size() == 1 && a[0].kind == Kind::Reduction) return result(a[0]);
    if (a.size() == 1 && (a[0].kind == Kind::Generator || a[0].kind == Kind::Range)) {
      // list(…) that goes straight into sum(), max() … : the consumer waits below on the stack.
      if (!s_.stack.empty() && s_.stack.size() >= 2) {
        for (size_t k = s_.stack.size(); k-- > 0 && k + 2 >= s_.stack.size();) {
          if (s_.stack[k].kind == Kind::Object && consumer_of(s_.stack[k])) {
            Value v = a[0];
            if (v.kind == Kind::Generator) v.aux = 1;
            return result(std::move(v));
          }
        }
      }
    }
    unsupported(std::string(list ? "a list" : "a tuple") + " of variable length is not compiled");
  }
  if (type == &PyType_Type && a.size() == 1 && (a[0].is_number() || a[0].kind == Kind::None))
    return result(type_object(a[0]));
  if (PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(PyExc_BaseException))) {
    unsupported("an exception object is not compiled");
  }
  unsupported("`" + std::string(type->tp_name) + "(…)` is not compiled");
}

Value FunctionLifter::type_object(const Value& v) {
  switch (v.kind) {
    case Kind::Int:
      return Value::object(reinterpret_cast<PyObject*>(&PyLong_Type));
    case Kind::Float:
      return Value::object(reinterpret_cast<PyObject*>(&PyFloat_Type));
    case Kind::Bool:
      return Value::object(reinterpret_cast<PyObject*>(&PyBool_Type));
    case Kind::None:
      return Value::object(reinterpret_cast<PyObject*>(Py_TYPE(Py_None)));
    default:
      unsupported("type() of " + describe(v) + " is not compiled");
  }
}

bool FunctionLifter::instance_of(const Value& v, PyObject* type) {
  if (!PyType_Check(type)) unsupported("isinstance() with this second argument is not compiled");
  PyTypeObject* own = nullptr;
  switch (v.kind) {
    case Kind::Int:
      own = &PyLong_Type;
      break;
    case Kind::Float:
      own = &PyFloat_Type;
      break;
    case Kind::Bool:
      own = &PyBool_Type;
      break;
    case Kind::None:
      own = Py_TYPE(Py_None);
      break;
    case Kind::Tuple:
      own = v.aux ? &PyList_Type : &PyTuple_Type;
      break;
    default:
      unsupported("isinstance() of " + describe(v) + " is not compiled");
  }
  if (PyType_IsSubtype(own, reinterpret_cast<PyTypeObject*>(type))) return true;
  // An abstract class such as numbers.Integral decides by __instancecheck__, in Python.
  if (Py_TYPE(type) == &PyType_Type) return false;
  int r = -1;
  PyObject* sample = v.kind == Kind::Int     ? PyLong_FromLong(0)
                     : v.kind == Kind::Float ? PyFloat_FromDouble(0.0)
                     : v.kind == Kind::Bool  ? Py_NewRef(Py_False)
                                             : Py_NewRef(Py_None);
  Ref held = Ref::steal(sample);
  const char* module = nullptr;
  Ref name = Ref::steal(PyObject_GetAttrString(type, "__module__"));
  if (name && PyUnicode_Check(name.get())) module = PyUnicode_AsUTF8(name.get());
  if (module && (std::strcmp(module, "numbers") == 0 || std::strcmp(module, "collections.abc") == 0)) {
    r = PyObject_IsInstance(held.get(), type);
  }
  PyErr_Clear();
  if (r < 0) unsupported("isinstance() with this class is not compiled");
  return r == 1;
}

Step FunctionLifter::call_isinstance(const Value& v, const Value& type) {
  if (type.kind == Kind::Tuple) {
    bool any = false;
    for (size_t k = 0; k < type.size(); ++k) {
      if (type[k].kind != Kind::Object) unsupported("isinstance() with this second argument is not compiled");
      any = any || instance_of(v, type[k].obj);
    }
    return result(Value::boolean(any));
  }
  if (type.kind == Kind::Object && PyType_Check(type.obj)) return result(Value::boolean(instance_of(v, type.obj)));
  // int | float
  if (type.kind == Kind::Object) {
    Ref parts = Ref::steal(PyObject_GetAttrString(type.obj, "__args__"));
    PyErr_Clear();
    if (parts && PyTuple_Check(parts.get()) &&
        std::string(Py_TYPE(type.obj)->tp_name).find("Union") != std::string::npos) {
      bool any = false;
      for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(parts.get()); ++k) {
        any = any || instance_of(v, PyTuple_GET_ITEM(parts.get(), k));
      }
      return result(Value::boolean(any));
    }
  }
  unsupported("isinstance() with this second argument is not compiled");
}

// ---------------------------------------------------------------- numbers

Value FunctionLifter::absolute(const Value& v) {
  if (v.kind == Kind::Float) return floating(emit(Op::FAbs, {as_f64(v)}));
  if (v.kind == Kind::Bool) return to_int(v);
  if (v.known && v.bits != INT64_MIN) return Value::integer(v.bits < 0 ? -v.bits : v.bits);
  ValueId x = as_i64(v);
  ValueId zero = b_.iconst(0);
  deopt_if(emit(Op::IEq, {x, b_.iconst(INT64_MIN)}), Reason::Overflow);
  return integer(emit(Op::Select, {emit(Op::ILt, {x, zero}), emit(Op::ISub, {zero, x}), x}));
}

Step FunctionLifter::call_divmod(const Value& a, const Value& b) {
  if (!a.is_number() || !b.is_number()) {
    if (a.kind == Kind::None || b.kind == Kind::None) return give_up(Reason::Type);
    unsupported("divmod() of " + describe(a.is_number() ? b : a) + " is not compiled");
  }
  bool ints = a.is_integral() && b.is_integral();
  Value q = ints ? int_binary(BinaryKind::FloorDiv, a, b) : float_binary(BinaryKind::FloorDiv, a, b);
  Value r = ints ? int_binary(BinaryKind::Mod, a, b) : float_binary(BinaryKind::Mod, a, b);
  return result(Value::of_items(Kind::Tuple, {q, r}));
}

Step FunctionLifter::call_pow(const std::vector<Value>& a) {
  if (a.size() == 2 || (a.size() == 3 && a[2].kind == Kind::None)) return binary(BinaryKind::Pow, a[0], a[1]);
  if (a.size() == 3 && a[0].is_integral() && a[1].is_integral() && a[2].is_integral()) {
    return result(numeric_value(Fn::int_pow_mod, {as_i64(a[0]), as_i64(a[1]), as_i64(a[2])}, Reason::Domain));
  }
  if (a.size() == 3 && a[0].is_number() && a[1].is_number() && a[2].is_number()) return give_up(Reason::Type);
  unsupported("this form of pow() is not compiled");
}

Step FunctionLifter::call_round(Arguments args) {
  auto a = args.positional;
  for (const auto& [kw, value] : args.keyword) {
    if (PyUnicode_CompareWithASCIIString(kw, "ndigits") != 0) unsupported("this form of round() is not compiled");
    a.push_back(value);
  }
  if (a.empty() || a.size() > 2) unsupported("this form of round() is not compiled");
  if (!a[0].is_number()) {
    if (a[0].kind == Kind::None) return give_up(Reason::Type);
    unsupported("round() of " + describe(a[0]) + " is not compiled");
  }
  bool digits = a.size() == 2 && a[1].kind != Kind::None;
  if (digits && !a[1].is_integral()) {
    if (a[1].is_number()) return give_up(Reason::Type);
    unsupported("this form of round() is not compiled");
  }
  if (a[0].kind == Kind::Float) {
    if (!digits) return result(float_to_int(as_f64(a[0]), Op::FRint));
    return result(numeric_value(Fn::float_round_digits, {as_f64(a[0]), as_i64(a[1])}, Reason::Domain));
  }
  if (!digits || (a[1].known && a[1].bits >= 0)) return result(to_int(a[0]));
  return result(numeric_value(Fn::int_round_digits, {as_i64(a[0]), as_i64(a[1])}, Reason::Overflow));
}

// The first of equals wins, and a NaN stays or goes by where it stands: item replaces the best only if it compares
// less (greater). With two types the kept one decides the type of the result, so the path forks.
Step FunctionLifter::call_min_max(bool max, Arguments args) {
  CompareKind better = max ? CompareKind::Gt : CompareKind::Lt;
  if (args.positional.size() == 1) return reduce(max ? Consumer::Max : Consumer::Min, std::move(args));
  if (!args.keyword.empty()) unsupported("min() and max() with key= are not compiled");
  auto& a = args.positional;
  if (a.empty()) return give_up(Reason::Type);
  for (const Value& v : a) {
    if (v.kind == Kind::None) return give_up(Reason::Type);
    if (!v.is_number()) unsupported(std::string(max ? "max" : "min") + "() of " + describe(v) + " is not compiled");
  }
  Value best = a[0];
  for (size_t k = 1; k < a.size(); ++k) {
    Value wins = compare_numbers(better, a[k], best);
    if (wins.known) {
      best = wins.bits ? a[k] : best;
    } else if (a[k].kind == best.kind) {
      best = select(wins, a[k], best);
    } else {
      if (!c_ && k + 1 == a.size()) return return_either(wins.ssa, a[k], best);
      if (!c_) unsupported("the type of the result depends on the values");
      if (k + 1 == a.size()) {
        State yes = s_;
        yes.stack.push_back(a[k]);
        s_.stack.push_back(best);
        return fork(wins.ssa, std::move(yes), std::move(s_), i_ + 1, i_ + 1);
      }
      // The same call once more on either path, with the winner in front of what is left.
      PyObject* name = PyUnicode_InternFromString(max ? "max" : "min");
      Ref held = Ref::steal(name);
      PyObject* builtin = PyDict_GetItemWithError(PyEval_GetBuiltins(), name);
      State yes = s_;
      State no = std::move(s_);
      for (auto* s : {&yes, &no}) {
        Value f = Value::object(m_.keep(builtin));
#if PY_VERSION_HEX < 0x030D0000
        s->stack.push_back(Value::of(Kind::Null));
        s->stack.push_back(f);
#else
        s->stack.push_back(f);
        s->stack.push_back(Value::of(Kind::Null));
#endif
        s->stack.push_back(s == &yes ? a[k] : best);
        s->stack.insert(s->stack.end(), a.begin() + static_cast<std::ptrdiff_t>(k) + 1, a.end());
        s->arg_count = static_cast<int>(a.size() - k);
      }
      if (c_->info->instrs[static_cast<size_t>(i_)].code != Code::Call)
        unsupported("this form of min() or max() is not compiled");
      return fork(wins.ssa, std::move(yes), std::move(no), i_, i_);
    }
  }
  return result(best);
}

// ---------------------------------------------------------------- methods

Step FunctionLifter::call_method(const Value& self, const char* name, Arguments args) {
  std::string method = name;
  if (args.positional.empty() && args.keyword.empty()) {
    if (self.kind == Kind::Int || self.kind == Kind::Bool) {
      if (method == "bit_length") return result(numeric_value(Fn::int_bit_length, {as_i64(self)}));
      if (method == "bit_count") return result(numeric_value(Fn::int_bit_count, {as_i64(self)}));
      if (method == "is_integer") return result(Value::boolean(true));
      if (method == "conjugate" || method == "__int__" || method == "__index__") return result(to_int(self));
      if (method == "__abs__") return result(absolute(self));
      if (method == "__float__") return result(floating(as_f64(self)));
    }
    if (self.kind == Kind::Float) {
      if (method == "is_integer") return result(numeric_value(Fn::float_is_integer, {as_f64(self)}));
      if (method == "conjugate" || method == "__float__") return result(self);
      if (method == "__abs__") return result(absolute(self));
      if (method == "__int__" || method == "__trunc__") return result(to_int(self));
    }
  }
  if (self.kind == Kind::Tuple && method == "count" && args.positional.size() == 1 && args.keyword.empty()) {
    Value n = Value::integer(0);
    for (size_t k = 0; k < self.size(); ++k)
      n = int_binary(BinaryKind::Add, n, same_or_equal(self[k], args.positional[0]));
    return result(n);
  }
  unsupported("`." + method + "(…)` of " + describe(self) + " is not compiled");
}

}  // namespace gilmap::lift
