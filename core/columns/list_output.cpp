#include "columns/list_output.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "columns/box.h"
#include "columns/memory.h"
#include "support/check.h"

namespace gilmap::columns {

namespace {
constexpr int64_t large_from = 50'000;  // elements; below it, freed arenas usually have the room
}

std::unique_ptr<Output> ListOutput::create(int64_t n, std::span<const ir::Type> types) {
  Ref list = Ref::steal(PyList_New(n));
  if (!list) {
    return nullptr;
  }
  PyObject_GC_UnTrack(list.get());
  std::unique_ptr<ListOutput> out(new ListOutput(std::move(list), n));
  if (types.size() > 1) {
    out->tags_ = allocate(static_cast<size_t>(n));
  } else if (!types.empty()) {
    out->type_ = types[0];
    if (types[0] == ir::Type::Bool) {
      out->bytes_ = allocate(static_cast<size_t>(n));
    }
  }
  if (n > 0) {
    advise_huge(out->slots(), static_cast<size_t>(n) * 8);
  }
  out->large_ = n >= large_from && HugeArenas::available();
  return out;
}

ListOutput::~ListOutput() {
  if (list_) {
    abandon();
  }
}

// Slots may hold payloads: make it a list that can be freed.
void ListOutput::abandon() {
  PyObject** const slot = slots();
  int64_t i = 0;
  const auto clear_to = [&](int64_t end) {
    for (; i < end; ++i) {
      if (!is_set(i)) {
        slot[i] = nullptr;
      }
    }
  };
  for (auto [begin, end] : boxed_) {
    clear_to(begin);
    i = end;
  }
  clear_to(n_);
  list_ = Ref();
}

char* ListOutput::payload() {
  static int64_t nowhere;  // an empty list has no slots
  return bytes_ ? bytes_.get() : n_ > 0 ? reinterpret_cast<char*>(slots()) : reinterpret_cast<char*>(&nowhere);
}

bool ListOutput::set(int64_t position, Ref value) {
  GILMAP_CHECK(position >= 0 && position < n_ && !is_set(position));
  if (set_.empty()) {
    set_.resize(static_cast<size_t>(n_ + 63) / 64);
  }
  set_[position >> 6] |= uint64_t{1} << (position & 63);
  slots()[position] = value.release();
  return true;
}

// The first position from `from` on that was set, or end.
int64_t ListOutput::next_set(int64_t from, int64_t end) const {
  if (set_.empty() || from >= end) {
    return end;
  }
  uint64_t word = set_[from >> 6] >> (from & 63) << (from & 63);
  for (int64_t base = from & ~int64_t{63};;) {
    if (word) {
      return std::min<int64_t>(end, base + std::countr_zero(word));
    }
    base += 64;
    if (base >= end) {
      return end;
    }
    word = set_[base >> 6];
  }
}

// Boxes slots none of which was set; returns how many.
int64_t ListOutput::box(int64_t begin, int64_t end) {
  PyObject** const slot = slots() + begin;
  const int64_t count = end - begin;
  if (tags_) {
    return box_tagged(slot, tags() + begin, count);
  }
  switch (type_) {
    case ir::Type::I64:
      return box_ints(slot, count);
    case ir::Type::F64:
      return box_floats(slot, count);
    case ir::Type::Bool:
      box_bools(slot, reinterpret_cast<uint8_t*>(bytes_.get()) + begin, count);
      return count;
    case ir::Type::Void:
      box_nones(slot, count);
      return count;
  }
  return count;
}

bool ListOutput::complete(int64_t begin, int64_t end) {
  GILMAP_CHECK(0 <= begin && begin <= end && end <= n_ && (boxed_.empty() || boxed_.back().second <= begin));
  if (boxed_.empty() || boxed_.back().second != begin) {
    boxed_.emplace_back(begin, begin);
  }
  HugeArenas::Use use(large_ ? &arenas_ : nullptr);
  int64_t& done = boxed_.back().second;
  while (done < end) {
    const int64_t stop = next_set(done, end);
    done += box(done, stop);
    if (done < stop) {
      return false;
    }
    while (done < end && is_set(done)) {
      ++done;
    }
  }
  return true;
}

Ref ListOutput::finish() {
  GILMAP_CHECK(n_ == 0 || (boxed_.size() == 1 && boxed_[0] == std::pair(int64_t{0}, n_)));
  PyObject_GC_Track(list_.get());
  return std::move(list_);
}

}  // namespace gilmap::columns
