#pragma once

#include "ir/function.h"

namespace gilmap::codegen {

// Turns short branches into selects; see flatten_branches.cpp. Says whether it changed anything.
bool flatten_branches(ir::Function& function);

}  // namespace gilmap::codegen
