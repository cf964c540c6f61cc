#pragma once
// Refill: a lane whose element is done takes the next one, instead of waiting for the longest of its neighbours.

#include <optional>

#include "ir/function.h"

namespace gilmap::spmd {

// The lane function, whose outermost loop must be its only outermost one, divergent, and hold no uniform parameters (see
// Divergence), as one that refills. Nothing if it has another shape.
std::optional<ir::Function> refill(const ir::Function& lanes);

// What one round of a lane function's outermost loops costs, in additions.
int cost_of_round(const ir::Function& lanes);

}  // namespace gilmap::spmd
