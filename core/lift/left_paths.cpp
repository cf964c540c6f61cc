#include "lift/left_paths.h"

#include <algorithm>
#include <string_view>

namespace gilmap::lift {
namespace {

std::string text_of(PyObject* name) {
  const char* s = name && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : nullptr;
  if (!s) PyErr_Clear();
  return s ? s : "?";
}

template <size_t n>
bool is_one_of(std::string_view name, const std::string_view (&names)[n]) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// Builtins that read their arguments and make something new. What is missing here may be harmless too.
constexpr std::string_view harmless_builtins[] = {
    "abs",        "all",        "any", "ascii", "bin", "callable", "chr", "divmod", "format", "hash",  "hex",    "id",
    "isinstance", "issubclass", "len", "max",   "min", "oct",      "ord", "pow",    "repr",   "round", "sorted", "sum",
};

// Methods of strings, numbers, tuples and exceptions; also of a dict or list, which they only read.
constexpr std::string_view harmless_methods[] = {
    "as_integer_ratio",
    "bit_count",
    "bit_length",
    "capitalize",
    "center",
    "conjugate",
    "count",
    "decode",
    "encode",
    "endswith",
    "format",
    "hex",
    "index",
    "is_integer",
    "items",
    "join",
    "keys",
    "ljust",
    "lower",
    "lstrip",
    "replace",
    "rjust",
    "rstrip",
    "split",
    "startswith",
    "strip",
    "title",
    "upper",
    "values",
    "with_traceback",
    "zfill",
};

// Instructions that are in no table of ours and call or change something.
constexpr std::string_view effects[] = {
    "BEFORE_WITH",
    "BEFORE_ASYNC_WITH",
    "GET_AITER",
    "GET_ANEXT",
    "GET_AWAITABLE",
    "LOAD_BUILD_CLASS",
    "LOAD_NAME",
    "LOAD_SPECIAL",
    "SEND",
    "SEND_GEN",
    "STORE_SLICE",
    "IMPORT_STAR",
    "LOAD_FROM_DICT_OR_GLOBALS",
};

bool is_exception_class(PyObject* o) {
  return o && PyType_Check(o) &&
         PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(o), reinterpret_cast<PyTypeObject*>(PyExc_BaseException));
}

bool is_harmless_type(PyTypeObject* t) {
  static PyTypeObject* const types[] = {&PyLong_Type,    &PyFloat_Type,     &PyBool_Type,      &PyComplex_Type,
                                        &PyUnicode_Type, &PyTuple_Type,     &PyList_Type,      &PyDict_Type,
                                        &PySet_Type,     &PyFrozenSet_Type, &PyRange_Type,     &PyEnum_Type,
                                        &PyBytes_Type,   &PyZip_Type,       &PyReversed_Type,  &PyMap_Type,
                                        &PyType_Type,    &PyFilter_Type,    &PyBaseObject_Type};
  return std::find(std::begin(types), std::end(types), t) != std::end(types);
}

bool is_harmless_builtin(PyObject* f) {
  PyObject* self = PyCFunction_GET_SELF(f);
  if (!self || !PyModule_Check(self)) return false;
  const char* module = PyModule_GetName(self);
  if (!module) {
    PyErr_Clear();
    return false;
  }
  const std::string_view name = reinterpret_cast<PyCFunctionObject*>(f)->m_ml->ml_name;
  if (std::string_view(module) == "builtins") return is_one_of(name, harmless_builtins);
  return std::string_view(module) == "math" || std::string_view(module) == "cmath";
}

// Values whose methods of the list above have no effects.
bool is_plain(PyObject* o) {
  return PyUnicode_CheckExact(o) || PyLong_CheckExact(o) || PyFloat_CheckExact(o) || PyBool_Check(o) ||
         PyTuple_CheckExact(o) || PyDict_CheckExact(o) || PyList_CheckExact(o) || PyBytes_CheckExact(o);
}

std::vector<bool> reachable(const CodeInfo& info) {
  std::vector<bool> seen(info.instrs.size() + 1, false);
  std::vector<int> todo = {0};
  while (!todo.empty()) {
    const int i = todo.back();
    todo.pop_back();
    if (i >= static_cast<int>(info.instrs.size()) || seen[static_cast<size_t>(i)]) continue;
    seen[static_cast<size_t>(i)] = true;
    const Instr& in = info.instrs[static_cast<size_t>(i)];
    if (in.target >= 0) todo.push_back(in.target);
    const bool ends =
        in.code == Code::ReturnValue || in.code == Code::ReturnConst || in.code == Code::Raise || in.code == Code::Jump;
    if (!ends) todo.push_back(i + 1);
  }
  return seen;
}

}  // namespace

void LeftPaths::effect(const CodeInfo& info, int i, const std::string& what) {
  Unsupported why;
  why.where = info.position(i);
  why.what = what;
  why.side_effect = true;
  throw LiftError{std::move(why)};
}

