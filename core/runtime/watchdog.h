#pragma once
// Stops a kernel that runs on a calling thread for too long.
//
// Problem: a short call should neither wake a thread nor hang if one of its rows is endless.
// Method: a watchdog thread looks every 10 ms at which runs are active; one that was active at three looks running gets
// its flag raised. Beginning and ending a run are one store each. After a second without runs the watchdog sleeps
// without ticking, and the next run wakes it.
// Cost: 20 ns per run, a wake-up (some microseconds) for the first one in a while, 100 ticks per second meanwhile.

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace gilmap::runtime {

class Watchdog {
 public:
  // What the watchdog knows of one thread. In a cache line of its own.
  struct alignas(64) Slot {
    std::atomic<uint64_t> turn{0};  // odd while a run is active; written by that thread only
    std::atomic<uint8_t> stop{0};
    // Guarded by the watchdog's mutex:
    bool used = false;
    uint64_t seen = 0;
    int looks = 0;  // that found the same run active
  };

  static Watchdog& get();  // of this process
  static Watchdog* get_if_made();
  static void forget();  // in the child of a fork

  bool wake();      // false if it has no thread and cannot have one
  void shutdown();  // raises the flags of active runs
  Slot* take_slot();
  void return_slot(Slot* slot);
  bool asleep() const { return asleep_.load(); }

 private:
  static void* main(void* self);
  void loop();
  bool look();

  std::mutex shutdown_mutex_;  // one shutdown at a time
  std::mutex mutex_;           // guards all below
  std::condition_variable signal_;
  std::vector<std::unique_ptr<Slot>> slots_;
  pthread_t thread_{};
  bool running_ = false, leaving_ = false;
  // Read by each run without the lock, after it has marked itself active, while the watchdog looks for active runs
  // after it has set this: sequential consistency lets at least one of them see the other.
  std::atomic<bool> asleep_{true};
};

// A run on this thread, from construction to destruction.
class WatchedRun {
 public:
  WatchedRun();
  ~WatchedRun();
  WatchedRun(const WatchedRun&) = delete;
  WatchedRun& operator=(const WatchedRun&) = delete;

  bool watched() const { return watched_; }  // false: there is no watchdog to be had
  const std::atomic<uint8_t>* stop() const { return &slot_->stop; }

 private:
  Watchdog::Slot* slot_;
  bool watched_;
};

}  // namespace gilmap::runtime
