#pragma once
// How many lanes a vector has, and how many vectors of each varying value are in flight.

#include "codegen/kernel.h"
#include "ir/function.h"

namespace gilmap::codegen {

struct LaneShape {
  int lanes = 1;  // of a vector
  int parts = 1;  // vectors of a value
  int elements() const { return lanes * parts; }
};

LaneShape choose_shape(const ir::Function& f, Simd simd);

}  // namespace gilmap::codegen
