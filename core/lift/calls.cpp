// Calls of Python functions: binding arguments, entering a function in place, calling a recursive one, attributes.

#include <algorithm>
#include <set>

#include "lift/lifter.h"

namespace gilmap::lift {
namespace {

constexpr int max_depth = 60;

std::string text_of(PyObject* name) {
  const char* s = PyUnicode_AsUTF8(name);
  if (!s) PyErr_Clear();
  return s ? s : "?";
}

bool is_partial(PyObject* o) {
  static PyObject* type = [] {
    Ref module = Ref::steal(PyImport_ImportModule("functools"));
    PyObject* t = module ? PyObject_GetAttrString(module.get(), "partial") : nullptr;
    PyErr_Clear();
    return t;
  }();
  return type && reinterpret_cast<PyObject*>(Py_TYPE(o)) == type;
}

// The attribute of a type's method resolution order, without running anything; borrowed or null.
PyObject* lookup_in_mro(PyTypeObject* type, PyObject* name) {
  PyObject* mro = type->tp_mro;
  if (!mro) return nullptr;
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(mro); ++k) {
    auto* base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(mro, k));
    Ref dict = Ref::steal(PyType_GetDict(base));
    if (!dict) continue;
    if (PyObject* found = PyDict_GetItemWithError(dict.get(), name)) return found;
  }
  return nullptr;
}

}  // namespace

// ---------------------------------------------------------------- binding

std::optional<std::vector<Value>> FunctionLifter::bind(CodeInfo* info, const Value& callee, Arguments args) {
  PyCodeObject* code = info->code;
  auto names = code->co_localsplusnames;
  auto argcount = static_cast<size_t>(code->co_argcount);
  auto kwonly = static_cast<size_t>(code->co_kwonlyargcount);
  auto posonly = static_cast<size_t>(code->co_posonlyargcount);
  bool varargs = code->co_flags & CO_VARARGS;
  bool varkw = code->co_flags & CO_VARKEYWORDS;
  std::vector<Value> locals(static_cast<size_t>(code->co_nlocalsplus));
  std::vector<bool> set(argcount + kwonly, false);

  size_t given = std::min(args.positional.size(), argcount);
  for (size_t k = 0; k < given; ++k) {
    locals[k] = args.positional[k];
    set[k] = true;
  }
  if (varargs) {
    std::vector<Value> rest(args.positional.begin() + static_cast<std::ptrdiff_t>(given), args.positional.end());
    locals[argcount + kwonly] = Value::of_items(Kind::Tuple, std::move(rest));
  } else if (args.positional.size() > argcount) {
    return std::nullopt;
  }
  std::vector<Value> extra_keywords;
  for (auto& [name, value] : args.keyword) {
    size_t k = posonly;
    while (k < argcount + kwonly && PyUnicode_Compare(PyTuple_GET_ITEM(names, static_cast<Py_ssize_t>(k)), name) != 0) {
      ++k;
    }
    if (k == argcount + kwonly) {
      if (!varkw) return std::nullopt;
      extra_keywords.push_back(Value::object(name));
      extra_keywords.push_back(value);
      continue;
    }
    if (set[k]) return std::nullopt;
    locals[k] = value;
    set[k] = true;
  }
  if (varkw) locals[argcount + kwonly + varargs] = Value::of_items(Kind::Dict, std::move(extra_keywords));

  for (size_t k = 0; k < argcount + kwonly; ++k) {
    if (set[k]) continue;
    PyObject* name = PyTuple_GET_ITEM(names, static_cast<Py_ssize_t>(k));
    if (callee.kind == Kind::Function) {
      const Value& defaults = (*callee.extra)[k < argcount ? 0 : 1];
      if (k < argcount && defaults.kind == Kind::Tuple && defaults.size() >= argcount - k) {
        locals[k] = defaults[defaults.size() - (argcount - k)];
        continue;
      }
      return std::nullopt;
    }
    int node = -1;
    PyObject* value =
        k < argcount ? m_.guarded(callee.node, Guards::Source::Default, nullptr, static_cast<int>(argcount - k), &node)
                     : m_.guarded(callee.node, Guards::Source::KwDefault, name, 0, &node);
    if (!value) {
      m_.guards_.expect(node, nullptr);
      return std::nullopt;
    }
    node = m_.guards_.expect(node, value);
    locals[k] = from_object(value, node);
  }
  return locals;
}

