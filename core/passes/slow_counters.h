#pragma once

#include <vector>

#include "ir/dominators.h"
#include "passes/int_range.h"

namespace gilmap::passes {

// Where the values lie that slow_counters() finds.
constexpr int64_t counter_start = int64_t{1} << 60;
constexpr int64_t counter_step = 4;
constexpr IntRange counter_range{-(counter_start + counter_step * counter_start),
                                 counter_start + counter_step * counter_start};

// For each value whether it is a counter that is too slow to leave counter_range; see slow_counters.cpp.
std::vector<bool> slow_counters(const ir::Function& f, const ir::Predecessors& preds);

}  // namespace gilmap::passes
