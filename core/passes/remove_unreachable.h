#pragma once

#include "ir/function.h"

namespace gilmap::passes {

// Deletes the blocks that no path leads to, and numbers the others in reverse postorder.
bool remove_unreachable(ir::Function& f);

}  // namespace gilmap::passes
