#include "interpreters/interrupt.h"

#include <dlfcn.h>

#include <chrono>
#include <cstdlib>

#include <utility>

#include "runtime/threads.h"

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

constexpr size_t helper_stack_bytes = 1 << 20;

}  // namespace

void Interrupts::attach(PyInterpreterState* interpreter) {
  std::lock_guard lock(mutex_);
  interpreter_ = interpreter;
  thread_ = PyThread_get_thread_ident();
}

void Interrupts::detach() {
  std::optional<pthread_t> helper;
  {
    std::lock_guard lock(mutex_);
    interpreter_ = nullptr;
    helper = std::exchange(helper_, std::nullopt);
  }
  if (helper) {
    PyThreadState* saved = PyEval_SaveThread();  // it may be waiting for this GIL
    pthread_join(*helper, nullptr);
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

void* Interrupts::helper_main(void* self) {
  static_cast<Interrupts*>(self)->enter();
  return nullptr;
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
  if (helper_) pthread_join(*std::exchange(helper_, std::nullopt), nullptr);
  pthread_t thread;
  helper_done_.store(false);
  if (runtime::start_thread(&thread, helper_main, this, helper_stack_bytes))
    helper_ = thread;
  else
    helper_done_.store(true);  // no thread to be had: the next try may get one
}

void Interrupts::sleep(double seconds) {
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return hit(); });
}

}  // namespace gilmap::interpreters
