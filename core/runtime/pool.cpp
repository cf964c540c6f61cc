#include "runtime/pool.h"

#include <pthread.h>

#include <atomic>

#include "runtime/watchdog.h"
#include "runtime/workers.h"

namespace gilmap::runtime {

namespace {

// Idle threads are stopped first: the child could not use them, and CPython warns of a fork while there are threads.
// They start again when they are needed.
void before_fork() {
  if (Workers* pool = Workers::get_if_made()) pool->shutdown_if_idle();
  if (Watchdog* watchdog = Watchdog::get_if_made()) watchdog->shutdown();
}

// Other threads of the parent may have held any lock, so that the old objects are not touched again, not even to free
// them.
void in_child() {
  Workers::forget();
  Watchdog::forget();
}

}  // namespace

void install_fork_handlers() {
  static std::atomic<bool> installed{false};
  if (!installed.exchange(true)) pthread_atfork(before_fork, nullptr, in_child);
}

void shutdown_workers() {
  if (Workers* pool = Workers::get_if_made()) pool->shutdown();
  if (Watchdog* watchdog = Watchdog::get_if_made()) watchdog->shutdown();
}

void warm_up() { Watchdog::get().wake(); }

}  // namespace gilmap::runtime
