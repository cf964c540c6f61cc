#pragma once
// Runs a kernel over the rows of a group on the process's worker threads.
//
// Chunks of rows are claimed in ascending order under a short lock. A worker loads a chunk's columns (in place if
// canonical, else into its own scratch), runs the kernel without any lock and publishes what is done. The calling
// thread meanwhile follows the progress in order: progress() tells up to which row everything is done, and which rows
// were left to CPython.
//
//   Job job(spec);
//   if (!job.run_inline(0.2)) {
//     while (!job.done()) { if (!job.help(ns)) job.wait(50); serve(job.progress()); job.take_deopts(list); … }
//   }
//   serve(job.progress());  // the last rows
//   job.take_deopts(list);
//
// The calling thread may be a worker itself meanwhile: it is awake, its CPU is warm, and one thread less has to be
// woken. It then takes one of the seats, of which there are as many as CPUs, until it waits.
//
// A job belongs to one calling thread. Nothing here touches Python; any method may be called with or without the GIL
// (wait() and the destructor should be called without it).
//
// If there are no worker threads to be had (a process limit; a fork in the middle of the job), all rows that are left
// are listed as deopts, in portions: the result stays exact.

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "codegen/kernel.h"
#include "columns/columns.h"
#include "runtime/kernel_choice.h"
#include "runtime/stats.h"

namespace gilmap::runtime {

class SharedJob;
class Run;

struct Deopt {
  int64_t row;
  ir::DeoptReason reason;
};

// The same function, with the same types, compiled for inputs within bounds (the kernel's arg_ranges), or for several
// elements at once, or both. It may become ready while a job runs, and is shared by the calls of a function.
struct SecondKernel {
  std::shared_ptr<codegen::Kernel> kernel;  // written before `ready` is set
  std::atomic<bool> ready{false};
  // Where `kernel` has lanes: for inputs within the same bounds, one element at a time. Takes the general kernel's
  // place in the choice. Written before `single_ready` is set, which may never be.
  std::shared_ptr<codegen::Kernel> single;
  std::atomic<bool> single_ready{false};
  KernelChoice choice;

  // Acquire: pairs with the release of the thread that compiled it.
  bool has_lanes() const { return ready.load(std::memory_order_acquire) && kernel->lanes > 1; }
};

struct JobSpec {
  std::shared_ptr<codegen::Kernel> kernel;
  std::shared_ptr<SecondKernel> second;   // for the blocks that lie within its bounds; may be null
  const columns::Group* group = nullptr;  // outlives the job
  int64_t begin = 0, end = 0;             // rows
  char* payload = nullptr;                // of position 0
  int payload_width = 8;
  uint8_t* tags = nullptr;   // of position 0; null if the output has none
  int workers = 0;           // at most this many threads; 0: all. Never more than the pool has
  int64_t depth_budget = 0;  // Python frames left; a kernel is given no more than max_depth
  // Work after which a waiting caller is woken although there is no deopt. A wake-up takes a CPU from the workers.
  int64_t wake_after_ns = 50'000;
  double ns_per_row = 0;  // if known from earlier runs, for the chunk size; 0: unknown
  uint64_t number = 0;    // of the job, which sets it
  // The rows have effects, so they run in order, each once, on the calling thread: run_inline() and wait() run them.
  bool in_order = false;
};

class Job {
 public:
  explicit Job(JobSpec spec);
  ~Job();  // cancels, and waits until no worker touches the job's memory
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  // Runs on the calling thread for about `budget_ms` at most, and then hands the rest to the pool as start() does; true
  // if all rows are done. For short calls: costs no wake-up, no allocation. (A watchdog that ticks while calls are
  // frequent sets the cancel flag after 20 to 30 ms.) A recursive kernel goes to the pool at once, for its deep stacks,
  // unless this thread's is deep enough.
  // What is to run in order stays here, and start() does nothing.
  bool run_inline(double budget_ms);
  // Hands the rows that are left to the pool. If the caller is going to help, one thread less is woken.
  void start(bool caller_helps = false);

  // Runs chunks on the calling thread, after start(), until there are deopts to take, for about `ns`, or as long as
  // there are chunks. False, and nothing is done, where it cannot: no chunk is left, all seats are taken, the kernel is
  // recursive and this thread's stack not deep enough, or a row took so long here that it was left to the workers.
  bool help(int64_t ns);
  void leave_seat();  // until the next help()

  // Leaves the seat, if there is one. Waits until there is progress beyond what progress() last returned, or for
  // `timeout_ms`. A deopt that is published in the middle of a running chunk is seen by progress(), but does not end a
  // wait. A group of lanes that holds up the progress for long is taken apart meanwhile: see SharedJob.
  void wait(int timeout_ms);
  // All rows below it are done or listed as deopts. Grows while a chunk is in progress up to its last deopt.
  int64_t progress();
  // Moves the deopts of rows below the last progress() that were not taken yet to the end of `out`, ascending. The
  // workers pause while tens of thousands are not taken.
  void take_deopts(std::vector<Deopt>& out);
  // All rows are done or deopts, and no worker writes to the output any more. (Then call progress() and take_deopts()
  // once more.)
  bool done();
  // Rows from `end` on are not needed any more. Rows below it are finished, without waiting for any row above it, also
  // if they share a chunk. progress() never goes back: rows below it stay done. Until done(), workers may still write
  // to rows above.
  void cut(int64_t end);
  // Cuts at the last progress(), and returns once no worker writes any more (microseconds): the rows from there on may
  // be computed otherwise.
  void cancel();
  double
  ns_per_row();  // measured: thread time per row, whatever the kernel, or what the spec says if nothing has run yet
  bool mostly_deopts();  // of the rows that ran lately (256 or more), most were left to CPython

 private:
  void leave_to_interpreter();
  bool lost_workers() const;
  bool take_seat();

  JobSpec spec_;
  int64_t frontier_;                   // last progress(); with no pool, the rows below are done or in ready_
  std::vector<Deopt> ready_;           // of rows below frontier_, not taken yet
  Stats stats_;                        // of run_inline()
  std::shared_ptr<SharedJob> shared_;  // the part that workers see, once started
  std::unique_ptr<Run> own_run_;       // of what runs in order
  bool without_workers_ = false;       // the rest is listed as deopts
  bool seated_ = false;                // the calling thread counts as a worker
  int cpu_ = -1;                       // where it took its seat
  bool may_help_ = true;
  bool needs_deep_stack_ = false;  // deeper than this thread's
};

}  // namespace gilmap::runtime
