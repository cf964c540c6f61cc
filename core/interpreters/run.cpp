// The calling thread packs chunks, hands them to the pool, and unpacks what comes back; it holds the GIL meanwhile, and
// releases it to wait. Rows that must not or cannot run elsewhere it runs itself, each when all below it are done, so
// that what they do happens in order, and not at all behind a row that raises. When a row raises, nothing above it is
// needed any more; once all below it are done, that exception is the result.

#include "interpreters/run.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <optional>
#include <queue>
#include <utility>

#include <unistd.h>

#include "columns/huge_arena.h"
#include "interpreters/extensions.h"
#include "interpreters/feed.h"
#include "interpreters/pool.h"

namespace gilmap::interpreters {
namespace {

constexpr int64_t nowhere = std::numeric_limits<int64_t>::max();
constexpr int64_t large_from = 50'000;  // results; see columns/huge_arena.h
constexpr int chunks_ahead = 3;         // queued for each worker
constexpr std::chrono::milliseconds longest_starvation{200};

// A function of gilmap._interpreters; null with an exception set.
Ref helper(const char* name) {
  Ref module = Ref::steal(or_stay([] { return PyImport_ImportModule("gilmap._interpreters"); }));
  return module ? Ref::steal(PyObject_GetAttrString(module.get(), name)) : Ref();
}

bool call_helper(const char* name) {
  Ref function = helper(name);
  Ref result = function ? Ref::steal(or_stay([&] { return PyObject_CallNoArgs(function.get()); })) : Ref();
  return static_cast<bool>(result);
}

// What workers execute first.
std::optional<std::string> worker_code() {
  Ref function = helper("worker_code");
  Ref code = function ? Ref::steal(or_stay([&] { return PyObject_CallNoArgs(function.get()); })) : Ref();
  if (!code || !PyBytes_Check(code.get())) return std::nullopt;
  return std::string(PyBytes_AS_STRING(code.get()), static_cast<size_t>(PyBytes_GET_SIZE(code.get())));
}

// 1: some are there or coming. 0: none can be had. -1 with an exception set.
int start_workers(int limit) {
  Pool& pool = Pool::get();
  std::string code;
  if (pool.wants_code()) {
    auto made = worker_code();
    if (!made) return -1;
    code = std::move(*made);
  }
  return pool.start(limit, code) ? 1 : 0;
}

class Call {
 public:
  Call(const Request& request, std::span<Ref> results, std::string& why)
      : request_(request), results_(results), why_(why), task_(std::make_shared<Task>()), first_(request.begin) {}
  Outcome run();
  // The pool was closed for good while this ran.
  bool ended_by_exit() const { return ended_by_exit_; }
  double rows_ns() const { return rows_ns_; }
  // So many of the first results are there.
  int64_t whole() const { return static_cast<int64_t>(whole_); }

 private:
  bool set_up();
  bool feed();
  bool take_finished();
  bool take(Finished& finished);
  bool may_serve();
  bool serve_one();
  bool deliver_output();
  bool fail_at(int64_t position);
  bool is_over();
  void move_to_this_process();
  bool get_worker();
  bool decline(std::string why);
  void wait();
  Outcome end(bool well);

