#pragma once
// The functions that a `foreign` declaration of a file test may name, and what each gives, worked out another way.

#include <cstdint>
#include <span>

#include "ir/foreign.h"
#include "ir/function.h"

namespace gilmap::filetests {

// Gives the declarations their addresses. False if there is no such function.
bool link_foreign(ir::Module& module);
// As the interpreter wants it: see ir/interpreter.h.
bool call_foreign(const ir::Foreign& f, std::span<const uint64_t> args, uint64_t* result);

}  // namespace gilmap::filetests
