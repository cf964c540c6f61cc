#include "router/background.h"

#include "support/py_ref.h"

#include <Python.h>
#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

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
        [] { compiles().mutex.unlock(); }, [] { new (&compiles()) Compiles; });
    return new Compiles;
  }();
  return *c;
}

}  // namespace

void in_background(std::function<void()> work) {
  Compiles& c = compiles();
  {
    std::lock_guard lock(c.mutex);
    ++c.running;
  }
  // Signals belong to Python's main thread.
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &old);
  auto all_of_it = [work = std::move(work), &c] {
    work();
    std::lock_guard lock(c.mutex);
    --c.running;
    c.ended.notify_all();
  };
  try {
    std::thread(all_of_it).detach();
  } catch (const std::system_error&) {  // no thread to be had: then it is done here
    all_of_it();
  }
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
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
