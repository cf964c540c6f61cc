#pragma once
// Brings an element function into the shape that the other parts of spmd/ work on:
//
//   - one exit: a block without successors, whose `ret` has what a lane function's has in front of the masks
//   - each way to CPython a block of its own: one `deopt` for each reason, which jumps to the exit without arguments
//   - each loop with one back edge, from a block that does nothing else (its latch), and one entry edge, from a block
//     that does nothing else (its preheader)

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ir/loops.h"

namespace gilmap::spmd {

using ir::BlockId;
using ir::ValueId;

struct Normal {
  ir::Function f;
  BlockId exit = ir::no_block;
  std::map<ir::DeoptReason, BlockId> deopts;  // the block of each reason that some way to CPython has

  BlockId deopt_block(ir::DeoptReason why);  // makes it if there is none
};

// Nothing if the function has cycles that are no loops, or a way that never ends; `why` then says so.
std::optional<Normal> normalise(const ir::Module& module, std::string* why);

// Makes a branch of each deopt_if in `wanted`. False if there is none.
bool branch_to_deopts(Normal& normal, const std::vector<bool>& wanted);

}  // namespace gilmap::spmd
