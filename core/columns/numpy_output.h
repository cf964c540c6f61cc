#pragma once
// A result array of NumPy.

#include <Python.h>

#include "columns/array_output.h"

namespace gilmap::columns {

class NumpyOutput : public ArrayOutput {
 public:
  // Null with an exception set.
  static std::unique_ptr<Output> create(const Input& first, int64_t n, std::span<const ir::Type> types);
  ~NumpyOutput() override;

  Ref finish() override;

 private:
  NumpyOutput(int64_t n, std::span<const ir::Type> types);
  Ref empty(const char* dtype) const;
  bool open(PyObject* array, Py_buffer* buffer) const;
  Ref convert_bools();

  std::vector<int64_t> shape_;
  Ref array_;          // the payload
  const char* dtype_;  // of array_
  Py_buffer buffer_{};
};

}  // namespace gilmap::columns
