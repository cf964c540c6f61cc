// The forms were measured (see docs/decisions/0003-worker-interpreters.md): raw columns always win; marshal version 4
// keeps `a is b` within a chunk and is the fastest for strings, tuples, lists and dicts; version 2 for bytes and big
// ints, which have no inside. marshal turns a bytearray, a memoryview or an array into bytes without a word, at any
// depth, so all types are looked at first.

#include "interpreters/packed.h"

#include <marshal.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "columns/box.h"
#include "columns/unbox.h"

namespace gilmap::interpreters {
namespace {

// marshal stops at 2,000, of which the list around all takes one.
constexpr int deepest = 1990;

void look(PyObject* o, int depth, Contents& c);

void look_at_items(PyObject* const* items, Py_ssize_t count, int depth, Contents& c) {
  for (Py_ssize_t i = 0; i < count && c.plain; ++i) look(items[i], depth, c);
}

void look(PyObject* o, int depth, Contents& c) {
  if (PyUnicode_CheckExact(o) || PyLong_CheckExact(o) || o == Py_None || PyBool_Check(o) || PyBytes_CheckExact(o) ||
      o == Py_Ellipsis) {
    return;
  }
  if (PyFloat_CheckExact(o)) {
    if (std::isnan(PyFloat_AS_DOUBLE(o))) c.equal = false;
    return;
  }
  if (PyComplex_CheckExact(o)) {
    const Py_complex z = PyComplex_AsCComplex(o);
    if (std::isnan(z.real) || std::isnan(z.imag)) c.equal = false;
    return;
  }
  if (depth >= deepest) {
    c.plain = false;
    return;
  }
  if (PyTuple_CheckExact(o)) {
    look_at_items(reinterpret_cast<PyTupleObject*>(o)->ob_item, PyTuple_GET_SIZE(o), depth + 1, c);
  } else if (PyList_CheckExact(o)) {
    c.immutable = false;
    look_at_items(reinterpret_cast<PyListObject*>(o)->ob_item, PyList_GET_SIZE(o), depth + 1, c);
  } else if (PyDict_CheckExact(o)) {
    c.immutable = false;
    PyObject *key, *value;
    for (Py_ssize_t at = 0; c.plain && PyDict_Next(o, &at, &key, &value);) {
      look(key, depth + 1, c);
      look(value, depth + 1, c);
    }
  } else if (PySet_CheckExact(o) || PyFrozenSet_CheckExact(o)) {
    if (PySet_CheckExact(o)) c.immutable = false;
    if (PySet_GET_SIZE(o) > 1) c.ordered = false;
    Ref items = Ref::steal(PyObject_GetIter(o));
    while (items && c.plain) {
      Ref item = Ref::steal(PyIter_Next(items.get()));
      if (!item) break;
      look(item.get(), depth + 1, c);
    }
    if (PyErr_Occurred()) {  // no memory
      PyErr_Clear();
      c.plain = false;
    }
  } else {
    c.plain = false;
  }
}

bool read_raw(PyObject* o, Tag& tag, uint64_t& value) {
  value = 0;
  const columns::Kind kind = columns::read_number(o, &value);
  if (columns::is_number(kind)) {
    tag = codegen::tag_of(columns::type_of(kind));
    return true;
  }
  tag = Tag::None;
  return o == Py_None;
}

bool add_raw(PyObject* o, Packed& out) {
  Tag tag;
  uint64_t value;
  if (!read_raw(o, tag, value)) return false;
  if (out.payload.empty()) {
    out.tag = tag;
  } else if (!out.tags.empty()) {
    out.tags.push_back(tag);
  } else if (tag != out.tag) {
    out.tags.reserve(out.payload.capacity());
    out.tags.assign(out.payload.size(), out.tag);
    out.tags.push_back(tag);
  }
  out.payload.push_back(value);
  return true;
}

bool pack_raw(PyObject* const* items, int64_t count, Packed& out) {
  out.payload.clear();
  out.payload.reserve(static_cast<size_t>(count));
  out.tags.clear();
  for (int64_t i = 0; i < count; ++i) {
    if (!add_raw(items[i], out)) return false;
  }
  return true;
}

// Value i of raw ones.
Ref box(const Packed& raw, size_t i) {
  return columns::box(codegen::type_of(raw.tags.empty() ? raw.tag : raw.tags[i]), &raw.payload[i]);
}

Ref list_of(PyObject* const* items, int64_t count) {
  Ref list = Ref::steal(PyList_New(count));
  for (int64_t i = 0; list && i < count; ++i) PyList_SET_ITEM(list.get(), i, Py_NewRef(items[i]));
  return list;
}

bool keep_bytes(PyObject* bytes, Packed& out) {
  if (!bytes) return false;
  if (!PyBytes_Check(bytes)) {
    PyErr_SetString(PyExc_TypeError, "gilmap: a pickle is bytes");
    return false;
  }
  out.bytes.assign(PyBytes_AS_STRING(bytes), static_cast<size_t>(PyBytes_GET_SIZE(bytes)));
  return true;
}

// -1 if none fails alone.
int64_t find_culprit(PyObject* const* items, int64_t count, PyObject* dumps) {
  for (int64_t i = 0; i < count; ++i) {
    if (contents_of(items[i]).plain) continue;
    Ref bytes = Ref::steal(PyObject_CallOneArg(dumps, items[i]));
    if (!bytes) return i;
  }
  return -1;
}

}  // namespace

Contents contents_of(PyObject* object) {
  Contents c;
  look(object, 0, c);
  if (!c.plain) c.immutable = c.ordered = c.equal = false;
  return c;
}

bool pack(PyObject* const* items, int64_t count, PyObject* dumps, Packed& out, int64_t* culprit) {
  *culprit = -1;
  out.count = count;
  out.form = Form::Raw;
  if (pack_raw(items, count, out)) return true;
  out.payload.clear();
  out.tags.clear();

  bool plain = true, atoms = true;
  for (int64_t i = 0; i < count && plain; ++i) {
    plain = contents_of(items[i]).plain;
    atoms = atoms && (PyBytes_CheckExact(items[i]) || PyLong_CheckExact(items[i]));
  }
  Ref list = list_of(items, count);
  if (!list) return false;
  if (plain) {
    Ref bytes = Ref::steal(PyMarshal_WriteObjectToString(list.get(), atoms ? 2 : 4));
    if (bytes) {
      out.form = Form::Marshal;
      return keep_bytes(bytes.get(), out);
    }
    if (!PyErr_ExceptionMatches(PyExc_ValueError)) return false;
    PyErr_Clear();
  }
  out.form = Form::Pickle;
  Ref bytes = Ref::steal(PyObject_CallOneArg(dumps, list.get()));
  if (bytes) return keep_bytes(bytes.get(), out);
  if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) return false;  // no item's fault
  Ref error = Ref::steal(PyErr_GetRaisedException());
  *culprit = find_culprit(items, count, dumps);
  if (*culprit >= 0 && PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
    *culprit = -1;
  } else if (*culprit < 0) {
    PyErr_Clear();
    PyErr_SetRaisedException(error.release());
  }
  return false;
}