void LeftPaths::check(const CodeInfo& info, int function_node) { scan(info, function_node, Extent::Left); }

void LeftPaths::scan(const CodeInfo& info, int function_node, Extent extent) {
  if (!m_.left_paths_seen_.emplace(info.code, function_node).second) return;
  const size_t n = info.instrs.size();
  const bool handlers = PyBytes_GET_SIZE(info.code->co_exceptiontable) > 0;
  std::vector<bool> lifted;
  if (extent == Extent::Left && handlers) lifted = reachable(info);
  for (size_t i = 0; i < n; ++i) {
    if (extent == Extent::Left && !info.must_raise[i] && (lifted.empty() || lifted[i])) continue;
    scan_instr(info, static_cast<int>(i), function_node, extent);
  }
}

void LeftPaths::scan_instr(const CodeInfo& info, int i, int function_node, Extent extent) {
  const Instr& in = info.instrs[static_cast<size_t>(i)];
  const Instr* before = i > 0 ? &info.instrs[static_cast<size_t>(i) - 1] : nullptr;
  switch (in.code) {
    case Code::StoreShared:
      if (extent == Extent::Initialiser && in.flag && before->code == Code::LoadFast && before->arg == 0) return;
      effect(info, i, "`" + text_of(in.obj) + " = …` writes to something that other calls can see");
    case Code::StoreSubscr:
      effect(info, i, "`x[…] = …` on the way to an exception may write to something that other calls can see");
    case Code::StoreDeref: {
      const auto kind = static_cast<unsigned char>(PyBytes_AS_STRING(info.code->co_localspluskinds)[in.arg]);
      if (!(kind & 0x80)) return;  // CO_FAST_FREE
      effect(info, i,
             "`nonlocal " + info.local_name(in.arg) + "` is assigned: it writes to a variable of another function");
    }
    case Code::ImportName:
      effect(info, i, "`import " + text_of(in.obj) + "` on the way to an exception may run that module");
    case Code::PushNull: {
      // `math.floor(…)` without a method's form: the attribute stands behind NULL until 3.12, before it from 3.13 on.
#if PY_VERSION_HEX < 0x030D0000
      const int attribute = i + 2;
#else
      const int attribute = i - 1;
#endif
      if (attribute > 0 && attribute < static_cast<int>(info.instrs.size()) &&
          info.instrs[static_cast<size_t>(attribute)].code == Code::LoadAttr &&
          info.instrs[static_cast<size_t>(attribute) - 1].code == Code::LoadGlobal) {
        scan_method(info, attribute, function_node, extent);
        return;
      }
      effect(info, i, "what is called here, on the way to an exception, may write to something that other calls see");
    }
    case Code::Unknown: {
      const std::string_view name = opcode_name(in.arg);
      const bool super = name == "LOAD_SUPER_ATTR";
      if (is_one_of(name, effects) || (super && extent != Extent::Initialiser)) {
        effect(info, i, "this construct (" + std::string(name) + "), on the way to an exception, is not compiled");
      }
      return;
    }
    case Code::LoadConst:
      if (PyCode_Check(in.obj)) {
        scan(*m_.info(reinterpret_cast<PyCodeObject*>(in.obj)), function_node, Extent::All);
      }
      return;
    case Code::LoadGlobal:
      scan_global(info, i, function_node, extent);
      return;
    case Code::LoadAttr:
      if (in.flag) scan_method(info, i, function_node, extent);
      return;

    // These read, compute and move, or end the path.
    case Code::Nop:
    case Code::LoadFast:
    case Code::LoadFastAndClear:
    case Code::StoreFast:
    case Code::DeleteFast:
    case Code::LoadSmallInt:
    case Code::LoadDeref:
    case Code::LoadClosure:
    case Code::MakeCell:
    case Code::CopyFreeVars:
    case Code::Pop:
    case Code::Copy:
    case Code::Swap:
    case Code::UnaryNegative:
    case Code::UnaryPositive:
    case Code::UnaryNot:
    case Code::UnaryInvert:
    case Code::ToBool:
    case Code::Binary:
    case Code::Compare:
    case Code::IsOp:
    case Code::ContainsOp:
    case Code::BuildTuple:
    case Code::BuildList:
    case Code::BuildMap:
    case Code::DictMerge:
    case Code::ListAppend:
    case Code::ListExtend:
    case Code::ListToTuple:
    case Code::UnpackSequence:
    case Code::Jump:
    case Code::JumpIfTrue:
    case Code::JumpIfFalse:
    case Code::JumpIfNone:
    case Code::JumpIfNotNone:
    case Code::GetIter:
    case Code::ForIter:
    case Code::MakeFunction:
    case Code::SetFunctionAttribute:
    case Code::ReturnValue:
    case Code::ReturnConst:
    case Code::ReturnGenerator:
    case Code::YieldValue:
    case Code::Raise:
    case Code::LoadAssertionError:
    case Code::ImportFrom:
    case Code::FormatValue:
    case Code::BuildString:
    // What they call was looked at when it was loaded.
    case Code::Call:
    case Code::KwNames:
    case Code::CallKw:
    case Code::CallFunctionEx:
      return;
  }
}

