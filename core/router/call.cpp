// The course of a call: the first elements run in the interpreter, which measures what an element costs. Once what is
// left would pay for it, the function is lifted and compiled in the background; when the kernel is ready the
// remaining elements move over. A later call finds the kernel and the costs and starts with the kernel.
//
// Exactness: a kernel's element is final unless it was left to CPython, which then computes it here. The first
// exception in the order of positions is raised, after everything below it is known not to raise.

#include "router/call.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "columns/columns.h"
#include "columns/output.h"
#include "lift/lift.h"
#include "router/cache.h"
#include "router/interpret.h"
#include "router/prepare.h"
#include "runtime/job.h"

namespace gilmap::router {
namespace {

using Clock = std::chrono::steady_clock;

double since_ns(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

// Lifting takes the GIL for some 0.1 to 0.3 ms and a compile some 5 ms of another core, so neither is begun for less
// interpreter time than this, in this call or in all so far.
constexpr double worth_preparing_ns = 4e6;
constexpr double worth_preparing_in_all_ns = 20e6;
// What the interpreter does before the question is asked at all.
constexpr double look_first_ns = 100e3;
// A call through a kernel costs about this much beside its elements.
constexpr double kernel_call_ns = 4e3;
// The longest that a group begins on the calling thread, before threads are woken.
constexpr double inline_ms = 0.3;

constexpr int64_t nowhere = std::numeric_limits<int64_t>::max();

// The Python frames that may still be entered from here.
int64_t frames_left() { return PyThreadState_Get()->py_recursion_remaining; }

class Call {
 public:
  Call(PyObject* func, std::vector<std::unique_ptr<columns::Input>> inputs, const Options& options)
      : func_(func),
        inputs_(std::move(inputs)),
        options_(options),
        n_(columns::common_size(inputs_)),
        interpreter_(func_, inputs_) {}

  Ref run();

 private:
  using Types = std::vector<ir::Type>;

  const columns::Input& first() const { return *inputs_[0]; }
  bool is_null(int64_t i) const;
  Ref interpret_all();
  Ref from_prefix();
  Ref cold(int64_t batch_limit);
  Ref native(int64_t start);
  std::shared_ptr<Variant> usable(const Types& types, int64_t rows, bool* failed);
  bool run_group(const columns::Group& group, Variant& variant, columns::Output& out, bool streaming);
  bool serve(columns::Output& out, int64_t position);
  bool interpret_positions(columns::Output& out, std::span<const int64_t> positions);
  void say(const char* what) const;
  bool fail_at(int64_t position);

  PyObject* func_;
  std::vector<std::unique_ptr<columns::Input>> inputs_;
  Options options_;
  int64_t n_;
  Interpreter interpreter_;
  std::shared_ptr<Entry> entry_;
  std::vector<Ref> prefix_;      // results of the first elements; empty references for Arrow nulls
  int64_t completed_ = 0;        // positions handed to Output::complete
  int64_t failed_at_ = nowhere;  // the lowest position that raised
  Ref error_;
  int64_t deopts_ = 0;
  ir::DeoptReason first_reason_ = ir::DeoptReason::Other;
  int64_t native_rows_ = 0;
};

bool Call::is_null(int64_t i) const {
  for (const auto& in : inputs_) {
    if (in->has_nulls() && in->is_null(i)) return true;
  }
  return false;
}

void Call::say(const char* what) const {
  if (!options_.debug) return;
  Ref name = Ref::steal(PyObject_GetAttrString(func_, "__qualname__"));
  PyErr_Clear();
  const char* text = name && PyUnicode_Check(name.get()) ? PyUnicode_AsUTF8(name.get()) : nullptr;
  PySys_FormatStderr("gilmap: %s: %zd elements, %s", text ? text : Py_TYPE(func_)->tp_name, n_, what);
  if (native_rows_ > 0) {
    PySys_FormatStderr(", %zd compiled, %zd in the interpreter first, %zd deopts", native_rows_, prefix_.size(),
                       deopts_);
    if (deopts_ > 0) PySys_FormatStderr(" (%s)", ir::words(first_reason_));
  }
  PySys_FormatStderr("\n");
}

// Keeps the exception that is set if it belongs to the lowest position so far. Always false.
bool Call::fail_at(int64_t position) {
  if (position < failed_at_) {
    failed_at_ = position;
    error_ = Ref::steal(PyErr_GetRaisedException());
  } else {
    PyErr_Clear();
  }
  return false;
}

// ---------------------------------------------------------------- in the interpreter

Ref Call::from_prefix() {
  if (first().container() == columns::Container::List) {
    Ref list = Ref::steal(PyList_New(n_));
    if (!list) return {};
    for (int64_t i = 0; i < n_; ++i) PyList_SET_ITEM(list.get(), i, prefix_[static_cast<size_t>(i)].release());
    return list;
  }
  auto out = columns::Output::create(first(), n_, {});
  if (!out) return {};
  for (int64_t i = 0; i < n_; ++i) {
    Ref& r = prefix_[static_cast<size_t>(i)];
    if (!r)
      out->set_null(i);
    else if (!out->set(i, std::move(r)))
      return {};
  }
  prefix_.clear();
  if (!out->complete(0, n_)) return {};
  return out->finish();
}

Ref Call::interpret_all() {
  prefix_.reserve(static_cast<size_t>(n_));
  for (auto i = static_cast<int64_t>(prefix_.size()); i < n_; ++i) {
    if (is_null(i)) {
      prefix_.emplace_back();
      continue;
    }
    Ref r = interpreter_.call(i);
    if (!r) return {};
    prefix_.push_back(std::move(r));
    if ((i & 1023) == 1023 && PyErr_CheckSignals() != 0) return {};
  }
  say("in the interpreter");
  return from_prefix();
}

// No kernel yet, or no idea what an element costs.
Ref Call::cold(int64_t batch_limit) {
  prefix_.reserve(static_cast<size_t>(std::min<int64_t>(n_, 1 << 16)));
  auto start = Clock::now();
  std::shared_ptr<Variant> variant;
  double elapsed = 0;
  int64_t batch = 1;
  for (int64_t i = 0; i < n_;) {
    int64_t end = std::min(n_, i + batch);
    for (; i < end; ++i) {
      if (is_null(i)) {
        prefix_.emplace_back();
        continue;
      }
      Ref r = interpreter_.call(i);
      if (!r) return {};
      prefix_.push_back(std::move(r));
    }
    if (PyErr_CheckSignals() != 0) return {};
    double now = since_ns(start);
    // Batches of some 50 µs, so that a kernel that becomes ready is noticed soon.
    if (now - elapsed < 25e3)
      batch = std::min(batch * 2, batch_limit);
    else if (now - elapsed > 100e3)
      batch = std::max<int64_t>(batch / 2, 1);
    elapsed = now;
    double each = elapsed / static_cast<double>(i);
    double rest = each * static_cast<double>(n_ - i);
    if (!variant) {
      bool pays =
          elapsed > look_first_ns && (rest > worth_preparing_ns ||
                                      (entry_->spent_ns + elapsed > worth_preparing_in_all_ns && rest > look_first_ns));
      bool known = entry_->interpreted_ns == 0 && elapsed > kernel_call_ns;
      if (!pays && !known) continue;
      auto types = columns::common_types(inputs_, i - 1, std::min(n_, i + 1));
      if (!types) continue;
      variant = entry_->find(func_, *types);
      if (!variant && pays) variant = prepare(*entry_, func_, *types);
      if (!variant) {
        entry_->interpreted_ns = each;
        continue;
      }
    }
    State state = variant->state();
    if (state == State::Unsupported || state == State::Failed) {
      entry_->interpreted_ns = each;
      return interpret_all();
    }
    if (state == State::Ready && rest > kernel_call_ns) {
      entry_->interpreted_ns = each;
      return native(i);
    }
  }
  entry_->interpreted_ns = elapsed / static_cast<double>(std::max<int64_t>(n_, 1));
  entry_->spent_ns += elapsed;
  say("in the interpreter");
  return from_prefix();
}

// ---------------------------------------------------------------- with kernels

// The variant for a group of rows, if it is worth having and can be had; waits for it.
std::shared_ptr<Variant> Call::usable(const Types& types, int64_t rows, bool* failed) {
  std::shared_ptr<Variant> v = entry_->find(func_, types);
  bool forced = options_.backend == Backend::Jit;
  if (!v) {
    if (!forced && entry_->interpreted_ns * static_cast<double>(rows) < worth_preparing_ns) return nullptr;
    v = prepare(*entry_, func_, types);
  }
  if (v->state() == State::Compiling && !await(*v)) {
    *failed = true;
    return nullptr;
  }
  if (v->state() == State::Ready && frames_left() > v->depth + 1) return v;
  if (forced) {
    std::string why = v->why                    ? v->why->message()
                      : !v->code->error.empty() ? v->code->error
                                                : "the recursion limit is too near";
    PyErr_Format(PyExc_ValueError, "backend=\"jit\": this function is not compiled: %s", why.c_str());
    *failed = true;
  }
  return nullptr;
}

bool Call::serve(columns::Output& out, int64_t position) {
  Ref r = interpreter_.call(position);
  if (!r) return fail_at(position);
  return out.set(position, std::move(r)) || fail_at(position);
}

bool Call::interpret_positions(columns::Output& out, std::span<const int64_t> positions) {
  int count = 0;
  for (int64_t p : positions) {
    if (p >= failed_at_) break;
    if (!serve(out, p)) break;
    if ((++count & 1023) == 0 && PyErr_CheckSignals() != 0) return false;
  }
  return true;
}

// False only if the call ends at once, with an exception set (an interrupt, no memory). An element that raises is noted
// in failed_at_.
bool Call::run_group(const columns::Group& group, Variant& variant, columns::Output& out, bool streaming) {
  int64_t end = group.count;
  while (end > 0 && group.position(end - 1) >= failed_at_) --end;
  if (end == 0) return true;
  runtime::JobSpec spec;
  spec.kernel = variant.code->kernel;
  spec.group = &group;
  spec.begin = 0;
  spec.end = end;
  spec.payload = out.payload();
  spec.payload_width = out.payload_width();
  spec.tags = out.tags();
  spec.workers = options_.workers;
  spec.depth_budget = frames_left() - 1;
  spec.ns_per_row = variant.ns_per_row;
  runtime::Job job(spec);
  bool large = variant.ns_per_row * static_cast<double>(end) > 2 * inline_ms * 1e6;
  bool finished = false;
  if (!large) {
    PyThreadState* saved = PyEval_SaveThread();
    finished = job.run_inline(inline_ms);
    PyEval_RestoreThread(saved);
  }
  if (!finished) job.start();

  std::vector<runtime::Deopt> deopts;
  int64_t served_to = 0;
  for (;;) {
    bool done = job.done();
    served_to = job.progress();
    deopts.clear();
    job.take_deopts(deopts);
    int count = 0;
    for (const runtime::Deopt& d : deopts) {
      if (deopts_++ == 0) first_reason_ = d.reason;
      if (!serve(out, group.position(d.row))) {
        native_rows_ += d.row;
        job.cut(d.row);
        return true;  // everything below was done and served
      }
      if ((++count & 255) == 0 && PyErr_CheckSignals() != 0) return false;
    }
    if (PyErr_CheckSignals() != 0) return false;
    if (streaming) {
      int64_t up_to = group.first + served_to;
      if (up_to > completed_ && !out.complete(completed_, up_to)) return false;
      completed_ = std::max(completed_, up_to);
    }
    if (done) break;
    if (job.mostly_deopts()) {
      job.cancel();
      break;
    }
    PyThreadState* saved = PyEval_SaveThread();
    job.wait(20);
    PyEval_RestoreThread(saved);
  }
  variant.ns_per_row = job.ns_per_row();
  native_rows_ += served_to;
  if (served_to < end) {
    // Native code was given up: what is left, in the interpreter.
    std::vector<int64_t> rest;
    for (int64_t r = served_to; r < end; ++r) rest.push_back(group.position(r));
    return interpret_positions(out, rest);
  }
  return true;
}

Ref Call::native(int64_t start) {
  columns::Partition part = columns::partition(inputs_, start, n_);
  if (PyErr_Occurred()) return {};
  std::vector<std::pair<columns::Group*, std::shared_ptr<Variant>>> work;
  Types results;
  for (columns::Group& group : part.groups) {
    bool failed = false;
    auto variant = usable(group.types, group.count, &failed);
    if (failed) return {};
    if (!variant) {
      for (int64_t r = 0; r < group.count; ++r) part.others.push_back(group.position(r));
      continue;
    }
    for (ir::Type t : variant->result_types) {
      if (std::find(results.begin(), results.end(), t) == results.end()) results.push_back(t);
    }
    work.emplace_back(&group, std::move(variant));
  }
  std::sort(part.others.begin(), part.others.end());

  auto out = columns::Output::create(first(), n_, results);
  if (!out) return {};
  for (int64_t i = 0; i < start; ++i) {
    Ref& r = prefix_[static_cast<size_t>(i)];
    if (!r)
      out->set_null(i);
    else if (!out->set(i, std::move(r)))
      return {};
  }
  bool streaming = work.size() == 1 && part.others.empty() && part.nulls.empty();
  for (int64_t p : part.nulls) out->set_null(p);
  // First, because an exception in one of these must not wait for an endless element of a group above it.
  if (!interpret_positions(*out, part.others)) return {};
  for (auto& [group, variant] : work) {
    if (!run_group(*group, *variant, *out, streaming)) return {};
  }
  if (error_) {
    say("raised");
    PyErr_SetRaisedException(error_.release());
    return {};
  }
  if (completed_ < n_ && !out->complete(completed_, n_)) return {};
  say("compiled");
  return out->finish();
}

// ---------------------------------------------------------------- the decision

Ref Call::run() {
  bool list = first().container() == columns::Container::List;
  if (n_ == 0 && !list && options_.backend != Backend::Inline) {
    // The type of an empty array is what the function would return.
    Types results;
    if (auto types = columns::common_types(inputs_, 0, 0)) {
      if (auto lifted = lift::lift(func_, *types)) results = lifted->module.result_types;
    }
    auto out = columns::Output::create(first(), 0, results);
    return out && out->complete(0, 0) ? out->finish() : Ref();
  }
  if (options_.backend == Backend::Inline || n_ == 0) return interpret_all();
  entry_ = entry_of(func_);
  if (!entry_) return interpret_all();
  if (options_.backend == Backend::Jit) return native(0);
  if (n_ < 2) return interpret_all();

  double known = entry_->interpreted_ns * static_cast<double>(n_);
  if (known > 0 && known < kernel_call_ns) return interpret_all();
  if (known > 0) {
    if (auto types = columns::common_types(inputs_, 0, 1)) {
      if (auto v = entry_->find(func_, *types)) {
        State state = v->state();
        if (state == State::Ready) return native(0);
        if (state != State::Compiling) return interpret_all();
      }
    }
  }
  return cold(1024);
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
  // What f does to a list must not move the elements under our feet. A function with a kernel does nothing to it, and
  // is spared the copy, which costs as much as its elements.
  bool harmless = is_compiled(func);
  std::vector<Ref> snapshots;
  std::vector<PyObject*> sources;
  for (PyObject* iterable : iterables) {
    if (!harmless && PyList_CheckExact(iterable)) {
      snapshots.push_back(Ref::steal(PyList_AsTuple(iterable)));
      if (!snapshots.back()) return {};
      sources.push_back(snapshots.back().get());
    } else {
      sources.push_back(iterable);
    }
  }
  auto inputs = columns::open_all(sources);
  if (inputs.empty()) return {};
  return Call(func, std::move(inputs), options).run();
}

}  // namespace gilmap::router
