#pragma once
// The result of a call, in the container of its first input: list, NumPy array or Arrow array.
//
// Native results are written once: straight into the array that is returned, or into the list's own slots, in which
// they are boxed.
// Needs the GIL, except where said. Functions that allocate may throw std::bad_alloc.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "columns/columns.h"
#include "ir/types.h"

namespace gilmap::columns {

class Output {
 public:
  // `types` are the result types that kernels of this call can give (Void is None), each once, in any order, perhaps
  // none; they decide the array's type if nothing else turns up. Null with a Python exception set.
  static std::unique_ptr<Output> create(const Input& first, int64_t n, std::span<const ir::Type> types);
  virtual ~Output() = default;  // no worker may write any more

  // Where kernels write the result at position 0 (see codegen/kernel.h). payload_width() is 8, or 1 where bool is
  // the only type. tags() is null where there is only one type and no other can turn up from a kernel. Positions that
  // were given to set() must not be written here any more (a list holds the object there). Stable until finish().
  // Workers write here without the GIL.
  virtual char* payload() = 0;
  virtual int payload_width() const = 0;
  virtual uint8_t* tags() = 0;

  // Takes a result that CPython computed, once for a position that is in no completed range. False with an exception
  // set.
  virtual bool set(int64_t position, Ref value) = 0;
  virtual void set_null(int64_t position) = 0;  // of an Arrow input; None in a list

  // Called for ascending, disjoint ranges of positions once all of each range was written or set; a list boxes them
  // now, while workers compute others. False with an exception set (memory).
  virtual bool complete(int64_t begin, int64_t end) = 0;

  // The finished object, once all positions are in completed ranges; null with a Python exception set: OverflowError
  // naming the index of the first int that does not fit an int64 array, TypeError naming the index and type of the
  // first result that an array cannot hold (mixed types, None in NumPy, strings, tuples) and saying that a list takes
  // everything.
  virtual Ref finish() = 0;
};

}  // namespace gilmap::columns
