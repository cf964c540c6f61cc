#include "lift/guards.h"

#include <cstring>

#include "support/check.h"

namespace gilmap::lift {
namespace {

bool number_bits(PyObject* o, int64_t* bits) {
  if (PyBool_Check(o)) {
    *bits = o == Py_True;
    return true;
  }
  if (PyLong_CheckExact(o)) {
    int overflow = 0;
    *bits = PyLong_AsLongLongAndOverflow(o, &overflow);
    return overflow == 0;
  }
  if (PyFloat_CheckExact(o)) {
    double d = PyFloat_AS_DOUBLE(o);
    std::memcpy(bits, &d, sizeof d);
    return true;
  }
  return false;
}

Ref owned(PyObject* borrowed) { return Ref::borrow(borrowed); }

bool is_of_user(PyTypeObject* type) { return PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE); }

// Does reading the attribute call a function written in Python?
bool runs_code(PyObject* o, PyObject* name) {
  PyTypeObject* const type = Py_TYPE(o);
  const bool is_type = PyType_Check(o);
  if (type->tp_getattro != (is_type ? PyType_Type.tp_getattro : PyObject_GenericGetAttr)) return is_of_user(type);
  PyObject* found = _PyType_Lookup(is_type ? reinterpret_cast<PyTypeObject*>(o) : type, name);
  if (!found || !Py_TYPE(found)->tp_descr_get) return false;
  return is_of_user(Py_TYPE(found)) || (!is_type && PyObject_TypeCheck(found, &PyProperty_Type));
}

}  // namespace

Guards::Guards() { nodes_.emplace_back(); }

Ref Guards::evaluate(const Node& node, PyObject* parent, PyObject* callable) {
  switch (node.source) {
    case Source::Root:
      return owned(callable);
    case Source::Global: {
      if (!parent || !PyFunction_Check(parent)) return {};
      PyObject* value = PyDict_GetItemWithError(PyFunction_GET_GLOBALS(parent), node.name.get());
      if (value) return owned(value);
      auto* f = reinterpret_cast<PyFunctionObject*>(parent);
      PyObject* builtins = f->func_builtins;
      if (!builtins) return {};
      if (PyDict_CheckExact(builtins)) return owned(PyDict_GetItemWithError(builtins, node.name.get()));
      return {};
    }
    case Source::Cell: {
      if (!parent || !PyFunction_Check(parent)) return {};
      PyObject* closure = PyFunction_GET_CLOSURE(parent);
      if (!closure || node.index >= PyTuple_GET_SIZE(closure)) return {};
      return owned(PyCell_GET(PyTuple_GET_ITEM(closure, node.index)));
    }
    case Source::Default: {
      if (!parent || !PyFunction_Check(parent)) return {};
      PyObject* defaults = PyFunction_GET_DEFAULTS(parent);
      // Counted from the end, so that a change of their number shows.
      Py_ssize_t n = defaults ? PyTuple_GET_SIZE(defaults) : 0;
      if (node.index > n) return {};
      return owned(PyTuple_GET_ITEM(defaults, n - node.index));
    }
    case Source::KwDefault: {
      if (!parent || !PyFunction_Check(parent)) return {};
      PyObject* defaults = PyFunction_GET_KW_DEFAULTS(parent);
      return defaults ? owned(PyDict_GetItemWithError(defaults, node.name.get())) : Ref();
    }
    case Source::ModuleAttr: {
      if (!parent || !PyModule_CheckExact(parent)) return {};
      return owned(PyDict_GetItemWithError(PyModule_GetDict(parent), node.name.get()));
    }
    case Source::Attr:
      return parent ? Ref::steal(PyObject_GetAttr(parent, node.name.get())) : Ref();
    case Source::BoundSelf:
      return parent && PyMethod_Check(parent) ? owned(PyMethod_GET_SELF(parent)) : Ref();
    case Source::BoundFunc:
      return parent && PyMethod_Check(parent) ? owned(PyMethod_GET_FUNCTION(parent)) : Ref();
    case Source::PartialFunc:
      return parent ? Ref::steal(PyObject_GetAttrString(parent, "func")) : Ref();
    case Source::PartialArg: {
      Ref args = parent ? Ref::steal(PyObject_GetAttrString(parent, "args")) : Ref();
      if (!args || node.index >= PyTuple_GET_SIZE(args.get())) return {};
      return owned(PyTuple_GET_ITEM(args.get(), node.index));
    }
    case Source::PartialKw: {
      Ref kw = parent ? Ref::steal(PyObject_GetAttrString(parent, "keywords")) : Ref();
      return kw ? owned(PyDict_GetItemWithError(kw.get(), node.name.get())) : Ref();
    }
    case Source::ArgCount: {
      Ref args = parent ? Ref::steal(PyObject_GetAttrString(parent, "args")) : Ref();
      Ref kw = parent ? Ref::steal(PyObject_GetAttrString(parent, "keywords")) : Ref();
      if (!args || !kw) return {};
      return Ref::steal(PyLong_FromSsize_t(PyTuple_GET_SIZE(args.get()) * 1000 + PyDict_Size(kw.get())));
    }
    case Source::CallMethod: {
      if (!parent) return {};
      return Ref::steal(PyObject_GetAttrString(reinterpret_cast<PyObject*>(Py_TYPE(parent)), "__call__"));
    }
    case Source::Item:
      return parent && PyDict_Check(parent) ? owned(PyDict_GetItemWithError(parent, node.name.get())) : Ref();
    case Source::Module: {
      PyObject* modules = PyImport_GetModuleDict();
      return modules ? owned(PyDict_GetItemWithError(modules, node.name.get())) : Ref();
    }
  }
  return {};
}

