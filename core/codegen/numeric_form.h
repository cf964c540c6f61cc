#pragma once
// What code a numeric function becomes, for those who weigh it before it is emitted. emit_numeric_inline.cpp emits it.

#include <span>

#include "ir/function.h"
#include "numeric/functions.h"

namespace gilmap::codegen {

enum class NumericForm : uint8_t {
  Simple,    // a few instructions
  Sequence,  // some more
  Guarded,   // a sequence for the usual arguments, and a call for others
  Call,
};

// With arguments of these ranges; those of floats mean nothing.
NumericForm form_of(numeric::NumericFn fn, std::span<const ir::IntRange> args, bool has_fma);

}  // namespace gilmap::codegen
