#pragma once
// Python objects of results.

#include <Python.h>

#include <cstdint>

#include "codegen/kernel.h"
#include "columns/columns.h"

namespace gilmap::columns {

// One value: int64_t, double, or 0 and 1 in one byte; Void is None. Null with an exception set (memory).
Ref box(ir::Type type, const void* value);

// Element i of stored elements, as .tolist() would give it, also a uint64 that is no int64.
Ref box_stored(const View& view, int64_t i);

// Turn slots that hold 8-byte payloads into slots that hold owned objects, in place: a list needs no second column.
// Return how many were boxed: fewer than count only with an exception set (memory).
int64_t box_ints(PyObject** slots, int64_t count);
int64_t box_floats(PyObject** slots, int64_t count);
int64_t box_tagged(PyObject** slots, const uint8_t* tags, int64_t count);
// The others need no memory. Beside tags a bool lies in the first byte of its payload, else in a byte of its own.
void box_bools(PyObject** slots, const uint8_t* bytes, int64_t count);
void box_nones(PyObject** slots, int64_t count);

}  // namespace gilmap::columns
