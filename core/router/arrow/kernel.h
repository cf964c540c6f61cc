#pragma once
// Runs a Program over rows of a group through pyarrow.compute, on the calling thread: nothing has to be compiled for
// it. Needs the GIL, which pyarrow lets go of while it computes.

#include <Python.h>

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "columns/columns.h"
#include "router/arrow/program.h"
#include "support/py_ref.h"

namespace gilmap::router::arrow {

// Has the program imported pyarrow.compute? To import it here would take longer than a compile.
bool is_loaded();
// Imports it if need be. False with a Python exception set.
bool load();

// Rows of one run: 256 KiB a column, so that what one call writes is still in the cache for the next.
constexpr int64_t chunk_rows = 32768;
// Where elements of a chunk are handed on, it is taken again in pieces of so many rows.
constexpr int64_t piece_rows = 512;

class Kernel {
 public:
  // Null with a Python exception set. is_loaded() holds.
  static std::unique_ptr<Kernel> make(Program program);

  enum class Outcome : uint8_t {
    Done,
    HandedOn,  // some elements of these rows are for CPython; nothing was written. No exception is set
    Failed,    // with a Python exception set: no memory
  };
  // Rows begin .. begin+count-1 of the group. The results go to the positions of the rows in `payload`, which has
  // `width` bytes for each, and the tag of the result type to `tags`, which may be null.
  Outcome run(const columns::Group& group, int64_t begin, int64_t count, char* payload, int width, uint8_t* tags,
              ir::DeoptReason* reason);

 private:
  explicit Kernel(Program program) : program_(std::move(program)) {}
  Ref column(const columns::Group& group, size_t k, int64_t begin, int64_t count, std::vector<char>& scratch) const;
  bool write(PyObject* result, const columns::Group& group, int64_t begin, int64_t count, char* payload, int width,
             uint8_t* tags) const;

  Program program_;
  std::vector<Ref> callables_;  // of each step: the function, the options of a cast, or the scalar
};

}  // namespace gilmap::router::arrow
