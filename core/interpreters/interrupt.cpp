#include "interpreters/interrupt.h"

#include <dlfcn.h>

#include <chrono>
#include <cstdlib>

#include <pthread.h>
#include <signal.h>

namespace gilmap::interpreters {
namespace {

using AddPendingCall = int (*)(PyInterpreterState*, int (*)(void*), void*, int);

// Private, but exported by all versions that we know; null where it is not. The variable is for our tests.
AddPendingCall add_pending_call() {
  static const auto found = std::getenv("GILMAP_NO_PENDING_CALLS")
                                ? nullptr
                                : reinterpret_cast<AddPendingCall>(dlsym(RTLD_DEFAULT, "_PyEval_AddPendingCall"));
  return found;
}

}  // namespace

void Interrupts::attach(PyInterpreterState* interpreter) {
  std::lock_guard lock(mutex_);
  interpreter_ = interpreter;
  thread_ = PyThread_get_thread_ident();
}

void Interrupts::detach() {
  std::thread helper;
  {
    std::lock_guard lock(mutex_);
    interpreter_ = nullptr;
    helper = std::move(helper_);
  }
  if (helper.joinable()) {
    PyThreadState* saved = PyEval_SaveThread();  // it may be waiting for this GIL
    helper.join();
    PyEval_RestoreThread(saved);
  }
}

void Interrupts::begin(int64_t job) { job_.store(job); }

void Interrupts::finish() {
  job_.store(0);
  // Not without need: it leaves the worker's eval loop looking for an exception at every step (10 % of its time).
  if (async_set_.exchange(false)) PyThreadState_SetAsyncExc(thread_, nullptr);
}

// In the worker's eval loop, its GIL held.
int Interrupts::raise(void* self) {
  auto* me = static_cast<Interrupts*>(self);
  me->queued_.store(false);
  if (me->job_.load() == 0 || !me->hit()) return 0;
  if (me->sticky_.load() && !me->queued_.exchange(true)) {
    if (add_pending_call()(PyInterpreterState_Get(), raise, self, 0) != 0) me->queued_.store(false);
  }
  PyErr_SetNone(PyExc_KeyboardInterrupt);
  return -1;
}

// On the helper's thread. Blocks until the worker gives up its GIL.
void Interrupts::enter() {
  PyThreadState* state;
  {
    std::lock_guard lock(mutex_);
    if (!interpreter_) {
      helper_done_.store(true);
      return;
    }
    state = PyThreadState_New(interpreter_);
  }
  PyEval_RestoreThread(state);
  if (job_.load() != 0 && hit()) {
    PyThreadState_SetAsyncExc(thread_, PyExc_KeyboardInterrupt);
    async_set_.store(true);
  }
  PyThreadState_Clear(state);
  helper_done_.store(true);
  PyThreadState_DeleteCurrent();
}

void Interrupts::interrupt(int64_t job, bool sticky) {
  std::lock_guard lock(mutex_);
  if (!interpreter_) return;
  sticky_.store(sticky);
  wanted_.store(job);
  woken_.notify_all();
  if (AddPendingCall add = add_pending_call()) {
    // At most one is queued: the queue is short.
    if (!queued_.exchange(true) && add(interpreter_, raise, this, 0) != 0) queued_.store(false);
    return;
  }
  if (!helper_done_.load()) return;
  if (helper_.joinable()) helper_.join();
  helper_done_.store(false);
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);  // signals belong to Python's main thread
  try {
    helper_ = std::thread([this] { enter(); });
  } catch (const std::system_error&) {  // no thread to be had: the next try may get one
    helper_done_.store(true);
  }
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

void Interrupts::sleep(double seconds) {
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return hit(); });
}

}  // namespace gilmap::interpreters
