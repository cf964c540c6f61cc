#pragma once
// Elements in the calling interpreter: what map itself does.

#include <Python.h>

#include <memory>
#include <span>
#include <vector>

#include "columns/columns.h"

namespace gilmap::router {

class Interpreter {
 public:
  Interpreter(PyObject* func, std::span<const std::unique_ptr<columns::Input>> inputs);
  // f of row i; null with its exception set.
  Ref call(int64_t i) const;
  // The map object over rows `from`, `from`+1, … Null without an exception if not all inputs are sequences of Python's.
  Ref map_from(int64_t from) const;

 private:
  static constexpr size_t few = 4;  // arguments that need no allocation

  Ref call(int64_t i, Ref* items, PyObject** args) const;
  Ref call(PyObject** args) const;

  PyObject* func_;
  std::span<const std::unique_ptr<columns::Input>> inputs_;
  // The elements of each input, where all have them as objects already: then a call costs what it costs map.
  PyObject* const* objects_[few] = {};
};

}  // namespace gilmap::router