// ---------------------------------------------------------------- calls

Step FunctionLifter::call(const Value& callee, Arguments args) {
  for (const Value& v : args.positional) {
    if (v.kind == Kind::Reduction && !(callee.kind == Kind::Object && consumer_of(callee))) {
      unsupported("a list that is passed on is not compiled");
    }
  }
  switch (callee.kind) {
    case Kind::Function:
      return call_python(callee, std::move(args));
    case Kind::Object:
      return call_object(callee, std::move(args));
    case Kind::Method:
      if (PyUnicode_Check(callee.obj)) {
        const char* name = PyUnicode_AsUTF8(callee.obj);
        return call_method(callee[0], name ? name : "", std::move(args));
      }
      args.positional.insert(args.positional.begin(), callee[0]);
      return call_object(Value::object(callee.obj, callee.node), std::move(args));
    default:
      unsupported("a call of " + describe(callee) + " is not compiled");
  }
}

Step FunctionLifter::call_object(const Value& callee, Arguments args) {
  PyObject* f = callee.obj;
  if (PyFunction_Check(f)) {
    Value canonical = callee;
    if (callee.node >= 0) canonical.node = m_.guards_.expect(callee.node, f);
    return call_python(canonical, std::move(args));
  }
  if (PyMethod_Check(f) && callee.node >= 0) {
    m_.guards_.expect_type(callee.node, Py_TYPE(f));
    int self_node = -1;
    int func_node = -1;
    PyObject* self = m_.guarded(callee.node, Guards::Source::BoundSelf, nullptr, 0, &self_node);
    PyObject* func = m_.guarded(callee.node, Guards::Source::BoundFunc, nullptr, 0, &func_node);
    if (!self || !func) unsupported("this method cannot be followed");
    args.positional.insert(args.positional.begin(), from_object(self, self_node));
    return call_object(Value::object(func, func_node), std::move(args));
  }
  if (is_partial(f) && callee.node >= 0) {
    m_.guards_.expect_type(callee.node, Py_TYPE(f));
    int node = -1;
    PyObject* shape = m_.guarded(callee.node, Guards::Source::ArgCount, nullptr, 0, &node);
    m_.guards_.expect(node, shape);
    PyObject* func = m_.guarded(callee.node, Guards::Source::PartialFunc, nullptr, 0, &node);
    if (!func) unsupported("this functools.partial cannot be followed");
    int func_node = node;
    Ref bound = Ref::steal(PyObject_GetAttrString(f, "args"));
    Ref keywords = Ref::steal(PyObject_GetAttrString(f, "keywords"));
    std::vector<Value> positional;
    for (Py_ssize_t k = 0; bound && k < PyTuple_GET_SIZE(bound.get()); ++k) {
      PyObject* value = m_.guarded(callee.node, Guards::Source::PartialArg, nullptr, static_cast<int>(k), &node);
      node = m_.guards_.expect(node, value);
      positional.push_back(from_object(value, node));
    }
    args.positional.insert(args.positional.begin(), positional.begin(), positional.end());
    PyObject *name = nullptr, *ignored = nullptr;
    Py_ssize_t at = 0;
    while (keywords && PyDict_Next(keywords.get(), &at, &name, &ignored)) {
      bool overridden = std::any_of(args.keyword.begin(), args.keyword.end(),
                                    [&](const auto& kw) { return PyUnicode_Compare(kw.first, name) == 0; });
      if (overridden) continue;
      PyObject* value = m_.guarded(callee.node, Guards::Source::PartialKw, name, 0, &node);
      if (!value) unsupported("this functools.partial cannot be followed");
      node = m_.guards_.expect(node, value);
      args.keyword.emplace_back(m_.keep(name), from_object(value, node));
    }
    PyErr_Clear();
    return call_object(Value::object(func, func_node), std::move(args));
  }
  if (PyType_Check(f)) {
    if (callee.node >= 0) m_.guards_.expect(callee.node, f);
    return call_type(reinterpret_cast<PyTypeObject*>(f), std::move(args));
  }
  if (PyCFunction_Check(f)) {
    if (callee.node >= 0) m_.guards_.expect(callee.node, f);
    return call_builtin(f, std::move(args));
  }
  if (Py_IS_TYPE(f, &PyMethodDescr_Type)) {  // int.bit_length(x)
    Ref name = Ref::steal(PyObject_GetAttrString(f, "__name__"));
    const char* s = name ? PyUnicode_AsUTF8(name.get()) : nullptr;
    auto* owner = PyDescr_TYPE(f);
    if (s && !args.positional.empty() &&
        ((owner == &PyLong_Type && args.positional[0].is_integral()) ||
         (owner == &PyFloat_Type && args.positional[0].kind == Kind::Float))) {
      Value self = args.positional[0];
      args.positional.erase(args.positional.begin());
      return call_method(self, s, std::move(args));
    }
  }
  // Within a function its result would be a NumPy scalar among Python's numbers.
  if (c_ == nullptr && callee.node == Guards::root && args.keyword.empty() && is_numpy_ufunc(f)) {
    return call_ufunc(f, args);
  }
  if (foreign_kind(f) != ForeignKind::None) return call_foreign(callee, std::move(args));
  // An instance whose class defines __call__ in Python.
  if (callee.node >= 0 && PyCallable_Check(f)) {
    m_.guards_.expect_type(callee.node, Py_TYPE(f));
    int node = -1;
    PyObject* method = m_.guarded(callee.node, Guards::Source::CallMethod, nullptr, 0, &node);
    if (method && PyFunction_Check(method)) {
      args.positional.insert(args.positional.begin(), callee);
      return call_object(Value::object(method, node), std::move(args));
    }
  }
  unsupported("a call of " + describe(callee) + " is not compiled");
}

