#pragma once
// The process's workers. They are started by the first call that needs them, live until they are shut down (by the
// user, at exit, before a fork), and are started again by the next call; creating and ending interpreters leaks a
// little in CPython, so that is not done for each call.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "interpreters/task.h"
#include "interpreters/worker.h"

namespace gilmap::interpreters {

class Pool {
 public:
  static Pool& get();
  static Pool* get_if_made();

  // For callers. All without a GIL, or with the main one for no longer than a lock takes.
  bool enter();  // false: closed for good
  void leave();
  // Starts as many workers as are missing, up to `limit`. False if there are none and none can be had. `code` is what
  // they execute first.
  bool start(int limit, const std::string& code);
  // One more than there are CPUs, for a call that gets no worker; it ends when it has nothing to do.
  void start_extra();
  // Are all workers at other calls, and none at this one, which has a chunk queued?
  bool is_starved(const std::shared_ptr<Task>& task);
  bool wants_code();  // start() has not been told yet
  int size();         // workers that are ready
  int most();         // workers there may be
  bool closed();
  void add(const std::shared_ptr<Task>& task, Chunk chunk);
  // Is a row below `position` being run? The caller holds the mutex.
  bool is_running_below(const std::shared_ptr<Task>& task, int64_t position);
  // Ends the work of a task above position `cut`: queued chunks are dropped, running ones interrupted. Returns at once.
  void cut(const std::shared_ptr<Task>& task, int64_t position);
  // Drops the whole task and waits until no worker is at it. A worker that does not stop is lost: it ends itself
  // whenever it can, and another takes its place.
  void drop(const std::shared_ptr<Task>& task);
  // Ends all workers; chunks that are running go back to their queues. With `for_good` no call uses the pool any more,
  // and it returns when all have left it. The number of workers that did not stop within a second.
  int stop(bool for_good);

  void hold();           // before a fork: stop, and start none until release()
  void release();        // after it, in the parent
  static void forget();  // in the child: the parent's threads are not here

  // For workers.
  const std::string& code() const { return code_; }
  void serve(Worker& worker);  // runs chunks until the worker is to leave
  void print(int stream, std::string text);
  void note_end(Worker& worker);
  void note_start(Worker& worker, bool well);

  std::vector<std::pair<int, std::string>> take_output();

  std::mutex mutex;
  std::condition_variable done;  // a chunk came back, a worker has started or ended, a caller has left

 private:
  std::shared_ptr<Task> pick();
  bool start_one(bool extra = false);
  void sweep(std::unique_lock<std::mutex>& lock);
  void interrupt_above(const Task* task, int64_t position, bool sticky);

  std::mutex stopping_mutex_;
  std::condition_variable work_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::unique_ptr<Worker>> lost_;
  std::deque<std::shared_ptr<Task>> tasks_;
  std::vector<std::pair<int, std::string>> output_;
  std::string code_;
  int64_t jobs_ = 0;
  int callers_ = 0;
  bool closed_ = false;
  bool stopping_ = false;
  bool held_ = false;
  bool hopeless_ = false;  // the last worker could not be started
};

}  // namespace gilmap::interpreters
