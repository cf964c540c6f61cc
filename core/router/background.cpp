#include "router/background.h"

#include "support/py_ref.h"

#include <Python.h>
#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "runtime/threads.h"

namespace gilmap::router {
namespace {

// Compiles under way. Never destroyed: a thread may outlast static destruction.
struct Compiles {
  std::mutex mutex;
  std::condition_variable ended;
  int running = 0;
};

Compiles& compiles() {
  static Compiles* c = [] {
    // A fork waits for compiles, which take some milliseconds: LLVM's locks would stay held in the child for ever.
    pthread_atfork(
        [] {
          std::unique_lock lock(compiles().mutex);
          compiles().ended.wait(lock, [] { return compiles().running == 0; });
          lock.release();
        },
        [] { compiles().mutex.unlock(); },
        [] {
          compiles().mutex.unlock();                        // this thread locked it, also in the child
          new (&compiles().ended) std::condition_variable;  // threads that are gone may wait for it
        });
    return new Compiles;
  }();
  return *c;
}

constexpr size_t stack_bytes = size_t{8} << 20;  // LLVM recurses over what it compiles

void* run(void* argument) {
  std::unique_ptr<std::function<void()>> work(static_cast<std::function<void()>*>(argument));
  (*work)();
  work.reset();
  Compiles& c = compiles();
  std::lock_guard lock(c.mutex);
  --c.running;
  c.ended.notify_all();
  return nullptr;
}

}  // namespace

void in_background(std::function<void()> work) {
  Compiles& c = compiles();
  {
    std::lock_guard lock(c.mutex);
    ++c.running;
  }
  auto* argument = new std::function<void()>(std::move(work));
  pthread_t thread;
  // The interpreter goes on here meanwhile, and must not share its CPU.
  if (runtime::start_thread(&thread, run, argument, stack_bytes, runtime::Place::OtherCpu)) {
    pthread_detach(thread);
  } else {  // no thread to be had: then it is done here
    run(argument);
  }
}

bool wait_for_background(const std::function<bool()>& done) {
  Compiles& c = compiles();
  while (!done()) {
    PyThreadState* saved = PyEval_SaveThread();
    {
      std::unique_lock lock(c.mutex);
      c.ended.wait_for(lock, std::chrono::milliseconds(20), done);
    }
    take_gil_back(saved);
    if (PyErr_CheckSignals() != 0) return false;
  }
  return true;
}

void finish_compiles() {
  Compiles& c = compiles();
  std::unique_lock lock(c.mutex);
  c.ended.wait(lock, [&] { return c.running == 0; });
}

}  // namespace gilmap::router
