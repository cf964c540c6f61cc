#pragma once
// A result list.

#include <Python.h>

#include <utility>
#include <vector>

#include "columns/huge_arena.h"
#include "columns/output.h"

namespace gilmap::columns {

// The payloads of the kernels are written into the list's own slots, which are as wide, and turned into objects there.
// Until finish() the garbage collector does not know the list, so nobody else sees it.
class ListOutput : public Output {
 public:
  // Null with an exception set.
  static std::unique_ptr<Output> create(int64_t n, std::span<const ir::Type> types);
  ~ListOutput() override;

  char* payload() override;
  int payload_width() const override { return bytes_ ? 1 : 8; }
  uint8_t* tags() override { return reinterpret_cast<uint8_t*>(tags_.get()); }
  bool set(int64_t position, Ref value) override;
  void set_null(int64_t position) override { set(position, Ref::borrow(Py_None)); }
  bool complete(int64_t begin, int64_t end) override;
  Ref finish() override;

 private:
  ListOutput(Ref list, int64_t n) : list_(std::move(list)), n_(n) {}

  PyObject** slots() { return reinterpret_cast<PyListObject*>(list_.get())->ob_item; }
  bool is_set(int64_t i) const { return !set_.empty() && (set_[i >> 6] >> (i & 63) & 1); }
  int64_t next_set(int64_t from, int64_t end) const;
  int64_t box(int64_t begin, int64_t end);
  void abandon();

  Ref list_;
  int64_t n_;
  ir::Type type_ = ir::Type::Void;  // of the payloads, if there are no tags
  std::shared_ptr<char> bytes_;     // the payloads, if all are bools
  std::shared_ptr<char> tags_;
  std::vector<uint64_t> set_;                       // a bit for each slot that set() has filled; empty: none yet
  std::vector<std::pair<int64_t, int64_t>> boxed_;  // ranges whose slots are all filled
  HugeArenas arenas_;
  bool large_ = false;
};

}  // namespace gilmap::columns
