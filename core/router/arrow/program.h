#pragma once
// A function that is one expression over a column or two, as calls of pyarrow.compute's functions. No Python here.
//
// Only operations whose results have the bits of Python's are taken; tests/python/test_arrow_kernel.py compares them
// with CPython on edge values. Where one cannot go on for some element (an overflow, a zero divisor), all elements that
// were computed along with it are handed on.

#include <expected>
#include <string>
#include <vector>

#include "ir/function.h"

namespace gilmap::router::arrow {

struct Step {
  enum class Kind : uint8_t {
    Constant,  // of the type, with these bits
    Call,      // a function of pyarrow.compute over `args`
    Cast,      // of args[0] to the type; the value is in range
    HandOn,    // if any element of args[0] is true
  };
  Kind kind = Kind::Call;
  const char* function = nullptr;  // of a Call
  ir::Type type = ir::Type::Void;  // of the result
  int64_t bits = 0;                // of a Constant
  std::vector<int> args;           // slots
  // Why elements are handed on: of a HandOn, and of a Call that raises.
  ir::DeoptReason reason = ir::DeoptReason::Other;
};

// Slots 0 to columns-1 are the arguments; step k writes slot columns + k.
struct Program {
  int columns = 0;
  std::vector<Step> steps;
  int result = 0;  // a slot that is no argument and no constant
  ir::Type result_type = ir::Type::Void;
};

// Of a module that went through the passes. The error says why there is none, in words for a user: "it has a loop".
std::expected<Program, std::string> make_program(const ir::Module& module);

}  // namespace gilmap::router::arrow