int Guards::add(int parent, Source source, PyObject* name, int index, PyObject* callable, Ref* value) {
  // The parent's present value, by walking its path.
  std::vector<int> path;
  for (int n = parent; n >= 0; n = nodes_[static_cast<size_t>(n)].parent) path.push_back(n);
  Ref at;
  for (auto it = path.rbegin(); it != path.rend(); ++it) {
    at = evaluate(nodes_[static_cast<size_t>(*it)], at.get(), callable);
    PyErr_Clear();
  }
  auto find = [&]() -> int {
    for (size_t i = 0; i < nodes_.size(); ++i) {
      const Node& n = nodes_[i];
      if (n.parent == parent && n.source == source && n.index == index &&
          (n.name.get() == name || (name && n.name && PyUnicode_Check(name) && PyUnicode_Check(n.name.get()) &&
                                    PyUnicode_Compare(name, n.name.get()) == 0))) {
        return static_cast<int>(i);
      }
    }
    return -1;
  };
  int found = find();
  if (found < 0) {
    Node node;
    node.parent = parent;
    node.source = source;
    node.name = Ref::borrow(name);
    node.index = index;
    node.ran_code = source == Source::Attr && at && runs_code(at.get(), name);
    nodes_.push_back(std::move(node));
    found = static_cast<int>(nodes_.size()) - 1;
  }
  *value = evaluate(nodes_[static_cast<size_t>(found)], at.get(), callable);
  PyErr_Clear();
  return found;
}

int Guards::expect(int index, PyObject* value) {
  Node& node = nodes_[static_cast<size_t>(index)];
  if (node.check == Check::SameAs) return node.same_as;
  if (!value) {
    node.check = Check::Missing;
  } else if (number_bits(value, &node.bits)) {
    node.check = Check::Number;
    node.number_type = Py_TYPE(value);
  } else if (PyFunction_Check(value)) {
    for (size_t k = 0; k < nodes_.size(); ++k) {
      if (static_cast<int>(k) != index && nodes_[k].check == Check::FunctionCode && nodes_[k].seen == value) {
        node.check = Check::SameAs;
        node.same_as = static_cast<int>(k);
        return node.same_as;
      }
    }
    node.check = Check::FunctionCode;
    node.seen = value;
    node.expected_raw = PyFunction_GET_CODE(value);
    if (index != root) node.expected = Ref::borrow(PyFunction_GET_CODE(value));
  } else if (PyMethod_Check(value)) {
    node.check = Check::None;  // its parts are guarded
  } else {
    node.check = Check::Identity;
    node.expected = Ref::borrow(value);
  }
  return index;
}

void Guards::expect_type(int index, PyTypeObject* type) {
  Node& node = nodes_[static_cast<size_t>(index)];
  node.check = Check::TypeIs;
  node.expected = Ref::borrow(reinterpret_cast<PyObject*>(type));
}

bool Guards::passes(const Node& node, PyObject* value) {
  switch (node.check) {
    case Check::None:
      return true;
    case Check::Missing:
      return value == nullptr;
    case Check::Number: {
      int64_t bits = 0;
      return value && Py_TYPE(value) == node.number_type && number_bits(value, &bits) && bits == node.bits;
    }
    case Check::Identity:
      return value == node.expected.get();
    case Check::SameAs:
      return true;  // hold() has both values
    case Check::TypeIs:
      return value && reinterpret_cast<PyObject*>(Py_TYPE(value)) == node.expected.get();
    case Check::FunctionCode:
      return value && PyFunction_Check(value) && PyFunction_GET_CODE(value) == node.expected_raw;
  }
  return false;
}

bool Guards::hold(PyObject* callable) const {
  constexpr size_t few = 32;
  Ref small[few];
  std::vector<Ref> large;
  Ref* values = small;
  if (nodes_.size() > few) {
    large.resize(nodes_.size());
    values = large.data();
  }
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    PyObject* const parent = node.parent < 0 ? nullptr : values[node.parent].get();
    // A class has got a property since: nobody is to see that it was read.
    if (node.source == Source::Attr && parent && !node.ran_code && runs_code(parent, node.name.get())) return false;
    values[i] = evaluate(node, parent, callable);
    if (!values[i] && PyErr_Occurred()) PyErr_Clear();
    if (!passes(node, values[i].get())) return false;
    if (node.check == Check::SameAs && values[i].get() != values[node.same_as].get()) return false;
  }
  return true;
}

}  // namespace gilmap::lift
