#pragma once
// Raises KeyboardInterrupt in a worker that runs Python code.
//
// Problem: CPython has no public call that interrupts another interpreter. Method: a pending call, which that
// interpreter's eval loop runs within microseconds; where that private function is missing, an exception set from a
// helper thread that enters the interpreter. Either may arrive late, when the worker is on to something else. So it
// names the job it is meant for, and does nothing in another. A pending call to an ended interpreter would be a crash:
// the interpreter is forgotten, under the mutex, before it is ended.
//
// `except BaseException: pass` in a loop swallows an interrupt. A sticky one adds itself again before it raises, and
// gets through, but cuts the user's `finally` blocks short; so the first try is a plain one.

#include <Python.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>

#include <pthread.h>

namespace gilmap::interpreters {

class Interrupts {
 public:
  // On the worker's thread, its GIL held.
  void attach(PyInterpreterState* interpreter);
  void detach();  // before the interpreter is ended
  void begin(int64_t job);
  void finish();
  // Was the running job interrupted?
  bool hit() const { return wanted_.load() == job_.load(); }
  // Sleeps, its GIL released by the caller; less if an interrupt comes.
  void sleep(double seconds);

  // On any thread, with or without a GIL. The worker raises KeyboardInterrupt if it is still at this job.
  void interrupt(int64_t job, bool sticky);

 private:
  static int raise(void* self);
  void enter();
  static void* helper_main(void* self);

  std::mutex mutex_;
  std::condition_variable woken_;
  PyInterpreterState* interpreter_ = nullptr;  // guarded by the mutex
  std::optional<pthread_t> helper_;
  std::atomic<bool> helper_done_{true};
  std::atomic<bool> async_set_{false};
  unsigned long thread_ = 0;
  std::atomic<int64_t> job_{0};  // that runs; 0: none
  std::atomic<int64_t> wanted_{-1};
  std::atomic<bool> sticky_{false};
  std::atomic<bool> queued_{false};
};

}  // namespace gilmap::interpreters
