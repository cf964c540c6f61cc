// Calls of functions that another compiler has made: Numba's dispatchers, and ctypes' function pointers.
//
// gilmap._foreign finds the machine code, if a call with arguments of these types comes down to calling it, and says
// what tells that it is still the right one. Here the arguments are converted as the callable converts them.

#include <cstring>

#include "lift/lifter.h"

namespace gilmap::lift {
namespace {

const char* column_name(const Value& v) {
  switch (v.kind) {
    case Kind::Int:
      return "int";
    case Kind::Float:
      return "float";
    case Kind::Bool:
      return "bool";
    case Kind::None:
      return "None";
    default:
      return "object";
  }
}

const char* utf8(PyObject* o) {
  const char* s = o && PyUnicode_Check(o) ? PyUnicode_AsUTF8(o) : nullptr;
  return s ? s : "";
}

ir::ForeignType type_named(PyObject* name) {
  const auto type = ir::foreign_type(utf8(name));
  GILMAP_CHECK(type && "gilmap._foreign names a type that there is none of");
  return *type;
}

Ref attribute(PyObject* o, const char* name) {
  Ref value = Ref::steal(PyObject_GetAttrString(o, name));
  GILMAP_CHECK(value && "gilmap._foreign.Found lacks an attribute");
  return value;
}

}  // namespace

ForeignKind foreign_kind(PyObject* callable) {
  for (PyTypeObject* t = Py_TYPE(callable); t; t = t->tp_base) {
    if (std::strcmp(t->tp_name, "_dispatcher.Dispatcher") == 0) return ForeignKind::NumbaDispatcher;
    if (std::strcmp(t->tp_name, "_ctypes.CFuncPtr") == 0) return ForeignKind::CtypesPointer;
  }
  return ForeignKind::None;
}

// The object at the end of each path must stay what it is.
void FunctionLifter::guard_paths(const Value& callee, PyObject* paths) {
  Ref attr = Ref::steal(PyUnicode_FromString("attr"));
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(paths); ++k) {
    PyObject* path = PyTuple_GET_ITEM(paths, k);
    int node = callee.node;
    PyObject* value = nullptr;
    for (Py_ssize_t step = 0; step < PyTuple_GET_SIZE(path); ++step) {
      PyObject* pair = PyTuple_GET_ITEM(path, step);
      const bool is_attr = PyUnicode_Compare(PyTuple_GET_ITEM(pair, 0), attr.get()) == 0;
      value = m_.guarded(node, is_attr ? Guards::Source::Attr : Guards::Source::Item,
                         m_.keep(PyTuple_GET_ITEM(pair, 1)), 0, &node);
    }
    m_.guards_.expect(node, value);
  }
}

ir::Foreign FunctionLifter::find_foreign(const Value& callee, const std::vector<Value>& args, bool* pure) {
  Ref columns = Ref::steal(PyTuple_New(static_cast<Py_ssize_t>(args.size())));
  for (size_t k = 0; columns && k < args.size(); ++k)
    PyTuple_SET_ITEM(columns.get(), static_cast<Py_ssize_t>(k), PyUnicode_FromString(column_name(args[k])));
  Ref module = Ref::steal(PyImport_ImportModule("gilmap._foreign"));
  Ref found = module ? Ref::steal(PyObject_CallMethod(module.get(), "find", "OO", callee.obj, columns.get())) : Ref();
  if (!found) {
    PyErr_Clear();
    unsupported("the machine code of " + describe(callee) + " cannot be found");
  }
  if (PyUnicode_Check(found.get())) unsupported(utf8(found.get()));

  ir::Foreign f;
  f.name = utf8(attribute(found.get(), "name").get());
  f.abi =
      std::strcmp(utf8(attribute(found.get(), "abi").get()), "numba") == 0 ? ir::ForeignAbi::Numba : ir::ForeignAbi::C;
  f.address = PyLong_AsUnsignedLongLong(attribute(found.get(), "address").get());
  Ref params = attribute(found.get(), "params");
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(params.get()); ++k)
    f.params.push_back(type_named(PyTuple_GET_ITEM(params.get(), k)));
  f.result = type_named(attribute(found.get(), "result").get());
  *pure = attribute(found.get(), "pure").get() == Py_True;
  guard_paths(callee, attribute(found.get(), "guards").get());
  return f;
}

// As Numba's and ctypes' wrappers convert: what is too large for an int is cut off without a word.
FunctionLifter::ValueId FunctionLifter::foreign_argument(const ir::Foreign& f, ir::ForeignType type, const Value& v) {
  const ir::ForeignTypeInfo& about = info(type);
  switch (about.type) {
    case ir::Type::F64:
      return as_f64(v);
    case ir::Type::Bool:
      return as_bool(truth(v));
    case ir::Type::I64: {
      ValueId i = as_i64(to_int(v));
      if (f.abi == ir::ForeignAbi::Numba && !about.is_signed)
        deopt_if(emit(Op::ILt, {i, b_.iconst(0)}), Reason::Conversion);  // OverflowError
      return i;
    }
    case ir::Type::Void:
      break;
  }
  GILMAP_UNREACHABLE();
}

Step FunctionLifter::call_foreign(const Value& callee, Arguments args) {
  if (!args.keyword.empty()) unsupported("keywords of " + describe(callee) + " are not compiled");
  if (callee.node < 0) unsupported("this function cannot be followed to where it comes from");
  // The cache of what is mapped itself dies with it, so it must not be held.
  if (callee.node != Guards::root) m_.guards_.expect(callee.node, callee.obj);
  bool pure = true;
  ir::Foreign f = find_foreign(callee, args.positional, &pure);
  const bool is_root = c_ == nullptr && callee.node == Guards::root;
  if (!pure && !is_root) unsupported(f.name + "() is a C function, which may have side effects", true);
  if (is_root) m_.foreign_ = {true, f.abi, pure, f.abi == ir::ForeignAbi::Numba || f.result == ir::ForeignType::U64};

  std::vector<ValueId> values;
  for (size_t k = 0; k < f.params.size(); ++k) values.push_back(foreign_argument(f, f.params[k], args.positional[k]));
  b_.poll();  // a call may take long; between two, the kernel can be stopped
  const ir::ForeignType type = f.result;
  const bool has_status = f.abi == ir::ForeignAbi::Numba;
  auto& known = m_.module_.foreign;
  known.push_back(std::move(f));
  ValueId r = b_.emit(Op::CallForeign, std::move(values), static_cast<int64_t>(known.size() - 1), info(type).type);
  if (has_status) deopt_if(emit(Op::ForeignFailed, {r}), Reason::Raise);
  if (type == ir::ForeignType::None) return result(Value::of(Kind::None));
  if (type == ir::ForeignType::U64) deopt_if(emit(Op::ILt, {r, b_.iconst(0)}), Reason::Overflow);
  return result(Value::number(kind_of(info(type).type), r));
}

}  // namespace gilmap::lift
