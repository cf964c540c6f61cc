#pragma once

#include "ir/function.h"

namespace gilmap::passes {

// Deletes instructions and block parameters whose value does not reach anything that matters: a returned
// value, a condition, a call of a recursive function. Parameters that only feed each other go too.
// Loops stay even if nothing comes of them: an endless one must stay endless.
bool eliminate_dead(ir::Function& f);

}  // namespace gilmap::passes
