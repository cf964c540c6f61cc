#pragma once
// What operations cost in lanes, roughly, in additions.

#include "ir/function.h"

namespace gilmap::spmd {

constexpr int cost(ir::Op op) {
  if (op == ir::Op::CallNumeric) return 16;
  if (op == ir::Op::IFloorDiv || op == ir::Op::IMod) return 8;
  if (op == ir::Op::FDiv || op == ir::Op::FSqrt) return 4;
  return 1;
}

}  // namespace gilmap::spmd
