#include "columns/list_input.h"

#include <algorithm>
#include <cstring>

#include "columns/box.h"
#include "columns/memory.h"
#include "columns/unbox.h"

namespace gilmap::columns {

std::unique_ptr<Input> ListInput::make(Ref sequence, Owner owner) {
  const bool frozen = owner == Owner::Us || PyTuple_CheckExact(sequence.get());
  std::unique_ptr<Input> input(new ListInput(std::move(sequence), frozen));
#ifdef Py_GIL_DISABLED
  // Other threads run while we read.
  if (!input->freeze()) return nullptr;
#endif
  return input;
}

ListInput::ListInput(Ref sequence, bool frozen) : sequence_(std::move(sequence)), frozen_(frozen) {
  size_ = live_size();
}

bool ListInput::freeze() {
  if (frozen_ || !seen_.empty()) return true;
  Ref copy = Ref::steal(PyList_AsTuple(sequence_.get()));
  if (!copy) return false;
  sequence_ = std::move(copy);
  size_ = live_size();
  frozen_ = true;
  return true;
}

PyObject* const* ListInput::items() const {
  PyObject* s = sequence_.get();
  return PyList_CheckExact(s) ? reinterpret_cast<PyListObject*>(s)->ob_item
                              : reinterpret_cast<PyTupleObject*>(s)->ob_item;
}

Scan ListInput::scan(int64_t begin, int64_t end) {
  size_ = size();
  Seen seen = unbox(begin, end);
  Scan scan{.kind = seen.kind, .kinds = seen.kinds, .view = {}, .storage = seen.values};
  scan.view = {.data = seen.values.get(), .stride = seen.width};
  if (seen.kinds) {
    scan.mixed = true;
  } else if (is_number(seen.kind)) {
    const ir::Type type = type_of(seen.kind);
    scan.view.stored = type == ir::Type::I64 ? Stored::I64 : type == ir::Type::F64 ? Stored::F64 : Stored::Bool;
  }
  if (!frozen_) {
    seen_.push_back(std::move(seen));
  }
  return scan;
}

// Calls read(from, first, count) for pieces of rows begin + `from`, … of the list as it is then, and serves signals in
// between, whose handlers may do anything to the list. Ends where `read` reads less than it was given, at `end`, at the
// end of the list, or at an exception. Returns how many rows were read.
template <class Read>
int64_t ListInput::in_pieces(int64_t begin, int64_t from, int64_t end, Read read) const {
  constexpr int64_t piece = 1 << 20;
  if (PyErr_Occurred()) return from;  // at an earlier piece
  for (int64_t i = from;;) {
    // Rows that the list has lost meanwhile are nothing that we can unbox; item() says so if they are needed.
    const int64_t count = std::min(piece, std::min(end, live_size()) - begin - i);
    if (count <= 0) return i;
    const int64_t got = read(items() + begin + i, i, count);
    i += got;
    if (got < count || (got == piece && PyErr_CheckSignals() != 0)) return i;
  }
}

// One pass for the common case of equal types; the mixed pass takes over where that ends.
ListInput::Seen ListInput::unbox(int64_t begin, int64_t end) const {
  Seen seen{.begin = begin, .end = end, .kind = Kind::Other, .kinds = {}, .values = {}, .width = 8, .rest = {}};
  int64_t same = 0;
  if (begin < std::min(end, live_size())) {
    PyObject* const first = items()[begin];
    seen.kind = PyLong_CheckExact(first)    ? Kind::Int
                : PyFloat_CheckExact(first) ? Kind::Float
                : PyBool_Check(first)       ? Kind::Bool
                                            : Kind::Other;
    seen.width = seen.kind == Kind::Bool ? 1 : 8;
    if (seen.kind != Kind::Other) seen.values = allocate(static_cast<size_t>((end - begin) * seen.width));
    void* const values = seen.values.get();
    same = in_pieces(begin, 0, end, [&](PyObject* const* from, int64_t i, int64_t count) -> int64_t {
      if (seen.kind == Kind::Int) return unbox_ints(from, count, static_cast<int64_t*>(values) + i);
      if (seen.kind == Kind::Float) return unbox_floats(from, count, static_cast<double*>(values) + i);
      if (seen.kind == Kind::Bool) return unbox_bools(from, count, static_cast<uint8_t*>(values) + i);
      return 0;
    });
  }
  if (same < end - begin) {
    unbox_mixed(seen, same);
  }
  return seen;
}

// The first `same` values of `seen` are of its kind; looks at the others one by one.
void ListInput::unbox_mixed(Seen& seen, int64_t same) const {
  const int64_t count = seen.end - seen.begin;
  seen.kinds = std::make_shared_for_overwrite<uint8_t[]>(static_cast<size_t>(count));
  uint8_t* kinds = seen.kinds.get();
  std::memset(kinds, static_cast<int>(seen.kind), static_cast<size_t>(same));

  if (seen.width != 8 || !seen.values) {
    const std::shared_ptr<char> narrow = std::move(seen.values);
    seen.values = allocate(static_cast<size_t>(count) * 8);
    seen.width = 8;
    for (int64_t i = 0; i < same; ++i) {
      seen.values.get()[i * 8] = narrow.get()[i];
    }
  }

  char* values = seen.values.get();
  bool uniform = same == 0;
  const int64_t read = in_pieces(seen.begin, same, seen.end, [&](PyObject* const* from, int64_t first, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
      const Kind kind = read_number(from[i], values + (first + i) * 8);
      kinds[first + i] = static_cast<uint8_t>(kind);
      if (kind == Kind::Other && !frozen_) {
        seen.rest.emplace_back(seen.begin + first + i, Ref::borrow(from[i]));
      }
      uniform &= kind == Kind::Other;
    }
    return n;
  });
  std::memset(kinds + read, static_cast<int>(Kind::Other), static_cast<size_t>(count - read));
  if (uniform) {  // no number at all
    seen.kind = Kind::Other;
    seen.kinds.reset();
    seen.values.reset();
  }
}

