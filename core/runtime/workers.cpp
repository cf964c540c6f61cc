#include "runtime/workers.h"

#include <algorithm>
#include <cstdio>

#include "runtime/pool.h"
#include "runtime/threads.h"

namespace gilmap::runtime {

namespace {
// Never destroyed: threads may be at work while the process ends. A pointer rather than a guarded static, so that the
// child of a fork can drop it whatever state it was in. Release and acquire publish the object made.
std::atomic<Workers*> current{nullptr};
}  // namespace

Workers* Workers::get_if_made() { return current.load(std::memory_order_acquire); }

Workers& Workers::get() {
  Workers* pool = get_if_made();
  if (pool != nullptr) return *pool;
  install_fork_handlers();
  auto* made = new Workers;
  if (current.compare_exchange_strong(pool, made, std::memory_order_acq_rel)) return *made;
  delete made;
  return *pool;
}

void Workers::forget() { current.store(nullptr, std::memory_order_release); }

int Workers::size() {
  std::lock_guard lock(mutex_);
  if (workers_.empty()) size_ = available_cpus();
  return size_;
}

bool Workers::submit(const std::shared_ptr<SharedJob>& job) {
  const bool two = job->several_chunks_left();
  std::lock_guard lock(mutex_);
  if (!job->queued) {
    job->queued = true;
    queue_.push_back(job);
    jobs_.store(static_cast<int>(queue_.size()), std::memory_order_relaxed);
  }
  if (stopping()) return true;  // shutdown() starts new workers at its end
  if (summon_locked() && two) summon_locked();
  return !workers_.empty() || job->active > 0;
}

// Woken workers have one, too.
bool Workers::has_seat() const {
  return workers_.size() - asleep_.size() + helping_.size() < static_cast<size_t>(size_);
}

bool Workers::take_seat(SharedJob& job, int cpu) {
  std::lock_guard lock(mutex_);
  if (job.active >= job.limit || !has_seat()) return false;
  ++job.active;
  helping_.push_back(cpu);
  return true;
}

void Workers::leave_seat(SharedJob& job, int cpu) {
  std::lock_guard lock(mutex_);
  --job.active;
  helping_.erase(std::ranges::find(helping_, cpu));
  summon_locked();
}

bool Workers::alive() {
  std::lock_guard lock(mutex_);
  return stopping() || !workers_.empty() || start_worker();
}

void Workers::summon() {
  std::lock_guard lock(mutex_);
  summon_locked();
}

bool Workers::summon_locked() {
  if (stopping() || !has_chunks() || !has_seat()) return false;
  if (asleep_.empty()) return static_cast<int>(workers_.size()) < size_ && start_worker();
  Worker& worker = *asleep_.back();
  asleep_.pop_back();
  std::vector<int> taken = helping_;
  for (const auto& other : workers_) {
    if (other.get() != &worker && std::ranges::find(asleep_, other.get()) == asleep_.end()) taken.push_back(other->cpu);
  }
  worker.place.keep_off(worker.thread, taken);
  worker.woken = true;
  worker.wake.notify_one();
  return true;
}

bool Workers::start_worker() {
  auto worker = std::make_unique<Worker>();
  worker->pool = this;
  worker->number = static_cast<int>(workers_.size()) + 1;
  if (!start_thread(&worker->thread, main, worker.get(), worker_stack_bytes, Place::OtherCpu)) return false;
  workers_.push_back(std::move(worker));
  return true;
}

int Workers::idle() {
  std::lock_guard lock(mutex_);
  const auto seats = static_cast<int>(workers_.size() - asleep_.size() + helping_.size());
  return std::max(0, size_ - seats);
}

bool Workers::has_chunks() const {
  return std::ranges::any_of(queue_, [](const std::shared_ptr<SharedJob>& job) {
    return job->open.load(std::memory_order_relaxed) && job->active < job->limit;
  });
}

// The job that a free worker should turn to, or null. Drops those from the queue of which all chunks are claimed.
std::shared_ptr<SharedJob> Workers::pick() {
  std::erase_if(queue_, [](const std::shared_ptr<SharedJob>& job) {
    if (job->open.load(std::memory_order_relaxed)) return false;
    job->queued = false;
    return true;
  });
  jobs_.store(static_cast<int>(queue_.size()), std::memory_order_relaxed);

  auto best = queue_.end();
  for (auto it = queue_.begin(); it != queue_.end(); ++it) {
    if ((*it)->active < (*it)->limit && (best == queue_.end() || (*it)->active < (*best)->active)) best = it;
  }
  if (best == queue_.end()) return nullptr;
  std::shared_ptr<SharedJob> job = *best;
  std::rotate(best, best + 1, queue_.end());
  return job;
}

void* Workers::main(void* argument) {
  auto* worker = static_cast<Worker*>(argument);
  char name[16];
  std::snprintf(name, sizeof name, "gilmap-%d", worker->number);
  name_this_thread(name);
  worker->pool->loop(*worker);
  return nullptr;
}

void Workers::sleep(Worker& worker, std::unique_lock<std::mutex>& lock) {
  asleep_.push_back(&worker);
  worker.woken = false;
  worker.wake.wait(lock, [&] { return worker.woken || stopping(); });
  worker.place.allow_all();
}

void Workers::loop(Worker& worker) {
  std::unique_lock lock(mutex_);
  while (!stopping()) {
    std::shared_ptr<SharedJob> job = pick();
    if (job == nullptr) {
      sleep(worker, lock);
      continue;
    }
    worker.cpu = current_cpu();
    ++job->active;
    lock.unlock();
    job->work(worker.run);
    lock.lock();
    --job->active;
    // A chunk was handed back because the pool is stopping.
    if (job->open.load(std::memory_order_relaxed) && !job->queued) {
      job->queued = true;
      queue_.push_back(std::move(job));
    }
  }
}

void Workers::shutdown() {
  std::lock_guard one_at_a_time(shutdown_mutex_);
  std::vector<std::unique_ptr<Worker>> leaving;
  {
    std::lock_guard lock(mutex_);
    stopping_.store(true, std::memory_order_relaxed);
    leaving.swap(workers_);
    asleep_.clear();
    for (const auto& worker : leaving) {
      std::lock_guard run_lock(worker->run.mutex);
      worker->run.stop.store(1, std::memory_order_relaxed);
      worker->wake.notify_one();
    }
  }
  for (const auto& worker : leaving) pthread_join(worker->thread, nullptr);

  std::lock_guard lock(mutex_);
  stopping_.store(false, std::memory_order_relaxed);
  asleep_.clear();
  if (summon_locked()) summon_locked();  // jobs in progress go on
}

void Workers::shutdown_if_idle() {
  {
    std::lock_guard lock(mutex_);
    if (workers_.empty() || asleep_.size() < workers_.size()) return;
  }
  shutdown();
}

}  // namespace gilmap::runtime
