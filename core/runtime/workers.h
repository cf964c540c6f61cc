#pragma once
// The pool: worker threads and the jobs that have chunks to claim.
//
// Each worker takes the job with the fewest workers, the one that waits longest among equals, and stays with it until
// its chunks are all claimed or, where there are several jobs, for one chunk. Wake-ups travel like a chain: a job wakes
// two workers at most, and each that finds chunks left wakes one more, so that a short job does not rouse all.
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

namespace gilmap::runtime {

class Workers {
 public:
  static Workers& get();          // of this process
  static Workers* get_if_made();  // null if there is none
  static void forget();           // in the child of a fork

  // How many workers there may be. Looked up anew while there are none.
  int size();
  // Offers the job's chunks, again after its `open` was set. False if there is not a single thread to run them.
  bool submit(const std::shared_ptr<SharedJob>& job);
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
    Run run;
  };

  static void* main(void* worker);
  void loop(Worker& worker);
  std::shared_ptr<SharedJob> pick();
  bool has_chunks() const;
  bool summon_locked();
  bool start_worker();

  std::mutex shutdown_mutex_;  // one shutdown at a time
  std::mutex mutex_;           // guards all below
  std::condition_variable wake_;
  std::vector<std::shared_ptr<SharedJob>> queue_;
  std::vector<std::unique_ptr<Worker>> workers_;
  int size_ = 0;
  int idle_ = 0;       // workers asleep, and
  int signalled_ = 0;  // those of them that were woken, but do not run yet

  // Read without the lock between chunks. Relaxed: jobs_ is only a hint that it is another job's turn, and stopping_ is
  // read under the run's lock, which shutdown() takes after it has set it, to raise the run's flag.
  std::atomic<int> jobs_{0};
  std::atomic<bool> stopping_{false};
};

}  // namespace gilmap::runtime
