#pragma once

#include "ir/function.h"

namespace gilmap::passes {

// Makes constants of what ranges decide: overflow checks, comparisons and other bools, integers with a single possible
// value, and conditions that are settled where they are tested because of tests before them. What they guarded falls
// away in fold_values(). Wants constants pooled.
bool drop_checks(ir::Function& f);

}  // namespace gilmap::passes
