#pragma once
// The Arrow C data interface: the structs that its specification gives for copying into one's own project
// (https://arrow.apache.org/docs/format/CDataInterface.html), and their ownership.

#include <cstdint>
#include <cstring>
#include <utility>

namespace gilmap::columns {

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  ArrowSchema** children;
  ArrowSchema* dictionary;
  void (*release)(ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  ArrowArray** children;
  ArrowArray* dictionary;
  void (*release)(ArrowArray*);
  void* private_data;
};

struct ArrowArrayStream {
  int (*get_schema)(ArrowArrayStream*, ArrowSchema* out);
  int (*get_next)(ArrowArrayStream*, ArrowArray* out);
  const char* (*get_last_error)(ArrowArrayStream*);
  void (*release)(ArrowArrayStream*);
  void* private_data;
};

// Owns one of the structs. Moving the bytes moves the ownership, as the specification says.
template <class T>
class ArrowOwned {
 public:
  ArrowOwned() = default;
  explicit ArrowOwned(T* taken) : value_(std::exchange(*taken, T{})) {}
  ArrowOwned(ArrowOwned&& other) noexcept : value_(std::exchange(other.value_, T{})) {}
  ArrowOwned& operator=(ArrowOwned&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~ArrowOwned() {
    if (value_.release) {
      value_.release(&value_);
    }
  }
  T* operator->() { return &value_; }
  const T* operator->() const { return &value_; }
  T* get() { return &value_; }
  const T& operator*() const { return value_; }

 private:
  T value_{};
};

}  // namespace gilmap::columns
