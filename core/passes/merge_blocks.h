#pragma once

#include "ir/function.h"

namespace gilmap::passes {

// Appends a block to the one that jumps to it, if no other edge leads there. Leaves the merged ones unreachable. Wants
// unreachable blocks removed before.
bool merge_blocks(ir::Function& f);

}  // namespace gilmap::passes
