#include "columns/range_input.h"

#include "columns/scan.h"
#include "columns/unbox.h"

namespace gilmap::columns {

std::unique_ptr<Input> RangeInput::make(Ref range) {
  int64_t start = 0;
  int64_t step = 0;
  const Py_ssize_t size = PyObject_Size(range.get());  // fails for the longest ranges
  Ref start_object = Ref::steal(PyObject_GetAttrString(range.get(), "start"));
  Ref step_object = Ref::steal(PyObject_GetAttrString(range.get(), "step"));
  if (size < 0 || !start_object || !step_object || !int_value(start_object.get(), &start) ||
      !int_value(step_object.get(), &step)) {
    PyErr_Clear();
    return nullptr;
  }
  int64_t last;
  if (size > 0 && (__builtin_mul_overflow(step, static_cast<int64_t>(size) - 1, &last) ||
                   __builtin_add_overflow(last, start, &last))) {
    return nullptr;
  }
  return std::unique_ptr<Input>(new RangeInput(std::move(range), start, step, size));
}

Scan RangeInput::scan(int64_t begin, int64_t) {
  Scan scan{.kind = Kind::Int, .kinds = {}, .view = {}, .storage = {}};
  scan.view = {.stored = Stored::Range,
               .stride = step_,
               .origin = static_cast<int64_t>(static_cast<uint64_t>(start_) +
                                              static_cast<uint64_t>(begin) * static_cast<uint64_t>(step_))};
  return scan;
}

}  // namespace gilmap::columns
