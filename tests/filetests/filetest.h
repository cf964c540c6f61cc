#pragma once
// Tests that are text files: IR, what to do with it, and what must come out. One behaviour per file, named for it.
//
//   ; test: fold_values, eliminate_dead    passes, one after the other; see below for the other kinds
//   ; Why this matters.                    comments are kept
//   ; run: %f(3, 2.0) == 4                 any number of these, in any kind of test that parses
//   function %f(i64, f64) -> i64 {
//     ...
//   }
//   ; expect:
//   function %f(i64, f64) -> i64 { ...     to the end of the file
//
// Kinds:
//   a list of passes   the printed module after them; each is verified. `pipeline` is all of them
//   lift               what the lifter made of a Python function, and what the pipeline makes of that: see
//                      tests/python/test_lift_text.py, which checks the first part
//   roundtrip          the module prints as it was written (or as expected, if there is an expectation)
//   parse-error        the parser's message, as a comment
//   verify-error       the verifier's messages, as comments
//   ranges             the module, with what value_ranges finds of each i64 as a comment
//   run                nothing but the runs
// `to_lanes` may stand in a list of passes, at its end: the lane function of spmd/, or the reason why there is none, as
// a comment.
//
// A run calls the first function. What it must give is a value (4, 4.0, true, none), `deopt` and a reason, or
// `endless`: to the bit, from the interpreter and from compiled code, before and after the listed passes and the whole
// pipeline. `any-nan` stands for a NaN of a sign and payload that the CPU chooses. Compiled code computes all runs of a
// file together, and several times over, so that vector lanes and the rest behind them are both met; an endless run
// must stop once it is cancelled. Where spmd/ makes a lane function of what the pipeline leaves, that must give the
// same, whatever rows share a group; only the reason of a deopt may be another one. A test may also be written of a
// lane function itself: its runs are its lanes, at several numbers of lanes. `; depth: 20` sets how many Python frames
// there may be, instead of 1000.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ir/function.h"
#include "ir/interpreter.h"

namespace gilmap::filetests {

struct Run {
  size_t line = 0;  // of TestFile::head
  std::string call, expected;
};

struct TestFile {
  std::string path;
  std::vector<std::string> head;   // all lines before `; expect:`
  std::vector<std::string> tests;  // the words of the `; test:` lines
  std::vector<Run> runs;
  int64_t depth_budget = 1000;
  bool has_expectation = false;
  std::string expected;  // what follows `; expect:`

  std::string text() const;  // the whole file again
};

// False if there is no such file; `error` then says so.
bool read(const std::string& path, TestFile* file, std::string* error);

// What is wrong with the program under test, one entry for each failure. With update, what came out becomes what is
// expected, and `file` is changed accordingly.
std::vector<std::string> check(TestFile& file, bool update);

// values.cpp: the text form of calls and of what they give.
bool parse_call(const std::string& text, const ir::Module& module, std::vector<uint64_t>* args, std::string* error);
std::string print_outcome(const ir::Outcome& outcome);

// Removed and added lines, with a few around them.
std::string diff(const std::string& expected, const std::string& actual);

// Runs the element function as compiled code on one or more rows of arguments; null where there is no compiler. Set by
// compiled.cpp. No outcomes where there is no code for lane functions.
struct CompiledOptions {
  int opt_level = 2;
  int64_t depth_budget = 1000;
  int lane_bits = 0;       // of a lane function
  bool cancelled = false;  // the outcome of a row that was given up for this is OutOfSteps
};
using Rows = std::vector<std::vector<uint64_t>>;
using CompiledRun = std::function<std::vector<ir::Outcome>(const ir::Module&, const Rows&, const CompiledOptions&)>;
CompiledRun& compiled_run();

}  // namespace gilmap::filetests