  const Request& request_;
  std::span<Ref> results_;
  std::string& why_;
  std::shared_ptr<Task> task_;
  Pool* pool_ = &Pool::get();
  int64_t first_;
  int limit_ = 1;
  std::optional<Feed> feed_;
  Ref loads_;
  columns::HugeArenas arenas_;
  std::vector<char> done_;  // of the rows from first_ on
  size_t whole_ = 0;        // so many of the first rows are done, without a gap
  std::priority_queue<int64_t, std::vector<int64_t>, std::greater<>> mine_;
  int64_t rows_left_ = 0;  // to the caller
  double ns_per_row_ = 0;
  double rows_ns_ = 0;
  int64_t failed_at_ = nowhere;
  Ref error_;
  bool declined_ = false;
  bool ended_by_exit_ = false;
  std::optional<std::chrono::steady_clock::time_point> starving_since_;
};

bool Call::decline(std::string why) {
  declined_ = true;
  why_ = std::move(why);
  return true;
}

// Notes the exception that is set as that of a position.
bool Call::fail_at(int64_t position) {
  if (position < failed_at_) {
    failed_at_ = position;
    error_ = Ref::steal(PyErr_GetRaisedException());
    Pool::get().cut(task_, position);
  } else {
    PyErr_Clear();
  }
  return true;
}

bool Call::set_up() {
  limit_ = request_.workers > 0 ? std::min(request_.workers, Pool::get().most()) : Pool::get().most();
  loads_ = helper("loads");
  Ref dumps = helper("dumps");
  if (!loads_ || !dumps || !call_helper("note_modules")) return false;
  const PyThreadState* state = PyThreadState_Get();
  task_->number = request_.shipment->number;
  task_->payload = request_.shipment->payload;
  task_->keep = request_.shipment->keep;
  static std::atomic<int64_t> calls{0};
  task_->call = ++calls;
  task_->automatic = request_.automatic;
  task_->limit = limit_;
  task_->recursion_limit = state->py_recursion_limit;
  task_->recursion_left = state->py_recursion_remaining;
  task_->c_recursion_left = state->c_recursion_remaining;
  done_.resize(static_cast<size_t>(request_.end - first_));
  ns_per_row_ = request_.ns_per_row;
  feed_.emplace(request_.inputs, first_, request_.end, request_.automatic, std::move(dumps));
  const int started = start_workers(limit_);
  if (started == 0) decline("no worker interpreter could be started");
  return started >= 0;
}

// Keeps some chunks queued.
bool Call::feed() {
  Pool& pool = Pool::get();
  size_t queued;
  {
    std::lock_guard lock(pool.mutex);
    queued = task_->queue.size();
  }
  const auto wanted = static_cast<size_t>(limit_ * chunks_ahead);
  while (queued < wanted && !feed_->finished() && feed_->next() < failed_at_) {
    const int64_t rows = rows_for_chunk(ns_per_row_, request_.end - feed_->next(), limit_);
    std::vector<int64_t> mine, nulls;
    const int64_t at = feed_->next();
    auto chunk = feed_->take(rows, mine, nulls);
    if (!chunk) return !PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) && fail_at(at);
    for (int64_t p : nulls) done_[static_cast<size_t>(p - first_)] = true;
    for (int64_t p : mine) mine_.push(p);
    rows_left_ += static_cast<int64_t>(mine.size());
    if (chunk->from < chunk->to) {
      pool.add(task_, std::move(*chunk));
      ++queued;
    } else if (mine_.size() > wanted) {
      break;  // then these first
    }
  }
  return true;
}

bool Call::take(Finished& finished) {
  const Rows& rows = *finished.chunk.rows;
  const int64_t from = finished.chunk.from, to = finished.chunk.to;
  if (finished.end == Finished::End::Blocked) {
    if (!finished.reason.empty()) return decline("the module " + finished.module + " refuses: " + finished.reason);
    Ref require = helper("require");
    Ref done = require ? Ref::steal(PyObject_CallFunction(require.get(), "s", finished.module.c_str())) : Ref();
    if (!done) {
      if (!PyErr_ExceptionMatches(PyExc_Exception)) return false;
      PyErr_Clear();
      return decline("the module " + finished.module + " could not be imported in the main interpreter");
    }
    if (!extension_verdict(finished.module))
      return decline("the module " + finished.module + " is not one that a worker interpreter may load");
    Pool::get().add(task_, finished.chunk);
    return true;
  }
  static_assert(sizeof(Ref) == sizeof(PyObject*));
  const int64_t count = finished.results.count;
  const bool dense = rows.positions.empty() && count == to - from;
  std::vector<PyObject*> raw(dense ? 0 : static_cast<size_t>(count));
  // An empty Ref is a null pointer, so objects can be made where they are to lie.
  PyObject** into =
      dense ? reinterpret_cast<PyObject**>(&results_[static_cast<size_t>(rows.first + from - first_)]) : raw.data();
  const bool large = request_.end - first_ >= large_from && finished.results.form == Form::Raw && arenas_.available();
  columns::HugeArenas::Use use(large ? &arenas_ : nullptr);  // no Python code runs for raw results
  if (count > 0 && !unpack(finished.results, 0, count, loads_.get(), into)) {
    if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) return false;
    if (!request_.automatic) return fail_at(rows.position(from));
    PyErr_Clear();
    return decline("results could not be read back");
  }
  if (dense) std::fill_n(done_.begin() + (rows.first + from - first_), count, 1);
  size_t next = 0, left = 0;
  for (int64_t row = from; !dense && row < to; ++row) {
    const int64_t p = rows.position(row);
    if (left < finished.left.size() && finished.left[left] == row) {
      ++left;
      mine_.push(p);
      continue;
    }
    if (next == raw.size()) break;
    results_[static_cast<size_t>(p - first_)] = Ref::steal(raw[next++]);
    done_[static_cast<size_t>(p - first_)] = true;
  }
  while (next < raw.size()) Py_DECREF(raw[next++]);
  rows_left_ += static_cast<int64_t>(finished.left.size());
  if (to > from && finished.ns > 0) {
    const double each = finished.ns / static_cast<double>(to - from);
    ns_per_row_ = ns_per_row_ > 0 ? (ns_per_row_ + each) / 2 : each;
    rows_ns_ += finished.ns;
  }
  switch (finished.end) {
    case Finished::End::Whole:
    case Finished::End::Blocked:
      return true;
    case Finished::End::Broken:
      if (request_.automatic) return decline("the function could not be built in a worker interpreter");
      [[fallthrough]];
    case Finished::End::Raised:
    case Finished::End::Unsent: {
      const char* name = finished.end == Finished::End::Raised   ? "rebuild"
                         : finished.end == Finished::End::Broken ? "broken"
                                                                 : "unsent";
      if (request_.automatic) return decline("a result cannot be sent back");
      if (rows.position(to) >= failed_at_) return true;
      Ref make = helper(name);
      Ref text =
          Ref::steal(PyBytes_FromStringAndSize(finished.error.data(), static_cast<Py_ssize_t>(finished.error.size())));
      Ref error = make && text ? Ref::steal(PyObject_CallFunction(make.get(), "OL", text.get(),
                                                                  static_cast<long long>(rows.position(to))))
                               : Ref();
      if (!error) return false;
      // One with a context has it from the worker, and keeps it.
      if (Ref context = Ref::steal(PyException_GetContext(error.get())))
        PyErr_SetRaisedException(error.release());
      else
        PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.get())), error.get());
      return fail_at(rows.position(to));
    }
  }
  return true;
}

