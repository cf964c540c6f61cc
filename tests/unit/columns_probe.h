#pragma once
// Lets tests of core/columns be written in Python: a module `probe` that does what the runtime does with columns, with
// the identity as the kernel, and run() for a snippet that uses it.

#include <Python.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "codegen/kernel.h"
#include "columns/columns.h"
#include "columns/output.h"

namespace gilmap::columns::probe {

inline std::vector<std::unique_ptr<Input>> open_tuple(PyObject* iterables) {
  return open_all({reinterpret_cast<PyTupleObject*>(iterables)->ob_item, static_cast<size_t>(Py_SIZE(iterables))});
}

inline char letter(ir::Type t) {
  return t == ir::Type::I64 ? 'i' : t == ir::Type::F64 ? 'f' : t == ir::Type::Bool ? 'b' : 'n';
}

inline std::string letters(const std::vector<ir::Type>& types) {
  std::string s;
  for (ir::Type t : types) {
    s += letter(t);
  }
  return s;
}

inline std::vector<ir::Type> types_of(const char* s) {
  std::vector<ir::Type> types;
  for (; *s; ++s) {
    types.push_back(*s == 'i'   ? ir::Type::I64
                    : *s == 'f' ? ir::Type::F64
                    : *s == 'b' ? ir::Type::Bool
                                : ir::Type::Void);
  }
  return types;
}

// Writes one native result, as a kernel does.
inline void write(Output& out, int64_t position, ir::Type type, const char* value) {
  if (out.payload_width() == 1) {
    out.payload()[position] = value[0];
  } else {
    std::memset(out.payload() + position * 8, 0, 8);
    std::memcpy(out.payload() + position * 8, value, type == ir::Type::Bool ? 1 : 8);
  }
  if (out.tags()) {
    out.tags()[position] = static_cast<uint8_t>(codegen::tag_of(type));
  }
}

// Row r of column k of a group, as 8 bytes.
struct Value {
  alignas(8) char bytes[8] = {};
};

inline Ref box_value(ir::Type type, const Value& v) {
  int64_t i;
  double d;
  std::memcpy(&i, v.bytes, 8);
  std::memcpy(&d, v.bytes, 8);
  return Ref::steal(type == ir::Type::I64   ? PyLong_FromLongLong(i)
                    : type == ir::Type::F64 ? PyFloat_FromDouble(d)
                                            : PyBool_FromLong(v.bytes[0]));
}

// A column in one call of load(), or in place if it can be.
inline std::vector<Value> column(const Group& g, size_t k) {
  std::vector<Value> values(static_cast<size_t>(g.count));
  if (g.types[k] == ir::Type::Bool) {
    std::vector<uint8_t> bytes(static_cast<size_t>(g.count));
    load(g.views[k], 0, g.count, bytes.data());
    for (size_t i = 0; i < bytes.size(); ++i) {
      values[i].bytes[0] = static_cast<char>(bytes[i]);
    }
  } else if (is_canonical(g.views[k])) {
    std::memcpy(values.data(), g.views[k].data, values.size() * 8);
  } else {
    // In uneven parts: what comes out must not depend on them.
    for (int64_t done = 0, part = 1; done < g.count; done += part, part = part * 3 % 1009 + 1) {
      part = std::min(part, g.count - done);
      load(g.views[k], done, part, values.data() + done);
    }
  }
  return values;
}

// identity(iterables, piece=0, types=""): the first column through partition and output, `piece` rows at a time.
// `types` adds to the types that the kernels are said to give.
inline PyObject* identity(PyObject*, PyObject* args) {
  PyObject* iterables;
  long long piece = 0;
  const char* more = "";
  if (!PyArg_ParseTuple(args, "O!|Ls", &PyTuple_Type, &iterables, &piece, &more)) {
    return nullptr;
  }
  auto inputs = open_tuple(iterables);
  if (inputs.empty()) {
    return nullptr;
  }
  const int64_t n = common_size(inputs);
  piece = piece ? piece : std::max<int64_t>(n, 1);
  std::vector<Partition> parts;
  std::vector<ir::Type> types = types_of(more);
  for (int64_t begin = 0; begin < n; begin += piece) {
    parts.push_back(partition(inputs, begin, std::min<int64_t>(n, begin + piece)));
    for (const Group& g : parts.back().groups) {
      if (std::find(types.begin(), types.end(), g.types[0]) == types.end()) {
        types.push_back(g.types[0]);
      }
    }
  }
  auto out = Output::create(*inputs[0], n, types);
  if (!out) {
    return nullptr;
  }
  int64_t begin = 0;
  for (const Partition& p : parts) {
    for (const Group& g : p.groups) {
      const std::vector<Value> values = column(g, 0);
      for (int64_t r = 0; r < g.count; ++r) {
        write(*out, g.position(r), g.types[0], values[static_cast<size_t>(r)].bytes);
      }
    }
    for (int64_t i : p.others) {
      Ref item = inputs[0]->item(i);
      if (!item || !out->set(i, std::move(item))) {
        return nullptr;
      }
    }
    for (int64_t i : p.nulls) {
      out->set_null(i);
    }
    const int64_t end = std::min<int64_t>(n, begin + piece);
    if (!out->complete(begin, end)) {
      return nullptr;
    }
    begin = end;
  }
  return out->finish().release();
}

inline Ref list_of(const std::vector<int64_t>& values) {
  Ref list = Ref::steal(PyList_New(0));
  for (int64_t v : values) {
    PyList_Append(list.get(), Ref::steal(PyLong_FromLongLong(v)).get());
  }
  return list;
}

// describe(iterables, begin=0, end=-1, max_groups=16): ([(types, positions or None, first, columns)], others, nulls)
inline PyObject* describe(PyObject*, PyObject* args) {
  PyObject* iterables;
  long long begin = 0;
  long long end = -1;
  int max_groups = 16;
  if (!PyArg_ParseTuple(args, "O!|LLi", &PyTuple_Type, &iterables, &begin, &end, &max_groups)) {
    return nullptr;
  }
  auto inputs = open_tuple(iterables);
  if (inputs.empty()) {
    return nullptr;
  }
  const Partition p = partition(inputs, begin, end < 0 ? common_size(inputs) : end, max_groups);
  Ref groups = Ref::steal(PyList_New(0));
  for (const Group& g : p.groups) {
    Ref columns = Ref::steal(PyList_New(0));
    for (size_t k = 0; k < g.views.size(); ++k) {
      Ref list = Ref::steal(PyList_New(0));
      for (const Value& v : column(g, k)) {
        PyList_Append(list.get(), box_value(g.types[k], v).get());
      }
      PyList_Append(columns.get(), list.get());
    }
    Ref positions = g.positions.empty() ? Ref::borrow(Py_None) : list_of(g.positions);
    Ref entry = Ref::steal(Py_BuildValue("(sOLO)", letters(g.types).c_str(), positions.get(),
                                         static_cast<long long>(g.first), columns.get()));
    PyList_Append(groups.get(), entry.get());
  }
  return Py_BuildValue("(OOO)", groups.get(), list_of(p.others).get(), list_of(p.nulls).get());
}

// items(iterables): each input's elements, one by one.
inline PyObject* items(PyObject*, PyObject* args) {
  auto inputs = open_tuple(args);
  if (inputs.empty()) {
    return nullptr;
  }
  Ref all = Ref::steal(PyList_New(0));
  for (const auto& input : inputs) {
    Ref list = Ref::steal(PyList_New(0));
    for (int64_t i = 0; i < input->size(); ++i) {
      Ref item = input->item(i);
      if (!item) {
        return nullptr;
      }
      PyList_Append(list.get(), item.get());
    }
    PyList_Append(all.get(), list.get());
  }
  return all.release();
}

// common_types(iterables, begin, end): letters or None.
inline PyObject* common(PyObject*, PyObject* args) {
  PyObject* iterables;
  long long begin;
  long long end;
  if (!PyArg_ParseTuple(args, "O!LL", &PyTuple_Type, &iterables, &begin, &end)) {
    return nullptr;
  }
  auto inputs = open_tuple(iterables);
  if (inputs.empty()) {
    return nullptr;
  }
  const auto types = common_types(inputs, begin, end);
  return types ? PyUnicode_FromString(letters(*types).c_str()) : Py_NewRef(Py_None);
}

// collect(first, types, native, others): an output like `first`, of which kernels gave `native` (a list; ... where they
// left the element) and CPython `others` (a dict).
inline PyObject* collect(PyObject*, PyObject* args) {
  PyObject* first;
  const char* types;
  PyObject* native;
  PyObject* others;
  if (!PyArg_ParseTuple(args, "OsO!O!", &first, &types, &PyList_Type, &native, &PyDict_Type, &others)) {
    return nullptr;
  }
  PyObject* one[] = {first};
  auto inputs = open_all(one);
  if (inputs.empty()) {
    return nullptr;
  }
  const int64_t n = PyList_GET_SIZE(native);
  auto out = Output::create(*inputs[0], n, types_of(types));
  if (!out) {
    return nullptr;
  }
  for (int64_t i = 0; i < n; ++i) {
    PyObject* o = PyList_GET_ITEM(native, i);
    Value v;
    if (PyBool_Check(o)) {
      v.bytes[0] = o == Py_True;
      write(*out, i, ir::Type::Bool, v.bytes);
    } else if (PyLong_Check(o)) {
      const int64_t value = PyLong_AsLongLong(o);
      std::memcpy(v.bytes, &value, 8);
      write(*out, i, ir::Type::I64, v.bytes);
    } else if (PyFloat_Check(o)) {
      const double value = PyFloat_AsDouble(o);
      std::memcpy(v.bytes, &value, 8);
      write(*out, i, ir::Type::F64, v.bytes);
    } else if (o == Py_None) {
      write(*out, i, ir::Type::Void, v.bytes);
    }
  }
  PyObject* key;
  PyObject* value;
  for (Py_ssize_t at = 0; PyDict_Next(others, &at, &key, &value);) {
    if (!out->set(PyLong_AsLongLong(key), Ref::borrow(value))) {
      return nullptr;
    }
  }
  if (!out->complete(0, n)) {
    return nullptr;
  }
  return out->finish().release();
}

inline PyMethodDef methods[] = {
    {"identity", identity, METH_VARARGS, nullptr}, {"describe", describe, METH_VARARGS, nullptr},
    {"items", items, METH_VARARGS, nullptr},       {"common_types", common, METH_VARARGS, nullptr},
    {"collect", collect, METH_VARARGS, nullptr},   {nullptr, nullptr, 0, nullptr},
};

inline bool can_import(const char* name) {
  Ref module = Ref::steal(PyImport_ImportModule(name));
  PyErr_Clear();
  return static_cast<bool>(module);
}

// What every snippet begins with.
inline const char* const prelude = R"(
import math, struct
def bits(x):
    return (type(x), struct.pack('<d', x)) if type(x) is float else (type(x), x)
def same(got, want):
    got, want = list(got), list(want)
    assert len(got) == len(want), (len(got), len(want))
    for i, (g, w) in enumerate(zip(got, want)):
        assert bits(g) == bits(w), (i, g, w)
def raises(kind, words, f, *args):
    try:
        r = f(*args)
    except kind as e:
        assert words in str(e), str(e)
        return e
    raise AssertionError(f'no {kind.__name__}, but {r!r}')
def identity(*xs, **kw):
    return probe.identity(xs, kw.get('piece', 0), kw.get('types', ''))
def describe(*xs, **kw):
    return probe.describe(xs, kw.get('begin', 0), kw.get('end', -1), kw.get('max_groups', 16))
)";

// Runs a snippet; a Python exception is a failure of the test.
inline void run(const char* snippet) {
  static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "probe", nullptr, -1, methods, {}, {}, {}, {}};
  Ref module = Ref::steal(PyModule_Create(&definition));
  Ref globals = Ref::steal(Py_BuildValue("{sOss}", "probe", module.get(), "__name__", "__main__"));
  Ref first = Ref::steal(PyRun_String(prelude, Py_file_input, globals.get(), globals.get()));
  Ref second = first ? Ref::steal(PyRun_String(snippet, Py_file_input, globals.get(), globals.get())) : Ref();
  if (!second) {
    PyErr_Print();
    ADD_FAILURE() << "the snippet raised";
  }
}

}  // namespace gilmap::columns::probe

#define GILMAP_NEEDS(module)                         \
  if (!gilmap::columns::probe::can_import(module)) { \
    GTEST_SKIP() << module << " is not installed";   \
  }
