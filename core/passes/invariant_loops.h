#pragma once

#include "ir/function.h"

namespace gilmap::passes {

// An inner loop that does the same in each round of the loop around it is run in the first round only; the others take
// what it came to. What it adds to an int of the outer loop, it may add: the sum over its rounds is kept instead.
bool run_invariant_loops_once(ir::Function& f);

}  // namespace gilmap::passes