Step FunctionLifter::call_python(const Value& callee, Arguments args) {
  PyCodeObject* code = nullptr;
  PyObject *globals = nullptr, *builtins = nullptr;
  int node = callee.node;
  if (callee.kind == Kind::Function) {
    code = reinterpret_cast<PyCodeObject*>(callee.obj);
    globals = c_->globals;
    builtins = c_->builtins;
  } else {
    if (node < 0) unsupported("this function cannot be followed to where it comes from");
    auto* f = reinterpret_cast<PyFunctionObject*>(callee.obj);
    code = reinterpret_cast<PyCodeObject*>(f->func_code);
    globals = f->func_globals;
    builtins = f->func_builtins;
  }
  if (code->co_flags & (CO_COROUTINE | CO_ASYNC_GENERATOR)) unsupported("async functions are not compiled");
  CodeInfo* info = m_.info(code);
  auto bound = bind(info, callee, std::move(args));
  if (!bound) return give_up(Reason::Type);
  std::vector<Value> locals = std::move(*bound);

  // Free variables lie behind the locals and cells.
  int free_count = code->co_nfreevars;
  int first_free = code->co_nlocalsplus - free_count;
  for (int k = 0; k < free_count; ++k) {
    auto slot = static_cast<size_t>(first_free + k);
    if (callee.kind == Kind::Function) {
      if (static_cast<size_t>(k) >= callee.size()) unsupported("a closure is made in an unusual way");
      locals[slot] = callee[static_cast<size_t>(k)];
      if (locals[slot].kind != Kind::Cell && locals[slot].kind != Kind::CellRef) {
        unsupported("a closure is made in an unusual way");
      }
    } else {
      int cell_node = -1;
      PyObject* content = m_.guarded(node, Guards::Source::Cell, nullptr, k, &cell_node);
      if (!content) {
        m_.guards_.expect(cell_node, nullptr);
        locals[slot] = Value::of_items(Kind::Cell, {Value()}, 1);
        continue;
      }
      cell_node = m_.guards_.expect(cell_node, content);
      locals[slot] = Value::of_items(Kind::Cell, {from_object(content, cell_node)}, 1);
    }
  }
  if (code->co_flags & CO_GENERATOR) {
    std::vector<Value> items;
    items.push_back(callee);
    items.insert(items.end(), locals.begin(), locals.end());
    return result(Value::of_items(Kind::Generator, std::move(items)));
  }
  // A cell in the closure of a function object is read only here; its content is a constant under guard.
  return enter(info, node, globals, builtins, std::move(locals));
}

