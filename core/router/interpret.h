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
  Interpreter(PyObject* func, std::span<const std::unique_ptr<columns::Input>> inputs) : func_(func), inputs_(inputs) {}
  // f of row i; null with its exception set.
  Ref call(int64_t i) const;

 private:
  Ref call(int64_t i, Ref* items, PyObject** args) const;

  PyObject* func_;
  std::span<const std::unique_ptr<columns::Input>> inputs_;
};

}  // namespace gilmap::router
