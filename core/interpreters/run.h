#pragma once
// A call on the worker interpreters, seen from the calling thread.

#include <Python.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "columns/columns.h"
#include "support/py_ref.h"

namespace gilmap::interpreters {

// A callable as bytes, from which a worker builds it.
struct Shipment {
  int64_t number = 0;
  std::string payload;
  bool keep = false;
};

// nullopt with an exception set: ValueError that names the variable that cannot go.
std::optional<Shipment> ship(PyObject* callable);

// The same, if nobody can tell where the callable runs; else nullopt, with `why` in words, or an exception set.
std::optional<Shipment> ship_if_harmless(PyObject* callable, std::string& why);

struct Request {
  const Shipment* shipment = nullptr;
  std::span<const std::unique_ptr<columns::Input>> inputs;
  int64_t begin = 0, end = 0;
  int workers = 0;                   // at most; 0: all
  bool automatic = false;            // see Task
  double ns_per_row = 0;             // if known
  std::function<Ref(int64_t)> call;  // of the calling interpreter, for a position
};

enum class Outcome : uint8_t {
  Done,
  Raised,    // with an exception set
  Declined,  // the rest is to be run in the calling interpreter; `why` says in words why
};

// Are workers there?
bool started();
// Starts the workers, if they are not there yet, and returns at once. True if some are ready.
bool prepare();

// Fills `results`, which are empty, with those of rows begin .. end-1. An Arrow null's is left empty. Unless all are
// done, it holds those of the first `done` rows, without a gap. `rows_ns` is what rows took in the workers, in all.
Outcome run(const Request& request, std::span<Ref> results, int64_t& done, double& rows_ns, std::string& why);

// Without the GIL. Ends all workers; the next call starts them again. Not so after close().
void shutdown();
// At exit. False if a worker cannot be stopped.
bool close();
void before_fork();
void after_fork_in_parent();
void after_fork_in_child();

}  // namespace gilmap::interpreters
