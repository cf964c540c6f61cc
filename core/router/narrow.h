#pragma once
// Kernels for inputs that are small numbers, as most are: without the overflow checks that cannot fire there, and
// without what stands in the way of SIMD. They are compiled in the background once a function has run for a while;
// until then, and for blocks of rows that are not within bounds, the general kernel runs.

#include <memory>

#include "columns/columns.h"
#include "router/cache.h"
#include "runtime/job.h"

namespace gilmap::router {

// What bounds on the inputs may save: the checks and polls of the module.
int burdens(const ir::Module& module);

// The narrow kernel, ready or not, for the class of bounds that a sample of the group's rows lies in. Null if there is
// nothing to gain for them.
Narrow* narrow_for(Variant& variant, const columns::Group& group);

// Has it compiled in the background, unless that was done.
void request(Narrow& narrow, const Variant& variant);

}  // namespace gilmap::router