bool Call::take_finished() {
  std::deque<Finished> finished;
  {
    std::lock_guard lock(Pool::get().mutex);
    finished.swap(task_->finished);
  }
  for (Finished& f : finished) {
    if (!take(f)) return false;
    if (declined_) return true;
  }
  // Much is left to the caller: then the workers are of no use.
  const int64_t rows = feed_->next() - first_;
  if (request_.automatic && rows >= 64 && rows_left_ * 2 > rows)
    return decline("most elements are left to the calling interpreter");
  return true;
}

// Is the lowest row of ours the next in order?
bool Call::may_serve() {
  if (mine_.empty()) return false;
  while (whole_ < done_.size() && done_[whole_]) ++whole_;
  return mine_.top() >= failed_at_ || mine_.top() - first_ == static_cast<int64_t>(whole_);
}

// Runs one row here. False with an exception set if the call ends at once.
bool Call::serve_one() {
  const int64_t p = mine_.top();
  mine_.pop();
  if (p >= failed_at_) return true;
  Ref r = request_.call(p);
  if (!r) return fail_at(p);
  results_[static_cast<size_t>(p - first_)] = std::move(r);
  done_[static_cast<size_t>(p - first_)] = true;
  return true;
}

bool Call::deliver_output() {
  for (auto& [stream, text] : Pool::get().take_output()) {
    Ref write = helper("deliver_output");
    Ref t = Ref::steal(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "surrogatepass"));
    Ref done =
        write && t
            ? Ref::steal(or_stay([&, s = stream] { return PyObject_CallFunction(write.get(), "iO", s, t.get()); }))
            : Ref();
    if (!done) return false;
  }
  return true;
}

bool Call::is_over() {
  if (!mine_.empty() && mine_.top() < failed_at_) return false;
  if (!feed_->finished() && feed_->next() < failed_at_) return false;
  // All under one lock: in between, a worker could take the last chunk.
  Pool& pool = Pool::get();
  std::lock_guard lock(pool.mutex);
  return task_->queue.empty() && task_->finished.empty() && !pool.is_running_below(task_, failed_at_);
}

// The child of a fork that happened within this call (in a signal handler, say) has a pool of its own.
void Call::move_to_this_process() {
  if (&Pool::get() == pool_) return;
  pool_ = &Pool::get();
  pool_->enter();
  for (Chunk& chunk : std::exchange(task_->queue, {})) pool_->add(task_, std::move(chunk));
}

// Other calls, whose elements may never end, must not hold up this one. False with an exception set.
bool Call::get_worker() {
  const int started = start_workers(limit_);  // after a shutdown or a fork, new ones
  if (started < 0) return false;
  if (started == 0) return decline("no worker interpreter could be started");
  if (!Pool::get().is_starved(task_)) {
    starving_since_.reset();
    return true;
  }
  const auto now = std::chrono::steady_clock::now();
  if (!starving_since_) starving_since_ = now;
  if (now - *starving_since_ < longest_starvation) return true;
  starving_since_.reset();
  if (request_.automatic) return decline("the workers are busy with other calls");
  Pool::get().start_extra();
  return true;
}

void Call::wait() {
  PyThreadState* saved = PyEval_SaveThread();
  Pool& pool = Pool::get();
  {
    std::unique_lock lock(pool.mutex);
    pool.done.wait_for(lock, std::chrono::milliseconds(20), [&] { return !task_->finished.empty(); });
  }
  take_gil_back(saved);
}

