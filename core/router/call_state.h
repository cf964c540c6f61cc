#pragma once
// What the stages of one call share.

#include <Python.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "columns/columns.h"
#include "columns/output.h"
#include "ir/function.h"
#include "router/cache.h"
#include "router/call.h"
#include "router/interpret.h"
#include "router/prefix.h"
#include "runtime/clock.h"

namespace gilmap::router {

constexpr int64_t nowhere = std::numeric_limits<int64_t>::max();

// Of a call, for the debug line. A compile is on another thread, beside the rest.
struct Times {
  int64_t start_ns = 0;
  double lift_ms = 0, compile_ms = 0, boxing_ms = 0;
};

struct CallState {
  CallState(PyObject* f, std::vector<std::unique_ptr<columns::Input>> in, const Options& o)
      : func(f),
        inputs(std::move(in)),
        options(o),
        n(columns::common_size(inputs)),
        has_nulls(std::ranges::any_of(inputs, [](const auto& i) { return i->has_nulls(); })),
        interpreter(func, inputs) {
    if (options.debug) times.start_ns = runtime::now_ns();
  }
  CallState(const CallState&) = delete;

  const columns::Input& first() const { return *inputs[0]; }
  // The number of rows by now: f may make its list longer or shorter.
  int64_t rows() const { return gives_list() ? columns::common_size(inputs) : n; }
  bool gives_list() const { return first().container() == columns::Container::List; }
  bool is_null(int64_t i) const { return has_nulls && columns::is_null(inputs, i); }
  // Writes the prefix to the positions it belongs to. False with an exception set.
  bool hand_over_prefix(columns::Output& out) {
    for (int64_t i = 0; i < prefix.size(); ++i) {
      if (is_null(i))
        out.set_null(i);
      else if (!out.set(i, Ref::borrow(prefix[i])))
        return false;
    }
    interpreted_first = prefix.size();
    prefix.release();
    return true;
  }
  // Does the exception that is set end a list at the element that raised it, as it does in list(map(…))?
  bool ends_list() const { return gives_list() && PyErr_ExceptionMatches(PyExc_StopIteration); }

  PyObject* func;
  std::vector<std::unique_ptr<columns::Input>> inputs;
  Options options;
  int64_t n;
  bool has_nulls;
  Interpreter interpreter;
  std::shared_ptr<Entry> entry;
  Prefix prefix;  // None for Arrow nulls

  // For the debug line.
  lift::ForeignCallable foreign;  // what was called, if it is one
  Times times;
  int64_t interpreted_first = 0;
  int64_t native_rows = 0;
  int64_t arrow_rows = 0;
  int64_t deopts = 0;
  ir::DeoptReason first_reason = ir::DeoptReason::Other;
};

}  // namespace gilmap::router