Step FunctionLifter::enter(CodeInfo* info, int function_node, PyObject* globals, PyObject* builtins,
                           std::vector<Value> locals) {
  if (m_.outlined_.contains(info->code) && !(spec_ == nullptr && c_ == nullptr)) {
    return call_spec(info, function_node, globals, builtins, std::move(locals));
  }
  for (const Context* c = c_; c; c = c->parent) {
    if (c->info->code == info->code && !c->generator) throw RecursionFound{info->code};
  }
  Context* inner = new_context(info, function_node, globals, builtins);
  if (c_) {
    inner->depth = c_->depth + 1;
    if (inner->depth > max_depth) unsupported("calls are nested too deeply to compile");
    inner->parent = c_;
    inner->at_call = std::move(s_);
    inner->return_to = i_ + 1;
  }
  fn().depth = std::max(fn().depth, inner->depth);
  c_ = inner;
  s_ = State();
  s_.locals = std::move(locals);
  i_ = 0;
  return Step::Moved;
}

// ---------------------------------------------------------------- recursive functions

// The cells of activations around a local function, which its out-of-line form takes as further arguments.
void FunctionLifter::capture(const Value& v, std::vector<std::pair<Value, Value>>& out) {
  if (v.kind == Kind::CellRef) {
    for (const auto& [ref, content] : out) {
      if (ref.bits == v.bits && ref.aux == v.aux) return;
    }
    Value content = widen(cell_content(v));
    out.emplace_back(v, content);
    capture(content, out);
    return;
  }
  if (v.items) {
    for (const Value& i : *v.items) capture(i, out);
  }
}

Step FunctionLifter::call_spec(CodeInfo* info, int function_node, PyObject* globals, PyObject* builtins,
                               std::vector<Value> locals) {
  Spec spec;
  spec.info = info;
  spec.function_node = function_node;
  spec.globals = globals;
  spec.builtins = builtins;
  for (Value& v : locals) spec.locals.push_back(widen(v));
  for (const Value& v : spec.locals) capture(v, spec.captured);
  auto add = [&](const auto& x) { spec.key.append(reinterpret_cast<const char*>(&x), sizeof x); };
  add(info->code);
  add(function_node);
  std::vector<ValueId> args;
  for (const Value& v : spec.locals) {
    append_shape(v, spec.key);
    append_leaves(v, args);
  }
  for (const auto& [ref, content] : spec.captured) {
    append_shape(ref, spec.key);
    append_shape(content, spec.key);
    append_leaves(content, args);
  }
  int index = -1;
  for (const Spec& s : m_.specs_) {
    if (s.key == spec.key) index = s.index;
  }
  std::string key = spec.key;
  if (index < 0) {
    if (m_.module_.functions.size() >= max_functions) unsupported("recursive functions are called with too many types");
    index = static_cast<int>(m_.module_.functions.size());
    m_.module_.functions.emplace_back();
    spec.index = index;
    m_.specs_.push_back(std::move(spec));
  }
  const std::vector<Value> shapes = m_.result_shapes_[key];
  std::vector<ir::Type> types;
  if (shapes.size() > 1) types.push_back(ir::Type::I64);
  for (const Value& shape : shapes) {
    replace_leaves(shape, [&](ir::Type t) {
      types.push_back(t);
      return ValueId{0};
    });
  }
  ValueId r = b_.emit(Op::Call, std::move(args), index, types.empty() ? ir::Type::Void : types[0]);
  if (shapes.empty()) return give_up(Reason::Other);  // nothing is known to return yet: another attempt follows
  return unpack_spec_results(r, shapes);
}

