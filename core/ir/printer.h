#pragma once
// The text form of the IR, which parser.h reads back to the same text:
//
//   function %collatz(i64 [1, 1000], f64) -> i64 | f64 depth=1 {
//   block0(v0: i64, v1: f64):
//     v2 = iconst 3
//     v3 = imul_overflows v0, v2
//     deopt_if v3, overflow
//     v4 = call_numeric.f64 math_sin(v1)
//     v5 = call.i64 fn1(v0)
//     v6 = select.i64 v3, v0, v5
//     branch v3, block1(v0), block2 unlikely=1
//   ...
//   }
//
// Values and blocks carry their ids. Function 0 of a module, the element function, lists the types it
// may return with `|`; the others list the types of their results, which come together, with `,`. An
// operation whose result type does not follow from ops.def carries it behind a dot. `[lo, hi]` behind a
// parameter type is its arg_range. `@7` behind an instruction is its source line. `;` starts a comment.
//
// A lane function has the reasons of its masks in the header, and says which block parameters are varying. Of
// instructions that follows from their operands. The bounds of a value are behind it, unless they are those of an i64:
//
//   function %clip(i64 [0, 5]) -> i64 lanes(overflow, raise) {
//   block0(v0: <i64>):
//     v1 = iconst 1
//     v2 = iadd v0, v1 in [1, 6]
//     jump block1(v1, v2)
//   block1(v3: i64 [0, 1], v4: <i64>):
//   ...
//   }

#include <cstdint>
#include <functional>
#include <string>

#include "ir/function.h"
#include "ir/numeric_table.h"

namespace gilmap::ir {

struct PrintOptions {
  NumericTable numeric = {};
  bool lines = false;                             // print source lines
  std::function<std::string(ValueId)> note = {};  // what to say of a value in a comment; "" for nothing
};

std::string print(const Module& module, const PrintOptions& options = {});
std::string print(const Function& f, const PrintOptions& options = {});
std::string print_inst(const Function& f, ValueId v, const PrintOptions& options = {});

// A double as text that reads back to the same bits: the shortest decimal, `inf`, `-inf`, `nan`, `-nan`
// (quiet, without a payload), or `nan:0x` and the bits.
std::string print_double(double x);

}  // namespace gilmap::ir
