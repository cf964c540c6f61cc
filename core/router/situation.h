#pragma once
// What is known of a call and its function, for plan().

#include "router/call_state.h"
#include "router/plan.h"

namespace gilmap::router {

// Rows behind those of call.prefix, whose code was not looked for yet.
Situation situation_of(const CallState& call);

// The code for the types of the rows. Null: nothing is known of these types.
void set_code(Situation& s, const Variant* variant);

// For rows that will have no kernel.
void set_workers(Situation& s, const CallState& call);

}  // namespace gilmap::router
