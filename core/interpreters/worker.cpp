#include "interpreters/worker.h"

#include <marshal.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>

#include "interpreters/keyword_names.h"
#include "interpreters/pool.h"
#include "runtime/clock.h"
#include "runtime/threads.h"

namespace gilmap::interpreters {
namespace {

// Interpreters are created one at a time: CPython has races there.
std::mutex& creation() {
  static auto* m = new std::mutex;
  return *m;
}

// A chunk that runs longer hands back its rest, if another worker has nothing to do.
constexpr double long_chunk_ns = 5e6;
// How often the clock is asked, in time.
constexpr double look_each_ns = 50e3;

}  // namespace

void* Worker::main(void* self) {
  auto* me = static_cast<Worker*>(self);
  Pool* pool = me->pool;
  runtime::name_this_thread("gilmap-interp");
  const bool well = me->start();
  pool->note_start(*me, well);
  if (well) pool->serve(*me);
  me->end();
  pool->note_end(*me);
  return nullptr;
}

bool Worker::start() {
  {
    std::lock_guard one_at_a_time(creation());
    PyThreadState* boot = PyThreadState_New(PyInterpreterState_Main());
    PyEval_RestoreThread(boot);
    const PyInterpreterConfig config = {
        .use_main_obmalloc = 0,
        .allow_fork = 0,
        .allow_exec = 0,
        .allow_threads = 1,
        .allow_daemon_threads = 0,
        .check_multi_interp_extensions = 1,
        .gil = PyInterpreterConfig_OWN_GIL,
    };
    const PyStatus status = Py_NewInterpreterFromConfig(&state_, &config);
    if (PyStatus_Exception(status)) state_ = nullptr;
    // The thread state that it was made from is not needed any more. After a failure it is the current one again.
    if (state_) {
      PyEval_SaveThread();
      PyEval_RestoreThread(boot);
    }
    PyThreadState_Clear(boot);
    PyThreadState_DeleteCurrent();
    if (!state_) return false;
    PyEval_RestoreThread(state_);
  }
  const std::string& code = pool->code();
  Ref compiled = Ref::steal(PyMarshal_ReadObjectFromString(code.data(), static_cast<Py_ssize_t>(code.size())));
  module_ = compiled ? PyImport_AddModule("_gilmap_worker") : nullptr;
  if (!module_ || !add_engine_functions(module_, this)) {
    PyErr_Clear();
    return false;
  }
  PyObject* names = PyModule_GetDict(module_);
  if (PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins()) != 0) PyErr_Clear();
  Ref ran = Ref::steal(PyEval_EvalCode(compiled.get(), names, names));
  Ref started = ran ? Ref::steal(PyObject_CallMethod(module_, "start", nullptr)) : Ref();
  bool well = static_cast<bool>(started);
  for (auto [member, name] : {std::pair{&Worker::dumps_, "dumps"},
                              {&Worker::loads_, "loads"},
                              {&Worker::find_, "find"},
                              {&Worker::load_, "load"},
                              {&Worker::forget_, "forget"},
                              {&Worker::describe_, "describe"},
                              {&Worker::finish_, "finish"},
                              {&Worker::count_warnings_, "count_warnings"}}) {
    if (!well) break;
    this->*member = Ref::steal(PyObject_GetAttrString(module_, name));
    well = static_cast<bool>(this->*member);
  }
  if (!well) {
    PyErr_Clear();
    return false;
  }
  interrupts.attach(state_->interp);
  return true;
}

// Threads that rows have started and that are still there: to end their interpreter would end the process. Until they
// have ended, the pool counts this worker among the lost.
void Worker::await_threads() {
  const auto has_others = [&] {
    PyThreadState* first = PyInterpreterState_ThreadHead(state_->interp);
    return first != state_ || PyThreadState_Next(first) != nullptr;
  };
  if (!has_others()) return;
  Ref asked = Ref::steal(PyObject_CallMethod(module_, "end_idle_threads", nullptr));
  PyErr_Clear();
  while (has_others()) {
    PyThreadState* saved = PyEval_SaveThread();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    PyEval_RestoreThread(saved);
  }
}

