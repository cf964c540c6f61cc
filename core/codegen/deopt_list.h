#pragma once
// What a kernel that refills its lanes calls at its end: elements come to their ends in no order.

#include "codegen/kernel.h"

namespace gilmap::codegen {

// The name under which kernels call it. It sorts the entries of the deopt lists from args->deopt_count to `count`,
// drops those of elements from `limit` on, which are not done, and publishes the rest.
constexpr const char* close_deopts_symbol = "gilmap_close_deopts";
void close_deopts(KernelArgs* args, int64_t count, int64_t limit);

}  // namespace gilmap::codegen
