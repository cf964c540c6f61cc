#pragma once

#include "ir/function.h"

namespace gilmap::passes {

// A loop of which every element runs the same rounds, only some more of them than others, goes on from the last round
// that an element of this thread has got to.
bool resume_loops(ir::Function& f);

// Has it changed each loop that is in no other? If so, most elements find in tables all that is worth computing.
bool resumes_all_loops(const ir::Function& f);

}  // namespace gilmap::passes
