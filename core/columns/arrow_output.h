#pragma once
// A result array of pyarrow, built from our own buffers.

#include <Python.h>

#include "columns/array_output.h"

namespace gilmap::columns {

class ArrowOutput : public ArrayOutput {
 public:
  // Null with an exception set.
  static std::unique_ptr<Output> create(const Input& first, int64_t n, std::span<const ir::Type> types);

  Ref finish() override;

 private:
  ArrowOutput(int64_t n, std::span<const ir::Type> types) : ArrayOutput(n, types, true) {}
  std::shared_ptr<char> pack_validity() const;
  std::shared_ptr<char> pack_bools() const;
  Ref import(const char* format, int64_t begin, int64_t length) const;

  Ref pyarrow_;
  std::optional<std::vector<int64_t>> chunk_lengths_;
  std::shared_ptr<char> values_;    // bytes or 8-byte values while kernels write, what Arrow wants at the end
  std::shared_ptr<char> validity_;  // null: all are valid
};

}  // namespace gilmap::columns
