#include <limits>

#include "columns/columns.h"

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

}  // namespace gilmap::columns