void LeftPaths::scan_global(const CodeInfo& info, int i, int function_node, Extent extent) {
  const Instr& in = info.instrs[static_cast<size_t>(i)];
  if (extent == Extent::Initialiser) {  // of a class, to which no path of guards leads: only what nobody redefines
    const std::string name = text_of(in.obj);
    if (name == "super" || is_one_of(name, harmless_builtins)) return;
    PyObject* builtin = PyDict_GetItemWithError(PyEval_GetBuiltins(), in.obj);
    if (builtin && PyType_Check(builtin)) return;
  }
  if (function_node < 0) {
    effect(info, i, "`" + text_of(in.obj) + "` on the way to an exception cannot be followed to what it is");
  }
  const size_t next = static_cast<size_t>(i) + 1;
  if (in.flag && next < info.instrs.size() && info.instrs[next].code == Code::LoadAttr) {
    scan_method(info, i + 1, function_node, extent);  // `math.floor(…)`: an attribute that is called
    return;
  }
  int node = -1;
  PyObject* value = m_.guarded(function_node, Guards::Source::Global, in.obj, 0, &node);
  const bool class_not_called = value && PyType_Check(value) && !in.flag && !is_exception_class(value);
  const bool function = value && (PyFunction_Check(value) || PyCFunction_Check(value));
  if (class_not_called || !(in.flag || function || is_exception_class(value))) return;
  node = m_.guards_.expect(node, value);
  if (value) scan_object(info, i, value, node);  // else a NameError
}

// A method that is about to be called.
void LeftPaths::scan_method(const CodeInfo& info, int i, int function_node, Extent extent) {
  const Instr& in = info.instrs[static_cast<size_t>(i)];
  const std::string name = text_of(in.obj);
  const Instr* base = i > 0 ? &info.instrs[static_cast<size_t>(i) - 1] : nullptr;
  if (base && base->code == Code::LoadGlobal && function_node >= 0) {
    int node = -1;
    PyObject* owner = m_.guarded(function_node, Guards::Source::Global, base->obj, 0, &node);
    if (owner && PyModule_CheckExact(owner)) {
      node = m_.guards_.expect(node, owner);
      int function = -1;
      PyObject* value = m_.guarded(node, Guards::Source::ModuleAttr, in.obj, 0, &function);
      function = m_.guards_.expect(function, value);
      if (value) scan_object(info, i, value, function);
      return;
    }
    if (owner && is_plain(owner) && is_one_of(name, harmless_methods)) {
      m_.guards_.expect_type(node, Py_TYPE(owner));
      return;
    }
  } else if (is_one_of(name, harmless_methods) || (extent == Extent::Initialiser && name == "__init__")) {
    return;
  }
  effect(info, i, "`." + name + "(…)` on the way to an exception may write to something that other calls can see");
}

// An object that may be called, now or through an argument.
void LeftPaths::scan_object(const CodeInfo& info, int i, PyObject* object, int node) {
  if (PyFunction_Check(object)) {
    scan(*m_.info(reinterpret_cast<PyCodeObject*>(PyFunction_GET_CODE(object))), node, Extent::All);
    return;
  }
  if (PyCFunction_Check(object) && is_harmless_builtin(object)) return;
  if (PyType_Check(object) && Py_TYPE(object) == &PyType_Type) {
    auto* type = reinterpret_cast<PyTypeObject*>(object);
    if (is_harmless_type(type)) return;
    if (is_exception_class(object)) {
      scan_class(info, i, type);
      return;
    }
  }
  const Instr& in = info.instrs[static_cast<size_t>(i)];
  effect(info, i,
         "`" + text_of(in.obj) + "(…)` on the way to an exception may write to something that other calls see");
}

// An exception class of the user's: what runs when it is called.
void LeftPaths::scan_class(const CodeInfo& info, int i, PyTypeObject* type) {
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(type->tp_mro); ++k) {
    auto* base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(type->tp_mro, k));
    if (!PyType_HasFeature(base, Py_TPFLAGS_HEAPTYPE)) continue;
    Ref dict = Ref::steal(PyType_GetDict(base));
    for (const char* name : {"__new__", "__init__", "__setattr__"}) {
      PyObject* found = dict ? PyDict_GetItemString(dict.get(), name) : nullptr;
      if (!found) continue;
      if (std::string_view(name) == "__init__" && PyFunction_Check(found)) {
        scan(*m_.info(reinterpret_cast<PyCodeObject*>(PyFunction_GET_CODE(found))), -1, Extent::Initialiser);
        continue;
      }
      effect(info, i, "`" + std::string(type->tp_name) + "(…)` runs a " + name + " that may have side effects");
    }
  }
}

}  // namespace gilmap::lift
