#include "runtime/job.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "runtime/clock.h"
#include "runtime/pool.h"
#include "runtime/run.h"
#include "runtime/shared_job.h"
#include "runtime/threads.h"
#include "runtime/watchdog.h"
#include "runtime/workers.h"

namespace gilmap::runtime {

namespace {

constexpr int64_t portion = 4096;  // of rows that are left to CPython for want of workers
constexpr int rebalance_every_ms = 5;
constexpr std::atomic<uint8_t> never_stop{0};

// Rows to begin with where nothing is known of their cost: one if it may take long, so that it is not many that do.
int64_t first_inline_rows(const JobSpec& spec, double budget_ns) {
  if (spec.ns_per_row > 0) return static_cast<int64_t>(std::clamp(budget_ns / spec.ns_per_row, 1.0, 1e9));
  return spec.kernel->unbounded ? 1 : 256;
}

// The scratch of this thread's inline runs.
Run& inline_run() {
  thread_local Run run;
  return run;
}

}  // namespace

Job::Job(JobSpec spec) : spec_(std::move(spec)), frontier_(spec_.begin) {
  static std::atomic<uint64_t> jobs{0};
  spec_.number = jobs.fetch_add(1, std::memory_order_relaxed) + 1;
  if (spec_.kernel->recursive) {
    const int64_t frames = std::min(spec_.depth_budget, max_depth);
    needs_deep_stack_ = !stack_holds(frames * spec_.kernel->stack_per_frame);
  }
}

Job::~Job() {
  if (shared_ == nullptr) return;
  leave_seat();
  if (lost_workers()) {
    leave_to_interpreter();
  } else {
    shared_->close();
  }
}

bool Job::run_inline(double budget_ms) {
  if (shared_ != nullptr || without_workers_) return done();
  if (frontier_ >= spec_.end) return true;
  std::optional<WatchedRun> watch;
  if (spec_.kernel->unbounded && !needs_deep_stack_) watch.emplace();
  const bool watched = watch && watch->watched();
  if (!spec_.in_order && (needs_deep_stack_ || (watch && !watched))) {
    start();
    return false;
  }

  const std::atomic<uint8_t>* stop = watched ? watch->stop() : &never_stop;
  const double budget_ns = budget_ms * 1e6;
  const int64_t most_rows = block_rows(spec_);
  int64_t rows = first_inline_rows(spec_, budget_ns);
  // A function with effects may come back to gilmap.map on this thread while its run is under way.
  if (spec_.in_order && !own_run_) own_run_ = std::make_unique<Run>();
  Run& run = own_run_ ? *own_run_ : inline_run();
  const int64_t began = now_ns();
  run.claim(spec_, frontier_, spec_.end, Way::General, began);
  double elapsed = 0;
  for (bool first = true; frontier_ < spec_.end && (elapsed < budget_ns || first); first = false) {
    const bool choose = spec_.second != nullptr && spec_.second->has_lanes();
    if (choose) {
      const int lanes = spec_.second->kernel->lanes;
      const bool refills = spec_.second->kernel->refills;
      const KernelChoice::Turn turn = spec_.second->choice.next(spec_.end - frontier_, 1, lanes, refills);
      run.way = turn.way;
      rows = std::min(rows, turn.most_rows);
      if (turn.way == Way::Lanes) rows = (rows + lanes - 1) / lanes * lanes;
    }
    const int64_t end = std::min(frontier_ + std::clamp<int64_t>(rows, 1, most_rows), spec_.end);
    run.lane_rows = 0;
    run.begin = frontier_;
    run.open(spec_, frontier_, end);
    const int64_t row = run.execute(stop);
    run.settle(row);
    const auto now = static_cast<double>(now_ns() - began);
    const int64_t done_rows = row - frontier_;
    const bool stopped = row < end;
    stats_.add(done_rows, static_cast<int64_t>(run.deopts.size()), static_cast<int64_t>(now - elapsed));
    if (spec_.second != nullptr && !stopped) run.tell(spec_.second->choice, static_cast<int64_t>(now - elapsed));
    ready_.insert(ready_.end(), run.deopts.begin(), run.deopts.end());
    run.deopts.clear();
    frontier_ = row;
    elapsed = now;
    if (stopped) break;
    const double left = std::max(0.0, budget_ns - elapsed);
    rows = static_cast<int64_t>(
        std::min(left / std::max(0.01, stats_.ns_per_row(1)), 16.0 * static_cast<double>(done_rows)));
  }
  if (frontier_ >= spec_.end) return true;
  watch.reset();
  start();
  return false;
}

void Job::start(bool caller_helps) {
  if (spec_.in_order || shared_ != nullptr || without_workers_ || frontier_ >= spec_.end) return;
  Workers& pool = Workers::get();
  shared_ = std::make_shared<SharedJob>(spec_, frontier_, stats_, static_cast<int64_t>(ready_.size()), pool.size());
  may_help_ = caller_helps && !needs_deep_stack_;
  take_seat();
  if (pool.submit(shared_)) return;
  leave_seat();
  leave_to_interpreter();
}

bool Job::take_seat() {
  if (seated_ || !may_help_) return seated_;
  cpu_ = current_cpu();
  seated_ = shared_->pool->take_seat(*shared_, cpu_);
  return seated_;
}

void Job::leave_seat() {
  if (std::exchange(seated_, false) && !lost_workers()) shared_->pool->leave_seat(*shared_, cpu_);
}

bool Job::help(int64_t ns) {
  if (shared_ == nullptr || lost_workers() || !take_seat()) return false;
  const int64_t until = now_ns() + ns;
  bool helped = false;
  do {
    const SharedJob::Helped result = shared_->help(inline_run());
    if (result == SharedJob::Helped::NoChunk) break;
    helped = true;
    if (result == SharedJob::Helped::TookTooLong) {
      may_help_ = false;
      leave_seat();
      break;
    }
  } while (now_ns() < until && !shared_->has_deopts());
  shared_->rebalance();
  return helped;
}

// This is the child of a fork that the job was begun before.
bool Job::lost_workers() const { return shared_ != nullptr && shared_->pool != Workers::get_if_made(); }

void Job::leave_to_interpreter() {
  without_workers_ = true;
  seated_ = false;
  if (lost_workers()) {
    // Its locks may be held and its vectors half written by threads that are no more: it is left alone for good.
    static auto* abandoned = new std::vector<std::shared_ptr<SharedJob>>;
    abandoned->push_back(std::move(shared_));
  } else {
    shared_->close();
    shared_.reset();
  }
}

void Job::wait(int timeout_ms) {
  if (spec_.in_order) {
    run_inline(timeout_ms);
    return;
  }
  leave_seat();
  const int64_t deadline = now_ns() + int64_t{timeout_ms} * 1'000'000;
  for (bool in_slices = true; shared_ != nullptr && !lost_workers();) {
    const int left = static_cast<int>(std::max<int64_t>(0, (deadline - now_ns() + 999'999) / 1'000'000));
    if (shared_->wait(frontier_, in_slices ? std::min(left, rebalance_every_ms) : left)) return;
    if (!shared_->pool->alive()) {
      progress();
      leave_to_interpreter();
      return;
    }
    in_slices = shared_->rebalance();
    if (now_ns() >= deadline) return;
  }
}

int64_t Job::progress() {
  if (lost_workers()) leave_to_interpreter();
  if (shared_ != nullptr) {
    frontier_ = std::max(frontier_, shared_->collect(ready_));
  } else if (without_workers_ && ready_.empty()) {
    for (int64_t n = 0; n < portion && frontier_ < spec_.end; ++n) {
      ready_.push_back({frontier_++, ir::DeoptReason::Other});
    }
  }
  return frontier_;
}

void Job::take_deopts(std::vector<Deopt>& out) {
  if (ready_.empty()) return;
  out.insert(out.end(), ready_.begin(), ready_.end());
  if (shared_ != nullptr && !lost_workers()) shared_->took(static_cast<int64_t>(ready_.size()));
  ready_.clear();
}

bool Job::done() {
  if (lost_workers()) leave_to_interpreter();
  return shared_ != nullptr ? shared_->finished() : frontier_ >= spec_.end;
}

void Job::cut(int64_t end) {
  spec_.end = std::min(spec_.end, std::max(end, frontier_));
  if (shared_ != nullptr && !lost_workers()) shared_->cut(spec_.end);
}

void Job::cancel() {
  spec_.end = frontier_;
  if (shared_ != nullptr && !lost_workers()) shared_->cancel();
}

double Job::ns_per_row() {
  const Stats stats = shared_ != nullptr && !lost_workers() ? shared_->stats() : stats_;
  return stats.ns_per_row(spec_.ns_per_row);
}

bool Job::mostly_deopts() {
  return (shared_ != nullptr && !lost_workers() ? shared_->stats() : stats_).mostly_deopts();
}

}  // namespace gilmap::runtime
