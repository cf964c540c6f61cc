#pragma once
// A range: ints that are computed where they are needed, never stored.

#include <Python.h>

#include <utility>

#include "columns/columns.h"

namespace gilmap::columns {

class RangeInput : public Input {
 public:
  // Of an exact range. Null without an exception if it has a number outside int64: then it is read like any iterable.
  static std::unique_ptr<Input> make(Ref range);

  Container container() const override { return Container::List; }
  int64_t size() const override { return size_; }
  Ref item(int64_t i) override { return Ref::steal(PyLong_FromLongLong(start_ + i * step_)); }
  PyObject* sequence() const override { return range_.get(); }
  Scan scan(int64_t begin, int64_t end) override;
  std::optional<ir::Type> common_type(int64_t, int64_t) const override { return ir::Type::I64; }

 private:
  RangeInput(Ref range, int64_t start, int64_t step, int64_t size)
      : range_(std::move(range)), start_(start), step_(step), size_(size) {}

  Ref range_;
  int64_t start_, step_, size_;
};

}  // namespace gilmap::columns
