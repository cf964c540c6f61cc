#pragma once
// A column from anything that speaks the Arrow C data interface, read where it lies.

#include <Python.h>

#include <utility>
#include <vector>

#include "columns/arrow_abi.h"
#include "columns/columns.h"

namespace gilmap::columns {

class ArrowInput : public Input {
 public:
  // Of an object with __arrow_c_array__ or __arrow_c_stream__; null without an exception if it has neither.
  static std::unique_ptr<Input> make(PyObject* object);

  Container container() const override { return Container::Arrow; }
  int64_t size() const override { return starts_.back(); }
  Ref item(int64_t i) override;
  bool has_nulls() const override { return has_nulls_; }
  bool is_null(int64_t i) const override;
  std::optional<std::vector<int64_t>> chunk_lengths() const override { return lengths_; }
  Scan scan(int64_t begin, int64_t end) override;
  int64_t segment_end(int64_t position) const override { return starts_[chunk_of(position) + 1]; }
  std::optional<ir::Type> common_type(int64_t begin, int64_t end) const override;

 private:
  struct Chunk {
    View view;                          // of its elements
    const uint8_t* validity = nullptr;  // null: all are valid
    int64_t first_bit = 0;
  };

  ArrowInput() = default;
  bool set_type(const ArrowSchema& schema);
  bool read_array(PyObject* pair);
  bool read_stream(ArrowArrayStream* stream);
  bool read_chunked_array(PyObject* chunked);
  void finish_chunks();
  void add_chunk(ArrowOwned<ArrowArray> array);
  void merge_chunks();
  size_t chunk_of(int64_t position) const;

  std::optional<Stored> stored_;  // nullopt: the null type
  std::vector<ArrowOwned<ArrowArray>> arrays_;
  std::vector<Chunk> chunks_;
  std::vector<int64_t> starts_ = {0};  // position of each chunk, and the end
  std::optional<std::vector<int64_t>> lengths_;
  std::vector<std::shared_ptr<char>> merged_;
  bool has_nulls_ = false;
};

}  // namespace gilmap::columns
