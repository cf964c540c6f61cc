#pragma once
// One call, as the pool sees it: chunks to be run, and chunks that came back. All of it is guarded by the pool's mutex,
// except what is atomic or never changes.

#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "interpreters/packed.h"

namespace gilmap::interpreters {

// Arguments of some rows, and the positions of those rows in the inputs.
struct Rows {
  std::vector<Packed> columns;
  int64_t count = 0;
  int64_t first = 0;               // position of row 0 if dense
  std::vector<int64_t> positions;  // of each row, ascending; empty: dense

  int64_t position(int64_t row) const { return positions.empty() ? first + row : positions[static_cast<size_t>(row)]; }
};

struct Chunk {
  std::shared_ptr<const Rows> rows;
  int64_t from = 0, to = 0;

  int64_t lowest() const { return rows->position(from); }
};

struct Finished {
  Chunk chunk;                // the rows from .. to-1 that this speaks of
  Packed results;             // of those rows that are not in `left`
  std::vector<int64_t> left;  // rows that the calling interpreter is to run
  double ns = 0;              // what they took

  enum class End : uint8_t {
    Whole,    // all rows done
    Raised,   // row `to` raised, and `error` describes it
    Unsent,   // the result of row `to` cannot be sent back, `error` says why
    Broken,   // the function could not be built; `error` describes the exception
    Blocked,  // an extension module stands in the way
  };
  End end = End::Whole;
  std::string error;
  std::string module, reason;  // Blocked; an empty reason: the module is to be imported in the main interpreter first
};

struct Task {
  // The function.
  int64_t number = 0;
  std::string payload;
  bool keep = false;
  int64_t call = 0;  // unlike `number`, another for each call
  // Nothing that the rows do may be seen outside: rows that raise or warn, and those whose results do not come back as
  // they were, are left to the caller.
  bool automatic = false;
  int limit = 1;  // workers at most
  // The caller's, so that RecursionError comes where it would there.
  int recursion_limit = 0, recursion_left = 0, c_recursion_left = 0;

  // Rows at this position and above are not needed any more.
  std::atomic<int64_t> cut{std::numeric_limits<int64_t>::max()};
  std::atomic<bool> over{false};      // workers let go of what they have of it
  std::atomic<bool> starving{false};  // no chunk is queued: a worker with a long one should hand back its rest

  std::deque<Chunk> queue;  // ascending
  std::deque<Finished> finished;
  int running = 0;
};

}  // namespace gilmap::interpreters
