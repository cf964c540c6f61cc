// Problem: PyLong_FromLongLong and PyFloat_FromDouble cost 6 to 8 ns each, more than the kernel of a simple function.
// Method: allocate with PyObject_Malloc, as they do, and copy the object's head (type, reference count, sign and number
// of digits) from an object that CPython itself made. Nothing about the head is assumed but that it is the same for all
// floats, and for all ints of one sign and number of digits, which check() tries; only the public layouts of
// PyFloatObject and PyLongObject say where the value stands. Otherwise, and in builds that count or trace references,
// the plain functions are used.
// Cost: 4 to 5 ns, most of it PyObject_Malloc (and page faults: see huge_arena.cpp).

#include "columns/box.h"

#include <cstring>

#include "columns/unbox.h"

namespace gilmap::columns {

namespace {

using codegen::Tag;

#if PYLONG_BITS_IN_DIGIT == 30 && PY_VERSION_HEX < 0x03100000 && !defined(Py_GIL_DISABLED) && \
    !defined(Py_REF_DEBUG) && !defined(Py_TRACE_REFS)
#define GILMAP_RAW_BOXING 1
#else
#define GILMAP_RAW_BOXING 0
#endif

#if GILMAP_RAW_BOXING

constexpr size_t float_head = offsetof(PyFloatObject, ob_fval);
constexpr size_t int_head = offsetof(PyLongObject, long_value.ob_digit);
constexpr size_t int_size = int_head + 2 * sizeof(digit);

// The ints that CPython keeps one object each of, forever.
constexpr int64_t least_small = -5;
constexpr int64_t small_count = 262;

// The heads of fresh objects.
struct Heads {
  bool usable = false;
  PyObject* small[small_count];
  alignas(8) char of_float[float_head];
  alignas(8) char of_int[2][2][int_head];  // [negative][digits - 1]

  Heads() {
    for (int64_t i = 0; i < small_count; ++i) {
      small[i] = PyLong_FromLongLong(i + least_small);
    }
    usable = take(PyFloat_FromDouble(0.5), of_float, float_head);
    for (int negative = 0; negative < 2; ++negative) {
      usable &= take(PyLong_FromLongLong(negative ? -1000 : 1000), of_int[negative][0], int_head) &&
                take(PyLong_FromLongLong((negative ? -1 : 1) * (int64_t{1} << 40)), of_int[negative][1], int_head);
    }
    usable = usable && check();
    PyErr_Clear();
  }

  static bool take(PyObject* fresh, char* head, size_t bytes) {
    const bool alone = fresh && Py_REFCNT(fresh) == 1;
    if (alone) {
      std::memcpy(head, fresh, bytes);
    }
    Py_XDECREF(fresh);
    return alone;
  }

  // Do these heads fit other values too?
  bool check() const {
    bool same = true;
    for (int64_t v : {int64_t{257}, int64_t{1} << 29, (int64_t{1} << 30) - 1}) {
      same = same && fits(PyLong_FromLongLong(v), of_int[0][0], int_head) &&
             fits(PyLong_FromLongLong(-v), of_int[1][0], int_head);
    }
    for (int64_t v : {int64_t{1} << 30, (int64_t{1} << 60) - 1}) {
      same = same && fits(PyLong_FromLongLong(v), of_int[0][1], int_head) &&
             fits(PyLong_FromLongLong(-v), of_int[1][1], int_head);
    }
    return same && fits(PyFloat_FromDouble(-1e300), of_float, float_head);
  }

