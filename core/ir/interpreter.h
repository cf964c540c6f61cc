#pragma once
// Runs the IR one instruction at a time: slow, obvious, and the reference that compiled code must agree
// with to the bit. For tests.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "ir/function.h"
#include "ir/numeric_table.h"

namespace gilmap::ir {

struct Outcome {
  enum class Kind : uint8_t {
    Returned,
    Deopt,       // for `reason`
    OutOfSteps,  // still running after max_steps
    Broken,      // a precondition of an operation does not hold: a bug in the IR; see `what`
  };
  Kind kind = Kind::Returned;
  DeoptReason reason = DeoptReason::Other;
  std::vector<Type> types = {};     // of the results; none for None
  std::vector<uint64_t> bits = {};  // the results, as in evaluate.h
  std::string what = {};
  bool operator==(const Outcome&) const = default;
};

// A call of function `fn` of core/numeric, which is a higher layer: writes the result and returns true, or
// returns false if the function asks for CPython.
using NumericCall = std::function<bool(int64_t fn, std::span<const uint64_t> args, uint64_t* result)>;

// A call of a function of another compiler: writes the result and returns true, or returns false for a status other
// than 0.
using ForeignCall = std::function<bool(const Foreign& f, std::span<const uint64_t> args, uint64_t* result)>;

struct InterpreterOptions {
  NumericCall numeric = {};       // must be set if the module has a call_numeric
  int64_t max_steps = 1'000'000;  // instructions, those of callees included
  int64_t depth_budget = 1000;    // Python frames; a call beyond them deopts
  ForeignCall foreign = {};       // must be set if the module has a call_foreign
  NumericTable table = {};        // must be set if a call_numeric of a lane function has a mask
};

Outcome interpret(const Module& module, size_t function, std::span<const uint64_t> args,
                  const InterpreterOptions& options = {});

}  // namespace gilmap::ir
