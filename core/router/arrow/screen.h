#pragma once
// A look at bytecode, which takes a microsecond or two, before a function is lifted for pyarrow.compute, which takes a
// hundred.

#include <Python.h>

namespace gilmap::router::arrow {

// Might the function be one expression of what pyarrow.compute can do? False: it surely is not, or to lift it would
// take too long.
bool may_be_expression(PyObject* func);

}  // namespace gilmap::router::arrow
