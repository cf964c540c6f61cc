// Stored columns: all elements have the column's type, except nulls, and uint64 values that are no int64.

#include "columns/scan.h"

#include <bit>
#include <cstring>

#include "columns/validity.h"

namespace gilmap::columns {

namespace {

constexpr int64_t part = 1024;

// load() gives the bits of a uint64, so that what does not fit an int64 is negative.
template <class See>
void each_part(const View& view, int64_t count, See see) {
  int64_t values[part];
  for (int64_t done = 0; done < count; done += part) {
    const int64_t now = part < count - done ? part : count - done;
    load(view, done, now, values);
    see(done, now, values);
  }
}

void mark_large(const View& view, int64_t count, uint8_t* kinds) {
  each_part(view, count, [kinds](int64_t done, int64_t now, const int64_t* values) {
    for (int64_t i = 0; i < now; ++i) {
      if (values[i] < 0 && kinds[done + i] != static_cast<uint8_t>(Kind::Null)) {
        kinds[done + i] = static_cast<uint8_t>(Kind::Other);
      }
    }
  });
}

}  // namespace

bool exceeds_int64(const View& view, int64_t count) {
  int64_t any = 0;
  each_part(view, count, [&any](int64_t, int64_t now, const int64_t* values) {
    for (int64_t i = 0; i < now; ++i) {
      any |= values[i];
    }
  });
  return any < 0;
}

int64_t count_valid(const uint8_t* validity, int64_t first_bit, int64_t count) {
  int64_t valid = 0;
  int64_t i = first_bit;
  const int64_t end = first_bit + count;
  for (; i < end && i % 8 != 0; ++i) {
    valid += is_valid(validity, i);
  }
  for (; i + 64 <= end; i += 64) {
    uint64_t word;
    std::memcpy(&word, validity + i / 8, sizeof word);
    valid += std::popcount(word);
  }
  for (; i < end; ++i) {
    valid += is_valid(validity, i);
  }
  return valid;
}

Scan scan_stored(const View& view, int64_t count, const uint8_t* validity, int64_t first_bit) {
  Scan scan{.kind = kind_of(type_of(view)), .kinds = {}, .view = view, .storage = {}};
  const int64_t valid = validity ? count_valid(validity, first_bit, count) : count;
  if (valid == 0) {
    scan.kind = Kind::Null;
    return scan;
  }
  const bool large = view.stored == Stored::U64 && exceeds_int64(view, count);
  if (valid == count && !large) {
    return scan;
  }
  scan.kinds = std::make_shared_for_overwrite<uint8_t[]>(static_cast<size_t>(count));
  uint8_t* kinds = scan.kinds.get();
  if (valid == count) {
    std::memset(kinds, static_cast<int>(scan.kind), static_cast<size_t>(count));
  } else {
    for (int64_t i = 0; i < count; ++i) {
      kinds[i] = static_cast<uint8_t>(is_valid(validity, first_bit + i) ? scan.kind : Kind::Null);
    }
  }
  if (large) {
    mark_large(view, count, kinds);
  }
  return scan;
}

}  // namespace gilmap::columns
