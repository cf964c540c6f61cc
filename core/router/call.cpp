// The course of a call: the first elements run in the interpreter, which measures what an element costs. plan.h says
// what is done then; once there is something better for the remaining elements they move over (native.cpp,
// in_workers.cpp). A later call finds the kernel and the costs and starts with the kernel.

#include "router/call.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "columns/columns.h"
#include "columns/output.h"
#include "lift/lift.h"
#include "router/arrow/screen.h"
#include "router/cache.h"
#include "router/call_state.h"
#include "router/foreign.h"
#include "router/in_workers.h"
#include "router/native.h"
#include "router/plan.h"
#include "router/prepare.h"
#include "router/situation.h"
#include "router/whole_columns.h"
#include "runtime/clock.h"

namespace gilmap::router {
namespace {

// Elements between two looks at signals, where nothing else is to be decided.
constexpr int64_t longest_batch = 1024;

class Call {
 public:
  Call(PyObject* func, std::vector<std::unique_ptr<columns::Input>> inputs, const Options& options,
       std::shared_ptr<Entry> entry)
      : s_(func, std::move(inputs), options) {
    s_.entry = std::move(entry);
  }

  Ref run();

 private:
  // Ended: StopIteration was raised, or the list has no more elements.
  enum class Ran : uint8_t { All, Raised, Ended };

  Ran interpret(int64_t end);
  Ref from_prefix();
  Ref raised_in_interpreter() const;
  Ref interpret_all();
  Ref automatic();
  bool look(Plan::First what);
  void note_costs();
  Ref native();
  Ref in_workers();
  Ref in_workers(const interpreters::Shipment& shipment, double each_ns);
  Ref to_workers();
  Ref empty_array();
  void say(const char* what) const;

  CallState s_;
  Ref map_;  // over the elements behind s_.prefix

