#pragma once
// The router's choice: what computes the rows of a call that are left, what is made ready for them, and when to ask
// again.
//
// All that is weighed stands in plan.cpp, each constant with the measurement it comes from. A call asks when it begins,
// after each batch of rows in the interpreter, and for each group of rows of the same types; what was measured by then
// is in the situation. tests/unit/router_plan_test.cpp records the decisions as a table. No Python here.

#include <cstdint>

#include "router/call.h"

namespace gilmap::router {

// Computes rows.
enum class Engine : uint8_t {
  Interpreter,
  Arrow,   // pyarrow.compute
  Kernel,  // machine code, on all CPUs
  Workers  // worker interpreters
};

// How far the machine code of the function is, for the types of these rows.
enum class Code : uint8_t {
  Unknown,    // this call has not looked yet
  NotLifted,  // nothing is known of these types
  Refused,    // there will be none
  Lifted,
  Compiling,
  Ready
};

enum class ArrowUse : uint8_t {
  Impossible,
  Possible,  // only lifting tells
  Certain,
};

struct Situation {
  Backend backend = Backend::Auto;  // that the user asks for
  double rows = 0;                  // that are left
  // The rows are a group of one type beside others, which run at the same time: none waits in the interpreter for its
  // kernel.
  bool beside_others = false;

  bool known = false;  // earlier calls have left something of the function
  // Of the function, measured; 0: not yet.
  double interpreted_ns = 0;    // an element in the interpreter
  double arrow_ns = 0;          // by pyarrow.compute
  double kernel_ns = 0;         // by its kernel, CPU time
  double spent_ns = 0;          // in the interpreter by all calls, on elements that a kernel might have computed
  double spent_here_ns = 0;     // of that, by this call
  double arrow_spent_ns = 0;    // in pyarrow.compute, by all calls
  double kernel_spent_ns = 0;   // in its kernels, by all calls
  double compiling_for_ns = 0;  // since its compile began
  double compile_ns = 5e6;      // what a compile takes on this machine

  Code code = Code::Unknown;
  ArrowUse arrow = ArrowUse::Impossible;
  int unused_kernels = 0;     // made since one was last used: closures over ever new values need each but once
  int looks_in_vain = 0;      // by this call, at rows that were no numbers
  bool has_second = false;    // one for ranges of inputs, or of several lanes, is ready
  bool kernel_rests = false;  // its last call left most elements to CPython

  bool workers_allowed = false;  // more than one CPU; no one can tell where the function runs, or that is not known yet
  bool workers_started = false;
  bool workers_rest = false;  // its last calls were slower there
};

struct Plan {
  // Before the next rows. What it finds is in the next situation.
  enum class First : uint8_t {
    Nothing,
    Find,     // see whether code is known
    Lift,     // see whether there can be code
    Compile,  // lift, and begin to compile in the background
    Wait      // for the compile
  };
  First first = First::Nothing;
  Engine now = Engine::Interpreter;
  bool compile_meanwhile = false;  // begin to compile in the background; the kernel takes over when it is ready
  bool ask_again = false;          // after some rows, see next_batch(). Else it is settled for all that are left
  bool wake_threads = false;       // at once; else the calling thread begins alone, and may be through sooner
  bool look_at_ranges = false;     // use a second kernel, for the ranges of these values, if there is one
  bool specialise = false;         // compile it
  bool rested = false;             // but for a rest, it would have been another engine

  bool operator==(const Plan&) const = default;
};

Plan plan(const Situation& s);

// Rows in the interpreter between two questions: few at first, since one may take a second, then some 50 µs of them, so
// that a kernel that becomes ready is noticed soon.
int64_t next_batch(int64_t last_rows, double last_ns);

// Once the general kernel has run for as long, a specialised one has paid for its compile on another core.
constexpr double worth_specialising_ns = 5e6;
// To find out whether a function that takes whole columns may take these costs 20 µs, as much as 25 calls of it.
constexpr int64_t worth_whole_columns_rows = 32;
// The first rows take longer: code is specialised after some, and caches are cold.
constexpr int64_t first_rows = 8;
// To remember a function costs 3 µs: not for a call that is over sooner than this, and not for the first few.
constexpr double worth_remembering_ns = 10e3;

}  // namespace gilmap::router