void Worker::end() {
  if (!state_) return;
  interrupts.detach();
  await_threads();
  for (Ref Worker::* member : {&Worker::dumps_, &Worker::loads_, &Worker::find_, &Worker::load_, &Worker::forget_,
                               &Worker::describe_, &Worker::finish_, &Worker::count_warnings_, &Worker::function_})
    this->*member = Ref();
  keep_keyword_names();
  Py_EndInterpreter(state_);
  state_ = nullptr;
}

void Worker::block(std::string module, std::string reason) {
  if (blocked_) return;  // the first is the one to name
  blocked_ = true;
  blocked_module_ = std::move(module);
  blocked_reason_ = std::move(reason);
}

// Describes the exception that is set.
void Worker::note_error(Finished& done, int64_t row, Finished::End end) {
  Ref error = Ref::steal(PyErr_GetRaisedException());
  done.end = end;
  done.chunk.to = row;
  Ref text = error ? Ref::steal(PyObject_CallOneArg(describe_.get(), error.get())) : Ref();
  if (text && PyBytes_Check(text.get()))
    done.error.assign(PyBytes_AS_STRING(text.get()), static_cast<size_t>(PyBytes_GET_SIZE(text.get())));
  PyErr_Clear();
  // Interrupted in the middle of it: the row is not done, and is run again if anybody wants it.
  if (done.error.empty() && interrupts.hit()) done.end = Finished::End::Whole;
}

// The function of a task; null with an exception set.
PyObject* Worker::build(const std::shared_ptr<Task>& task, Finished& done) {
  if (function_ && call_ == task->call) return function_.get();
  function_ = Ref();
  Ref number = Ref::steal(PyLong_FromLongLong(task->number));
  Ref found = number ? Ref::steal(PyObject_CallOneArg(find_.get(), number.get())) : Ref();
  if (found && found.get() == Py_None) {
    Ref payload =
        Ref::steal(PyBytes_FromStringAndSize(task->payload.data(), static_cast<Py_ssize_t>(task->payload.size())));
    PyObject* arguments[] = {number.get(), payload.get(), task->keep ? Py_True : Py_False};
    if (!task->keep) built_.push_back(task);
    found = payload ? Ref::steal(PyObject_Vectorcall(load_.get(), arguments, 3, nullptr)) : Ref();
  }
  if (!found) {
    note_error(done, done.chunk.from, Finished::End::Broken);
    return nullptr;
  }
  function_ = std::move(found);
  call_ = task->call;
  return function_.get();
}

bool Worker::has_what_is_over() const {
  return std::ranges::any_of(built_, [](const auto& task) { return task->over.load(); });
}

void Worker::forget_what_is_over() {
  for (const auto& task : built_) {
    if (!task->over.load()) continue;
    if (call_ == task->call) function_ = Ref();
    Ref number = Ref::steal(PyLong_FromLongLong(task->number));
    Ref forgotten = number ? Ref::steal(PyObject_CallOneArg(forget_.get(), number.get())) : Ref();
    PyErr_Clear();
  }
  std::erase_if(built_, [](const auto& task) { return task->over.load(); });
  Ref flushed = Ref::steal(PyObject_CallOneArg(finish_.get(), Py_False));
  PyErr_Clear();
}

// Python's own limit, as if the call were made where the caller is.
void Worker::set_recursion(const Task& task) {
  state_->py_recursion_limit = task.recursion_limit;
  state_->py_recursion_remaining = task.recursion_left;
  state_->c_recursion_remaining = task.c_recursion_left;
}

// Has something warned since the last question?
bool Worker::take_warning() {
  Ref warned = Ref::steal(PyObject_GetAttrString(module_, "warned"));
  if (warned && warned.get() == Py_True) return PyObject_SetAttrString(module_, "warned", Py_False) == 0;
  PyErr_Clear();
  return false;
}

bool Worker::keep_result(const Task& task, PyObject* result) {
  if (!task.automatic) return true;
  const Contents c = contents_of(result);
  return c.plain && c.ordered && !take_warning();
}

