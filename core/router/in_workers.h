#pragma once
// Rows of a call in the worker interpreters.

#include <string>

#include "interpreters/run.h"
#include "router/call_state.h"

namespace gilmap::router {

// backend="subinterp": the rows behind those of call.prefix, whose results are added there. An exception of
// StopIteration ends a list, as it ends list(map(…)). Declined: `why` says what stands in the way.
interpreters::Outcome run_in_workers(CallState& call, std::string& why);

}  // namespace gilmap::router