Step FunctionLifter::unpack_spec_results(ValueId call, const std::vector<Value>& shapes) {
  int64_t next = 0;
  auto take = [&](ir::Type t) {
    ValueId v = next == 0 ? call : b_.emit(Op::CallResult, {call}, next, t);
    ++next;
    return v;
  };
  if (shapes.size() == 1) return result(replace_leaves(shapes[0], take));
  ValueId tag = take(ir::Type::I64);
  std::vector<Value> values;
  for (const Value& shape : shapes) values.push_back(replace_leaves(shape, take));
  if (!c_) unsupported("the type of the result depends on the values");
  // One path for each shape.
  State rest = std::move(s_);
  for (size_t k = 0; k + 1 < values.size(); ++k) {
    State s = rest;
    s.stack.push_back(values[k]);
    ir::BlockId other = b_.new_block();
    ValueId here = emit(Op::IEq, {tag, b_.iconst(static_cast<int64_t>(k))});
    ir::Edge e = edge(c_, i_ + 1, std::move(s));
    b_.branch(here, std::move(e), {other, {}});
    b_.at(other);
  }
  rest.stack.push_back(values.back());
  ir::Edge e = edge(c_, i_ + 1, std::move(rest));
  b_.jump(e.block, std::move(e.args));
  return Step::Ended;
}

// ---------------------------------------------------------------- attributes

// Plain attributes of objects, where looking them up runs no code: an instance dict, or a class attribute that
// is not a property.
bool FunctionLifter::object_attribute(const Value& base, PyObject* name, Value* out) {
  PyTypeObject* type = Py_TYPE(base.obj);
  bool is_type = PyType_Check(base.obj);
  if (type->tp_getattro != PyObject_GenericGetAttr && !(is_type && type == &PyType_Type)) return false;
  PyObject* on_type = lookup_in_mro(is_type ? reinterpret_cast<PyTypeObject*>(base.obj) : type, name);
  const bool slot = !is_type && on_type && Py_IS_TYPE(on_type, &PyMemberDescr_Type);  // of __slots__
  if (!is_type && on_type && Py_TYPE(on_type)->tp_descr_set && !slot) return false;   // a property
  Ref own_dict = is_type ? Ref() : Ref::steal(PyObject_GenericGetDict(base.obj, nullptr));
  PyErr_Clear();
  bool in_instance = !slot && own_dict && PyDict_GetItemWithError(own_dict.get(), name) != nullptr;
  if (!in_instance && on_type && !is_type && PyFunction_Check(on_type)) {
    // A method: its function is guarded through the bound method that the lookup makes.
    m_.guards_.expect_type(base.node, type);
    int node = -1;
    int func_node = -1;
    PyObject* method = m_.guarded(base.node, Guards::Source::Attr, name, 0, &node);
    if (!method || !PyMethod_Check(method)) return false;
    m_.guards_.expect_type(node, Py_TYPE(method));
    PyObject* func = m_.guarded(node, Guards::Source::BoundFunc, nullptr, 0, &func_node);
    if (!func || !PyFunction_Check(func)) return false;
    func_node = m_.guards_.expect(func_node, func);
    *out = Value::of_items(Kind::Method, {base});
    out->obj = func;
    out->node = func_node;
    return true;
  }
  if (!in_instance && !on_type) return false;
  if (!in_instance && on_type && Py_TYPE(on_type)->tp_descr_get && !slot) {
    bool harmless = is_type && (PyFunction_Check(on_type) || Py_IS_TYPE(on_type, &PyMethodDescr_Type));
    bool is_static = Py_IS_TYPE(on_type, &PyStaticMethod_Type);
    if (!harmless && !is_static) return false;
  }
  if (is_type)
    m_.guards_.expect(base.node, base.obj);
  else
    m_.guards_.expect_type(base.node, type);
  int node = -1;
  PyObject* value = m_.guarded(base.node, Guards::Source::Attr, name, 0, &node);
  if (!value) return false;
  node = m_.guards_.expect(node, value);
  *out = from_object(value, node);
  return true;
}

