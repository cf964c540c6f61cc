#pragma once
// A NumPy array or any other buffer of numbers, read where it lies.

#include <Python.h>

#include "columns/columns.h"

namespace gilmap::columns {

class BufferInput : public Input {
 public:
  // Null without an exception if the object has no axes, or is not an array of numbers of ours: then iterate over it.
  static std::unique_ptr<Input> make(PyObject* object, Container container);
  ~BufferInput() override;

  Container container() const override { return container_; }
  int64_t size() const override { return size_; }
  Ref item(int64_t i) override;
  Scan scan(int64_t begin, int64_t end) override;
  std::optional<ir::Type> common_type(int64_t begin, int64_t end) const override;
  std::vector<int64_t> shape() const override { return {buffer_.shape, buffer_.shape + buffer_.ndim}; }

 private:
  BufferInput() = default;
  void lay_out();

  Py_buffer buffer_{};
  Container container_ = Container::Numpy;
  int64_t size_ = 0;
  View view_;
  Grid grid_;
};

}  // namespace gilmap::columns
