#pragma once
// One call of gilmap.map.

#include <Python.h>

#include <span>

#include "support/py_ref.h"

namespace gilmap::router {

enum class Backend : uint8_t { Auto, Inline, ArrowKernel, Jit, NumbaNative, NumbaCfunc, Subinterp };

constexpr const char* name_of(Backend backend) {
  switch (backend) {
    case Backend::Auto:
      return "None";
    case Backend::Inline:
      return "inline";
    case Backend::ArrowKernel:
      return "arrow_kernel";
    case Backend::Jit:
      return "jit";
    case Backend::NumbaNative:
      return "numba_native";
    case Backend::NumbaCfunc:
      return "numba_cfunc";
    case Backend::Subinterp:
      return "subinterp";
  }
  return "?";
}

// Forces machine code, so that it is waited for.
constexpr bool is_compiled(Backend backend) {
  return backend == Backend::Jit || backend == Backend::NumbaNative || backend == Backend::NumbaCfunc;
}

struct Options {
  Backend backend = Backend::Auto;
  int workers = 0;     // 0: as many as CPUs are allowed
  bool debug = false;  // one line to stderr
};

// The result, or null with a Python exception set.
Ref map(PyObject* func, std::span<PyObject* const> iterables, const Options& options);

}  // namespace gilmap::router
