#pragma once

#include "ir/function.h"

namespace gilmap::passes {

// Keeps each constant once, at the front of the entry block. A constant costs nothing where it is used, so this
// only makes equal constants the same value: block parameters that get it from all sides then fall away.
bool pool_constants(ir::Function& f);

}  // namespace gilmap::passes
