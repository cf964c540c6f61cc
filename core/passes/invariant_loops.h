#pragma once

#include "ir/function.h"

namespace gilmap::passes {

// In an inner loop that does the same in each round of the loop around it but for ints that it adds to: those begin
// with 0, and what they began with is added behind it.
bool separate_invariant_sums(ir::Function& f);

// An inner loop that does the same in each round of the loop around it is run in the first round only; the others take
// what it came to.
bool run_invariant_loops_once(ir::Function& f);

}  // namespace gilmap::passes
