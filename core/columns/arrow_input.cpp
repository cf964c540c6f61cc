#include "columns/arrow_input.h"

#include <algorithm>
#include <cstring>

#include "columns/arrow_types.h"
#include "columns/box.h"
#include "columns/memory.h"
#include "columns/scan.h"
#include "columns/validity.h"

namespace gilmap::columns {

namespace {

// Each chunk is a group of its own, which costs about as much as a thousand rows. Chunks that are shorter than this on
// the average are copied into one.
constexpr int64_t short_chunk = 8192;

int64_t width_of(Stored stored) {
  switch (stored) {
    case Stored::I8:
    case Stored::U8:
    case Stored::Bool:
      return 1;
    case Stored::I16:
    case Stored::U16:
    case Stored::F16:
      return 2;
    case Stored::I32:
    case Stored::U32:
    case Stored::F32:
      return 4;
    case Stored::I64:
    case Stored::U64:
    case Stored::F64:
      return 8;
    case Stored::Bit:
    case Stored::Range:
      return 0;
  }
  return 0;
}

// The method's result if the object's type has the method; null otherwise, with an exception only if the method failed.
// The type is asked because instances of some classes claim to have every attribute.
Ref call_if_present(PyObject* object, const char* method) {
  if (!PyObject_HasAttrString(reinterpret_cast<PyObject*>(Py_TYPE(object)), method)) {
    return {};
  }
  return Ref::steal(PyObject_CallMethod(object, method, nullptr));
}

template <class T>
T* from_capsule(PyObject* capsule, const char* name) {
  return static_cast<T*>(PyCapsule_GetPointer(capsule, name));
}

// False, with an exception set, if somebody took the contents out of the capsule before.
template <class T>
bool is_unread(const T* content) {
  if (content->release) {
    return true;
  }
  PyErr_SetString(PyExc_ValueError, "gilmap.map was given Arrow data that has been released already");
  return false;
}

}  // namespace

std::unique_ptr<Input> ArrowInput::make(PyObject* object) {
  std::unique_ptr<ArrowInput> input(new ArrowInput);
  if (Ref pair = call_if_present(object, "__arrow_c_array__")) {
    return input->read_array(pair.get()) ? std::move(input) : nullptr;
  }
  if (PyErr_Occurred()) {
    return nullptr;
  }
  if (Ref capsule = call_if_present(object, "__arrow_c_stream__")) {
    auto* stream = from_capsule<ArrowArrayStream>(capsule.get(), "arrow_array_stream");
    return stream && is_unread(stream) && input->read_stream(stream) ? std::move(input) : nullptr;
  }
  // pyarrow's chunked arrays have had that method only since version 16.
  if (!PyErr_Occurred() && std::strcmp(Py_TYPE(object)->tp_name, "pyarrow.lib.ChunkedArray") == 0) {
    return input->read_chunked_array(object) ? std::move(input) : nullptr;
  }
  return nullptr;
}

// Adds the array that a pair of capsules holds.
bool ArrowInput::read_array(PyObject* pair) {
  if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
    PyErr_SetString(PyExc_TypeError, "__arrow_c_array__ did not return two capsules");
    return false;
  }
  auto* schema = from_capsule<ArrowSchema>(PyTuple_GET_ITEM(pair, 0), "arrow_schema");
  auto* array = schema ? from_capsule<ArrowArray>(PyTuple_GET_ITEM(pair, 1), "arrow_array") : nullptr;
  if (!array || !is_unread(schema) || !is_unread(array) || !set_type(*schema)) {
    return false;
  }
  add_chunk(ArrowOwned<ArrowArray>(array));
  return true;
}

bool ArrowInput::read_chunked_array(PyObject* chunked) {
  Ref chunks = Ref::steal(PyObject_GetAttrString(chunked, "chunks"));
  if (!chunks) {
    return false;
  }
  const Py_ssize_t count = PyList_Size(chunks.get());
  for (Py_ssize_t i = 0; i < count; ++i) {
    Ref pair = call_if_present(PyList_GET_ITEM(chunks.get(), i), "__arrow_c_array__");
    if (!pair || !read_array(pair.get())) {
      return false;
    }
  }
  if (count == 0) {  // there is nothing but the type
    Ref empty = Ref::steal(PyObject_CallMethod(chunked, "combine_chunks", nullptr));
    Ref pair = empty ? call_if_present(empty.get(), "__arrow_c_array__") : Ref();
    if (!pair || !read_array(pair.get())) {
      return false;
    }
    lengths_.emplace();
  }
  finish_chunks();
  return count >= 0;
}

// After the last of several chunks.
void ArrowInput::finish_chunks() {
  if (!lengths_) {
    lengths_.emplace();
    for (size_t c = 0; c < chunks_.size(); ++c) {
      lengths_->push_back(starts_[c + 1] - starts_[c]);
    }
  }
  if (chunks_.size() > 4 && size() / static_cast<int64_t>(chunks_.size()) < short_chunk) {
    merge_chunks();
  }
}

bool ArrowInput::set_type(const ArrowSchema& schema) {
  stored_ = stored_type(schema);
  if (!stored_ && !is_null_type(schema)) {
    PyErr_Format(PyExc_TypeError,
                 "gilmap.map does not take an Arrow %s of type %s: it takes int8 to uint64, float16 to float64 and "
                 "bool. %s",
                 schema.format[0] == '+' ? "table or array" : "array", arrow_type_name(schema).c_str(),
                 schema.dictionary         ? "Pass xs.dictionary_decode(), or a list: xs.to_pylist()"
                 : schema.format[0] == '+' ? "Pass one column, or a list: xs.to_pylist()"
                                           : "Pass a list instead: xs.to_pylist()");
    return false;
  }
  return true;
}

