#pragma once
// The pool: worker threads and the jobs that have chunks to claim.
//
// Each worker takes the job with the fewest workers, the one that waits longest among equals, and stays with it until
// its chunks are all claimed or, where there are several jobs, for one chunk. Wake-ups travel like a chain: a job wakes
// two workers at most, and each that finds chunks left wakes one more, so that a short job does not rouse all.
//
// Calling threads that help take the seats of workers: there are never more of both at work than CPUs.
//
// After a fork, the child forgets the object with its threads, which it does not have, and makes another.

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/run.h"
#include "runtime/shared_job.h"
#include "runtime/threads.h"

namespace gilmap::runtime {

class Workers {
 public:
  static Workers& get();          // of this process
  static Workers* get_if_made();  // null if there is none
  static void forget();           // in the child of a fork

  // How many workers there may be. Looked up anew while there are none.
  int size();
  // Offers the job's chunks, again after its `open` was set. False if there is not a single thread to run them, the
  // calling one neither.
  bool submit(const std::shared_ptr<SharedJob>& job);
  // For the calling thread of a job that is about to run chunks of it. False if as many are at work as may be.
  bool take_seat(SharedJob& job, int cpu);
  void leave_seat(SharedJob& job, int cpu);
  // False if there are no threads, and none can be had: a job in progress will never end.
  bool alive();
  // Wakes or starts one more worker if there is one and a job has chunks for it.
  void summon();
  int idle();
  void shutdown();
  void shutdown_if_idle();

  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }
  bool several_jobs() const { return jobs_.load(std::memory_order_relaxed) > 1; }

 private:
  struct Worker {
    Workers* pool;
    int number;
    pthread_t thread;
    std::condition_variable wake;
    bool woken = false;
    WakeUpPlace place;
    int cpu = -1;  // where it began with its job
    Run run;
  };

  static void* main(void* worker);
  void loop(Worker& worker);
  std::shared_ptr<SharedJob> pick();
  bool has_chunks() const;
  bool summon_locked();
  bool has_seat() const;
  void sleep(Worker& worker, std::unique_lock<std::mutex>& lock);
  bool start_worker();

  std::mutex shutdown_mutex_;  // one shutdown at a time
  std::mutex mutex_;           // guards all below
  std::vector<std::shared_ptr<SharedJob>> queue_;
  std::vector<std::unique_ptr<Worker>> workers_;
  int size_ = 0;
  std::vector<Worker*> asleep_;  // the one that ran last is woken first
  std::vector<int> helping_;     // calling threads with a seat: the CPU of each

  // Read without the lock between chunks. Relaxed: jobs_ is only a hint that it is another job's turn, and stopping_ is
  // read under the run's lock, which shutdown() takes after it has set it, to raise the run's flag.
  std::atomic<int> jobs_{0};
  std::atomic<bool> stopping_{false};
};

}  // namespace gilmap::runtime
