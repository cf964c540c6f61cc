// Problem: groups of rows run through kernels on other threads, in any order, while some elements are left to CPython,
// and yet the outcome must be that of map, which takes one element after the other.
// Method: the calling thread serves what is left to CPython strictly in the order of positions, and an element only
// when all below it are final. So the first exception that comes up is the one that map raises, nothing that lies above
// it needs to end, and whatever an element changes is seen by those behind it alone.
// Invariant: positions below completed_ are boxed, those below frontier() that are not listed are final.

#include "router/native.h"

#include "columns/output.h"
#include "router/arrow/screen.h"
#include "router/plan.h"
#include "router/prepare.h"
#include "router/situation.h"
#include "router/specialise.h"
#include "runtime/clock.h"
#include "runtime/job.h"

namespace gilmap::router {
namespace {

using Types = std::vector<ir::Type>;

// The longest that a group of unknown cost begins on the calling thread, before threads are woken.
constexpr double inline_ms = 0.3;
// A function that left most elements to CPython is tried again after so many calls: the data may be other ones.
constexpr int calls_without_kernel = 15;
// Work of kernels between two looks at what can be boxed. Each look takes a CPU from them.
constexpr int64_t boxing_interval_ns = 500'000;
// Elements that are boxed between two looks at signals.
constexpr int64_t boxed_at_once = 1 << 18;
// Elements between two looks at signals and at the progress of the kernels.
constexpr int served_at_once = 256;
// How long the calling thread is a worker before it looks at signals and deopts, and boxes what is finished.
constexpr int64_t help_array_ns = 10'000'000;
constexpr int64_t help_list_ns = 1'000'000;

// The Python frames that may still be entered from here.
int64_t frames_left() { return PyThreadState_Get()->py_recursion_remaining; }

// A group of rows at work.
struct Part {
  const columns::Group* group;
  std::shared_ptr<Variant> variant;
  arrow::Kernel* arrow = nullptr;  // computes it until there is a job
  Specialised* specialised = nullptr;
  std::unique_ptr<runtime::Job> job = nullptr;
  int64_t rows_done = 0;  // rows below are done, or listed in `deopts`
  bool over = false;      // the job has ended, or what is left of it went to the interpreter
  std::vector<runtime::Deopt> deopts = {};
  size_t served = 0;  // of them

  int64_t frontier() const { return over || rows_done == group->count ? nowhere : group->position(rows_done); }
  int64_t next_deopt() const { return served < deopts.size() ? group->position(deopts[served].row) : nowhere; }
};

class NativeRun {
 public:
  explicit NativeRun(CallState& call) : call_(call), n_(call.n) {}
  ~NativeRun() { end_jobs(); }

  Ref run();

 private:
  enum class Served : uint8_t { Ok, Raised, StoppedHere };

  bool divide_rows();
  void leave_to_interpreter(Part& part);
  std::shared_ptr<Variant> usable(const Types& types, int64_t rows, arrow::Kernel** arrow, bool* failed);
  Plan plan_for(Variant* variant, int64_t rows, bool with_arrow = true) const;
  bool begin_output();
  void start(Part& part);
  void start_job(Part& part);
  bool run_arrow(Part& part);
  bool leave_arrow(Part& part);
  std::shared_ptr<Variant> forced_arrow(const Types& types);
  bool look_at(Part& part);
  Served serve_all_ready();
  Served serve(int64_t position);
  Served interpret_from(int64_t position);
  bool guards_hold() const;
  bool only_queue_left() const;
  int64_t native_to() const;
  void give_up(Part& part);
  void wait();
  void end_jobs();
  int64_t frontier() const;
  void tell_times();
  int64_t next_queued() const { return queued_ < queue_.size() ? queue_[queued_] : nowhere; }
  bool complete(int64_t end);
  Ref cut_list(int64_t end);