  static bool fits(PyObject* fresh, const char* head, size_t bytes) {
    const bool same = fresh && std::memcmp(fresh, head, bytes) == 0;
    Py_XDECREF(fresh);
    return same;
  }
};

const Heads& heads() {
  static const Heads
      h;  // made under the GIL, in the main interpreter; the heads, and the small ints, are the same in all
  return h;
}

inline PyObject* raw_float(const Heads& h, double value) {
  auto* o = static_cast<PyFloatObject*>(PyObject_Malloc(sizeof(PyFloatObject)));
  if (!o) [[unlikely]] {
    return PyErr_NoMemory();
  }
  std::memcpy(o, h.of_float, float_head);
  o->ob_fval = value;
  return reinterpret_cast<PyObject*>(o);
}

inline PyObject* raw_int(const Heads& h, int64_t value) {
  const uint64_t magnitude = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  if (static_cast<uint64_t>(value) - static_cast<uint64_t>(least_small) < small_count) {
    return Py_NewRef(h.small[value - least_small]);
  }
  if (magnitude >> (2 * PyLong_SHIFT)) [[unlikely]] {
    return PyLong_FromLongLong(value);
  }
  // Also a one-digit int gets the memory of two: CPython's own have at least that much, after alignment.
  char* o = static_cast<char*>(PyObject_Malloc(int_size));
  if (!o) [[unlikely]] {
    return PyErr_NoMemory();
  }
  const uint64_t high = magnitude >> PyLong_SHIFT;
  std::memcpy(o, h.of_int[value < 0][high != 0], int_head);
  const digit digits[2] = {static_cast<digit>(magnitude & PyLong_MASK), static_cast<digit>(high)};
  std::memcpy(o + int_head, digits, sizeof digits);
  return reinterpret_cast<PyObject*>(o);
}

#endif

// Calls use(make_int, make_float) with the fastest functions there are.
template <class Use>
int64_t with_makers(Use use) {
#if GILMAP_RAW_BOXING
  const Heads& h = heads();
  if (h.usable) {
    return use([&h](int64_t v) { return raw_int(h, v); }, [&h](double v) { return raw_float(h, v); });
  }
#endif
  return use([](int64_t v) { return PyLong_FromLongLong(v); }, [](double v) { return PyFloat_FromDouble(v); });
}

template <class T>
T payload(PyObject** slot) {
  T value;
  std::memcpy(&value, slot, sizeof value);
  return value;
}

template <class T, class Make>
int64_t box_each(PyObject** slots, int64_t count, Make make) {
  for (int64_t i = 0; i < count; ++i) {
    PyObject* o = make(payload<T>(slots + i));
    if (!o) [[unlikely]] {
      return i;
    }
    slots[i] = o;
  }
  return count;
}

}  // namespace

int64_t box_ints(PyObject** slots, int64_t count) {
  return with_makers([=](auto make_int, auto) { return box_each<int64_t>(slots, count, make_int); });
}

int64_t box_floats(PyObject** slots, int64_t count) {
  return with_makers([=](auto, auto make_float) { return box_each<double>(slots, count, make_float); });
}

void box_bools(PyObject** slots, const uint8_t* bytes, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    slots[i] = Py_NewRef(bytes[i] ? Py_True : Py_False);
  }
}

void box_nones(PyObject** slots, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    slots[i] = Py_NewRef(Py_None);
  }
}

int64_t box_tagged(PyObject** slots, const uint8_t* tags, int64_t count) {
  return with_makers([=](auto make_int, auto make_float) {
    for (int64_t i = 0; i < count; ++i) {
      PyObject* o = nullptr;
      switch (static_cast<Tag>(tags[i])) {
        case Tag::Int:
          o = make_int(payload<int64_t>(slots + i));
          break;
        case Tag::Float:
          o = make_float(payload<double>(slots + i));
          break;
        case Tag::Bool:
          o = Py_NewRef(payload<uint8_t>(slots + i) ? Py_True : Py_False);
          break;
        case Tag::None:
          o = Py_NewRef(Py_None);
          break;
      }
      if (!o) [[unlikely]] {
        return i;
      }
      slots[i] = o;
    }
    return count;
  });
}

Ref box(ir::Type type, const void* value) {
  switch (type) {
    case ir::Type::I64: {
      int64_t v;
      std::memcpy(&v, value, sizeof v);
      return Ref::steal(PyLong_FromLongLong(v));
    }
    case ir::Type::F64: {
      double v;
      std::memcpy(&v, value, sizeof v);
      return Ref::steal(PyFloat_FromDouble(v));
    }
    case ir::Type::Bool:
      return Ref::borrow(*static_cast<const uint8_t*>(value) ? Py_True : Py_False);
    case ir::Type::Void:
      return Ref::borrow(Py_None);
  }
  return {};
}

Ref box_stored(const View& view, int64_t i) {
  alignas(8) char value[8];
  load(view, i, 1, value);
  if (view.stored == Stored::U64) {
    uint64_t bits;
    std::memcpy(&bits, value, sizeof bits);
    return Ref::steal(PyLong_FromUnsignedLongLong(bits));
  }
  return box(type_of(view), value);
}

}  // namespace gilmap::columns
