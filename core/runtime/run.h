#pragma once
// A kernel at work on some rows: one per thread, used again for each chunk.
//
// Rows go through the kernel in blocks small enough for their columns to stay in the cache. For the kernel, the rows of
// a block count from 0. A block is settled once its results are where they belong and its deopts are in `deopts`.
// Results go straight to the output if the positions of the block follow each other and the widths agree; else they are
// computed into scratch and scattered. Rows that are left to CPython are never written to: the calling thread may have
// put their result there already.
//
// A kernel of several lanes that is stopped has done nothing of the group of rows that it was in. Such a group is done
// anew, or alone: one row after the other, by the general kernel, which lets each row end that does not run forever.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "runtime/job.h"
#include "runtime/kernel_tables.h"

namespace gilmap::runtime {

class Run {
 public:
  // Guards the block in progress against the calling thread, which settles what the kernel has published so far. Not
  // needed where only one thread knows the run (run_inline).
  std::mutex mutex;
  std::vector<Deopt> deopts;  // of settled rows, not handed over yet
  int64_t deopt_count = 0;    // in this chunk so far
  bool give_back = false;     // somebody is idle: see SharedJob::rebalance()
  bool alone = false;         // the group in progress, if it is one, is to be done alone

  // The chunk; guarded by the job's mutex.
  int64_t begin = 0, end = 0;
  int64_t started_ns = 0;
  int64_t split_ns = 0;  // when it was last split, or started
  Way way = Way::General;
  int64_t lane_rows = 0;    // that went through several lanes
  bool disturbed = false;   // a group was stopped
  int64_t patience_ns = 0;  // for a group that holds up the progress; grows with each that was stopped

  // On the calling thread: if the flag is raised, what is left of the chunk is handed back. Kernels poll it instead of
  // `stop`, which nobody raises there, since it is the calling thread that would.
  const std::atomic<uint8_t>* relief = nullptr;

  // The cancel flag that kernels poll: "return and look again at what is needed". In a cache line of its own.
  alignas(64) std::atomic<uint8_t> stop{0};

  // Begins a chunk.
  void claim(const JobSpec& spec, int64_t begin, int64_t end, Way way, int64_t now_ns);
  // Has rows below `end` done alone.
  void go_alone(int64_t end) { alone_end_ = std::max(alone_end_, end); }
  // Begins a block of it, with the rows up to `end` or fewer; the one before is settled.
  void open(const JobSpec& spec, int64_t begin, int64_t end);
  // Runs the kernel over the block. Returns the first row that is not done.
  int64_t execute(const std::atomic<uint8_t>* cancel);
  // Settles the rows below `row`, which are done.
  void settle(int64_t row);
  // Settles the rows up to the last deopt that the kernel has published. Returns the first row that is not settled.
  int64_t settle_published();
  int64_t first_unsettled() const { return settled_; }
  int64_t opened_ns() const { return opened_ns_; }  // when the block was begun, if it may go through lanes
  // Rows that are stopped together.
  int64_t grain() const { return base_ >= alone_end_ && way == Way::Lanes ? spec_->second->kernel->lanes : 1; }
  // Which way the last chunk went, as a whole.
  Way went() const;
  // What the chunk that is done has cost.
  void tell(KernelChoice& choice, int64_t ns) const;

 private:
  void prepare_outputs();
  void load_inputs();
  const codegen::Kernel& kernel_of_block();
  void settle(int64_t row, int64_t published);
  void scatter(int64_t from, int64_t to);

  const JobSpec* spec_ = nullptr;
  KernelTables tables_;
  bool fills_tables_ = false;  // they were empty when the chunk began
  codegen::KernelArgs args_;
  int64_t base_ = 0, rows_ = 0;  // of the block
  int64_t settled_ = 0;          // rows below are settled
  int64_t taken_ = 0;            // deopts of the block that are in `deopts`
  bool scattered_ = false;       // results of the block are in scratch
  int64_t alone_end_ = INT64_MIN;
  int64_t opened_ns_ = 0;
  int misses_ = 0;  // blocks of this chunk that were swept, and found beyond the second kernel's bounds

  // Scratch, grown when needed; int64_t for the alignment.
  std::vector<const void*> inputs_;
  std::vector<std::vector<int64_t>> columns_;
  std::vector<int64_t> payload_;
  std::vector<uint8_t> tags_;
  std::vector<int64_t> deopt_rows_;
  std::vector<uint8_t> deopt_reasons_;
};

// Rows per block.
int64_t block_rows(const JobSpec& spec);

}  // namespace gilmap::runtime
