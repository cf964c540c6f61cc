#pragma once

#include "ir/function.h"

namespace gilmap::passes {

// Replaces block parameters that always have the value of something that is defined earlier: those whose
// incoming arguments are all one value (or the parameter itself), and those that get the same arguments as
// another parameter of their block. Wants unreachable blocks removed and constants pooled.
bool simplify_params(ir::Function& f);

}  // namespace gilmap::passes
