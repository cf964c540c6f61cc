#pragma once
// One call of gilmap.map.

#include <Python.h>

#include <span>

#include "support/py_ref.h"

namespace gilmap::router {

enum class Backend : uint8_t { Auto, Inline, Jit, Subinterp };

struct Options {
  Backend backend = Backend::Auto;
  int workers = 0;     // 0: as many as CPUs are allowed
  bool debug = false;  // one line to stderr
};

// The result, or null with a Python exception set.
Ref map(PyObject* func, std::span<PyObject* const> iterables, const Options& options);

}  // namespace gilmap::router
