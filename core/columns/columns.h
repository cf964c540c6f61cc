#pragma once
// The inputs of a call as columns that native code can read without the GIL.
//
// An Input is one iterable of gilmap.map. A list, tuple or other iterable is a column of objects; a buffer
// (NumPy, array.array, memoryview) or an Arrow array is a column of one machine type. partition() sorts the rows
// by the types of their elements: each Group of rows gets its own kernel, and what is none of int, float,
// bool (a big int, a subclass, None, a string) is left for the interpreter.
//
// All functions here need the GIL, except load(), int_range() and is_canonical(). Those that allocate may throw
// std::bad_alloc.

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "ir/function.h"
#include "ir/types.h"
#include "support/py_ref.h"

namespace gilmap::columns {

enum class Container : uint8_t { List, Numpy, Arrow };

// The machine type of stored elements. Bit is Arrow's packed bool; Bool is one byte, true unless 0. The elements of a
// Range are not stored at all, but computed: element i is origin + i * stride.
enum class Stored : uint8_t { I8, I16, I32, I64, U8, U16, U32, U64, F16, F32, F64, Bool, Bit, Range };

// The shape of an array whose elements are no strided run, in row-major order: a transposed array, a slice of columns.
struct Grid {
  std::vector<int64_t> shape;    // at least two axes, none of length 0
  std::vector<int64_t> strides;  // bytes
};

// Elements of one type, readable without the GIL as long as their Input and Group live. Plain data: copied freely.
struct View {
  Stored stored = Stored::I64;
  bool swapped = false;  // not in the byte order of this machine
  const char* data = nullptr;
  int64_t stride = 8;  // bytes from one element to the next (unused for Bit; the step of a Range)
  int64_t origin = 0;  // of element 0: its bit number (Bit), its value (Range), its number within the grid
  // If set, the elements are those of this grid, which starts at `data`, from number `origin` on.
  const Grid* grid = nullptr;
  // If set, a selection: element i is what without an index would be element index[i] - index_base.
  const int64_t* index = nullptr;
  int64_t index_base = 0;
};

// The type of the values that load() writes.
ir::Type type_of(const View& view);

// True if the view can be handed to a kernel as it is: contiguous, native order, I64 or F64. (Bytes of a bool array may
// be other than 0 and 1, so bools are always loaded.)
bool is_canonical(const View& view);

// Writes elements begin .. begin+count-1 to dst as int64_t, double or uint8_t (0 or 1). U64 values above INT64_MAX
// never occur: partition() leaves them to the interpreter.
void load(const View& view, int64_t begin, int64_t count, void* dst);

// Bounds of elements begin .. begin+count-1 of an I64 view: from the stored type if it is narrow, else by one sweep.
ir::IntRange int_range(const View& view, int64_t begin, int64_t count);

// Do all of `count` int64_t at `values`, which may lie at any address, lie within the range? Its size must be a power
// of two. One sweep, of a tenth of a nanosecond a value.
bool all_within(const void* values, int64_t count, ir::IntRange range);

struct Scan;  // columns/scan.h

// One iterable of the call.
class Input {
 public:
  virtual ~Input() = default;

  virtual Container container() const = 0;
  // Of a list that is not ours: as it is now, until it is scanned or frozen.
  virtual int64_t size() const = 0;
  // From now on a list is what it is now. False with an exception set (memory).
  virtual bool freeze() { return true; }
  // Element i as f sees it (what .tolist() would give); null with an exception on failure. Not for an Arrow null.
  virtual Ref item(int64_t i) = 0;
  // All elements as objects, if they lie in an array that stays as it is while the input lives; else null.
  virtual PyObject* const* objects() const { return nullptr; }
  // The list, tuple or range whose elements these are, as long as iterating over it gives the same; else null.
  virtual PyObject* sequence() const { return nullptr; }
  // Arrow nulls: not passed to f, stay null.
  virtual bool has_nulls() const { return false; }
  virtual bool is_null(int64_t) const { return false; }