Packer::Packer(int64_t expected) { raw_.payload.reserve(static_cast<size_t>(expected)); }

void Packer::add(Ref value) {
  if (numbers_ && add_raw(value.get(), raw_)) return;
  if (numbers_) {
    numbers_ = false;
    objects_.reserve(raw_.payload.capacity());
    for (size_t i = 0; i < raw_.payload.size(); ++i) objects_.push_back(box(raw_, i));
    raw_.payload.clear();
  }
  objects_.push_back(std::move(value));
}

bool Packer::finish(PyObject* dumps, Packed& out, int64_t* culprit) {
  if (numbers_) {
    out = std::move(raw_);
    out.count = static_cast<int64_t>(out.payload.size());
    return true;
  }
  std::vector<PyObject*> items;
  items.reserve(objects_.size());
  for (const Ref& o : objects_) {
    if (!o) {  // there was no memory for it
      PyErr_NoMemory();
      return false;
    }
    items.push_back(o.get());
  }
  return pack(items.data(), static_cast<int64_t>(items.size()), dumps, out, culprit);
}

bool Packer::finish_first(int64_t count, PyObject* dumps, Packed& out) {
  objects_.resize(static_cast<size_t>(count));
  int64_t culprit;
  return finish(dumps, out, &culprit);
}

bool Unpacker::open(const Packed& packed, int64_t from, int64_t count, PyObject* loads) {
  packed_ = &packed;
  at_ = packed.form == Form::Raw ? static_cast<size_t>(from) : 0;
  if (packed.form == Form::Raw) return true;
  std::vector<PyObject*> made(static_cast<size_t>(count));
  if (!unpack(packed, from, count, loads, made.data())) return false;
  objects_.reserve(made.size());
  for (PyObject* o : made) objects_.push_back(Ref::steal(o));
  return true;
}

PyObject* Unpacker::next() {
  const size_t i = at_++;
  if (packed_->form != Form::Raw) return objects_[i].release();
  return box(*packed_, i).release();
}

bool unpack(const Packed& packed, int64_t from, int64_t count, PyObject* loads, PyObject** out) {
  if (packed.form == Form::Raw) {
    for (int64_t i = 0; i < count; ++i) {
      out[i] = box(packed, static_cast<size_t>(from + i)).release();
      if (!out[i]) {
        while (i > 0) Py_DECREF(out[--i]);
        return false;
      }
    }
    return true;
  }
  const auto size = static_cast<Py_ssize_t>(packed.bytes.size());
  Ref list;
  if (packed.form == Form::Marshal) {
    list = Ref::steal(PyMarshal_ReadObjectFromString(packed.bytes.data(), size));
  } else {
    Ref bytes = Ref::steal(PyBytes_FromStringAndSize(packed.bytes.data(), size));
    if (bytes) list = Ref::steal(PyObject_CallOneArg(loads, bytes.get()));
  }
  if (!list) return false;
  if (!PyList_CheckExact(list.get()) || PyList_GET_SIZE(list.get()) != packed.count) {
    PyErr_SetString(PyExc_RuntimeError, "gilmap: a chunk came back with another length");
    return false;
  }
  for (int64_t i = 0; i < count; ++i) out[i] = Py_NewRef(PyList_GET_ITEM(list.get(), from + i));
  return true;
}

}  // namespace gilmap::interpreters