Outcome Call::end(bool well) {
  Ref pending = Ref::steal(PyErr_GetRaisedException());
  {
    PyThreadState* saved = PyEval_SaveThread();
    Pool::get().drop(task_);
    take_gil_back(saved);
  }
  if (!deliver_output() && well && !error_) {
    well = false;
    pending = Ref::steal(PyErr_GetRaisedException());
  }
  PyErr_Clear();
  const bool all = well && !declined_ && !error_;
  if (all && std::ranges::find(done_, 0) != done_.end()) {  // our bug, which must not pass for a None
    well = false;
    PyErr_SetString(PyExc_SystemError, "gilmap: a call ended without all of its results");
    pending = Ref::steal(PyErr_GetRaisedException());
  }
  while (whole_ < done_.size() && done_[whole_]) ++whole_;
  // Only the first rows without a gap. What is dropped may run code of the user's, which finds each place empty.
  for (size_t i = whole_; i < results_.size(); ++i) Ref dropped = std::exchange(results_[i], Ref());
  if (!well) {
    PyErr_SetRaisedException(pending.release());
    return Outcome::Raised;
  }
  if (declined_) return Outcome::Declined;
  if (error_) {
    PyErr_SetRaisedException(error_.release());
    return Outcome::Raised;
  }
  return Outcome::Done;
}

Outcome Call::run() {
  if (!set_up()) return end(false);
  while (!declined_) {
    move_to_this_process();
    if (!take_finished() || declined_) return end(declined_);
    if (!feed() || !deliver_output() || PyErr_CheckSignals() != 0) return end(false);
    if (is_over()) {
      if (feed_->has_rest() && failed_at_ == nowhere) decline("an element may change what the rest sees");
      break;
    }
    if (Pool::get().closed()) {
      decline("the program is ending");
      ended_by_exit_ = true;
      break;
    }
    if (may_serve()) {
      if (!serve_one()) return end(false);
      continue;
    }
    if (!get_worker()) return end(false);
    if (!declined_) wait();
  }
  return end(true);
}

}  // namespace

static std::optional<Shipment> read_shipment(PyObject* made) {
  long long number;
  PyObject* bytes;
  int keep;
  if (!PyArg_ParseTuple(made, "LSp", &number, &bytes, &keep)) return std::nullopt;
  return Shipment{number, {PyBytes_AS_STRING(bytes), static_cast<size_t>(PyBytes_GET_SIZE(bytes))}, keep != 0};
}

std::optional<Shipment> ship(PyObject* callable) {
  Ref function = helper("ship");
  Ref made = function ? Ref::steal(or_stay([&] { return PyObject_CallOneArg(function.get(), callable); })) : Ref();
  return made ? read_shipment(made.get()) : std::nullopt;
}

std::optional<Shipment> ship_if_harmless(PyObject* callable, std::string& why) {
  Ref function = helper("ship_if_harmless");
  Ref made = function ? Ref::steal(or_stay([&] { return PyObject_CallOneArg(function.get(), callable); })) : Ref();
  if (!made) return std::nullopt;
  if (!PyUnicode_Check(made.get())) return read_shipment(made.get());
  const char* text = PyUnicode_AsUTF8(made.get());
  if (text) why = text;
  return std::nullopt;
}

bool started() {
  Pool* pool = Pool::get_if_made();
  return pool && pool->size() > 0;
}

bool prepare() {
  Pool& pool = Pool::get();
  if (start_workers(pool.most()) < 0) PyErr_Clear();
  return pool.size() > 0;
}

Outcome run(const Request& request, std::span<Ref> results, int64_t& done, double& rows_ns, std::string& why) {
  done = 0;
  if (!Pool::get().enter()) {
    why = "the program is ending";
    return Outcome::Declined;
  }
  Call call(request, results, why);
  const Outcome outcome = call.run();
  done = call.whole();
  rows_ns = call.rows_ns();
  Pool::get().leave();
  if (call.ended_by_exit()) {
    // Only a daemon thread can be here. If it went on, with a row that keeps the GIL, the program could not end.
    PyEval_SaveThread();
    for (;;) pause();
  }
  return outcome;
}

void shutdown() {
  if (Pool* pool = Pool::get_if_made()) pool->stop(false);
}

bool close() { return Pool::get().stop(true) == 0; }

// Made if need be: another thread may be about to.
void before_fork() { Pool::get().hold(); }

void after_fork_in_parent() {
  if (Pool* pool = Pool::get_if_made()) pool->release();
}

void after_fork_in_child() { Pool::forget(); }

}  // namespace gilmap::interpreters