namespace {

// Is it a method that changes a list, dict or set that was there before the call?
bool changes_container(const Value& base, const std::string& method) {
  static const std::set<std::string> list_methods{"append", "extend", "insert",  "pop",
                                                  "remove", "clear",  "reverse", "sort"};
  static const std::set<std::string> dict_methods{"update", "setdefault", "pop", "popitem", "clear"};
  static const std::set<std::string> set_methods{"add", "discard", "remove", "pop", "clear", "update"};
  if (base.kind != Kind::Object) return false;
  if (PyList_Check(base.obj)) return list_methods.contains(method);
  if (PyDict_Check(base.obj)) return dict_methods.contains(method);
  return PySet_Check(base.obj) && set_methods.contains(method);
}

}  // namespace

Step FunctionLifter::load_attribute(const Value& base, PyObject* name, bool method) {
  Value v;
  std::string text = text_of(name);
  bool found = false;
  if (base.is_number()) {
    if (text == "real" || text == "numerator") {
      v = base.kind == Kind::Bool ? (base.known ? Value::integer(base.bits) : integer(as_i64(base))) : base;
      found = base.kind != Kind::Float || text == "real";
    } else if (text == "imag" || text == "denominator") {
      v = base.kind == Kind::Float ? Value::floating(0.0) : Value::integer(text == "imag" ? 0 : 1);
      found = base.kind != Kind::Float || text == "imag";
    } else {
      v = Value::of_items(Kind::Method, {base});
      v.obj = name;
      found = true;
    }
  } else if (base.kind == Kind::Tuple) {
    v = Value::of_items(Kind::Method, {base});
    v.obj = name;
    found = text == "count" || text == "index";
  } else if (base.kind == Kind::Object && PyModule_CheckExact(base.obj) && base.node >= 0) {
    int node = -1;
    m_.guards_.expect(base.node, base.obj);
    PyObject* value = m_.guarded(base.node, Guards::Source::ModuleAttr, name, 0, &node);
    if (!value) {
      m_.guards_.expect(node, nullptr);
      return give_up(Reason::Raise);  // AttributeError
    }
    node = m_.guards_.expect(node, value);
    v = from_object(value, node);
    found = true;
  } else if (base.kind == Kind::Object && base.node >= 0) {
    found = object_attribute(base, name, &v);
  } else if (base.kind == Kind::Object && Py_IS_TYPE(base.obj, &PyType_Type)) {
    // int.bit_length and the like, of a type that needed no guard
    PyObject* on_type = lookup_in_mro(reinterpret_cast<PyTypeObject*>(base.obj), name);
    if (on_type && Py_IS_TYPE(on_type, &PyMethodDescr_Type)) {
      v = Value::object(m_.keep(on_type));
      found = true;
    }
  } else if (base.kind == Kind::None) {
    return give_up(Reason::Type);
  }
  if (!found && changes_container(base, text)) {
    unsupported("`." + text + "` changes " + describe(base) + " that other calls can see", true);
  }
  if (!found) unsupported("`." + text + "` of " + describe(base) + " is not compiled");
  // The method form has the callable and self (or NULL) in the order of this version's CALL.
  if (!method) return result(std::move(v));
#if PY_VERSION_HEX < 0x030D0000
  push(Value::of(Kind::Null));
  push(std::move(v));
#else
  push(std::move(v));
  push(Value::of(Kind::Null));
#endif
  return Step::Next;
}

}  // namespace gilmap::lift
