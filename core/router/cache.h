#pragma once
// What is known of the functions that were mapped: their kernels, what they took for granted, what their elements
// cost.
//
// An entry belongs to a code object (or builtin) and dies with it. Two functions of the same code, as closures made in
// a loop are, share it: each variant has guards, which are compared with the function at hand. All of it needs the GIL,
// except for a Compilation.

#include <Python.h>

#include <atomic>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "codegen/kernel.h"
#include "ir/function.h"
#include "lift/guards.h"
#include "lift/lift.h"
#include "router/arrow/kernel.h"
#include "runtime/job.h"
#include "support/diagnostics.h"

namespace gilmap::router {

enum class State : uint8_t { Unsupported, Lifted, Compiling, Ready, Failed };

// The part of a variant that the compiling thread shares: nothing in it belongs to Python, because that thread may be
// the last to let go of it.
struct Compilation {
  std::atomic<State> state{State::Lifted};
  std::shared_ptr<codegen::Kernel> kernel;  // written before state becomes Ready
  std::string error;                        // of Failed
  ir::Module module;                        // from Ready on optimised, and not changed any more
};

// See specialise.h.
struct Specialised {
  explicit Specialised(std::vector<ir::IntRange> r) : ranges(std::move(r)) {}
  std::vector<ir::IntRange> ranges;  // of each column; all integers where nothing is assumed
  std::shared_ptr<runtime::SecondKernel> kernel = std::make_shared<runtime::SecondKernel>();
  bool requested = false;
};

// See arrow/kernel.h: what computes the function until a kernel is there, if it is one expression.
struct ArrowTier {
  bool made = false;  // only where pyarrow.compute was there when the function was lifted
  std::optional<arrow::Program> program;
  std::string why_not;                    // if there is no program
  std::unique_ptr<arrow::Kernel> kernel;  // made of the program with the first call
  double ns_per_row = 0;                  // measured
  double spent_ns = 0;                    // in all
};

// A function specialised on argument types and on what it read from outside.
struct Variant {
  std::vector<ir::Type> types;
  lift::Guards guards;
  lift::ForeignCallable foreign;
  std::optional<Unsupported> why;  // Unsupported
  std::shared_ptr<Compilation> code = std::make_shared<Compilation>();
  std::vector<ir::Type> result_types;
  int depth = 1;  // Python frames that one element enters
  double lift_ms = 0;
  int64_t lift_began_ns = 0;                     // when
  int64_t compile_began_ns = 0;                  // when
  bool lift_told = false, compile_told = false;  // in a debug line
  double ns_per_row = 0;                         // of the kernel, measured
  double native_ns = 0;                          // that its kernels have run so far
  int calls_to_skip = 0;                         // because most elements of the last one were left to CPython
  std::list<Specialised> specialised;
  ArrowTier arrow;
  long owner_process = 0;  // a fork leaves the compiling thread behind

  State state() const { return code->state.load(); }
};

class Entry {
 public:
  // The variant for these types whose guards hold for the callable; null if there is none. What could not be lifted is
  // tried again now and then, ever more seldom: a global may hold something else by now.
  std::shared_ptr<Variant> find(PyObject* callable, std::span<const ir::Type> types);
  void add(std::shared_ptr<Variant> v);
  void remove(const std::shared_ptr<Variant>& v) { variants_.remove(v); }

  double interpreted_ns = 0;  // an element in the interpreter, measured; 0: unknown
  int losses_in_workers = 0;  // how often worker interpreters were of no use to it, less how often they were
  int calls_to_stay = 0;      // before it may go there again
  bool stays = false;         // it may not go there
  double spent_ns = 0;        // in the interpreter so far, on elements that a kernel might have done

  // Variants made since one was last used: closures over ever new values need each but once.
  int unused_variants = 0;

 private:
  std::list<std::shared_ptr<Variant>> variants_;  // the most recently used first
  int refusals_ = 0, refusals_to_retry_ = 4;
};

// The entry of a callable; made if need be. Null if the callable can't be followed. Stays valid while the caller holds
// it.
std::shared_ptr<Entry> entry_of(PyObject* callable);
// The same, or null if there is none yet.
std::shared_ptr<Entry> known_entry(PyObject* callable);
// Was this asked a few times of the callable? A guess, for callables that have no entry: others may be counted along.
bool is_called_often(PyObject* callable);
size_t entry_count();
void forget_all();

}  // namespace gilmap::router
