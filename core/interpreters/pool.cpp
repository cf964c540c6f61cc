#include "interpreters/pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>

#include "interpreters/lost_at_fork.h"
#include "runtime/cpus.h"
#include "runtime/pool.h"
#include "runtime/threads.h"

namespace gilmap::interpreters {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Never destroyed: threads may be at work while the process ends. A pointer, so that the child of a fork can drop it.
std::atomic<Pool*> current{nullptr};

// From an interrupt to a sticky one, and to giving a worker up. Together well below the half second that Ctrl-C may
// take.
constexpr milliseconds patience{100};
constexpr milliseconds last_patience{300};
// Before a fork or an end, chunks may finish on their own first.
constexpr milliseconds grace{100};
constexpr milliseconds stop_patience{1000};
constexpr milliseconds tick{20};

}  // namespace

Pool* Pool::get_if_made() { return current.load(); }

Pool& Pool::get() {
  Pool* pool = current.load();
  if (pool) return *pool;
  auto* made = new Pool;
  if (current.compare_exchange_strong(pool, made)) return *made;
  delete made;
  return *pool;
}

void Pool::forget() { current.store(nullptr); }

bool Pool::enter() {
  std::lock_guard lock(mutex);
  if (closed_) return false;
  ++callers_;
  return true;
}

void Pool::leave() {
  std::lock_guard lock(mutex);
  --callers_;
  done.notify_all();
}

bool Pool::closed() {
  std::lock_guard lock(mutex);
  return closed_;
}

bool Pool::wants_code() {
  std::lock_guard lock(mutex);
  return code_.empty();
}

int Pool::most() { return runtime::available_cpus(); }

int Pool::size() {
  std::lock_guard lock(mutex);
  return static_cast<int>(std::ranges::count_if(workers_, [](const auto& w) { return w->started; }));
}

// Joins the threads that have ended.
void Pool::sweep(std::unique_lock<std::mutex>& lock) {
  std::vector<std::unique_ptr<Worker>> over;
  for (auto* list : {&workers_, &lost_}) {
    for (auto& worker : *list) {
      if (worker->ended) over.push_back(std::move(worker));
    }
    std::erase(*list, nullptr);
  }
  if (over.empty()) return;
  lock.unlock();
  for (const auto& worker : over) pthread_join(worker->thread, nullptr);
  over.clear();
  lock.lock();
}

bool Pool::start_one(bool extra) {
  auto worker = std::make_unique<Worker>(this);
  worker->extra = extra;
  Worker* raw = worker.get();
  workers_.push_back(std::move(worker));
  if (runtime::start_thread(&raw->thread, Worker::main, raw, runtime::worker_stack_bytes)) return true;
  workers_.pop_back();
  return false;
}

bool Pool::start(int limit, const std::string& code) {
  std::unique_lock lock(mutex);
  if (closed_) return false;
  if (stopping_ || held_) return true;  // the caller asks again
  if (code_.empty()) code_ = code;
  sweep(lock);
  if (hopeless_ && workers_.empty()) {
    hopeless_ = false;
    return false;
  }
  while (static_cast<int>(workers_.size()) < limit && start_one()) {
  }
  return !workers_.empty();
}

void Pool::start_extra() {
  std::unique_lock lock(mutex);
  if (closed_ || stopping_ || held_) return;
  sweep(lock);
  start_one(true);
}

bool Pool::is_starved(const std::shared_ptr<Task>& task) {
  std::lock_guard lock(mutex);
  if (task->queue.empty() || task->running > 0 || workers_.empty()) return false;
  return std::ranges::all_of(workers_, [](const auto& w) { return w->started && w->task; });
}

void Pool::note_start(Worker& worker, bool well) {
  std::lock_guard lock(mutex);
  worker.started = well;
  hopeless_ = !well;
  done.notify_all();
}

void Pool::note_end(Worker& worker) {
  std::lock_guard lock(mutex);
  worker.started = false;
  worker.ended = true;
  done.notify_all();
}

void Pool::add(const std::shared_ptr<Task>& task, Chunk chunk) {
  std::lock_guard lock(mutex);
  if (std::ranges::find(tasks_, task) == tasks_.end()) tasks_.push_back(task);
  task->queue.push_back(std::move(chunk));
  task->starving.store(false, std::memory_order_relaxed);  // a hint
  work_.notify_one();
}

// The task that a free worker should turn to: the one with the fewest at it. Null: none.
std::shared_ptr<Task> Pool::pick() {
  std::shared_ptr<Task> best;
  for (const auto& task : tasks_) {
    if (task->queue.empty() || task->running >= task->limit) continue;
    if (!best || task->running < best->running) best = task;
  }
  return best;
}

void Pool::interrupt_above(const Task* task, int64_t position, bool sticky) {
  for (const auto& worker : workers_) {
    if (worker->task && (!task || worker->task.get() == task) && worker->running_from >= position)
      worker->interrupts.interrupt(worker->job, sticky);
  }
}

