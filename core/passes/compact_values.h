#pragma once

#include "ir/function.h"

namespace gilmap::passes {

// Numbers the values 0, 1, 2 … in the order in which they stand, and forgets those that stand nowhere.
// Instructions without a result come last, so that the text form has no gaps.
bool compact_values(ir::Function& f);

}  // namespace gilmap::passes
