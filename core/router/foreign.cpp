#include "router/foreign.h"

#include <cstring>

#include "lift/lift.h"
#include "router/whole_columns.h"

namespace gilmap::router {
namespace {

bool is_numba_cfunc(PyObject* func) {
  Ref module = Ref::steal(PyObject_GetAttrString(reinterpret_cast<PyObject*>(Py_TYPE(func)), "__module__"));
  const bool from_numba = module && PyUnicode_Check(module.get()) &&
                          PyUnicode_CompareWithASCIIString(module.get(), "numba.core.ccallback") == 0;
  if (PyErr_Occurred()) PyErr_Clear();
  return from_numba && std::strcmp(Py_TYPE(func)->tp_name, "CFunc") == 0;
}

}  // namespace

Ref of_backend(PyObject* func, Backend backend) {
  using lift::ForeignKind;
  if (backend == Backend::NumbaNative && lift::foreign_kind(func) != ForeignKind::NumbaDispatcher &&
      !is_vectorized_by_numba(func)) {
    PyErr_SetString(PyExc_ValueError,
                    "backend=\"numba_native\" is for what numba.njit or numba.jit has made, and, over arrays, for what "
                    "numba.vectorize has");
    return {};
  }
  if (backend != Backend::NumbaCfunc) return Ref::borrow(func);
  if (is_numba_cfunc(func)) return Ref::steal(PyObject_GetAttrString(func, "ctypes"));
  if (lift::foreign_kind(func) == ForeignKind::CtypesPointer) return Ref::borrow(func);
  PyErr_SetString(PyExc_ValueError,
                  "backend=\"numba_cfunc\" is for what numba.cfunc has made, and for ctypes function pointers");
  return {};
}

}  // namespace gilmap::router
