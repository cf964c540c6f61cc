#include "router/prepare.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

#include <pthread.h>
#include <signal.h>

#include "lift/lift.h"
#include "numeric/functions.h"
#include "passes/pipeline.h"
#include "runtime/pool.h"

namespace gilmap::router {
namespace {

using Clock = std::chrono::steady_clock;

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

void compile_now(Compilation& v) {
  runtime::warm_up();
  passes::run_pipeline(v.module);
  v.kernel = codegen::compile(v.module, {}, &v.error);
  v.module = {};
  v.state.store(v.kernel ? State::Ready : State::Failed);
}

void compile_in_background(std::shared_ptr<Compilation> v) {
  Compiles& c = compiles();
  {
    std::lock_guard lock(c.mutex);
    ++c.running;
  }
  // Signals belong to Python's main thread.
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &old);
  auto work = [v, &c] {
    compile_now(*v);
    std::lock_guard lock(c.mutex);
    --c.running;
    c.ended.notify_all();
  };
  try {
    std::thread(work).detach();
  } catch (const std::system_error&) {  // no thread to be had: then it is done here
    work();
  }
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

}  // namespace

std::shared_ptr<Variant> prepare(Entry& entry, PyObject* callable, std::span<const ir::Type> types) {
  if (auto known = entry.find(callable, types)) return known;
  static const bool version_selected = [] {
    numeric::select_version(PY_VERSION_HEX);
    return true;
  }();
  (void)version_selected;
  auto v = std::make_shared<Variant>();
  v->types.assign(types.begin(), types.end());
  auto before = Clock::now();
  auto lifted = lift::lift(callable, types);
  v->lift_ms = std::chrono::duration<double, std::milli>(Clock::now() - before).count();
  if (!lifted) {
    v->why = std::move(lifted.error());
    v->code->state = State::Unsupported;
    entry.add(v);
    return v;
  }
  v->guards = std::move(lifted->guards);
  v->result_types = lifted->module.result_types;
  v->depth = lifted->module.functions[0].depth;
  v->code->module = std::move(lifted->module);
  entry.add(v);
  compile_in_background(v->code);
  return v;
}

bool await(const Variant& variant) {
  Compiles& c = compiles();
  while (variant.state() == State::Compiling) {
    PyThreadState* saved = PyEval_SaveThread();
    {
      std::unique_lock lock(c.mutex);
      c.ended.wait_for(lock, std::chrono::milliseconds(20), [&] { return variant.state() != State::Compiling; });
    }
    PyEval_RestoreThread(saved);
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
