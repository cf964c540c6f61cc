#pragma once
// Rows of a call in the worker interpreters.

#include <optional>
#include <string>

#include "interpreters/run.h"
#include "router/call_state.h"

namespace gilmap::router {

// Does the callable stay for its next calls, because the last ones were slower there, or in vain?
bool rests_from_workers(PyObject* callable);
// The function, if nobody can tell where it runs. nullopt if it is to stay here, or with an exception set.
std::optional<interpreters::Shipment> ship_if_harmless(CallState& call);

// The rows behind those of call.prefix, whose results are added there. An exception of StopIteration ends a list, as it
// ends list(map(…)). Declined: `why` says what stands in the way. With `each_ns`, which is what a row costs here, the
// choice was ours: what might be seen to have run there is left to this interpreter.
interpreters::Outcome run_in_workers(CallState& call, const interpreters::Shipment& shipment, double each_ns,
                                     std::string& why);

// For tests on busy machines: whether calls that took longer there than expected count against it. Of the process.
void count_losses(bool count);

}  // namespace gilmap::router
