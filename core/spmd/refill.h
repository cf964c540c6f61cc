#pragma once
// Refill: a lane whose element is done takes the next one, instead of waiting for the longest of its neighbours.

#include <optional>

#include "ir/function.h"

namespace gilmap::spmd {

// Is there one outermost loop, and do lanes leave it in different rounds?
bool has_loop_to_refill(const ir::Function& lanes);
// The lane function as one that refills. Nothing if it has another shape, or if something of its outermost loop is
// uniform (see Divergence).
std::optional<ir::Function> refill(const ir::Function& lanes);

// What one round of a lane function's outermost loops costs, in additions.
int cost_of_round(const ir::Function& lanes);

}  // namespace gilmap::spmd