bool Pool::is_running_below(const std::shared_ptr<Task>& task, int64_t position) {
  return std::ranges::any_of(workers_, [&](const auto& w) { return w->task == task && w->running_from < position; });
}

void Pool::cut(const std::shared_ptr<Task>& task, int64_t position) {
  std::lock_guard lock(mutex);
  if (position >= task->cut.load()) return;
  task->cut.store(position);
  std::erase_if(task->queue, [&](const Chunk& chunk) { return chunk.lowest() >= position; });
  interrupt_above(task.get(), position, false);
}

void Pool::drop(const std::shared_ptr<Task>& task) {
  std::unique_lock lock(mutex);
  task->cut.store(-1);
  task->queue.clear();
  const auto start = Clock::now();
  bool sticky = false;
  interrupt_above(task.get(), -1, false);
  while (task->running > 0) {
    done.wait_for(lock, tick);
    const auto waited = Clock::now() - start;
    if (waited > last_patience) break;
    sticky = sticky || waited > patience;
    interrupt_above(task.get(), -1, sticky);
  }
  for (auto& worker : workers_) {
    if (worker->task != task) continue;
    worker->lost = true;
    lost_.push_back(std::move(worker));
  }
  std::erase(workers_, nullptr);
  std::erase(tasks_, task);
  task->over.store(true);
  if (!task->keep) work_.notify_all();
}

int Pool::stop(bool for_good) {
  std::lock_guard one_at_a_time(stopping_mutex_);
  std::unique_lock lock(mutex);
  stopping_ = true;
  closed_ = closed_ || for_good;
  for (const auto& worker : workers_) worker->leave = true;
  work_.notify_all();
  const auto start = Clock::now();
  auto all_ended = [&] {
    auto ended = [](const auto& worker) { return worker->ended; };
    return std::ranges::all_of(workers_, ended) && std::ranges::all_of(lost_, ended);
  };
  while (!all_ended()) {
    done.wait_for(lock, milliseconds(5), all_ended);
    const auto waited = Clock::now() - start;
    if (waited > stop_patience) break;
    if (waited > grace) interrupt_above(nullptr, -1, waited > grace + patience);
  }
  for (auto& worker : workers_) {
    if (worker->ended) continue;
    worker->lost = true;
    if (worker->task) --worker->task->running;  // its chunk is lost with it; see serve()
    if (worker->task) worker->task->queue.push_front(worker->chunk);
    worker->task = nullptr;
    lost_.push_back(std::move(worker));
  }
  std::erase(workers_, nullptr);
  sweep(lock);
  stopping_ = false;
  done.notify_all();
  if (for_good) done.wait(lock, [&] { return callers_ == 0; });
  return static_cast<int>(lost_.size());
}

void Pool::hold() {
  {
    std::lock_guard lock(mutex);
    held_ = true;
  }
  if (stop(false) > 0) forget_lost_interpreters_in_children();
}

void Pool::release() {
  std::lock_guard lock(mutex);
  held_ = false;
}

void Pool::print(int stream, std::string text) {
  std::lock_guard lock(mutex);
  output_.emplace_back(stream, std::move(text));
}

std::vector<std::pair<int, std::string>> Pool::take_output() {
  std::lock_guard lock(mutex);
  return std::exchange(output_, {});
}

void Pool::serve(Worker& worker) {
  std::unique_lock lock(mutex);
  while (!worker.leave && !worker.lost) {
    if (worker.has_what_is_over()) {
      lock.unlock();
      worker.forget_what_is_over();
      lock.lock();
      continue;
    }
    std::shared_ptr<Task> task = pick();
    if (!task) {
      if (worker.extra) break;
      work_.wait(lock);
      continue;
    }
    worker.chunk = std::move(task->queue.front());
    task->queue.pop_front();
    if (task->queue.empty()) task->starving.store(true, std::memory_order_relaxed);
    ++task->running;
    worker.task = task;
    worker.running_from = worker.chunk.lowest();
    worker.job = ++jobs_;
    lock.unlock();
    Finished finished = worker.run(task, worker.chunk);
    lock.lock();
    if (worker.lost) break;  // nobody waits for it
    worker.task = nullptr;
    --task->running;
    // Rows that were not done, because the worker is to leave or another was idle.
    const Chunk rest{worker.chunk.rows, finished.chunk.to, worker.chunk.to};
    if (finished.end == Finished::End::Whole && rest.from < rest.to && rest.lowest() < task->cut.load()) {
      auto at = std::ranges::find_if(task->queue, [&](const Chunk& c) { return c.lowest() > rest.lowest(); });
      task->queue.insert(at, rest);
      work_.notify_one();
    }
    task->finished.push_back(std::move(finished));
    done.notify_all();
  }
}

}  // namespace gilmap::interpreters