  // Of automatic().
  Situation situation_;
  std::shared_ptr<Variant> variant_;  // for the rows behind s_.prefix
};

void Call::say(const char* what) const {
  if (!s_.options.debug) return;
  PyObject* raised = PyErr_GetRaisedException();  // or null
  Ref name = Ref::steal(PyObject_GetAttrString(s_.func, "__qualname__"));
  PyErr_Clear();
  const char* text = name && PyUnicode_Check(name.get()) ? PyUnicode_AsUTF8(name.get()) : nullptr;
  PySys_FormatStderr("gilmap: %s: %zd elements, %s", text ? text : Py_TYPE(s_.func)->tp_name, s_.n, what);
  const auto part = [&](int64_t rows, const char* how) {
    if (rows > 0) PySys_FormatStderr(", %zd %s", rows, how);
  };
  if (s_.native_rows + s_.arrow_rows > 0) {
    part(s_.interpreted_first, "in the interpreter first");
    part(s_.arrow_rows, "by pyarrow.compute");
    part(s_.native_rows, "compiled");
    PySys_FormatStderr(", %zd deopts", s_.deopts);
    if (s_.deopts > 0) PySys_FormatStderr(" (the first: %s)", ir::words(s_.first_reason));
  }
  const Times& t = s_.times;
  char times[160];
  std::snprintf(times, sizeof times, ", lift %.3f ms, compile %.1f ms, run %.3f ms, boxing %.3f ms\n", t.lift_ms,
                t.compile_ms, static_cast<double>(runtime::now_ns() - t.start_ns) / 1e6 - t.lift_ms - t.boxing_ms,
                t.boxing_ms);
  PySys_FormatStderr("%s", times);
  PyErr_SetRaisedException(raised);
}

// ---------------------------------------------------------------- in the interpreter

// The result from s_.prefix, which is all there is.
Ref Call::from_prefix() {
  if (s_.gives_list()) return s_.prefix.release();
  const int64_t size = s_.prefix.size();
  auto out = columns::Output::create(s_.first(), size, {});
  if (!out || !s_.hand_over_prefix(*out) || !out->complete(0, size)) return {};
  return out->finish();
}

// Elements behind those of s_.prefix, up to `end`. Where it can, map itself takes them, which costs what map costs.
Call::Ran Call::interpret(int64_t end) {
  // What becomes an array is copied there from a few. The memory of a long list that is given back unused would then be
  // missing for the array: it took 200 page faults for 100,000 rows.
  if (!s_.prefix.begin(s_.gives_list() ? s_.n : std::min(s_.n, longest_batch))) return Ran::Raised;
  if (!map_) map_ = s_.interpreter.map_from(s_.prefix.size());
  if (!map_ && PyErr_Occurred()) return Ran::Raised;
  const iternextfunc next = map_ ? Py_TYPE(map_.get())->tp_iternext : nullptr;
  for (int64_t i = s_.prefix.size(); i < end; ++i) {
    Ref r;
    if (next) {
      r = Ref::steal(or_stay([&] { return next(map_.get()); }));
      if (!r && !PyErr_Occurred()) return Ran::Ended;
    } else {
      if (i >= s_.rows()) return Ran::Ended;
      r = s_.is_null(i) ? Ref::borrow(Py_None) : s_.interpreter.call(i);
    }
    if (!r) {
      if (!s_.ends_list()) return Ran::Raised;
      PyErr_Clear();
      return Ran::Ended;
    }
    if (!s_.prefix.append(std::move(r))) return Ran::Raised;
  }
  return PyErr_CheckSignals() == 0 ? Ran::All : Ran::Raised;
}

Ref Call::raised_in_interpreter() const {
  say("raised, in the interpreter");
  return {};
}

Ref Call::interpret_all() {
  for (Ran ran = Ran::All; ran != Ran::Ended;) {
    ran = interpret(s_.prefix.size() + longest_batch);
    if (ran == Ran::Raised) return raised_in_interpreter();
  }
  say("in the interpreter");
  return from_prefix();
}

// ---------------------------------------------------------------- the choice

// Looks for code for the rows that are left. False if it cannot: they are no numbers, or nothing can be remembered of
// the function; or with an exception set.
bool Call::look(Plan::First what) {
  if (!s_.entry) s_.entry = entry_of(s_.func);
  if (!s_.entry) return false;
  if (what == Plan::First::Wait) {
    if (!await(*variant_)) return false;
    set_code(situation_, variant_.get());
    return true;
  }
  if (what == Plan::First::Lift && !(arrow::is_loaded() && arrow::may_be_expression(s_.func))) {
    situation_.arrow = ArrowUse::Impossible;
    return true;
  }
  const int64_t i = s_.prefix.size();
  const auto types = columns::common_types(s_.inputs, std::max<int64_t>(i - 1, 0), std::min(s_.n, i + 1));
  if (!types) {
    situation_.arrow = ArrowUse::Impossible;
    if (++situation_.looks_in_vain == 1) set_workers(situation_, s_);
    return false;
  }
  switch (what) {
    case Plan::First::Lift:
      variant_ = lifted(*s_.entry, s_.func, *types);
      break;
    case Plan::First::Compile:
      variant_ = prepare(*s_.entry, s_.func, *types);
      break;
    default:
      variant_ = s_.entry->find(s_.func, *types);
  }
  set_code(situation_, variant_.get());
  if (situation_.code == Code::Refused && situation_.looks_in_vain == 0) set_workers(situation_, s_);
  return true;
}

// For the next calls.
void Call::note_costs() {
  const bool is_new = !s_.entry && situation_.spent_here_ns >= worth_remembering_ns && is_called_often(s_.func);
  if (is_new) s_.entry = entry_of(s_.func);
  if (!s_.entry || situation_.spent_here_ns == 0) return;
  s_.entry->interpreted_ns = situation_.interpreted_ns;
  s_.entry->spent_ns += situation_.spent_here_ns;
}

// The first rows of an unknown function run in the interpreter, which tells what they cost.
Ref Call::automatic() {
  situation_ = situation_of(s_);
  int64_t batch = 1;
  double counted_ns = 0, counted_rows = 0;
  for (;;) {
    const Plan p = plan(situation_);
    if (p.first != Plan::First::Nothing) {
      if (look(p.first)) continue;
      if (PyErr_Occurred()) return {};
      if (!s_.entry) return interpret_all();
    } else if (p.now == Engine::Arrow && !arrow_kernel(*variant_)) {
      situation_.arrow = ArrowUse::Impossible;
      continue;
    } else if (p.now == Engine::Arrow || p.now == Engine::Kernel) {
      note_costs();
      return native();
    } else if (p.now == Engine::Workers) {
      note_costs();
      return to_workers();
    } else if (!p.ask_again) {
      if (p.rested && situation_.code == Code::Ready) --variant_->calls_to_skip;
      if (p.rested && situation_.code != Code::Ready) --s_.entry->calls_to_stay;
      note_costs();
      return interpret_all();
    }
    const int64_t before = s_.prefix.size();
    const int64_t start = runtime::now_ns();
    const Ran ran = interpret(std::min(s_.n, before + batch));
    const auto took = static_cast<double>(runtime::now_ns() - start);
    situation_.spent_here_ns += took;
    situation_.spent_ns += took;
    if (before <= first_rows) counted_ns = counted_rows = 0;
    counted_ns += took;
    counted_rows += static_cast<double>(s_.prefix.size() - before);
    if (counted_rows > 0) situation_.interpreted_ns = counted_ns / counted_rows;
    if (ran == Ran::Raised) {
      PyObject* raised = PyErr_GetRaisedException();
      note_costs();
      PyErr_SetRaisedException(raised);
      return raised_in_interpreter();
    }
    s_.n = s_.rows();
    situation_.rows = static_cast<double>(s_.n - s_.prefix.size());
    if (variant_) set_code(situation_, variant_.get());
    if (ran == Ran::Ended) {
      note_costs();
      say("in the interpreter");
      return from_prefix();
    }
    batch = next_batch(batch, took);
  }
}

// ---------------------------------------------------------------- the engines

Ref Call::native() {
  s_.n = s_.rows();  // others may have made a list shorter while the GIL was let go
  if (s_.n <= s_.prefix.size()) return from_prefix();
  Ref result = run_native(s_);
  const char* engine = !s_.foreign.is_one                        ? "compiled"
                       : s_.foreign.abi == ir::ForeignAbi::Numba ? "compiled by Numba (numba_native)"
                                                                 : "a C function (numba_cfunc)";
  say(result ? engine : "raised");
  return result;
}

Ref Call::in_workers() {
  auto shipment = interpreters::ship(s_.func);
  return shipment ? in_workers(*shipment, 0) : Ref();
}

Ref Call::in_workers(const interpreters::Shipment& shipment, double each_ns) {
  map_ = Ref();
  std::string why;
  switch (run_in_workers(s_, shipment, each_ns, why)) {
    case interpreters::Outcome::Raised:
      return {};
    case interpreters::Outcome::Done:
      say("in worker interpreters");
      return from_prefix();
    case interpreters::Outcome::Declined:
      break;
  }
  say(("not in worker interpreters, because " + why).c_str());
  return interpret_all();
}

// If nobody can tell where the function runs, else here.
Ref Call::to_workers() {
  auto shipment = ship_if_harmless(s_);
  if (!shipment) return PyErr_Occurred() ? Ref() : interpret_all();
  // While they start, rows run here.
  const int64_t rows = std::max<int64_t>(1, static_cast<int64_t>(1e6 / situation_.interpreted_ns));
  bool ran_here = false;
  for (; !interpreters::prepare(); ran_here = true) {
    const Ran ran = interpret(s_.prefix.size() + rows);
    if (ran == Ran::Raised) return {};
    if (ran == Ran::Ended) return from_prefix();
    situation_.rows = static_cast<double>(s_.rows() - s_.prefix.size());
    if (plan(situation_).now != Engine::Workers) return interpret_all();
  }
  // An element may have changed what the function refers to.
  if (ran_here && !(shipment = ship_if_harmless(s_))) return PyErr_Occurred() ? Ref() : interpret_all();
  return in_workers(*shipment, situation_.interpreted_ns);
}

// The type of an empty array is what the function would return.
Ref Call::empty_array() {
  std::vector<ir::Type> results;
  if (auto types = columns::common_types(s_.inputs, 0, 0)) {
    if (auto lifted = lift::lift(s_.func, *types)) results = lifted->module.result_types;
  }
  auto out = columns::Output::create(s_.first(), 0, results);
  say("nothing to do");
  return out && out->complete(0, 0) ? out->finish() : Ref();
}

// For backend="arrow_kernel". False with an exception set.
bool load_arrow() {
  if (arrow::load()) return true;
  if (!PyErr_ExceptionMatches(PyExc_ImportError)) return false;
  PyErr_Clear();
  PyErr_SetString(PyExc_ValueError, "backend=\"arrow_kernel\" needs pyarrow, which is not installed");
  return false;
}

Ref Call::run() {
  if (s_.n == 0 && !s_.gives_list()) return empty_array();
  if (s_.options.backend == Backend::Inline || s_.n == 0) return interpret_all();
  if (s_.options.backend == Backend::Subinterp) return in_workers();
  if (s_.gives_list() && lift::is_numpy_ufunc(s_.func)) {
    if (s_.options.backend == Backend::Auto) return interpret_all();
    PyErr_Format(PyExc_ValueError,
                 "backend=\"%s\": the results of a NumPy ufunc in a list are NumPy scalars, which are not compiled; "
                 "for an array they are",
                 name_of(s_.options.backend));
    return {};
  }
  const bool may_be_whole = s_.options.backend == Backend::NumbaNative ||
                            (s_.options.backend == Backend::Auto && s_.n >= worth_whole_columns_rows);
  if (!s_.gives_list() && may_be_whole && is_vectorized_by_numba(s_.func)) {
    std::string why;
    if (auto result = run_whole_columns(s_, why)) {
      say(*result ? "on whole columns" : "raised");
      return *result;
    }
    if (s_.options.backend == Backend::Auto) return interpret_all();
    PyErr_Format(PyExc_ValueError, "backend=\"numba_native\": this function is not called with whole columns: %s",
                 why.c_str());
    return {};
  }
  if (s_.options.backend == Backend::ArrowKernel && !load_arrow()) return {};
  if (is_compiled(s_.options.backend) || s_.options.backend == Backend::ArrowKernel) {
    s_.entry = entry_of(s_.func);
    return s_.entry ? native() : interpret_all();
  }
  return automatic();
}

}  // namespace

Ref map(PyObject* func, std::span<PyObject* const> iterables, const Options& options) {
  if (iterables.empty()) {
    PyErr_SetString(PyExc_TypeError, "gilmap.map() needs a function and at least one iterable");
    return {};
  }
  Ref called = of_backend(func, options.backend);
  if (!called) return {};
  func = called.get();
  std::shared_ptr<Entry> entry = known_entry(func);
  auto inputs = columns::open_all(iterables);
  if (inputs.empty()) return {};
  // map calls nothing for no elements, so that it does not mind; an empty array has a type, which no one can tell here.
  const bool calls_nothing = inputs[0]->container() == columns::Container::List && columns::common_size(inputs) == 0;
  if (!calls_nothing && !PyCallable_Check(func)) {
    PyErr_Format(PyExc_TypeError, "'%.200s' object is not callable", Py_TYPE(func)->tp_name);
    return {};
  }
  // As with map, f may change a list while the call goes through it. Not where the result has a length of its own, or
  // where other interpreters are at work: there a list is what it was.
  const bool as_it_was = options.backend == Backend::Subinterp || inputs[0]->container() != columns::Container::List;
  if (as_it_was && !columns::freeze(inputs)) return {};
  return Call(func, std::move(inputs), options, std::move(entry)).run();
}

}  // namespace gilmap::router
