#pragma once

#include "ir/function.h"

namespace gilmap::passes {

// Deletes the polls of loops that surely end soon: those whose rounds, times the instructions of a round, stay below a
// limit that takes a fraction of a millisecond. Polls keep the compiler from vectorising and unrolling a loop. The loop
// around such a loop still polls, unless it ends soon itself.
bool remove_polls(ir::Function& f);

}  // namespace gilmap::passes