  // How a result like this input is laid out: the axes of a NumPy array, else one length.
  virtual std::vector<int64_t> shape() const { return {size()}; }
  // The lengths of the chunks of an Arrow chunked array; nullopt for anything else.
  virtual std::optional<std::vector<int64_t>> chunk_lengths() const { return std::nullopt; }

  // For partition(): what rows begin .. end-1 are, which lie in one segment. An input is one segment without end,
  // except a chunked array: a list may have lost rows that were asked for.
  virtual Scan scan(int64_t begin, int64_t end) = 0;
  virtual int64_t segment_end(int64_t /*position*/) const { return std::numeric_limits<int64_t>::max(); }
  // The type of rows begin .. end-1, nulls left out, if all have one and the same; reads no more than types.
  virtual std::optional<ir::Type> common_type(int64_t begin, int64_t end) const = 0;
};

// Opens the iterables of a call. What is no list, tuple, range, buffer or Arrow object is read to its end, or, as map
// would, to the end of the shortest one, so that itertools.count() or repeat() may stand beside a list. Empty with a
// Python exception set: whatever an iterator raises; TypeError naming the type and what to do for a column that we do
// not take (strings, dates, structs, objects); ValueError if arrays of several axes differ in shape.
std::vector<std::unique_ptr<Input>> open_all(std::span<PyObject* const> iterables);

// Is row i null in one of them?
bool is_null(std::span<const std::unique_ptr<Input>> inputs, int64_t i);

// Freezes each. False with an exception set.
bool freeze(std::span<const std::unique_ptr<Input>> inputs);

// The number of rows: the length of the shortest input.
int64_t common_size(std::span<const std::unique_ptr<Input>> inputs);

// Lets the struct that has it be moved but not copied, and stay an aggregate.
struct MoveOnly {
  MoveOnly() = default;
  MoveOnly(MoveOnly&&) = default;
  MoveOnly& operator=(MoveOnly&&) = default;
};

// Rows whose elements have the same types, in ascending order of position. Not copied, because views may point into
// `positions`. To be destroyed with the GIL held.
struct Group {
  std::vector<ir::Type> types;  // of each column
  std::vector<View> views;      // of each column; row r of the group is element r of each view
  int64_t count = 0;
  int64_t first = 0;                           // position of row 0 if dense
  std::vector<int64_t> positions;              // of each row, or empty: dense, row r is at position first + r
  std::vector<std::shared_ptr<void>> storage;  // keeps unboxed columns alive
  [[no_unique_address]] MoveOnly move_only = {};

  int64_t position(int64_t row) const { return positions.empty() ? first + row : positions[row]; }
};

struct Partition {
  std::vector<Group> groups;    // several may have the same types: a group does not cross the chunks of an Arrow array
  std::vector<int64_t> others;  // positions for the interpreter, ascending
  std::vector<int64_t> nulls;   // positions whose result is null, ascending
};

// Partitions rows begin .. end-1. Rows of types beyond the first `max_groups` combinations go to others. From here on
// rows of a list are what they were now, whatever happens to the list.
// Costs nothing per row for arrays without nulls (uint64: one sweep), 8 bytes a row of each list, and for rows that are
// not all of the same types 8 bytes a row for the positions, 8 for the list's values and 1 or 2 while it runs.
// Serves signals while it reads lists; an exception may be set, and the partition is then of no use.
Partition partition(std::span<const std::unique_ptr<Input>> inputs, int64_t begin, int64_t end, int max_groups = 16);

// Types of the rows begin .. end-1 if they are all the same (without unboxing), else nullopt; cheap enough to ask of a
// sample. Nulls are left out.
std::optional<std::vector<ir::Type>> common_types(std::span<const std::unique_ptr<Input>> inputs, int64_t begin,
                                                  int64_t end);

}  // namespace gilmap::columns
