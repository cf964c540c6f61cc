#include "columns/numpy_output.h"

#include <cstring>

namespace gilmap::columns {

using codegen::Tag;

namespace {
const char* dtype_of(Tag tag) {
  switch (tag) {
    case Tag::Int:
      return "int64";
    case Tag::Bool:
      return "bool";
    case Tag::Float:
    case Tag::None:
      return "float64";
  }
  return "float64";
}
}  // namespace

NumpyOutput::NumpyOutput(int64_t n, std::span<const ir::Type> types)
    : ArrayOutput(n, types, false), dtype_(dtype_of(type_if_empty())) {}

std::unique_ptr<Output> NumpyOutput::create(const Input& first, int64_t n, std::span<const ir::Type> types) {
  std::unique_ptr<NumpyOutput> out(new NumpyOutput(n, types));
  out->shape_ = n == first.size() ? first.shape() : std::vector{n};
  out->array_ = out->empty(out->dtype_);
  if (!out->array_ || !out->open(out->array_.get(), &out->buffer_)) {
    return nullptr;
  }
  out->use_payload(static_cast<char*>(out->buffer_.buf));
  return out;
}

NumpyOutput::~NumpyOutput() { PyBuffer_Release(&buffer_); }

Ref NumpyOutput::empty(const char* dtype) const {
  Ref numpy = Ref::steal(PyImport_ImportModule("numpy"));
  Ref shape = Ref::steal(PyTuple_New(static_cast<Py_ssize_t>(shape_.size())));
  if (!numpy || !shape) {
    return {};
  }
  for (size_t axis = 0; axis < shape_.size(); ++axis) {
    PyObject* length = PyLong_FromLongLong(shape_[axis]);
    if (!length) {
      return {};
    }
    PyTuple_SET_ITEM(shape.get(), static_cast<Py_ssize_t>(axis), length);
  }
  return Ref::steal(PyObject_CallMethod(numpy.get(), "empty", "Os", shape.get(), dtype));
}

bool NumpyOutput::open(PyObject* array, Py_buffer* buffer) const {
  if (PyObject_GetBuffer(array, buffer, PyBUF_CONTIG) != 0) {
    buffer->obj = nullptr;
    return false;
  }
  return true;
}

// Bools that lie in 8 bytes each, because kernels or CPython gave, or could have given, other types too.
Ref NumpyOutput::convert_bools() {
  Ref bools = empty("bool");
  Py_buffer buffer;
  if (!bools || !open(bools.get(), &buffer)) {
    return {};
  }
  auto* to = static_cast<char*>(buffer.buf);
  for (int64_t i = 0; i < size(); ++i) {
    to[i] = settled()[i * 8];
  }
  PyBuffer_Release(&buffer);
  return bools;
}

Ref NumpyOutput::finish() {
  const std::optional<Tag> type = settle();
  if (!type) {
    return {};
  }
  PyBuffer_Release(&buffer_);
  const char* dtype = *type == Tag::None ? dtype_ : dtype_of(*type);
  if (std::strcmp(dtype, dtype_) == 0) {
    return std::move(array_);
  }
  if (*type == Tag::Bool) {
    return convert_bools();
  }
  if (settled_width() == 8 && payload_width() == 8) {
    return Ref::steal(PyObject_CallMethod(array_.get(), "view", "s", dtype));  // of the same memory
  }
  Ref wide = empty(dtype);  // bools were planned, and none came
  Py_buffer buffer;
  if (!wide || !open(wide.get(), &buffer)) {
    return {};
  }
  std::memcpy(buffer.buf, settled(), static_cast<size_t>(size()) * 8);
  PyBuffer_Release(&buffer);
  return wide;
}

}  // namespace gilmap::columns
