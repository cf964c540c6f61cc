#include "columns/unbox.h"

namespace gilmap::columns {

namespace {

// Objects of a list that was sorted or shuffled lie anywhere in memory: looking ahead hides half of that. A list that
// fits the cache is better off without.
constexpr int64_t ahead = 24;
constexpr int64_t look_ahead_from = 1 << 16;

template <class Out, class Read>
int64_t unbox(PyObject* const* items, int64_t count, Out* out, Read read) {
  int64_t i = 0;
  if (count >= look_ahead_from) {
    for (; i + ahead < count; ++i) {
      __builtin_prefetch(items[i + ahead]);
      if (!read(items[i], out + i)) {
        return i;
      }
    }
  }
  for (; i < count; ++i) {
    if (!read(items[i], out + i)) {
      return i;
    }
  }
  return count;
}

}  // namespace

int64_t unbox_ints(PyObject* const* items, int64_t count, int64_t* out) {
  return unbox(items, count, out, [](PyObject* o, int64_t* to) { return PyLong_CheckExact(o) && int_value(o, to); });
}

int64_t unbox_floats(PyObject* const* items, int64_t count, double* out) {
  return unbox(items, count, out, [](PyObject* o, double* to) {
    if (!PyFloat_CheckExact(o)) {
      return false;
    }
    *to = PyFloat_AS_DOUBLE(o);
    return true;
  });
}

int64_t unbox_bools(PyObject* const* items, int64_t count, uint8_t* out) {
  return unbox(items, count, out, [](PyObject* o, uint8_t* to) {
    *to = o == Py_True;
    return PyBool_Check(o) != 0;
  });
}

}  // namespace gilmap::columns
