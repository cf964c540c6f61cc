#pragma once
// Which object a backend for functions of other compilers calls.

#include <Python.h>

#include "router/call.h"
#include "support/py_ref.h"

namespace gilmap::router {

// `func`, or where backend="numba_cfunc" asks for the C function of a Numba @cfunc, the ctypes function for that: to
// call the @cfunc object itself runs its Python function. Null with ValueError set if func is none for this backend.
Ref of_backend(PyObject* func, Backend backend);

}  // namespace gilmap::router
