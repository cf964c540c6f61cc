// The course of a call: the first elements run in the interpreter, which measures what an element costs. Once what is
// left would pay for it, the function is lifted and compiled in the background; when the kernel is ready the
// remaining elements move over (native.cpp). A later call finds the kernel and the costs and starts with the kernel.

#include "router/call.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "columns/columns.h"
#include "columns/output.h"
#include "lift/lift.h"
#include "router/cache.h"
#include "router/call_state.h"
#include "router/foreign.h"
#include "router/in_workers.h"
#include "router/native.h"
#include "router/prepare.h"
#include "runtime/clock.h"

namespace gilmap::router {
namespace {

// Beside worth_preparing_ns for the call at hand, this much of all calls so far.
constexpr double worth_preparing_in_all_ns = 20e6;
// A function whose kernels are never used again, because each call bakes in other values, gets fewer of them.
constexpr int most_patience = 4;
// To remember a function costs 3 µs: not for a call that is over sooner than this, and not for the first few.
constexpr double worth_remembering_ns = 10e3;
// The same for what pyarrow.compute might do, which needs no compile: 20 elements or so tell what one costs.
constexpr double look_for_arrow_ns = 10e3;
// Bytes of bytecode, of a function that is looked at so early: to lift a longer one would take too long.
constexpr Py_ssize_t short_code = 256;
// What the interpreter does before the question is asked at all.
constexpr double look_first_ns = 100e3;
// After so many looks at elements that are no numbers, none are expected.
constexpr int looks_for_numbers = 4;
// Elements between two looks at the clock, at most.
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
  Ref interpret_all();
  Ref cold();
  bool arrow_can(double each_ns);
  Ref native();
  Ref in_workers();
  Ref in_workers(const interpreters::Shipment& shipment, double each_ns);
  Ref uncompiled(double each_ns);
  Ref empty_array();
  void say(const char* what) const;

