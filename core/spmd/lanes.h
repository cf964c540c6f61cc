#pragma once
// From one element at a time to many: makes a lane function (ir/function.h) of an element function.

#include <optional>
#include <string>

#include "ir/function.h"

namespace gilmap::spmd {

// The same module with a lane function for function 0, or nothing if that cannot be had; `why` then says why. Expects
// what run_pipeline() leaves.
std::optional<ir::Module> to_lanes(const ir::Module& module, std::string* why);

}  // namespace gilmap::spmd
