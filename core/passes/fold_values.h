#pragma once

#include "ir/function.h"

namespace gilmap::passes {

// Folds constants, simplifies single instructions (algebra.h), and computes nothing twice: an instruction equal to
// one that dominates it is that one's value. A deopt_if on false goes; one on true ends its block; one on a condition
// that was tested before goes. A branch on a constant becomes a jump. Method: one walk in the order of the dominator
// tree with a table of available instructions. Wants unreachable blocks removed and constants pooled.
bool fold_values(ir::Function& f);

}  // namespace gilmap::passes
