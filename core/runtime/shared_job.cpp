#include "runtime/shared_job.h"

#include <algorithm>
#include <utility>

#include "runtime/clock.h"
#include "runtime/workers.h"

namespace gilmap::runtime {

namespace {
constexpr int64_t max_held = 32768;  // deopts that wait for the calling thread before the workers pause: 0.5 MB
constexpr uintptr_t page_bytes = uintptr_t{2} << 20;
constexpr int64_t least_bytes_for_pages = int64_t{16} << 20;
constexpr double longest_chunk_ns = 3e6;
constexpr auto relaxed = std::memory_order_relaxed;
}  // namespace

SharedJob::SharedJob(JobSpec spec, int64_t next, const Stats& stats, int64_t held, int workers)
    : limit(spec.workers > 0 ? std::min(spec.workers, workers) : workers),
      pool(&Workers::get()),
      spec_(std::move(spec)),
      block_(block_rows(spec_)),
      next_(next),
      end_(spec_.end),
      held_(held),
      pace_(stats.ns_per_row(spec_.ns_per_row)),
      stats_(stats) {}

void SharedJob::work(Run& run) {
  for (bool first = true; claim(run); first = false) {
    if (first && open.load(relaxed)) pool->summon();
    const int64_t row = process(run);
    finish(run, row, now_ns() - run.started_ns);
    if (pool->stopping() || pool->several_jobs()) return;
  }
}

bool SharedJob::can_claim() const { return held_ < max_held && (next_ < end_.load(relaxed) || !returned_.empty()); }

bool SharedJob::claim(Run& run) {
  std::lock_guard lock(mutex_);
  bool found = can_claim();
  if (found) {
    Rows rows{next_, next_};
    Way way = Way::General;
    if (const auto lowest = std::ranges::min_element(returned_, {}, &Rows::begin); lowest != returned_.end()) {
      rows = *lowest;
      const KernelChoice::Turn turn = next_turn(rows.end - rows.begin, 1);
      way = turn.way;
      if (turn.most_rows < rows.end - rows.begin) {
        lowest->begin = rows.end = rows.begin + turn.most_rows;
      } else {
        returned_.erase(lowest);
      }
    } else {
      const int64_t left = end_.load(relaxed) - next_;
      const KernelChoice::Turn turn = next_turn(left, limit);
      way = turn.way;
      // A probe knows its size; pace() would begin with few rows where this job has not gone that way yet.
      const bool probe = turn.most_rows < left;
      rows.end += probe ? turn.most_rows : pace(way).next_chunk(left, limit, stats_.many_deopts());
      if (!probe && limit > 1) rows.end = to_page_end(rows.begin, rows.end, pace(way).ns_per_row());
      next_ = rows.end;
    }
    run.claim(spec_, rows.begin, rows.end, way, now_ns());
    runs_.push_back(&run);
  }
  open.store(can_claim(), relaxed);
  return found;
}

// Where two threads begin to write to the same large page, the system clears it twice, and throws one away. So chunks
// of little work end where such a page of the output does.
int64_t SharedJob::to_page_end(int64_t begin, int64_t end, double ns_per_row) const {
  const int64_t width = spec_.payload_width;
  const int64_t last = end_.load(relaxed);
  if (width == 0 || !spec_.group->positions.empty() || last * width < least_bytes_for_pages) return end;
  const auto address = reinterpret_cast<uintptr_t>(spec_.payload + end * width);
  const auto behind = static_cast<int64_t>((page_bytes - address % page_bytes) % page_bytes) / width;
  const bool is_cheap = static_cast<double>(end + behind - begin) * ns_per_row < longest_chunk_ns;
  return is_cheap ? std::min(end + behind, last) : end;
}

KernelChoice::Turn SharedJob::next_turn(int64_t left, int workers) {
  if (spec_.second == nullptr || !spec_.second->has_lanes()) return {Way::General, INT64_MAX};
  const codegen::Kernel& kernel = *spec_.second->kernel;
  return spec_.second->choice.next(left, workers, kernel.lanes, kernel.refills);
}

Pace& SharedJob::pace(Way way) {
  if (way == Way::General) return pace_;
  const codegen::Kernel& lanes = *spec_.second->kernel;
  if (!lane_pace_) lane_pace_ = pace_.with_lanes(lanes.lanes, lanes.refills);
  return *lane_pace_;
}

// Returns the first row of the chunk that is not done. Those from there on are not needed, unless the pool is stopping.
int64_t SharedJob::process(Run& run) {
  int64_t row = run.begin;
  for (;;) {
    bool give_back = false;
    {
      std::lock_guard lock(run.mutex);
      run.settle(row);
      // Whoever raises the flag has said why before, and holds this lock: the reasons are read after it is lowered.
      run.stop.store(0, relaxed);
      const int64_t end = std::min({row + block_, run.end, end_.load(relaxed)});
      if (row >= end || pool->stopping()) return row;
      // Relaxed, as for `stop`: it says nothing of other memory.
      if (run.relief != nullptr && run.relief->load(relaxed) != 0) return row;
      if (std::exchange(run.alone, false)) {
        run.go_alone(row + run.grain());
        run.disturbed = true;
      }
      give_back = std::exchange(run.give_back, false);
      if (!give_back) run.open(spec_, row, end);
    }
    if (give_back) {
      split(run, row);
    } else {
      row = run.execute(run.relief != nullptr ? run.relief : &run.stop);
    }
  }
}

// Hands back the upper half of what is left of a chunk, in whole groups.
void SharedJob::split(Run& run, int64_t row) {
  {
    std::lock_guard lock(mutex_);
    const int64_t end = std::min(run.end, end_.load(relaxed));
    const int64_t grain = run.grain();
    if (end - row <= grain) return;
    const int64_t middle = row + ((end - row) / 2 + grain - 1) / grain * grain;
    run.disturbed = true;
    returned_.push_back({middle, end});
    run.end = middle;
    run.split_ns = now_ns();
    if (!reopen()) return;
  }
  pool->submit(shared_from_this());
}

void SharedJob::finish(Run& run, int64_t row, int64_t ns) {
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    std::erase(runs_, &run);
    if (row < std::min(run.end, end_.load(relaxed))) {
      returned_.push_back({row, run.end});
      reopen();  // the pool is stopping, and offers the job again itself; or help() does
    }
    const Way way = run.went();
    pace(way).learn(row - run.begin, ns);
    if (spec_.second != nullptr && !run.disturbed) run.tell(spec_.second->choice, ns);
    stats_.add(row - run.begin, run.deopt_count, ns);
    if (!run.deopts.empty()) {
      held_ += static_cast<int64_t>(run.deopts.size());
      batches_.push_back({run.begin, std::exchange(run.deopts, {})});
    }
    quiet_ns_ += ns;
    if (waiting_) {
      const bool worth_it = quiet_ns_ >= spec_.wake_after_ns || !batches_.empty();
      wake = finished_locked() || (worth_it && lowest_unfinished() > seen_);
      if (wake) waiting_ = false;
    }
  }
  if (wake) news_.notify_one();
}

int64_t SharedJob::lowest_unfinished(Run** run) const {
  int64_t lowest = next_;
  for (const Rows& rows : returned_) lowest = std::min(lowest, rows.begin);
  for (Run* r : runs_) {
    if (r->begin >= lowest) continue;
    lowest = r->begin;
    if (run != nullptr) *run = r;
  }
  return lowest;
}

bool SharedJob::finished_locked() const { return runs_.empty() && lowest_unfinished() >= end_.load(relaxed); }

// True if there was nothing to claim, and now there is: the job must be offered to the pool again.
bool SharedJob::reopen() { return can_claim() && !open.exchange(true, relaxed); }

}  // namespace gilmap::runtime