  CallState s_;
  Ref map_;  // over the elements behind s_.prefix
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
  if (!s_.prefix.begin(s_.n)) return Ran::Raised;
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

Ref Call::interpret_all() {
  for (Ran ran = Ran::All; ran != Ran::Ended;) {
    ran = interpret(s_.prefix.size() + longest_batch);
    if (ran == Ran::Raised) return {};
  }
  say("in the interpreter");
  return from_prefix();
}

// Is the function an expression that pyarrow.compute can begin with at once? Rows of s_.prefix cost so much each.
bool Call::arrow_can(double each_ns) {
  if (!PyFunction_Check(s_.func) || !arrow::is_loaded()) return false;
  const auto* code = reinterpret_cast<PyCodeObject*>(PyFunction_GET_CODE(s_.func));
  if (_PyCode_NBYTES(code) > short_code) return false;
  const int64_t i = s_.prefix.size();
  const auto types = columns::common_types(s_.inputs, std::max<int64_t>(i - 1, 0), std::min(s_.n, i + 1));
  if (!types) return false;
  if (!s_.entry) s_.entry = entry_of(s_.func);
  if (!s_.entry) return false;
  const auto v = lifted(*s_.entry, s_.func, *types);
  if (v->state() != State::Lifted && v->state() != State::Compiling) return false;
  if (!arrow_kernel(*v)) return false;
  s_.entry->interpreted_ns = each_ns;
  return true;
}

// No kernel yet, or no idea what an element costs. One element alone tells nothing.
Ref Call::cold() {
  if (s_.n < 2) return interpret_all();
  const int64_t start = runtime::now_ns();
  std::shared_ptr<Variant> variant;
  double elapsed = 0;
  int64_t batch = 1;
  int without_types = 0;
  bool arrow_asked = false;
  for (int64_t i = 0; i < s_.n;) {
    const int64_t before = i;
    Ran ran = interpret(std::min(s_.n, i + batch));
    if (ran == Ran::Raised) return {};
    if (ran == Ran::Ended) break;
    s_.n = s_.rows();
    i = s_.prefix.size();
    const auto now = static_cast<double>(runtime::now_ns() - start);
    const double batch_ns = now - elapsed;
    // Batches of some 50 µs, so that a kernel that becomes ready is noticed soon.
    if (batch_ns < 25e3)
      batch = std::min(batch * 2, longest_batch);
    else if (batch_ns > 100e3)
      batch = std::max<int64_t>(batch / 2, 1);
    elapsed = now;
    if (!arrow_asked && elapsed >= look_for_arrow_ns) {
      const double each = batch_ns / static_cast<double>(i - before);  // the first elements take longer
      arrow_asked = true;
      if (each * static_cast<double>(s_.n - i) > worth_lifting_ns && arrow_can(each)) return native();
    }
    if (elapsed < look_first_ns || i == s_.n) continue;
    if (!s_.entry) s_.entry = entry_of(s_.func);
    if (!s_.entry) return interpret_all();
    Entry& entry = *s_.entry;
    double each = elapsed / static_cast<double>(i);
    double rest = each * static_cast<double>(s_.n - i);
    if (!variant) {
      bool pays = rest > worth_preparing_ns * std::min(1 + entry.unused_variants, most_patience) ||
                  (entry.spent_ns + elapsed > worth_preparing_in_all_ns * std::exp2(entry.unused_variants) &&
                   rest > look_first_ns);
      if (!pays && entry.interpreted_ns > 0) continue;
      auto types = columns::common_types(s_.inputs, i - 1, std::min(s_.n, i + 1));
      if (!types) {
        // Where no numbers come at all, no kernel will.
        if (pays && ++without_types == looks_for_numbers) return uncompiled(each);
        continue;
      }
      variant = pays ? prepare(entry, s_.func, *types) : entry.find(s_.func, *types);
      if (variant && variant->state() == State::Lifted) variant = nullptr;
      if (!variant) {
        entry.interpreted_ns = each;
        continue;
      }
    }
    State state = variant->state();
    if (state == State::Unsupported || state == State::Failed) {
      entry.interpreted_ns = each;
      return uncompiled(each);
    }
    if (state == State::Ready && rest > kernel_call_ns) {
      entry.interpreted_ns = each;
      return native();
    }
  }
  if (!s_.entry && elapsed >= worth_remembering_ns && is_called_often(s_.func)) s_.entry = entry_of(s_.func);
  if (s_.entry) {
    s_.entry->interpreted_ns = elapsed / static_cast<double>(std::max<int64_t>(s_.prefix.size(), 1));
    s_.entry->spent_ns += elapsed;
  }
  say("in the interpreter");
  return from_prefix();
}

// ---------------------------------------------------------------- the decision

Ref Call::native() {
  Ref result = run_native(s_);
  say(result ? "compiled" : "raised");
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

// What has no kernel and will have none: in worker interpreters, if nobody can tell and that pays, else here.
Ref Call::uncompiled(double each_ns) {
  if (!workers_pay(s_, each_ns)) return interpret_all();
  auto shipment = ship_if_harmless(s_);
  if (!shipment) return PyErr_Occurred() ? Ref() : interpret_all();
  // While they start, rows run here.
  const int64_t rows = std::max<int64_t>(1, static_cast<int64_t>(1e6 / each_ns));
  bool ran_here = false;
  for (; !interpreters::prepare(); ran_here = true) {
    const Ran ran = interpret(s_.prefix.size() + rows);
    if (ran == Ran::Raised) return {};
    if (ran == Ran::Ended) return from_prefix();
    if (!workers_pay(s_, each_ns)) return interpret_all();
  }
  // An element may have changed what the function refers to.
  if (ran_here && !(shipment = ship_if_harmless(s_))) return PyErr_Occurred() ? Ref() : interpret_all();
  return in_workers(*shipment, each_ns);
}

// The type of an empty array is what the function would return.
Ref Call::empty_array() {
  std::vector<ir::Type> results;
  if (auto types = columns::common_types(s_.inputs, 0, 0)) {
    if (auto lifted = lift::lift(s_.func, *types)) results = lifted->module.result_types;
  }
  auto out = columns::Output::create(s_.first(), 0, results);
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
  if (s_.options.backend == Backend::ArrowKernel && !load_arrow()) return {};
  if (is_compiled(s_.options.backend) || s_.options.backend == Backend::ArrowKernel) {
    s_.entry = entry_of(s_.func);
    return s_.entry ? native() : interpret_all();
  }
  if (!s_.entry) return cold();
  double known = s_.entry->interpreted_ns * static_cast<double>(s_.n);
  if (known > 0 && known < kernel_call_ns) return interpret_all();
  if (known > 0) {
    if (auto types = columns::common_types(s_.inputs, 0, 1)) {
      if (auto v = s_.entry->find(s_.func, *types)) {
        State state = v->state();
        if (state == State::Ready && v->calls_to_skip > 0) {
          --v->calls_to_skip;
          return interpret_all();
        }
        if (state == State::Ready) return native();
        if (state == State::Lifted || state == State::Compiling) {
          if (known > worth_lifting_ns && arrow_kernel(*v)) return native();
          return cold();
        }
        return uncompiled(s_.entry->interpreted_ns);
      }
    }
  }
  return cold();
}

}  // namespace

Ref map(PyObject* func, std::span<PyObject* const> iterables, const Options& options) {
  if (!PyCallable_Check(func)) {
    PyErr_Format(PyExc_TypeError, "'%.200s' object is not callable", Py_TYPE(func)->tp_name);
    return {};
  }
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
  // As with map, f may change a list while the call goes through it. Not where the result has a length of its own, or
  // where other interpreters are at work: there a list is what it was. A function with a kernel does nothing to it.
  const bool as_it_was = options.backend == Backend::Subinterp ||
                         (inputs[0]->container() != columns::Container::List && !(entry && entry->has_kernel()));
  if (as_it_was && !columns::freeze(inputs)) return {};
  return Call(func, std::move(inputs), options, std::move(entry)).run();
}

}  // namespace gilmap::router