// Calls the function on rows from .. to-1. Ends early with done.chunk.to set.
void Worker::run_rows(Task& task, const Chunk& chunk, PyObject* function, Finished& done) {
  const int64_t count = chunk.to - chunk.from;
  const size_t width = chunk.rows->columns.size();
  std::vector<Unpacker> columns(width);
  for (size_t k = 0; k < width; ++k) {
    if (!columns[k].open(chunk.rows->columns[k], chunk.from, count, loads_.get())) {
      note_error(done, chunk.from, Finished::End::Broken);
      return;
    }
  }
  Packer results(count);
  std::vector<PyObject*> arguments(width + 1);
  const int64_t start = runtime::now_ns();
  double elapsed = 0;
  int64_t looked_at = 0, look_at = 1;
  int64_t i = 0;
  for (; i < count; ++i) {
    if (chunk.rows->position(chunk.from + i) >= task.cut.load(std::memory_order_relaxed)) break;  // a hint
    bool made = true;
    for (size_t k = 0; k < width; ++k) made = (arguments[k + 1] = columns[k].next()) && made;
    Ref result = made ? Ref::steal(PyObject_Vectorcall(function, arguments.data() + 1,
                                                       width | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr))
                      : Ref();
    for (size_t k = 0; k < width; ++k) Py_XDECREF(arguments[k + 1]);
    if (blocked_) break;
    if (!result) {
      if (interrupts.hit()) break;
      if (!task.automatic) {
        note_error(done, chunk.from + i, Finished::End::Raised);
        break;
      }
      PyErr_Clear();
      take_warning();
    }
    if (result && keep_result(task, result.get()))
      results.add(std::move(result));
    else
      done.left.push_back(chunk.from + i);
    if (i + 1 < look_at) continue;
    const double now = static_cast<double>(runtime::now_ns() - start);
    const double each = std::max(1.0, (now - elapsed) / static_cast<double>(i + 1 - looked_at));
    elapsed = now;
    looked_at = i + 1;
    look_at = looked_at + std::clamp<int64_t>(static_cast<int64_t>(look_each_ns / each), 1, 256);
    if (now > long_chunk_ns && i + 1 < count && task.starving.load(std::memory_order_relaxed)) {
      ++i;
      break;
    }
  }
  PyErr_Clear();
  if (done.end == Finished::End::Whole) done.chunk.to = chunk.from + i;
  send_back(results, chunk, done);
}

void Worker::send_back(Packer& results, const Chunk& chunk, Finished& done) {
  int64_t culprit = -1;
  if (results.finish(dumps_.get(), done.results, &culprit)) return;
  if (interrupts.hit()) {
    done.end = Finished::End::Whole;
    done.chunk.to = chunk.from;
  } else {
    // What is before it goes home; a call that needs this result fails.
    const int64_t good = std::max<int64_t>(culprit, 0);
    note_error(done, chunk.from + good, Finished::End::Unsent);
    if (results.finish_first(good, dumps_.get(), done.results)) return;
    done.chunk.to = chunk.from;
  }
  PyErr_Clear();
  done.results = {};
  done.left.clear();
}

Finished Worker::run(const std::shared_ptr<Task>& whole, const Chunk& chunk) {
  Task& task = *whole;
  Finished done;
  done.chunk = chunk;
  blocked_ = false;
  const int limit = state_->py_recursion_limit;
  const int left = state_->py_recursion_remaining, c_left = state_->c_recursion_remaining;

  if (counting_ != task.automatic) {
    counting_ = task.automatic;
    Ref ok = Ref::steal(PyObject_CallOneArg(count_warnings_.get(), counting_ ? Py_True : Py_False));
    PyErr_Clear();
  }
  interrupts.begin(job);
  if (PyObject* function = build(whole, done)) {
    set_recursion(task);
    const int64_t start = runtime::now_ns();
    run_rows(task, chunk, function, done);
    done.ns = static_cast<double>(runtime::now_ns() - start);
    state_->py_recursion_limit = limit;
    state_->py_recursion_remaining = left;
    state_->c_recursion_remaining = c_left;
  } else if (interrupts.hit()) {  // not to be had now; its rows are not done
    done.end = Finished::End::Whole;
  }
  interrupts.finish();
  Ref flushed = Ref::steal(PyObject_CallOneArg(finish_.get(), blocked_ ? Py_True : Py_False));
  PyErr_Clear();
  if (blocked_) {
    done = {};
    done.chunk = chunk;
    done.end = Finished::End::Blocked;
    done.module = blocked_module_;
    done.reason = blocked_reason_;
  }
  return done;
}

}  // namespace gilmap::interpreters
