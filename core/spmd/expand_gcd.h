#pragma once

#include "ir/function.h"

namespace gilmap::spmd {

// Writes math.gcd and math.lcm out as loops.
void expand_gcd(ir::Function& f);

}  // namespace gilmap::spmd
