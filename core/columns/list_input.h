#pragma once
// A column of Python objects: a list, a tuple, or what an iterable gave.

#include <Python.h>

#include <utility>
#include <vector>

#include "columns/scan.h"

namespace gilmap::columns {

// Code that runs during the call (f itself, another thread) may change a list that is not ours. Until it is scanned,
// such a list is what it is at each look, as it is for map. From then on it is what scan() has seen: the unboxed
// numbers, which the kernels need anyway, and references to the rest; to hold a reference to each element would cost as
// much as unboxing it. A tuple, or a list that nobody else has, needs none of that.
class ListInput : public Input {
 public:
  enum class Owner : uint8_t { Caller, Us };

  // Of an exact list or tuple. Null with an exception set.
  static std::unique_ptr<Input> make(Ref sequence, Owner owner);

  Container container() const override { return Container::List; }
  int64_t size() const override { return frozen_ || !seen_.empty() ? size_ : live_size(); }
  PyObject* const* objects() const override { return frozen_ ? items() : nullptr; }
  Ref item(int64_t i) override;
  bool freeze() override;
  PyObject* sequence() const override { return seen_.empty() ? sequence_.get() : nullptr; }
  Scan scan(int64_t begin, int64_t end) override;
  std::optional<ir::Type> common_type(int64_t begin, int64_t end) const override;

 private:
  struct Seen {
    int64_t begin, end;
    Kind kind;
    std::shared_ptr<uint8_t[]> kinds;
    std::shared_ptr<char> values;
    int width;                                  // bytes of a value
    std::vector<std::pair<int64_t, Ref>> rest;  // what is no number, by position
  };

  ListInput(Ref sequence, bool frozen);
  PyObject* const* items() const;
  int64_t live_size() const { return Py_SIZE(sequence_.get()); }
  template <class Read>
  int64_t in_pieces(int64_t begin, int64_t from, int64_t end, Read read) const;
  Seen unbox(int64_t begin, int64_t end) const;
  void unbox_mixed(Seen& seen, int64_t same) const;
  Ref seen_item(const Seen& seen, int64_t i) const;
  static Ref lost();

  Ref sequence_;
  int64_t size_ = 0;  // when it was opened, or first scanned
  bool frozen_ = false;
  std::vector<Seen> seen_;
};

}  // namespace gilmap::columns
