#pragma once
// core/numeric as the IR sees it: names and types for the printer, parser and verifier, and calls on bits for the
// interpreter.

#include <cstdint>
#include <span>

#include "ir/numeric_table.h"

namespace gilmap::passes {

ir::NumericTable numeric_table();

// Calls numeric function `fn` on values as in ir/evaluate.h. False if it asks for CPython.
bool call_numeric(int64_t fn, std::span<const uint64_t> args, uint64_t* result);

}  // namespace gilmap::passes
