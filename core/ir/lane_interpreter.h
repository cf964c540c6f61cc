#pragma once
// Runs a lane function as interpreter.h runs others: the reference for what spmd/ makes and for the code of lanes. For
// tests.
//
// What is arbitrary by the rules of lane functions is made to show if it matters: where the precondition of an
// operation does not hold, or a masked call is not wanted, a lane gets `garbage`, and call_failed says yes.

#include <span>
#include <vector>

#include "ir/interpreter.h"

namespace gilmap::ir {

constexpr uint64_t garbage = 0xdeadbeefdeadbeef;  // of a bool, true

// One outcome for each lane: what it returns, or the reason of the first mask that it is in. `args` are the arguments
// of each lane, of which there is at least one. A function that refills runs them on half as many lanes. OutOfSteps is
// for all lanes: an instruction is one step whatever the lanes.
std::vector<Outcome> interpret_lanes(const Module& module, std::span<const std::vector<uint64_t>> args,
                                     const InterpreterOptions& options = {});

}  // namespace gilmap::ir
