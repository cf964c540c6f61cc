#pragma once
// In a loop that is refilled, lanes that were left to CPython can go on until the next look at which lanes are done.

#include <vector>

#include "ir/function.h"

namespace gilmap::spmd {

// The loop of a lane function, left from its latch alone, by the edge that is not `back`.
struct RefilledLoop {
  ir::BlockId header, latch, behind;
  size_t back;
  std::vector<bool> blocks;
};

// `live` is the mask at the latch of the lanes that go on: if it is `others & ~traps`, and those of `traps` are all
// left to CPython in the end, whatever else becomes of them, the value of `others`; else no_value.
ir::ValueId live_with_traps(const ir::Function& f, const RefilledLoop& loop, ir::ValueId live);

}  // namespace gilmap::spmd