  CallState& call_;
  const int64_t n_;
  columns::Partition partition_;
  std::vector<Part> parts_;
  Part* helped_ = nullptr;
  std::vector<int64_t> queue_;  // positions for the interpreter, ascending, served from queued_ on
  size_t queued_ = 0;
  std::unique_ptr<columns::Output> out_;
  int64_t completed_ = 0;
  int64_t stopped_at_ = nowhere;  // the position that raised StopIteration
  int64_t started_ = 0;           // when
  bool in_order_ = false;         // for rows that have effects
};

// ---------------------------------------------------------------- which rows go where

bool NativeRun::divide_rows() {
  const int64_t begin = call_.prefix.size();
  partition_ = columns::partition(call_.inputs, begin, n_);
  if (PyErr_Occurred()) return false;
  queue_ = std::move(partition_.others);
  for (const columns::Group& group : partition_.groups) {
    bool failed = false;
    arrow::Kernel* arrow = nullptr;
    auto variant = usable(group.types, group.count, &arrow, &failed);
    if (failed) return false;
    if (variant) {
      call_.foreign = variant->foreign;
      parts_.push_back({&group, std::move(variant), arrow});
    } else {
      for (int64_t row = 0; row < group.count; ++row) queue_.push_back(group.position(row));
    }
  }
  in_order_ = call_.options.backend != Backend::NumbaCfunc &&
              std::ranges::any_of(parts_, [](const Part& part) { return !part.variant->foreign.pure; });
  // Between rows of different types the order would be lost.
  const auto may_repeat = [](const Part& part) { return part.variant->foreign.may_repeat; };
  if (in_order_ && (parts_.size() > 1 || !queue_.empty() || std::ranges::any_of(parts_, may_repeat))) {
    for (const Part& part : parts_) {
      for (int64_t row = 0; row < part.group->count; ++row) queue_.push_back(part.group->position(row));
    }
    parts_.clear();
  }
  std::ranges::sort(queue_);
  return true;
}

// The variant for a group of rows, if it is worth having and can be had; waits for it. `arrow`: what computes them
// until then, if pyarrow.compute does.
std::shared_ptr<Variant> NativeRun::usable(const Types& types, int64_t rows, arrow::Kernel** arrow, bool* failed) {
  Entry& entry = *call_.entry;
  if (call_.options.backend == Backend::ArrowKernel) {
    auto v = forced_arrow(types);
    *failed = !v;
    if (!v || frames_left() <= v->depth + 1) return nullptr;
    *arrow = arrow_kernel(*v);
    return v;
  }
  std::shared_ptr<Variant> v = entry.find(call_.func, types);
  const bool forced = is_compiled(call_.options.backend);
  if (forced && v && v->why) {  // what stood in the way may be gone
    entry.remove(v);
    v = nullptr;
  }
  for (;;) {
    const Plan p = plan_for(v.get(), rows);
    if (p.first == Plan::First::Lift) {
      v = lifted(entry, call_.func, types);
    } else if (p.first == Plan::First::Compile) {
      v = prepare(entry, call_.func, types);
    } else if (p.first == Plan::First::Wait) {
      if ((*failed = !await(*v))) return nullptr;
    } else if (!v || p.now == Engine::Interpreter || p.now == Engine::Workers || frames_left() <= v->depth + 1) {
      break;
    } else if (p.now == Engine::Kernel || (*arrow = arrow_kernel(*v))) {
      return v;
    }
  }
  if (forced) {
    std::string why = v->why                    ? v->why->message()
                      : !v->code->error.empty() ? v->code->error
                                                : "the recursion limit is too near";
    PyErr_Format(PyExc_ValueError, "backend=\"%s\": this function is not %s: %s", name_of(call_.options.backend),
                 call_.options.backend == Backend::Jit ? "compiled" : "called by its machine code", why.c_str());
    *failed = true;
  }
  return nullptr;
}

// What to do with so many rows of a group whose variant is this, or none.
Plan NativeRun::plan_for(Variant* variant, int64_t rows, bool with_arrow) const {
  Situation s = situation_of(call_);
  s.beside_others = true;
  s.rows = static_cast<double>(rows);
  set_code(s, variant);
  s.kernel_rests = false;  // whole calls do
  if (!with_arrow) s.arrow = ArrowUse::Impossible;
  if (!variant && s.arrow == ArrowUse::Possible && !(arrow::is_loaded() && arrow::may_be_expression(call_.func)))
    s.arrow = ArrowUse::Impossible;
  return router::plan(s);
}

std::shared_ptr<Variant> NativeRun::forced_arrow(const Types& types) {
  auto v = lifted(*call_.entry, call_.func, types);
  if (!v->why && !v->arrow.made) {
    call_.entry->remove(v);
    v = lifted(*call_.entry, call_.func, types);
  }
  if (arrow_kernel(*v)) return v;
  PyErr_Format(PyExc_ValueError, "backend=\"arrow_kernel\": not for this function: %s",
               v->arrow.program ? "this pyarrow lacks one of the operations" : v->arrow.why_not.c_str());
  return nullptr;
}

bool NativeRun::begin_output() {
  Types results;
  for (const Part& part : parts_) {
    for (ir::Type t : part.variant->result_types) {
      if (std::ranges::find(results, t) == results.end()) results.push_back(t);
    }
  }
  // The memory of a long list goes to the one that is made now: its pages are there.
  if (!call_.prefix.shrink()) return false;
  out_ = columns::Output::create(call_.first(), n_, results);
  if (!out_) return false;
  if (!call_.hand_over_prefix(*out_)) return false;
  for (int64_t p : partition_.nulls) out_->set_null(p);
  return true;
}

// ---------------------------------------------------------------- kernels

void NativeRun::start(Part& part) {
  if (!part.arrow) return start_job(part);
  if (plan_for(part.variant.get(), part.group->count).compile_meanwhile) begin_compile(*call_.entry, *part.variant);
}

// A chunk of the part, by pyarrow.compute. False with an exception set.
bool NativeRun::run_arrow(Part& part) {
  if (part.served < part.deopts.size()) return true;  // what raises there may end the call
  part.deopts.clear();
  part.served = 0;
  const bool forced = call_.options.backend == Backend::ArrowKernel;
  if (!forced && part.variant->state() == State::Ready) {
    part.arrow = nullptr;
    start_job(part);
    return true;
  }
  const int64_t start = runtime::now_ns();
  const int64_t begin = part.rows_done, end = std::min(begin + arrow::chunk_rows, part.group->count);
  const auto run = [&](int64_t from, int64_t to) {
    ir::DeoptReason reason = ir::DeoptReason::Other;
    const auto outcome =
        part.arrow->run(*part.group, from, to - from, out_->payload(), out_->payload_width(), out_->tags(), &reason);
    for (int64_t row = from; outcome == arrow::Kernel::Outcome::HandedOn && row < to; ++row) {
      part.deopts.push_back({row, reason});
    }
    return outcome;
  };
  auto outcome = run(begin, end);
  if (outcome == arrow::Kernel::Outcome::HandedOn && end - begin > arrow::piece_rows) {
    part.deopts.clear();
    for (int64_t from = begin; from < end && outcome != arrow::Kernel::Outcome::Failed; from += arrow::piece_rows) {
      outcome = run(from, std::min(from + arrow::piece_rows, end));
    }
  }
  if (outcome == arrow::Kernel::Outcome::Failed) return false;
  part.rows_done = end;
  call_.arrow_rows += end - begin;
  ArrowTier& tier = part.variant->arrow;
  const auto took = static_cast<double>(runtime::now_ns() - start);
  tier.spent_ns += took;
  tier.ns_per_row = took / static_cast<double>(end - begin);
  if (end == part.group->count) {
    part.over = true;
    return true;
  }
  const bool mostly_handed_on = static_cast<int64_t>(part.deopts.size()) * 2 > end - begin;
  return forced || !mostly_handed_on || leave_arrow(part);
}

// What is left of it goes to a kernel, if that pays, else to the interpreter.
bool NativeRun::leave_arrow(Part& part) {
  part.arrow = nullptr;
  for (;;) {
    const Plan p = plan_for(part.variant.get(), part.group->count - part.rows_done, false);
    if (p.first == Plan::First::Compile) {
      begin_compile(*call_.entry, *part.variant);
    } else if (p.first == Plan::First::Wait) {
      if (!await(*part.variant)) return false;
    } else if (p.now == Engine::Kernel) {
      start_job(part);
      return true;
    } else {
      leave_to_interpreter(part);
      return true;
    }
  }
}

void NativeRun::start_job(Part& part) {
  Variant& variant = *part.variant;
  const Plan p = plan_for(&variant, part.group->count - part.rows_done);
  if (variant.native_ns > 0) call_.entry->unused_variants = 0;
  if (p.look_at_ranges || runtime::lanes_only()) part.specialised = specialised_for(variant, *part.group);
  if (part.specialised && p.specialise && !runtime::lanes_only()) request(*part.specialised, variant);
  if (part.specialised && runtime::lanes_only()) make_now(*part.specialised, variant);

  runtime::JobSpec spec;
  spec.kernel = variant.code->kernel;
  if (part.specialised) spec.second = part.specialised->kernel;
  spec.group = part.group;
  spec.begin = part.rows_done;
  spec.end = part.group->count;
  spec.payload = out_->payload();
  spec.payload_width = out_->payload_width();
  spec.tags = out_->tags();
  spec.workers = call_.options.workers;
  spec.depth_budget = frames_left() - 1;
  spec.ns_per_row = variant.ns_per_row;
  spec.wake_after_ns = call_.gives_list() ? boxing_interval_ns : INT64_MAX;  // an array needs nothing done meanwhile
  spec.in_order = in_order_;
  part.job = std::make_unique<runtime::Job>(spec);
  bool finished = false;
  if (!p.wake_threads) {
    PyThreadState* saved = PyEval_SaveThread();
    finished = part.job->run_inline(inline_ms);
    take_gil_back(saved);
  }
  if (!finished) part.job->start(&part == parts_.data());
}

// False with an exception set.
bool NativeRun::look_at(Part& part) {
  if (part.over) return true;
  if (part.arrow) return run_arrow(part);
  const bool done = part.job->done();  // before progress(), which then tells of all rows
  part.rows_done = part.job->progress();
  if (part.served == part.deopts.size()) {
    part.deopts.clear();
    part.served = 0;
  }
  part.job->take_deopts(part.deopts);
  Variant& variant = *part.variant;
  if (done) {
    part.over = true;
    part.job->leave_seat();
    variant.ns_per_row = part.job->ns_per_row();
    variant.native_ns += variant.ns_per_row * static_cast<double>(part.group->count);
    call_.native_rows += part.rows_done;
  } else if (part.job->mostly_deopts()) {
    give_up(part);
  } else if (part.specialised && !part.specialised->requested &&
             static_cast<double>(runtime::now_ns() - started_) > worth_specialising_ns) {
    request(*part.specialised, variant);
  }
  return true;
}

// What is left of it goes to the interpreter.
void NativeRun::give_up(Part& part) {
  part.job->cancel();
  if (part.rows_done * 4 < part.group->count) part.variant->calls_to_skip = calls_without_kernel;
  part.variant->ns_per_row = part.job->ns_per_row();
  call_.native_rows += part.rows_done;
  leave_to_interpreter(part);
}

void NativeRun::leave_to_interpreter(Part& part) {
  part.over = true;
  std::vector<int64_t> merged, rest;
  for (int64_t row = part.rows_done; row < part.group->count; ++row) rest.push_back(part.group->position(row));
  std::merge(queue_.begin() + static_cast<std::ptrdiff_t>(queued_), queue_.end(), rest.begin(), rest.end(),
             std::back_inserter(merged));
  queue_ = std::move(merged);
  queued_ = 0;
}

// For the part that holds up the others.
void NativeRun::wait() {
  Part* lowest = nullptr;
  for (Part& part : parts_) {
    if (!part.over && (!lowest || part.frontier() < lowest->frontier())) lowest = &part;
  }
  if (!lowest || !lowest->job) return;  // or it is computed on this thread
  PyThreadState* saved = PyEval_SaveThread();
  if (helped_ && helped_ != lowest) helped_->job->leave_seat();
  helped_ = lowest;
  if (!lowest->job->help(call_.gives_list() ? help_list_ns : help_array_ns)) lowest->job->wait(20);
  take_gil_back(saved);
}

void NativeRun::end_jobs() {
  PyThreadState* saved = PyEval_SaveThread();
  for (Part& part : parts_) part.job.reset();
  take_gil_back(saved);
}

int64_t NativeRun::frontier() const {
  int64_t lowest = n_;
  for (const Part& part : parts_) lowest = std::min(lowest, part.frontier());
  return lowest;
}

// ---------------------------------------------------------------- what is left to CPython

NativeRun::Served NativeRun::serve(int64_t position) {
  Ref r = call_.interpreter.call(position);
  if (r) return out_->set(position, std::move(r)) ? Served::Ok : Served::Raised;
  if (!call_.ends_list()) return Served::Raised;
  PyErr_Clear();
  stopped_at_ = position;
  return Served::StoppedHere;
}

// Lowest position first, as far as all below it is done.
NativeRun::Served NativeRun::serve_all_ready() {
  const int64_t end = frontier();
  if (end == n_ && only_queue_left()) return interpret_from(next_queued());
  for (int count = 0; count < served_at_once; ++count) {
    int64_t position = next_queued();
    Part* from = nullptr;
    for (Part& part : parts_) {
      if (part.next_deopt() < position) {
        position = part.next_deopt();
        from = &part;
      }
    }
    if (position >= end) return Served::Ok;
    if (Served s = serve(position); s != Served::Ok) return s;
    if (from) {
      if (call_.deopts++ == 0) call_.first_reason = from->deopts[from->served].reason;
      ++from->served;
    } else {
      ++queued_;
      // Objects other than numbers may take paths that were not compiled, and those may do anything.
      if (position < native_to() && !guards_hold()) return interpret_from(position + 1);
    }
  }
  return Served::Ok;
}

// Is every position that is left in the queue, with nothing native between or behind them?
bool NativeRun::only_queue_left() const {
  if (queued_ == queue_.size() || queue_.back() != n_ - 1) return false;
  const int64_t first = queue_[queued_];
  return n_ - first == static_cast<int64_t>(queue_.size() - queued_) && native_to() <= first &&
         std::ranges::all_of(parts_, [](const Part& part) { return part.next_deopt() == nowhere; });
}

// From this position on no kernel has computed anything, nor will it.
int64_t NativeRun::native_to() const {
  int64_t end = 0;
  for (const Part& part : parts_) {
    if (!part.over) return n_;
    if (part.rows_done > 0) end = std::max(end, part.group->position(part.rows_done - 1) + 1);
  }
  return end;
}

bool NativeRun::guards_hold() const {
  return std::ranges::all_of(parts_, [&](const Part& part) { return part.variant->guards.hold(call_.func); });
}

// All from here on, whatever kernels have made of it.
NativeRun::Served NativeRun::interpret_from(int64_t position) {
  end_jobs();
  parts_.clear();
  helped_ = nullptr;
  queue_.clear();
  queued_ = 0;
  for (int64_t count = 1; position < n_; ++position, ++count) {
    if (call_.is_null(position)) continue;
    if (Served s = serve(position); s != Served::Ok) return s;
    if (count % served_at_once == 0 && PyErr_CheckSignals() != 0) return Served::Raised;
  }
  return Served::Ok;
}

// ---------------------------------------------------------------- the whole

bool NativeRun::complete(int64_t end) {
  if (end <= completed_) return true;
  const int64_t before = call_.options.debug ? runtime::now_ns() : 0;
  if (!out_->complete(completed_, end)) return false;
  if (call_.options.debug) call_.times.boxing_ms += static_cast<double>(runtime::now_ns() - before) / 1e6;
  completed_ = end;
  return true;
}

// The list up to the element that raised StopIteration.
Ref NativeRun::cut_list(int64_t end) {
  end_jobs();
  parts_.clear();
  for (int64_t i = end; i < n_; ++i) {
    if (!out_->set(i, Ref::borrow(Py_None))) return {};
  }
  if (!complete(n_)) return {};
  Ref list = out_->finish();
  return list ? Ref::steal(PyList_GetSlice(list.get(), 0, end)) : Ref();
}

// What was done for this call, for the debug line.
void NativeRun::tell_times() {
  for (const Part& part : parts_) {
    Variant& v = *part.variant;
    const bool lifted_here = v.lift_began_ns >= call_.times.start_ns;
    if (!std::exchange(v.lift_told, true) && lifted_here) call_.times.lift_ms += v.lift_ms;
    if (v.state() == State::Ready && !std::exchange(v.compile_told, true)) {
      call_.times.compile_ms += v.code->kernel->compile_ms;
    }
  }
}

Ref NativeRun::run() {
  if (!divide_rows() || !begin_output()) return {};
  started_ = runtime::now_ns();
  for (Part& part : parts_) start(part);
  for (;;) {
    for (Part& part : parts_) {
      if (!look_at(part)) return {};
    }
    switch (serve_all_ready()) {
      case Served::Ok:
        break;
      case Served::Raised:
        return {};
      case Served::StoppedHere:
        return cut_list(stopped_at_);
    }
    if (PyErr_CheckSignals() != 0) return {};
    int64_t next = next_queued();
    for (const Part& part : parts_) next = std::min(next, part.next_deopt());
    const int64_t final_to = std::min(frontier(), next);
    const int64_t boxed_to = std::min({final_to, n_, completed_ + boxed_at_once});
    if (!complete(boxed_to)) return {};
    if (completed_ == n_) break;
    if (boxed_to == final_to && final_to != next) wait();
  }
  end_jobs();
  if (call_.options.debug) tell_times();
  return out_->finish();
}

}  // namespace

Ref run_native(CallState& call) { return NativeRun(call).run(); }

}  // namespace gilmap::router
