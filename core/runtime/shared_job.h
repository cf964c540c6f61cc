#pragma once
// The part of a job that its calling thread and the workers share.
//
// Invariant: every row below next_ is finished, or part of a listed run, or part of returned_. So all rows below the
// lowest of these are done, whatever the order in which chunks end, and nothing else has to be remembered about chunks
// than their deopts.
//
// A running kernel can be stopped at any row, because compiled functions have no side effects: it is asked by the run's
// flag, looks again at what is needed, and starts the row that it was in anew if that one is. cut(), rebalance() and
// the shutdown of the pool all rest on this. A kernel of several lanes begins a group of rows anew, and a row of a
// group that never ends keeps the others from their results, one that raises below it, say. So a group is done alone
// (run.h) after a cut; and if all else waits for it for much longer than its rows should take, rebalance() stops it to
// that end.
//
// Locks: the pool's or this job's, then a run's. This job's and the pool's are never held together.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "runtime/chunk_size.h"
#include "runtime/job.h"
#include "runtime/run.h"

namespace gilmap::runtime {

class Workers;

class SharedJob : public std::enable_shared_from_this<SharedJob> {
 public:
  // For the rows from `next` on. `stats` is what running some of them inline has told, `held` how many deopts of them
  // were not taken yet; `workers` is the size of the pool.
  SharedJob(JobSpec spec, int64_t next, const Stats& stats, int64_t held, int workers);

  // For workers: runs chunks until there is none left, or another job wants its turn, or the pool stops.
  void work(Run& run);

  // For the calling thread; see job.h.
  enum class Helped : uint8_t { NoChunk, Chunk, TookTooLong };
  Helped help(Run& run);  // with one chunk
  bool has_deopts();      // of finished chunks, not collected
  int64_t collect(std::vector<Deopt>& out);
  void took(int64_t deopts);
  bool finished();
  bool wait(int64_t seen, int ms);  // true if there is news
  // Where workers are idle, splits chunks that take long. True if it may be of use to call it again in a while.
  bool rebalance();
  void cut(int64_t end);
  void cancel();  // cuts all and waits for the workers
  void close();   // cancels and drops the kernel
  Stats stats();
  bool several_chunks_left();

  // For the pool, under its lock.
  const int limit;      // workers at a time
  int active = 0;       // workers in work(), and the calling thread if it has a seat
  bool queued = false;  // waits in the pool's queue
  // There may be chunks to claim. Relaxed is enough: it is set before submit() and cleared before pick(), and the
  // pool's lock, which both take, orders them.
  std::atomic<bool> open{true};

  Workers* const pool;  // of this process; another one's, after a fork

 private:
  struct Rows {
    int64_t begin, end;
  };
  struct Batch {
    int64_t begin;
    std::vector<Deopt> deopts;
  };

  bool claim(Run& run);
  int64_t to_page_end(int64_t begin, int64_t end, double ns_per_row) const;
  KernelChoice::Turn next_turn(int64_t left, int workers);
  Pace& pace(Way way);
  bool take_apart_lowest();
  int64_t process(Run& run);
  void split(Run& run, int64_t row);
  void finish(Run& run, int64_t row, int64_t ns);
  void cut_locked(int64_t end);
  bool can_claim() const;
  bool reopen();
  int64_t lowest_unfinished(Run** run = nullptr) const;
  bool finished_locked() const;

  JobSpec spec_;
  const int64_t block_;

  std::mutex mutex_;  // guards all below
  std::condition_variable news_;
  int64_t next_;                // rows from here on were never claimed
  std::vector<Rows> returned_;  // claimed, but handed back
  // Rows from here on are not needed. Atomic, since workers look at it between blocks without the lock; relaxed: it
  // only ever falls, and a run that must notice is told by its flag under its own lock.
  std::atomic<int64_t> end_;
  std::vector<Run*> runs_;         // in progress, at most one per worker
  std::vector<Batch> batches_;     // deopts of finished chunks, not collected
  int64_t held_;                   // deopts in batches_ or collected, not taken
  Pace pace_;                      // of the general kernel
  std::optional<Pace> lane_pace_;  // of the second one, if it has lanes
  Stats stats_;
  bool waiting_ = false;  // the calling thread sleeps until there is progress beyond seen_
  int64_t seen_ = 0;
  int64_t quiet_ns_ = 0;  // work finished since it was last woken
};

}  // namespace gilmap::runtime
