#include "columns/arrow_output.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "columns/arrow_abi.h"
#include "columns/memory.h"
#include "columns/validity.h"

namespace gilmap::columns {

using codegen::Tag;

namespace {

// What an exported array keeps alive. Chunks share the buffers, at different offsets.
struct Shared {
  std::shared_ptr<char> values;
  std::shared_ptr<char> validity;
  std::array<const void*, 2> buffers;
};

void release_array(ArrowArray* array) {
  delete static_cast<Shared*>(array->private_data);
  array->release = nullptr;
}

void release_schema(ArrowSchema* schema) { schema->release = nullptr; }  // all of it is constant

// A struct in a capsule belongs to whoever took it, or, if nobody did, to the capsule.
template <class T>
void destroy_capsule(PyObject* capsule) {
  auto* value = static_cast<T*>(PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule)));
  if (value->release) {
    value->release(value);
  }
  delete value;
}

template <class T>
Ref make_capsule(std::unique_ptr<T> value, const char* name) {
  Ref capsule = Ref::steal(PyCapsule_New(value.get(), name, destroy_capsule<T>));
  if (capsule) {
    value.release();
  } else {
    value->release(value.get());
  }
  return capsule;
}

// Bit i of the result is bit(i). The last byte is filled up with zeros.
template <class Bit>
std::shared_ptr<char> pack(int64_t count, Bit bit) {
  std::shared_ptr<char> bits = allocate(static_cast<size_t>(count + 7) / 8);
  char* out = bits.get();
  for (int64_t base = 0; base < count; base += 8) {
    const int64_t now = std::min<int64_t>(8, count - base);
    unsigned byte = 0;
    for (int64_t j = 0; j < now; ++j) {
      byte |= static_cast<unsigned>(bit(base + j)) << j;
    }
    out[base / 8] = static_cast<char>(byte);
  }
  return bits;
}

const char* format_of(Tag tag) {
  switch (tag) {
    case Tag::Int:
      return "l";
    case Tag::Float:
      return "g";
    case Tag::Bool:
      return "b";
    case Tag::None:
      return "n";
  }
  return "n";
}

const char* type_name(Tag tag) {
  switch (tag) {
    case Tag::Int:
      return "int64";
    case Tag::Float:
      return "float64";
    case Tag::Bool:
      return "bool_";
    case Tag::None:
      return "null";
  }
  return "null";
}

}  // namespace

std::unique_ptr<Output> ArrowOutput::create(const Input& first, int64_t n, std::span<const ir::Type> types) {
  std::unique_ptr<ArrowOutput> out(new ArrowOutput(n, types));
  out->pyarrow_ = Ref::steal(PyImport_ImportModule("pyarrow"));
  if (!out->pyarrow_) {
    if (PyErr_ExceptionMatches(PyExc_ModuleNotFoundError)) {
      PyErr_SetString(
          PyExc_ModuleNotFoundError,
          "gilmap.map gives a pyarrow array for an Arrow input, and pyarrow is not installed. Install it, or "
          "pass a list");
    }
    return nullptr;
  }
  out->chunk_lengths_ = first.chunk_lengths();
  out->values_ = allocate(static_cast<size_t>(n) * static_cast<size_t>(out->payload_width()));
  out->use_payload(out->values_.get());
  return out;
}

std::shared_ptr<char> ArrowOutput::pack_validity() const {
  return pack(size(), [this](int64_t i) { return !is_none(i); });
}

std::shared_ptr<char> ArrowOutput::pack_bools() const {
  const char* values = settled();
  if (settled_width() == 1) {
    return pack(size(), [values](int64_t i) { return values[i] != 0; });
  }
  return pack(size(), [values](int64_t i) { return values[i * 8] != 0; });
}

Ref ArrowOutput::import(const char* format, int64_t begin, int64_t length) const {
  const bool null_type = format[0] == 'n';
  auto schema = std::make_unique<ArrowSchema>();
  schema->format = format;
  schema->name = "";
  schema->flags = 2;  // nullable
  schema->release = release_schema;

  auto* shared = new Shared{values_, validity_, {validity_.get(), values_.get()}};
  auto array = std::make_unique<ArrowArray>();
  array->length = length;
  array->offset = begin;
  array->null_count = 0;
  if (null_type) {
    array->null_count = length;
  } else if (validity_) {
    array->null_count = length - count_valid(reinterpret_cast<const uint8_t*>(validity_.get()), begin, length);
  }
  array->n_buffers = null_type ? 0 : 2;
  array->buffers = shared->buffers.data();
  array->release = release_array;
  array->private_data = shared;

  Ref array_capsule = make_capsule(std::move(array), "arrow_array");
  Ref schema_capsule = make_capsule(std::move(schema), "arrow_schema");
  Ref type = Ref::steal(PyObject_GetAttrString(pyarrow_.get(), "Array"));
  if (!type || !schema_capsule || !array_capsule) {
    return {};
  }
  return Ref::steal(
      PyObject_CallMethod(type.get(), "_import_from_c_capsule", "OO", schema_capsule.get(), array_capsule.get()));
}

Ref ArrowOutput::finish() {
  const std::optional<Tag> settled_type = settle();
  if (!settled_type) {
    return {};
  }
  Tag type = *settled_type;
  if (type == Tag::None) {
    // Nothing but nulls: the type that a value would have had, if that is known. Empty: float64, as NumPy's default is.
    const bool known = size() == 0 || type_is_known();
    type = known ? type_if_empty() : Tag::None;
  }
  if (type != Tag::None) {
    if (has_none()) {
      validity_ = pack_validity();
    }
    if (type == Tag::Bool) {
      values_ = pack_bools();
    } else if (settled() != values_.get()) {
      values_ = wide();
    }
  }

  Ref chunks = Ref::steal(PyList_New(0));
  int64_t begin = 0;
  for (int64_t length : chunk_lengths_.value_or(std::vector{size()})) {
    length = std::min(length, size() - begin);  // another iterable may have been shorter
    Ref array = import(format_of(type), begin, length);
    if (!chunks || !array) {
      return {};
    }
    if (!chunk_lengths_) {
      return array;
    }
    if (PyList_Append(chunks.get(), array.get()) != 0) {
      return {};
    }
    begin += length;
  }
  Ref arrow_type = Ref::steal(PyObject_CallMethod(pyarrow_.get(), type_name(type), nullptr));
  if (!arrow_type) {
    return {};
  }
  return Ref::steal(PyObject_CallMethod(pyarrow_.get(), "chunked_array", "OO", chunks.get(), arrow_type.get()));
}

}  // namespace gilmap::columns
