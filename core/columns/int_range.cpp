#include <cstring>
#include <limits>

#include "columns/columns.h"
#include "support/check.h"

namespace gilmap::columns {

ir::IntRange int_range(const View& view, int64_t begin, int64_t count) {
  const auto bounds_of = []<class T>(T) {
    return ir::IntRange{std::numeric_limits<T>::min(), std::numeric_limits<T>::max()};
  };
  switch (view.stored) {
    case Stored::I8:
      return bounds_of(int8_t{});
    case Stored::I16:
      return bounds_of(int16_t{});
    case Stored::I32:
      return bounds_of(int32_t{});
    case Stored::U8:
      return bounds_of(uint8_t{});
    case Stored::U16:
      return bounds_of(uint16_t{});
    case Stored::U32:
      return bounds_of(uint32_t{});
    case Stored::I64:
    case Stored::U64:
    case Stored::Range:
      break;
    case Stored::F16:
    case Stored::F32:
    case Stored::F64:
    case Stored::Bool:
    case Stored::Bit:
      return {};
  }
  if (count == 0) {
    return {};
  }
  constexpr int64_t part = 1024;
  int64_t values[part];
  int64_t lo = INT64_MAX;
  int64_t hi = INT64_MIN;
  for (int64_t done = 0; done < count; done += part) {
    const int64_t now = part < count - done ? part : count - done;
    load(view, begin + done, now, values);
    for (int64_t i = 0; i < now; ++i) {
      lo = values[i] < lo ? values[i] : lo;
      hi = values[i] > hi ? values[i] : hi;
    }
  }
  return {lo, hi};
}

// v lies within if v - lo has no bit beyond those of hi - lo. Baseline x86-64 has no comparison of 64-bit lanes, but it
// can subtract and collect bits.
bool all_within(const void* values, int64_t count, ir::IntRange range) {
  using Lanes [[gnu::vector_size(16)]] = uint64_t;
  constexpr int64_t lanes = sizeof(Lanes) / 8, vectors = 4;

  const auto* p = static_cast<const char*>(values);
  const auto lo = static_cast<uint64_t>(range.lo);
  const uint64_t mask = static_cast<uint64_t>(range.hi) - lo;
  GILMAP_CHECK((mask & (mask + 1)) == 0);
  Lanes bits[vectors] = {};
  int64_t i = 0;
  for (; i + vectors * lanes <= count; i += vectors * lanes) {
    const auto offset = [&](int64_t k) {
      Lanes v;
      std::memcpy(&v, p + (i + k * lanes) * 8, sizeof v);
      return v - lo;
    };
    bits[0] |= offset(0);  // four chains, written out: no compiler unrolls at -O2
    bits[1] |= offset(1);
    bits[2] |= offset(2);
    bits[3] |= offset(3);
  }
  const Lanes both = bits[0] | bits[1] | bits[2] | bits[3];
  uint64_t all = both[0] | both[1];
  for (; i < count; ++i) {
    uint64_t value;
    std::memcpy(&value, p + i * 8, sizeof value);
    all |= value - lo;
  }
  return (all & ~mask) == 0;
}

}  // namespace gilmap::columns
