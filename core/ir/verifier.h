#pragma once
// Checks that a module is well formed: what every pass may assume and must preserve.
//
//   - every block ends in a terminator; nothing jumps to block0; edges fit the parameters of their block
//   - every value stands in one place, and every use is dominated by it
//   - operand and result types are those of ops.def; immediates are in range
//   - the operand of call_failed is a call_numeric, that of call_result a call (they belong together: no
//     block parameter or select may come between)
//   - calls and returns agree with the signatures of functions
//   - a lane function is what function.h says of it; `varying` follows from the operands, and what is varying is no
//     condition and goes to no uniform parameter. Elsewhere nothing is varying or has a range
//
// Unreachable blocks are held to all of this but dominance.

#include <string>
#include <vector>

#include "ir/function.h"
#include "ir/numeric_table.h"

namespace gilmap::ir {

// One sentence for each mistake; none if all is well. Without a table, call_numeric is not checked.
std::vector<std::string> verify(const Module& module, NumericTable numeric = {});

}  // namespace gilmap::ir
