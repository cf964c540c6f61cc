#pragma once
// Values on their way between interpreters. No object may cross, so a chunk of them travels as one of three forms: raw
// 64-bit payloads (int, float, bool, None), marshal (exact builtin types), or pickle (the rest).

#include <Python.h>

#include <cstdint>
#include <string>
#include <vector>

#include "codegen/kernel.h"
#include "support/py_ref.h"

namespace gilmap::interpreters {

enum class Form : uint8_t { Raw, Marshal, Pickle };
using codegen::Tag;

struct Packed {
  Form form = Form::Raw;
  int64_t count = 0;
  Tag tag = Tag::Int;             // Raw: of all values, if tags is empty
  std::vector<Tag> tags;          // Raw: of each value
  std::vector<uint64_t> payload;  // Raw: an int64, the bits of a double, or 0 and 1
  std::string bytes;              // Marshal, Pickle: a list
};

// What can be said of an object by looking at it all through.
struct Contents {
  bool plain = true;      // exact builtin types only, which marshal brings back as they were
  bool immutable = true;  // and none that can be changed
  bool ordered = true;    // no set of two or more: a copy of one may iterate in another order
  bool equal = true;      // no NaN, which a container has only if it is the very object: a copy is another one
};
Contents contents_of(PyObject* object);

// Packs items[0 .. count-1] in the best form. `dumps` pickles a list. False with an exception set, and then `culprit`
// is the index of the item that cannot be packed, or -1.
bool pack(PyObject* const* items, int64_t count, PyObject* dumps, Packed& out, int64_t* culprit);

// Packs values that come one by one. Numbers are kept as such, so that their objects can be dropped at once.
class Packer {
 public:
  explicit Packer(int64_t expected);
  void add(Ref value);
  int64_t count() const { return static_cast<int64_t>(raw_.payload.size() + objects_.size()); }
  // As pack(). Once.
  bool finish(PyObject* dumps, Packed& out, int64_t* culprit);
  // After finish() has failed: only the first `count` values, of which each can be packed.
  bool finish_first(int64_t count, PyObject* dumps, Packed& out);

 private:
  Packed raw_;
  std::vector<Ref> objects_;  // once something else than a number has come, all values
  bool numbers_ = true;
};

// Gives the values from .. from+count-1 one by one; numbers are made into objects only then.
class Unpacker {
 public:
  // False with an exception set.
  bool open(const Packed& packed, int64_t from, int64_t count, PyObject* loads);
  PyObject* next();  // a new reference; null with an exception set (memory)

 private:
  const Packed* packed_ = nullptr;
  size_t at_ = 0;
  std::vector<Ref> objects_;
};

// Makes the objects of values from .. from+count-1: new references, written to out. False with an exception set, and
// nothing written.
bool unpack(const Packed& packed, int64_t from, int64_t count, PyObject* loads, PyObject** out);

}  // namespace gilmap::interpreters