bool ArrowInput::read_stream(ArrowArrayStream* stream) {
  const auto fail = [stream](int code) {
    const char* words = stream->get_last_error ? stream->get_last_error(stream) : nullptr;
    if (!PyErr_Occurred()) {
      PyErr_Format(PyExc_OSError, "reading an Arrow stream: %s", words ? words : std::strerror(code));
    }
    return false;
  };
  ArrowOwned<ArrowSchema> schema;
  if (const int code = stream->get_schema(stream, schema.get())) {
    return fail(code);
  }
  if (!set_type(*schema)) {
    return false;
  }
  for (;;) {
    ArrowOwned<ArrowArray> array;
    if (const int code = stream->get_next(stream, array.get())) {
      return fail(code);
    }
    if (!array->release) {
      break;
    }
    add_chunk(std::move(array));
  }
  finish_chunks();
  return true;
}

void ArrowInput::add_chunk(ArrowOwned<ArrowArray> array) {
  Chunk chunk;
  const auto buffer = [&array](int64_t i) { return static_cast<const char*>(array->buffers[i]); };
  if (stored_) {
    chunk.view.stored = *stored_;
    if (array->n_buffers >= 2 && array->length > 0) {
      chunk.view.stride = width_of(*stored_);
      chunk.view.data = buffer(1);
      chunk.view = skip_elements(chunk.view, array->offset);
      if (array->null_count != 0 && buffer(0)) {
        chunk.validity = reinterpret_cast<const uint8_t*>(buffer(0));
        chunk.first_bit = array->offset;
        if (count_valid(chunk.validity, chunk.first_bit, array->length) == array->length) {
          chunk.validity = nullptr;
        }
      }
    }
  }
  has_nulls_ |= array->length > 0 && (chunk.validity || !stored_);
  starts_.push_back(starts_.back() + array->length);
  chunks_.push_back(chunk);
  arrays_.push_back(std::move(array));
}

void ArrowInput::merge_chunks() {
  if (!stored_) {
    chunks_.resize(1);
  } else {
    // Bits become bytes, so that chunks can be put together without shifting.
    Chunk all;
    all.view.stored = *stored_ == Stored::Bit ? Stored::Bool : *stored_;
    all.view.stride = width_of(all.view.stored);
    const std::shared_ptr<char> data = allocate(static_cast<size_t>(size() * all.view.stride));
    const std::shared_ptr<char> validity = has_nulls_ ? allocate(static_cast<size_t>(size() + 7) / 8) : nullptr;
    if (validity) {
      std::memset(validity.get(), 0, static_cast<size_t>(size() + 7) / 8);
    }
    for (size_t c = 0; c < chunks_.size(); ++c) {
      const Chunk& chunk = chunks_[c];
      const int64_t count = starts_[c + 1] - starts_[c];
      char* to = data.get() + starts_[c] * all.view.stride;
      if (*stored_ == Stored::Bit) {
        load(chunk.view, 0, count, to);
      } else if (count > 0) {
        std::memcpy(to, chunk.view.data, static_cast<size_t>(count * all.view.stride));
      }
      for (int64_t i = 0; validity && i < count; ++i) {
        if (!chunk.validity || is_valid(chunk.validity, chunk.first_bit + i)) {
          const int64_t bit = starts_[c] + i;
          validity.get()[bit >> 3] = static_cast<char>(validity.get()[bit >> 3] | 1 << (bit & 7));
        }
      }
    }
    all.view.data = data.get();
    all.validity = reinterpret_cast<const uint8_t*>(validity.get());
    merged_ = {data, validity};
    chunks_ = {all};
  }
  starts_ = {0, starts_.back()};
  arrays_.clear();
}

size_t ArrowInput::chunk_of(int64_t position) const {
  return static_cast<size_t>(std::ranges::upper_bound(starts_, position) - starts_.begin()) - 1;
}

bool ArrowInput::is_null(int64_t i) const {
  const size_t c = chunk_of(i);
  const Chunk& chunk = chunks_[c];
  return !stored_ || (chunk.validity && !is_valid(chunk.validity, chunk.first_bit + i - starts_[c]));
}

Ref ArrowInput::item(int64_t i) {
  if (is_null(i)) {
    return Ref::borrow(Py_None);
  }
  const size_t c = chunk_of(i);
  return box_stored(chunks_[c].view, i - starts_[c]);
}

Scan ArrowInput::scan(int64_t begin, int64_t end) {
  if (!stored_) {
    return {.kind = Kind::Null, .kinds = {}, .view = {}, .storage = {}};
  }
  const size_t c = chunk_of(begin);
  const Chunk& chunk = chunks_[c];
  const int64_t skip = begin - starts_[c];
  return scan_stored(skip_elements(chunk.view, skip), end - begin, chunk.validity, chunk.first_bit + skip);
}

std::optional<ir::Type> ArrowInput::common_type(int64_t begin, int64_t end) const {
  if (!stored_) {
    return std::nullopt;
  }
  const ir::Type type = type_of(View{.stored = *stored_});
  if (*stored_ == Stored::U64) {
    for (int64_t i = begin; i < end; ++i) {
      const size_t c = chunk_of(i);
      if (!is_null(i) && exceeds_int64(skip_elements(chunks_[c].view, i - starts_[c]), 1)) {
        return std::nullopt;
      }
    }
  }
  return type;
}

}  // namespace gilmap::columns
