#pragma once
// Values of Python numbers, read from the objects themselves: a call per element would cost more than all the rest.

#include <Python.h>

#include <cstdint>

#include "columns/scan.h"

namespace gilmap::columns {

// The value of an object that is exactly an int; false if it does not fit 64 bits. CPython's layout since 3.12: sign
// and number of 30-bit digits in lv_tag, smallest digit first.
inline bool int_value(PyObject* o, int64_t* out) {
#if PYLONG_BITS_IN_DIGIT == 30 && PY_VERSION_HEX < 0x03100000
  static_assert(PyLong_SHIFT == 30);
  const auto* v = reinterpret_cast<const PyLongObject*>(o);
  if (PyUnstable_Long_IsCompact(v)) [[likely]] {
    *out = PyUnstable_Long_CompactValue(v);
    return true;
  }
  const uintptr_t tag = v->long_value.lv_tag;
  const digit* d = v->long_value.ob_digit;
  const uintptr_t digits = tag >> _PyLong_NON_SIZE_BITS;
  const bool negative = (tag & _PyLong_SIGN_MASK) == 2;
  uint64_t magnitude = d[0] | uint64_t{d[1]} << PyLong_SHIFT;
  if (digits != 2) {
    // 2^63 itself has an int64 only with a minus sign.
    if (digits != 3 || d[2] > 8 || (d[2] == 8 && (magnitude != 0 || !negative))) {
      return false;
    }
    magnitude |= uint64_t{d[2]} << (2 * PyLong_SHIFT);
  }
  *out = static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
  return true;
#else
  int overflow = 0;
  *out = PyLong_AsLongLongAndOverflow(o, &overflow);
  return overflow == 0;
#endif
}

// What an object is, by its exact type, and for a number its value: int64_t, double, or 0 and 1 in the first byte.
inline Kind read_number(PyObject* o, void* out) {
  if (PyLong_CheckExact(o)) {
    return int_value(o, static_cast<int64_t*>(out)) ? Kind::Int : Kind::Other;
  }
  if (PyFloat_CheckExact(o)) {
    *static_cast<double*>(out) = PyFloat_AS_DOUBLE(o);
    return Kind::Float;
  }
  if (PyBool_Check(o)) {
    *static_cast<uint8_t*>(out) = o == Py_True;
    return Kind::Bool;
  }
  return Kind::Other;
}

// Write the values of items[0 .. count-1] as long as they are of one type; return how many were.
int64_t unbox_ints(PyObject* const* items, int64_t count, int64_t* out);
int64_t unbox_floats(PyObject* const* items, int64_t count, double* out);
int64_t unbox_bools(PyObject* const* items, int64_t count, uint8_t* out);

}  // namespace gilmap::columns
