#pragma once

#include "ir/function.h"

namespace gilmap::passes {

// Makes constants of overflow checks and comparisons whose outcome the ranges of their operands decide. What
// they guarded falls away in fold_values(). Wants constants pooled.
bool drop_checks(ir::Function& f);

}  // namespace gilmap::passes
