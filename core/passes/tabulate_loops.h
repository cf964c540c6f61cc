#pragma once

#include "ir/function.h"

namespace gilmap::passes {

// An inner loop whose outcome depends on nothing but in which round the loop around it is, counted from a constant, is
// run once for each round by the first element that gets there; the others find in a table what it came to.
bool tabulate_loops(ir::Function& f);

}  // namespace gilmap::passes
