#include "runtime/watchdog.h"

#include <chrono>

#include "runtime/pool.h"
#include "runtime/threads.h"

namespace gilmap::runtime {

namespace {

constexpr auto tick = std::chrono::milliseconds(10);
constexpr int ticks_until_sleep = 100;
constexpr size_t stack_bytes = 256 * 1024;

// As in workers.cpp: never destroyed, dropped by the child of a fork, published by release and acquire.
std::atomic<Watchdog*> current{nullptr};

// This thread's slot. It belongs to one watchdog object; the child of a fork has another.
struct ThreadSlot {
  Watchdog* owner = nullptr;
  Watchdog::Slot* slot = nullptr;

  ~ThreadSlot() {
    if (slot != nullptr && owner == Watchdog::get_if_made()) owner->return_slot(slot);
  }
  Watchdog::Slot* get(Watchdog& watchdog) {
    if (owner != &watchdog) {
      owner = &watchdog;
      slot = watchdog.take_slot();
    }
    return slot;
  }
};

thread_local ThreadSlot thread_slot;

}  // namespace

Watchdog* Watchdog::get_if_made() { return current.load(std::memory_order_acquire); }

Watchdog& Watchdog::get() {
  Watchdog* watchdog = get_if_made();
  if (watchdog != nullptr) return *watchdog;
  install_fork_handlers();
  auto* made = new Watchdog;
  if (current.compare_exchange_strong(watchdog, made, std::memory_order_acq_rel)) return *made;
  delete made;
  return *watchdog;
}

void Watchdog::forget() { current.store(nullptr, std::memory_order_release); }

Watchdog::Slot* Watchdog::take_slot() {
  std::lock_guard lock(mutex_);
  for (const auto& slot : slots_) {
    if (!slot->used) {
      slot->used = true;
      return slot.get();
    }
  }
  slots_.push_back(std::make_unique<Slot>());
  slots_.back()->used = true;
  return slots_.back().get();
}

void Watchdog::return_slot(Slot* slot) {
  std::lock_guard lock(mutex_);
  slot->used = false;
}

bool Watchdog::wake() {
  std::lock_guard lock(mutex_);
  if (leaving_) return false;
  if (!running_) running_ = start_thread(&thread_, main, this, stack_bytes);
  if (!running_) return false;
  asleep_.store(false);
  signal_.notify_one();
  return true;
}

void Watchdog::shutdown() {
  std::lock_guard one_at_a_time(shutdown_mutex_);
  {
    std::lock_guard lock(mutex_);
    if (!running_) return;
    leaving_ = true;
    asleep_.store(true);  // before the look at the runs: one that begins now finds no watchdog
    for (const auto& slot : slots_) {
      if (slot->turn.load() % 2 == 1) slot->stop.store(1, std::memory_order_relaxed);
    }
    signal_.notify_one();
  }
  pthread_join(thread_, nullptr);
  std::lock_guard lock(mutex_);
  running_ = leaving_ = false;
}

void* Watchdog::main(void* self) {
  name_this_thread("gilmap-watchdog");
  static_cast<Watchdog*>(self)->loop();
  return nullptr;
}

void Watchdog::loop() {
  std::unique_lock lock(mutex_);
  int quiet = 0;
  while (!leaving_) {
    quiet = look() ? 0 : quiet + 1;
    if (quiet < ticks_until_sleep) {
      signal_.wait_for(lock, tick, [this] { return leaving_; });
      continue;
    }
    asleep_.store(true);
    // A run that began before it could see this is seen here.
    if (look()) asleep_.store(false);
    signal_.wait(lock, [this] { return leaving_ || !asleep_.load(); });
    quiet = 0;
  }
}

// True if there was any run since the last look.
bool Watchdog::look() {
  bool runs = false;
  for (const auto& slot : slots_) {
    const uint64_t turn = slot->turn.load();
    const bool active = turn % 2 == 1;
    if (active && turn == slot->seen) {
      // Should the run end just now, the next one on that thread may be stopped in its place: its rows go to the pool,
      // and nothing is lost. Relaxed: the flag carries no data.
      if (++slot->looks >= 2) slot->stop.store(1, std::memory_order_relaxed);
    } else {
      slot->looks = 0;
    }
    runs = runs || active || turn != slot->seen;
    slot->seen = turn;
  }
  return runs;
}

WatchedRun::WatchedRun() : slot_(nullptr), watched_(true) {
  Watchdog& watchdog = Watchdog::get();
  slot_ = thread_slot.get(watchdog);
  // Relaxed: only this thread writes the turn, and the flag carries no data; the store of the turn is seq_cst, see
  // Watchdog::asleep_.
  slot_->stop.store(0, std::memory_order_relaxed);
  slot_->turn.store(slot_->turn.load(std::memory_order_relaxed) + 1);
  if (watchdog.asleep()) watched_ = watchdog.wake();
}

WatchedRun::~WatchedRun() {
  // Relaxed: nothing is published with it; a late look at an ended run is harmless, see Watchdog::look().
  slot_->turn.store(slot_->turn.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace gilmap::runtime
