#pragma once

#include "ir/function.h"

namespace gilmap::spmd {

// Writes math.gcd and math.lcm out as loops. True if there were any.
bool expand_gcd(ir::Function& f);

}  // namespace gilmap::spmd
