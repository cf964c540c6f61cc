#pragma once
// How many lanes a vector has, and how many vectors of each varying value are in flight.

#include "codegen/kernel.h"
#include "codegen/narrow_ints.h"
#include "ir/function.h"

namespace gilmap::codegen {

// Lanes are of 64 bits or, where most of what is computed is integers that fit, of 32. A value that does not, then
// takes two registers for each of its vectors.
struct LaneShape {
  int lanes = 1;           // of a vector
  int parts = 1;           // vectors of a value
  int bits = 64;           // of a lane
  NarrowInts narrow = {};  // of lanes of 32 bits
  int elements() const { return lanes * parts; }
};

// `bits`: of the lanes, or 0 for what is likely to be faster.
LaneShape choose_shape(const ir::Function& f, Simd simd, int bits = 0);

}  // namespace gilmap::codegen
