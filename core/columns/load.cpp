// Stored elements to the three types that kernels read.
//
// Each loop has one stored type and works in blocks of a constant length, which compilers vectorise without being asked
// for more than -O2. Elements are read with memcpy, because nothing promises that they are aligned.

#include <bit>
#include <concepts>
#include <cstring>
#include <type_traits>

#include "columns/scan.h"
#include "support/check.h"

namespace gilmap::columns {

namespace {

constexpr int64_t block = 16;

struct Half {
  uint16_t bits;
};

// IEEE binary16. Written out, because not every compiler has the type; NaNs keep their payload.
inline double widen(Half h) {
  const uint64_t sign = uint64_t{h.bits & 0x8000u} << 48;
  const uint64_t rest = h.bits & 0x7fffu;
  const double subnormal = static_cast<double>(static_cast<int64_t>(rest)) * 0x1p-24;
  const uint64_t normal = (rest << 42) + (uint64_t{1023 - 15} << 52);
  const uint64_t infinite = (rest << 42) | (uint64_t{0x7ff} << 52);
  const uint64_t magnitude = rest < 0x400 ? std::bit_cast<uint64_t>(subnormal) : rest < 0x7c00 ? normal : infinite;
  return std::bit_cast<double>(sign | magnitude);
}

template <class T>
inline T swap_bytes(T value) {
  if constexpr (sizeof(T) == 1) {
    return value;
  } else if constexpr (sizeof(T) == 2) {
    return std::bit_cast<T>(__builtin_bswap16(std::bit_cast<uint16_t>(value)));
  } else if constexpr (sizeof(T) == 4) {
    return std::bit_cast<T>(__builtin_bswap32(std::bit_cast<uint32_t>(value)));
  } else {
    return std::bit_cast<T>(__builtin_bswap64(std::bit_cast<uint64_t>(value)));
  }
}

// Reads one stored element and gives the value that f sees.
template <class T, bool swapped>
struct Element {
  static constexpr int64_t width = sizeof(T);
  static auto read(const char* p) {
    T value;
    std::memcpy(&value, p, sizeof value);
    if constexpr (swapped) {
      value = swap_bytes(value);
    }
    if constexpr (std::same_as<T, Half>) {
      return widen(value);
    } else if constexpr (std::floating_point<T>) {
      return static_cast<double>(value);
    } else {
      return static_cast<int64_t>(value);
    }
  }
};

struct BoolByte {
  static constexpr int64_t width = 1;
  static uint8_t read(const char* p) { return *p != 0; }
};

// A strided run; `Stride` is a constant where the elements are dense.
template <class E, class Out, class Stride>
void load_run(const char* __restrict p, Stride stride, int64_t count, Out* __restrict out) {
  int64_t i = 0;
  for (; i + block <= count; i += block) {
    for (int64_t j = 0; j < block; ++j) {
      out[i + j] = E::read(p + (i + j) * stride);
    }
  }
  for (; i < count; ++i) {
    out[i] = E::read(p + i * stride);
  }
}

template <class E, class Out>
void load_strided(const char* p, int64_t stride, int64_t count, Out* out) {
  if (stride == E::width) {
    load_run<E>(p, std::integral_constant<int64_t, E::width>(), count, out);
  } else {
    load_run<E>(p, stride, count, out);
  }
}

// Where element `number` of a grid is, and how many follow it on the same innermost run.
struct GridPlace {
  const char* p;
  int64_t run;
};

GridPlace locate(const View& view, int64_t number) {
  const Grid& grid = *view.grid;
  const char* p = view.data;
  int64_t run = 0;
  for (size_t axis = grid.shape.size(); axis-- > 0;) {
    const int64_t at = number % grid.shape[axis];
    number /= grid.shape[axis];
    p += at * grid.strides[axis];
    if (axis + 1 == grid.shape.size()) {
      run = grid.shape[axis] - at;
    }
  }
  return {p, run};
}

template <class E, class Out>
void load_as(const View& view, int64_t begin, int64_t count, Out* out) {
  if (view.index) {
    const int64_t* index = view.index + begin;
    if (view.grid) {
      for (int64_t i = 0; i < count; ++i) {
        out[i] = E::read(locate(view, view.origin + index[i] - view.index_base).p);
      }
    } else {
      const char* base = view.data;
      for (int64_t i = 0; i < count; ++i) {
        out[i] = E::read(base + (index[i] - view.index_base) * view.stride);
      }
    }
  } else if (view.grid) {
    for (int64_t done = 0; done < count;) {
      const GridPlace place = locate(view, view.origin + begin + done);
      const int64_t run = place.run < count - done ? place.run : count - done;
      load_strided<E>(place.p, view.grid->strides.back(), run, out + done);
      done += run;
    }
  } else {
    load_strided<E>(view.data + begin * view.stride, view.stride, count, out);
  }
}

template <class T>
void load_typed(const View& view, int64_t begin, int64_t count, void* dst) {
  using Out = decltype(Element<T, false>::read(nullptr));
  auto* out = static_cast<Out*>(dst);
  if (view.swapped) {
    load_as<Element<T, true>>(view, begin, count, out);
  } else {
    load_as<Element<T, false>>(view, begin, count, out);
  }
}

void load_bits(const View& view, int64_t begin, int64_t count, uint8_t* out) {
  const auto* bits = reinterpret_cast<const uint8_t*>(view.data);
  const auto bit = [bits](int64_t i) { return static_cast<uint8_t>(bits[i >> 3] >> (i & 7) & 1); };
  if (view.index) {
    for (int64_t i = 0; i < count; ++i) {
      out[i] = bit(view.origin + view.index[begin + i] - view.index_base);
    }
    return;
  }
  const int64_t from = view.origin + begin;
  int64_t i = 0;
  for (; i < count && (from + i) % 8 != 0; ++i) {
    out[i] = bit(from + i);
  }
  for (; i + 8 <= count; i += 8) {
    const uint64_t byte = bits[(from + i) >> 3];
    for (int j = 0; j < 8; ++j) {
      out[i + j] = static_cast<uint8_t>(byte >> j & 1);
    }
  }
  for (; i < count; ++i) {
    out[i] = bit(from + i);
  }
}

void load_range(const View& view, int64_t begin, int64_t count, int64_t* out) {
  // Unsigned, because a product may wrap although no element does.
  const auto step = static_cast<uint64_t>(view.stride);
  const auto start = static_cast<uint64_t>(view.origin);
  if (view.index) {
    for (int64_t i = 0; i < count; ++i) {
      out[i] = static_cast<int64_t>(start + static_cast<uint64_t>(view.index[begin + i] - view.index_base) * step);
    }
    return;
  }
  uint64_t value = start + static_cast<uint64_t>(begin) * step;
  for (int64_t i = 0; i < count; ++i, value += step) {
    out[i] = static_cast<int64_t>(value);
  }
}

}  // namespace

ir::Type type_of(const View& view) {
  switch (view.stored) {
    case Stored::I8:
    case Stored::I16:
    case Stored::I32:
    case Stored::I64:
    case Stored::U8:
    case Stored::U16:
    case Stored::U32:
    case Stored::U64:
    case Stored::Range:
      return ir::Type::I64;
    case Stored::F16:
    case Stored::F32:
    case Stored::F64:
      return ir::Type::F64;
    case Stored::Bool:
    case Stored::Bit:
      return ir::Type::Bool;
  }
  return ir::Type::Void;
}

bool is_canonical(const View& view) {
  return (view.stored == Stored::I64 || view.stored == Stored::F64) && view.stride == 8 && !view.swapped &&
         !view.grid && !view.index;
}

View skip_elements(View view, int64_t skip) {
  GILMAP_CHECK(!view.index);
  if (view.grid || view.stored == Stored::Bit) {
    view.origin += skip;
  } else if (view.stored == Stored::Range) {
    view.origin = static_cast<int64_t>(static_cast<uint64_t>(view.origin) +
                                       static_cast<uint64_t>(skip) * static_cast<uint64_t>(view.stride));
  } else {
    view.data += skip * view.stride;
  }
  return view;
}

void load(const View& view, int64_t begin, int64_t count, void* dst) {
  switch (view.stored) {
    case Stored::I8:
      return load_typed<int8_t>(view, begin, count, dst);
    case Stored::I16:
      return load_typed<int16_t>(view, begin, count, dst);
    case Stored::I32:
      return load_typed<int32_t>(view, begin, count, dst);
    case Stored::I64:
      return load_typed<int64_t>(view, begin, count, dst);
    case Stored::U8:
      return load_typed<uint8_t>(view, begin, count, dst);
    case Stored::U16:
      return load_typed<uint16_t>(view, begin, count, dst);
    case Stored::U32:
      return load_typed<uint32_t>(view, begin, count, dst);
    case Stored::U64:
      return load_typed<uint64_t>(view, begin, count, dst);
    case Stored::F16:
      return load_typed<Half>(view, begin, count, dst);
    case Stored::F32:
      return load_typed<float>(view, begin, count, dst);
    case Stored::F64:
      return load_typed<double>(view, begin, count, dst);
    case Stored::Bool:
      return load_as<BoolByte>(view, begin, count, static_cast<uint8_t*>(dst));
    case Stored::Bit:
      return load_bits(view, begin, count, static_cast<uint8_t*>(dst));
    case Stored::Range:
      return load_range(view, begin, count, static_cast<int64_t*>(dst));
  }
}

}  // namespace gilmap::columns
