#pragma once

#include "ir/function.h"

namespace gilmap::passes {

// A counted loop that does the same in each round but for ints that it adds to runs one round; what the others would
// add is a product.
bool run_steady_loops_once(ir::Function& f);

}  // namespace gilmap::passes
