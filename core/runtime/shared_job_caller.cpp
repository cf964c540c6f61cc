// What the calling thread does with a job that is in the pool.

#include <algorithm>
#include <chrono>
#include <utility>

#include "runtime/clock.h"
#include "runtime/shared_job.h"
#include "runtime/watchdog.h"
#include "runtime/workers.h"

namespace gilmap::runtime {

namespace {
constexpr int64_t split_after_ns = 3'000'000;
constexpr int64_t least_patience_ns = 50'000'000;  // with a group that all else waits for
constexpr double patience = 4;                     // beyond what its rows should take, one after the other
constexpr auto relaxed = std::memory_order_relaxed;
}  // namespace

SharedJob::Helped SharedJob::help(Run& run) {
  std::optional<WatchedRun> watch;
  if (spec_.kernel->unbounded) {
    watch.emplace();
    if (!watch->watched()) return Helped::NoChunk;
  }
  if (!claim(run)) return Helped::NoChunk;
  run.relief = watch ? watch->stop() : nullptr;
  const int64_t row = process(run);
  const bool too_long = watch && watch->stop()->load(relaxed) != 0;
  finish(run, row, now_ns() - run.started_ns);
  run.relief = nullptr;
  // What was handed back is there for the others.
  if ((too_long || pool->stopping()) && open.load(relaxed)) pool->submit(shared_from_this());
  return too_long ? Helped::TookTooLong : Helped::Chunk;
}

bool SharedJob::has_deopts() {
  std::lock_guard lock(mutex_);
  return !batches_.empty();
}

int64_t SharedJob::collect(std::vector<Deopt>& out) {
  std::lock_guard lock(mutex_);
  const int64_t end = end_.load(relaxed);
  const auto move_out = [&](std::vector<Deopt>& deopts) {
    for (const Deopt& deopt : deopts) {
      if (deopt.row < end) out.push_back(deopt);
    }
    deopts.clear();
  };
  const size_t before = out.size();

  Run* run = nullptr;
  int64_t done = lowest_unfinished(&run);
  // Finished chunks lie wholly below or wholly above what is unfinished.
  const auto above = std::ranges::partition(batches_, [done](const Batch& batch) { return batch.begin < done; });
  std::sort(batches_.begin(), above.begin(), [](const Batch& a, const Batch& b) { return a.begin < b.begin; });
  int64_t counted = 0;  // in held_ already
  for (auto batch = batches_.begin(); batch != above.begin(); ++batch) {
    counted += static_cast<int64_t>(batch->deopts.size());
    move_out(batch->deopts);
  }
  batches_.erase(batches_.begin(), above.begin());
  if (run != nullptr) {
    std::lock_guard run_lock(run->mutex);
    done = run->settle_published();
    move_out(run->deopts);
  }
  held_ += static_cast<int64_t>(out.size() - before) - counted;
  return std::min(done, end);
}

void SharedJob::took(int64_t deopts) {
  {
    std::lock_guard lock(mutex_);
    held_ -= deopts;
    if (!reopen()) return;
  }
  pool->submit(shared_from_this());
}

bool SharedJob::finished() {
  std::lock_guard lock(mutex_);
  return finished_locked();
}

bool SharedJob::wait(int64_t seen, int ms) {
  std::unique_lock lock(mutex_);
  Run* run = nullptr;
  int64_t done = lowest_unfinished(&run);
  if (run != nullptr) {
    std::lock_guard run_lock(run->mutex);
    done = run->settle_published();
  }
  if (std::min(done, end_.load(relaxed)) > seen || finished_locked()) return true;
  seen_ = seen;
  quiet_ns_ = 0;
  waiting_ = true;
  const bool news = news_.wait_for(lock, std::chrono::milliseconds(ms), [this] { return !waiting_; });
  waiting_ = false;
  return news;
}

// Stops a group of lanes that all else waits for. It may just take long, and is lost then, so the next one is given
// twice the time.
bool SharedJob::take_apart_lowest() {
  Run* run = nullptr;
  lowest_unfinished(&run);
  if (run == nullptr || !spec_.kernel->unbounded) return false;
  std::lock_guard run_lock(run->mutex);
  if (run->grain() == 1) return false;
  const double expected = patience * pace_.ns_per_row() * static_cast<double>(run->grain());
  run->patience_ns = std::max({run->patience_ns, least_patience_ns, static_cast<int64_t>(std::min(expected, 1e18))});
  if (now_ns() - run->opened_ns() < run->patience_ns) return true;
  run->patience_ns *= 2;
  run->alone = true;
  run->stop.store(1, relaxed);
  return true;
}

bool SharedJob::rebalance() {
  const int idle = pool->idle();
  std::lock_guard lock(mutex_);
  const bool waits_for_group = take_apart_lowest();
  if (next_ < end_.load(relaxed) || !returned_.empty()) return true;  // the idle ones are on their way

  std::vector<std::pair<int64_t, Run*>> long_runs;  // rows left
  bool again = waits_for_group;
  for (Run* run : runs_) {
    std::lock_guard run_lock(run->mutex);
    const int64_t left = std::min(run->end, end_.load(relaxed)) - run->first_unsettled();
    if (left <= run->grain()) continue;
    again = true;
    // The row or group in progress starts anew after a split: at most once per halving, so that each row ends at some
    // time.
    if (!run->give_back && now_ns() - run->split_ns >= split_after_ns) long_runs.push_back({left, run});
  }
  std::ranges::sort(long_runs, std::ranges::greater{});
  const auto spare = static_cast<size_t>(std::max(0, std::min(idle, limit - static_cast<int>(runs_.size()))));
  for (size_t i = 0; i < std::min(spare, long_runs.size()); ++i) {
    Run* run = long_runs[i].second;
    std::lock_guard run_lock(run->mutex);
    run->give_back = true;
    run->stop.store(1, relaxed);
  }
  return again;
}

void SharedJob::cut(int64_t end) {
  {
    std::lock_guard lock(mutex_);
    cut_locked(end);
    if (!reopen()) return;
  }
  pool->submit(shared_from_this());
}

void SharedJob::cut_locked(int64_t end) {
  if (end >= end_.load(relaxed)) return;
  end_.store(end, relaxed);
  std::erase_if(returned_, [end](const Rows& rows) { return rows.begin >= end; });
  std::erase_if(batches_, [&](const Batch& batch) {
    if (batch.begin >= end) held_ -= static_cast<int64_t>(batch.deopts.size());
    return batch.begin >= end;
  });
  for (Run* run : runs_) {
    if (run->end <= end) continue;
    std::lock_guard run_lock(run->mutex);
    run->alone = true;
    run->stop.store(1, relaxed);
  }
}

void SharedJob::cancel() {
  std::unique_lock lock(mutex_);
  cut_locked(INT64_MIN);
  open.store(false, relaxed);
  seen_ = INT64_MAX;  // woken by the end only
  while (!runs_.empty()) {
    waiting_ = true;
    news_.wait(lock, [this] { return !waiting_; });
  }
}

void SharedJob::close() {
  cancel();
  std::lock_guard lock(mutex_);
  batches_.clear();
  spec_.kernel.reset();
  spec_.second.reset();
}

Stats SharedJob::stats() {
  std::lock_guard lock(mutex_);
  return stats_;
}

bool SharedJob::several_chunks_left() {
  std::lock_guard lock(mutex_);
  const int64_t left = end_.load(relaxed) - next_;
  return left > 1 && pace_.next_chunk(left, limit, false) < left;
}

}  // namespace gilmap::runtime
