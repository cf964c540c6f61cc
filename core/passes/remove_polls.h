#pragma once

#include "ir/function.h"

namespace gilmap::passes {

// Deletes the polls of loops that surely end soon: counted loops of at most 4096 rounds without a loop, poll or call
// inside. The loop around them still polls, so a cancelled call ends within some ten microseconds.
bool remove_polls(ir::Function& f);

}  // namespace gilmap::passes
