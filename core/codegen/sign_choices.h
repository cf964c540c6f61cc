#pragma once
// Floats that may be -1.0 because the program chose so, as in (-1 if c else 1) * x. Of a product with such a choice
// LLVM makes a choice between x and -x, which differs in the sign of a NaN.

#include <vector>

#include "ir/function.h"

namespace gilmap::codegen {

// For each value of the function. Says yes too often where ints are computed; no only where LLVM cannot see a -1.
std::vector<bool> sign_choices(const ir::Function& function);

}  // namespace gilmap::codegen
