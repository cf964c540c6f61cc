#include "columns/array_output.h"

#include <bit>
#include <cstring>

#include "columns/memory.h"
#include "columns/unbox.h"
#include "support/check.h"

namespace gilmap::columns {

using codegen::Tag;

namespace {

constexpr unsigned bit(Tag t) { return 1u << static_cast<unsigned>(t); }

const char* tag_name(uint8_t tag) {
  switch (static_cast<Tag>(tag)) {
    case Tag::Int:
      return "int";
    case Tag::Float:
      return "float";
    case Tag::Bool:
      return "bool";
    case Tag::None:
      return "None";
  }
  return "?";
}

// 53 bits from the highest to the lowest that is set.
bool is_exact_in_double(int64_t v) {
  if (v == 0) {
    return true;
  }
  const uint64_t magnitude = v < 0 ? 0 - static_cast<uint64_t>(v) : static_cast<uint64_t>(v);
  return std::bit_width(magnitude) - std::countr_zero(magnitude) <= 53;
}

int64_t read_int(const char* payload, int64_t i) {
  int64_t v;
  std::memcpy(&v, payload + i * 8, sizeof v);
  return v;
}

// A NumPy scalar as the Python number that .item() gives, so that a function that calls NumPy has an array result too.
Ref plain_number(PyObject* value) {
  const char* type = Py_TYPE(value)->tp_name;
  if (std::strncmp(type, "numpy.", 6) != 0 || std::strcmp(type, "numpy.ndarray") == 0 || !PyObject_CheckBuffer(value)) {
    return {};
  }
  return Ref::steal(PyObject_CallMethod(value, "item", nullptr));
}

}  // namespace

ArrayOutput::ArrayOutput(int64_t n, std::span<const ir::Type> types, bool takes_none)
    : n_(n), takes_none_(takes_none), kernels_tag_(types.size() > 1) {
  if (types.size() == 1) {
    known_ = true;
    planned_ = if_empty_ = codegen::tag_of(types[0]);
    width_ = types[0] == ir::Type::Bool ? 1 : 8;
  }
  if (kernels_tag_) {
    tags_ = allocate(static_cast<size_t>(n));
  } else if (!known_ || planned_ == Tag::None) {
    need_tags();
  }
}

void ArrayOutput::need_tags() {
  if (!tags_) {
    tags_ = allocate(static_cast<size_t>(n_));
    std::memset(tags_.get(), static_cast<int>(planned_), static_cast<size_t>(n_));
  }
}

void ArrayOutput::put(int64_t position, Tag tag, const void* value) {
  if (!known_ || tag != planned_) {
    need_tags();
    tags_.get()[position] = static_cast<char>(tag);
  }
  if (tag == Tag::Bool && width_ == 1) {
    std::memcpy(payload_ + position, value, 1);
  } else if (width_ == 1) {
    if (!wide_) {
      wide_ = allocate(static_cast<size_t>(n_) * 8);
    }
    std::memcpy(wide_.get() + position * 8, value, 8);
  } else {
    std::memcpy(payload_ + position * 8, value, 8);
  }
}

bool ArrayOutput::set(int64_t position, Ref value) {
  GILMAP_CHECK(position >= 0 && position < n_);
  PyObject* o = value.get();
  if (o == Py_None) {
    set_null(position);
    return true;
  }
  alignas(8) char number[8] = {};
  switch (read_number(o, number)) {
    case Kind::Int:
      put(position, Tag::Int, number);
      return true;
    case Kind::Float:
      put(position, Tag::Float, number);
      return true;
    case Kind::Bool:
      put(position, Tag::Bool, number);
      return true;
    case Kind::Other:
    case Kind::Null:
      break;
  }
  // An array element cannot be of a subclass, but it can have its value.
  if (PyLong_Check(o)) {
    int64_t v = 0;
    if (int_value(o, &v)) {
      put(position, Tag::Int, &v);
    } else {
      refuse(position, o, true);
    }
    return true;
  }
  if (PyFloat_Check(o)) {
    const double v = PyFloat_AS_DOUBLE(o);
    put(position, Tag::Float, &v);
    return true;
  }
  Ref plain = plain_number(o);
  if (!plain && PyErr_Occurred()) {
    return false;
  }
  if (plain && (PyLong_CheckExact(plain.get()) || PyFloat_CheckExact(plain.get()) || PyBool_Check(plain.get()))) {
    return set(position, std::move(plain));
  }
  refuse(position, o, false);
  return true;
}

void ArrayOutput::set_null(int64_t position) {
  // What lies under a null is nobody's business, but it should not be what the memory held before.
  std::memset(payload_ + position * width_, 0, static_cast<size_t>(width_));
  need_tags();
  tags_.get()[position] = static_cast<char>(Tag::None);
}

void ArrayOutput::refuse(int64_t position, PyObject* value, bool overflow) {
  need_tags();
  tags_.get()[position] = bad;
  if (position < bad_position_) {
    bad_position_ = position;
    bad_type_ = Py_TYPE(value)->tp_name;
    bad_overflow_ = overflow;
  }
}

// Raises for the result at `position`, whose tag is `tag`, in a column of `others`.
void ArrayOutput::fail(int64_t position, uint8_t tag, Tag others) const {
  const auto at = static_cast<long long>(position);
  const char* list = takes_none_ ? "xs.to_pylist()" : "xs.tolist()";
  if (tag == bad && bad_overflow_) {
    PyErr_Format(PyExc_OverflowError,
                 "gilmap.map: result %lld is an int that does not fit int64. A list takes everything: pass %s", at,
                 list);
  } else if (tag == bad || tag == static_cast<uint8_t>(Tag::None)) {
    const bool none = tag != bad;
    PyErr_Format(PyExc_TypeError,
                 "gilmap.map: result %lld is %s%s, which %s array cannot hold. A list takes everything: pass %s", at,
                 none ? "None" : "of type ", none ? "" : bad_type_.c_str(), takes_none_ ? "an Arrow" : "a NumPy", list);
  } else if (tag == static_cast<uint8_t>(Tag::Int) && others == Tag::Float) {
    PyErr_Format(
        PyExc_TypeError,
        "gilmap.map: result %lld is the int %lld, which a float64 does not hold exactly, and other results are "
        "floats. A list takes everything: pass %s",
        at, static_cast<long long>(read_int(settled_, position)), list);
  } else {
    PyErr_Format(PyExc_TypeError,
                 "gilmap.map: result %lld is %s %s and earlier ones are %ss, but an array has one type. A list takes "
                 "everything: pass %s",
                 at, tag == static_cast<uint8_t>(Tag::Int) ? "an" : "a", tag_name(tag),
                 tag_name(static_cast<uint8_t>(others)), list);
  }
}

// Looks for the first result that does not fit, given which tags there are at all.
bool ArrayOutput::check(unsigned present, Tag result) {
  const uint8_t* tags = tag_data();
  Tag so_far = Tag::None;
  for (int64_t i = 0; i < n_; ++i) {
    const uint8_t tag = tags[i];
    const bool none = tag == static_cast<uint8_t>(Tag::None);
    if (tag == bad || (none && !takes_none_)) {
      fail(i, tag, result);
      return false;
    }
    if (none) {
      continue;
    }
    const bool is_bool = tag == static_cast<uint8_t>(Tag::Bool);
    if (so_far != Tag::None && is_bool != (so_far == Tag::Bool)) {
      fail(i, tag, so_far);
      return false;
    }
    if (tag == static_cast<uint8_t>(Tag::Int) && (present & bit(Tag::Float)) && !(present & bit(Tag::Bool)) &&
        !is_exact_in_double(read_int(settled_, i))) {
      fail(i, tag, Tag::Float);
      return false;
    }
    so_far = static_cast<Tag>(tag);
  }
  return true;
}

std::optional<Tag> ArrayOutput::settle() {
  settled_ = payload_;
  settled_width_ = width_;
  if (n_ == 0) {
    return Tag::None;
  }
  if (!tags_) {
    return planned_;
  }
  const uint8_t* tags = tag_data();
  unsigned present = 0;
  for (int64_t i = 0; i < n_; ++i) {
    present |= 1u << tags[i];
  }
  const unsigned numbers = present & (bit(Tag::Int) | bit(Tag::Float) | bit(Tag::Bool));
  has_none_ = present & bit(Tag::None);
  if (width_ == 1 && !(present & bit(Tag::Bool)) && wide_) {
    settled_ = wide_.get();
    settled_width_ = 8;
  }
  const bool mixed = (numbers & (numbers - 1)) != 0;
  const Tag result = numbers & bit(Tag::Float)  ? Tag::Float
                     : numbers & bit(Tag::Int)  ? Tag::Int
                     : numbers & bit(Tag::Bool) ? Tag::Bool
                                                : Tag::None;
  if ((mixed || (present & 1u << bad) || (has_none_ && !takes_none_)) && !check(present, result)) {
    return std::nullopt;
  }
  if (mixed) {
    for (int64_t i = 0; i < n_; ++i) {
      if (tags[i] == static_cast<uint8_t>(Tag::Int)) {
        const auto v = static_cast<double>(read_int(settled_, i));
        std::memcpy(settled_ + i * 8, &v, sizeof v);
      }
    }
  }
  return result;
}

}  // namespace gilmap::columns
