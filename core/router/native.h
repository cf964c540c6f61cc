#pragma once
// The elements behind call.prefix, through kernels.

#include "router/call_state.h"

namespace gilmap::router {

// The result of the call; null with a Python exception set.
Ref run_native(CallState& call);

}  // namespace gilmap::router
