#include "columns/buffer_input.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "columns/box.h"
#include "columns/scan.h"

namespace gilmap::columns {

namespace {

struct Format {
  Stored stored;
  bool swapped;
};

// A format of the struct module, if it is one number. Which of C's types a letter means depends on the prefix and the
// machine, so the letter gives the kind and the item size the width.
std::optional<Format> parse_format(const char* format, Py_ssize_t size) {
  if (!format) {
    format = "B";
  }
  bool swapped = false;
  if (*format && std::strchr("@=<>!", *format)) {
    const bool big = *format == '>' || *format == '!';
    const bool little = *format == '<';
    swapped = size > 1 && (std::endian::native == std::endian::little ? big : little);
    ++format;
  }
  if (!*format || format[1]) {
    return std::nullopt;
  }
  const auto by_size = [&](Stored one, Stored two, Stored four, Stored eight) -> std::optional<Format> {
    switch (size) {
      case 1:
        return Format{one, swapped};
      case 2:
        return Format{two, swapped};
      case 4:
        return Format{four, swapped};
      case 8:
        return Format{eight, swapped};
      default:
        return std::nullopt;
    }
  };
  if (std::strchr("bhilqn", *format)) {
    return by_size(Stored::I8, Stored::I16, Stored::I32, Stored::I64);
  }
  if (std::strchr("BHILQN", *format)) {
    return by_size(Stored::U8, Stored::U16, Stored::U32, Stored::U64);
  }
  switch (*format) {
    case 'e':
      return size == 2 ? std::optional(Format{Stored::F16, swapped}) : std::nullopt;
    case 'f':
      return size == 4 ? std::optional(Format{Stored::F32, swapped}) : std::nullopt;
    case 'd':
      return size == 8 ? std::optional(Format{Stored::F64, swapped}) : std::nullopt;
    case '?':
      return size == 1 ? std::optional(Format{Stored::Bool, false}) : std::nullopt;
    default:
      return std::nullopt;  // NOLINT: the language of formats is open
  }
}

}  // namespace

std::unique_ptr<Input> BufferInput::make(PyObject* object, Container container) {
  std::unique_ptr<BufferInput> input(new BufferInput);
  Py_buffer& b = input->buffer_;
  if (PyObject_GetBuffer(object, &b, PyBUF_FULL_RO) != 0) {
    b.obj = nullptr;
    PyErr_Clear();
    return nullptr;
  }
  const std::optional<Format> format = parse_format(b.format, b.itemsize);
  const bool indirect = b.suboffsets && std::any_of(b.suboffsets, b.suboffsets + b.ndim, [](auto s) { return s >= 0; });
  if (b.ndim == 0 || !b.shape || !format || indirect) {
    return nullptr;
  }
  input->container_ = container;
  input->view_.stored = format->stored;
  input->view_.swapped = format->swapped;
  input->lay_out();
  return input;
}

// Merges axes that follow each other in memory as one run would. One run is left for all that is contiguous, and for
// most slices.
void BufferInput::lay_out() {
  // ctypes gives no strides although it was asked for them: then the elements are dense.
  std::vector<int64_t> strides(buffer_.strides, buffer_.strides + (buffer_.strides ? buffer_.ndim : 0));
  if (!buffer_.strides) {
    strides.assign(static_cast<size_t>(buffer_.ndim), buffer_.itemsize);
    for (int axis = buffer_.ndim - 1; axis > 0; --axis) {
      strides[axis - 1] = strides[axis] * buffer_.shape[axis];
    }
  }
  size_ = 1;
  for (int axis = 0; axis < buffer_.ndim; ++axis) {
    const int64_t length = buffer_.shape[axis];
    size_ *= length;
    if (length == 1) {
      continue;
    }
    if (!grid_.shape.empty() && grid_.strides.back() == length * strides[axis]) {
      grid_.shape.back() *= length;
      grid_.strides.back() = strides[axis];
    } else {
      grid_.shape.push_back(length);
      grid_.strides.push_back(strides[axis]);
    }
  }
  view_.data = static_cast<const char*>(buffer_.buf);
  view_.stride = grid_.strides.empty() ? buffer_.itemsize : grid_.strides.back();
  if (grid_.shape.size() > 1 && size_ > 0) {
    view_.grid = &grid_;
  }
}

BufferInput::~BufferInput() { PyBuffer_Release(&buffer_); }

Ref BufferInput::item(int64_t i) { return box_stored(view_, i); }

Scan BufferInput::scan(int64_t begin, int64_t end) {
  return scan_stored(skip_elements(view_, begin), end - begin, nullptr, 0);
}

std::optional<ir::Type> BufferInput::common_type(int64_t begin, int64_t end) const {
  if (view_.stored == Stored::U64 && exceeds_int64(skip_elements(view_, begin), end - begin)) {
    return std::nullopt;
  }
  return type_of(view_);
}

}  // namespace gilmap::columns