Ref ListInput::item(int64_t i) {
  if (!frozen_) {
    for (const Seen& seen : seen_) {
      if (seen.begin <= i && i < seen.end) {
        return seen_item(seen, i);
      }
    }
  }
  return i < live_size() ? Ref::borrow(items()[i]) : lost();
}

// A row that the list no longer has. map's iterator ends there.
Ref ListInput::lost() {
  PyErr_SetNone(PyExc_StopIteration);
  return {};
}

Ref ListInput::seen_item(const Seen& seen, int64_t i) const {
  const Kind kind = seen.kinds ? static_cast<Kind>(seen.kinds[i - seen.begin]) : seen.kind;
  if (!is_number(kind)) {
    auto it = std::ranges::lower_bound(seen.rest, i, {}, [](const auto& entry) { return entry.first; });
    return it != seen.rest.end() && it->first == i ? it->second : lost();
  }
  const char* value = seen.values.get() + (i - seen.begin) * seen.width;
  // Most lists are not changed: then give the very object, because f may compare it by `is`.
  if (i < live_size()) {
    alignas(8) char now[8] = {};
    PyObject* o = items()[i];
    if (read_number(o, now) == kind && std::memcmp(now, value, kind == Kind::Bool ? 1 : 8) == 0) {
      return Ref::borrow(o);
    }
  }
  return box(type_of(kind), value);
}

std::optional<ir::Type> ListInput::common_type(int64_t begin, int64_t end) const {
  end = std::min(end, live_size());
  if (begin >= end) {
    return std::nullopt;
  }
  PyObject* const* from = items();
  int64_t value;
  const Kind kind = read_number(from[begin], &value);
  if (!is_number(kind)) {
    return std::nullopt;
  }
  PyTypeObject* type = Py_TYPE(from[begin]);
  for (int64_t i = begin + 1; i < end; ++i) {
    if (Py_TYPE(from[i]) != type || (kind == Kind::Int && !int_value(from[i], &value))) {
      return std::nullopt;
    }
  }
  return type_of(kind);
}

}  // namespace gilmap::columns
