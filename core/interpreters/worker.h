#pragma once
// A worker: a thread with an interpreter of its own, which is created, used and ended on it.

#include <Python.h>
#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "interpreters/interrupt.h"
#include "interpreters/task.h"
#include "support/py_ref.h"

namespace gilmap::interpreters {

class Pool;

class Worker {
 public:
  explicit Worker(Pool* owner) : pool(owner) {}

  Pool* pool;
  pthread_t thread{};
  Interrupts interrupts;

  // Guarded by the pool's mutex.
  std::shared_ptr<Task> task;  // being run
  Chunk chunk;                 // of it; not changed while it runs
  int64_t running_from = 0;    // its lowest position
  int64_t job = 0;             // number of the chunk
  bool leave = false;          // is to end
  bool extra = false;          // beside one for each CPU
  bool lost = false;           // stuck: nobody waits for it any more
  bool started = false;        // has its interpreter
  bool ended = false;          // the thread is about to return

  static void* main(void* self);

  // On the worker's own thread, its GIL held.
  Finished run(const std::shared_ptr<Task>& task, const Chunk& chunk);
  // Functions that were built for one call live as long as it does.
  bool has_what_is_over() const;
  void forget_what_is_over();
  // Called from the worker's Python code: an extension module must not be loaded.
  void block(std::string module, std::string reason);

 private:
  bool start();
  void await_threads();
  void end();
  PyObject* build(const std::shared_ptr<Task>& task, Finished& done);
  void run_rows(Task& task, const Chunk& chunk, PyObject* function, Finished& done);
  void send_back(Packer& results, const Chunk& chunk, Finished& done);
  bool keep_result(const Task& task, PyObject* result);
  bool take_warning();
  void note_error(Finished& done, int64_t row, Finished::End end);
  void set_recursion(const Task& task);

  // What the worker's interpreter gives; touched only on its thread.
  PyThreadState* state_ = nullptr;
  PyObject* module_ = nullptr;  // borrowed: sys.modules keeps it
  Ref dumps_, loads_, find_, load_, forget_, describe_, finish_, count_warnings_;
  Ref function_;
  int64_t call_ = 0;                          // that function_ was built or found for
  std::vector<std::shared_ptr<Task>> built_;  // whose functions are not to be kept when they are over
  bool counting_ = false;
  bool blocked_ = false;
  std::string blocked_module_, blocked_reason_;
};

// The functions that the engine puts into a worker's module.
bool add_engine_functions(PyObject* module, Worker* worker);

}  // namespace gilmap::interpreters
