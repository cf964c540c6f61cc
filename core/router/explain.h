#pragma once
// The facts behind gilmap.explain(): what would run where, and what stands in the way. Runs no code of the user's.

#include <Python.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "codegen/kernel.h"
#include "ir/types.h"
#include "lift/lift.h"
#include "support/diagnostics.h"

namespace gilmap::router {

// What may send an element to CPython: its code did not rule it out, nor did the class of the inputs.
struct Check {
  std::string words;
  int count = 0;
  std::set<int> lines;  // of the source, as far as they are known
};

struct Explanation {
  std::vector<ir::Type> columns;
  bool compiled = false;
  lift::ForeignCallable foreign;            // if compiled
  Unsupported why;                          // if not compiled
  std::vector<ir::Type> results;            // Void is None
  std::vector<Check> checks;                // by their words
  std::optional<codegen::LaneFacts> lanes;  // how many elements are computed at once
  std::set<int> shared_lines;               // of loops whose rounds are run once for all elements of a thread
  std::string why_no_lanes;                 // if compiled, and they are not
  int instructions = 0;                     // of the IR
  bool arrow = false;                       // pyarrow.compute can do it until a kernel is ready
  std::string why_no_arrow;                 // if compiled, and it cannot
  bool ready = false;                       // a kernel is there
  bool loops = false;                       // or recursion: an element may take long
};

// `bounds` are those of the arguments, as column_bounds() finds them, or none. Opens the code generator.
Explanation explain(PyObject* callable, std::vector<ir::Type> types, std::vector<ir::IntRange> bounds);
// The IR in its text form, or the reason why there is none.
std::string ir_text(PyObject* callable, std::vector<ir::Type> types, bool optimised);
// What became of the kernel in LLVM's hands, or the reason why there is none. `ranges` are bounds of the arguments, one
// for each, or none. With `lanes`, of the kernel that computes many elements at once.
std::string listing(PyObject* callable, std::vector<ir::Type> types, std::vector<ir::IntRange> ranges,
                    codegen::Listing what, bool lanes);
// What it costs to make the kernel that computes several elements at once, where there is one.
struct LaneKernelFacts {
  int lanes;
  double passes_ms, compile_ms;
  size_t code_bytes;
};
std::optional<LaneKernelFacts> lane_kernel_facts(PyObject* callable, std::vector<ir::Type> types,
                                                 std::vector<ir::IntRange> ranges);
// The types of the first rows of the inputs; empty if they are of none that is compiled. An exception may be set.
std::vector<ir::Type> column_types(std::vector<PyObject*> iterables);
// The bounds for which the first rows would have a kernel of their own, one for each input; empty if they are of
// several types. An exception may be set.
std::vector<ir::IntRange> column_bounds(std::vector<PyObject*> iterables);

}  // namespace gilmap::router
