#pragma once
// The results of the first elements of a call, computed by CPython.

#include <Python.h>

#include <algorithm>
#include <cstdint>
#include <span>

#include "support/py_ref.h"

namespace gilmap::router {

// Kept in a list, because that is what a call gives that ends as it began: filled in place, it costs what list(map(…))
// costs.
class Prefix {
 public:
  // Room for so many. False with an exception set.
  bool begin(int64_t expected) {
    if (list_) return true;
    list_ = Ref::steal(PyList_New(expected));
    if (!list_) return false;
    Py_SET_SIZE(list_.get(), 0);
    return true;
  }

  int64_t size() const { return list_ ? Py_SIZE(list_.get()) : 0; }
  PyObject* operator[](int64_t i) const { return PyList_GET_ITEM(list_.get(), i); }

  // False with an exception set.
  bool append(Ref result) {
    auto* l = reinterpret_cast<PyListObject*>(list_.get());
    const Py_ssize_t size = Py_SIZE(l);
    if (size >= l->allocated) return PyList_Append(list_.get(), result.get()) == 0;
    l->ob_item[size] = result.release();
    Py_SET_SIZE(l, size + 1);
    return true;
  }

  // Room for so many in all, if begin() made less. False with an exception set.
  bool reserve(int64_t expected) {
    if (!begin(expected)) return false;
    return reinterpret_cast<PyListObject*>(list_.get())->allocated >= expected || move_to_room_for(expected);
  }
  // Gives back the room that has no results. False with an exception set.
  bool shrink() { return !list_ || move_to_room_for(size()); }

  // After reserve(expected): the room for the results that are still to come. Null in each place that has none yet.
  std::span<Ref> room(int64_t expected) {
    static_assert(sizeof(Ref) == sizeof(PyObject*));  // an empty Ref is a null pointer
    auto* l = reinterpret_cast<PyListObject*>(list_.get());
    return {reinterpret_cast<Ref*>(l->ob_item) + Py_SIZE(l), static_cast<size_t>(expected - Py_SIZE(l))};
  }
  // The first `count` places of the room have their results.
  void grow(int64_t count) { Py_SET_SIZE(list_.get(), Py_SIZE(list_.get()) + count); }

  // The list itself; nothing is left here.
  Ref release() { return std::move(list_); }

 private:
  bool move_to_room_for(int64_t expected) {
    Ref moved = Ref::steal(PyList_New(expected));
    if (!moved) return false;
    auto* from = reinterpret_cast<PyListObject*>(list_.get());
    const Py_ssize_t size = Py_SIZE(from);
    std::copy_n(from->ob_item, size, reinterpret_cast<PyListObject*>(moved.get())->ob_item);
    Py_SET_SIZE(moved.get(), size);
    Py_SET_SIZE(from, 0);
    list_ = std::move(moved);
    return true;
  }

  Ref list_;
};

}  // namespace gilmap::router
