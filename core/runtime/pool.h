#pragma once
// The process's worker threads: created on demand, at most as many as CPUs are allowed (affinity, cgroup quota,
// GILMAP_NUM_THREADS), each with a deep stack, all signals blocked. Safe across fork: the child starts with no
// threads and makes its own.

#include <cstddef>
#include <cstdint>

namespace gilmap::runtime {

// Only reserved; memory is used as deep as a kernel recurses.
inline constexpr size_t worker_stack_bytes = size_t{64} << 20;
// Native frames that it surely holds, at 2 KB each, however high Python's recursion limit is. What goes deeper is left
// to CPython.
inline constexpr int64_t max_depth = worker_stack_bytes / 2048;

// Affinity, cgroup v1 and v2 quota rounded up, GILMAP_NUM_THREADS instead of both. Read anew at each call (some 50 µs
// of small files) and whenever the pool starts its first thread.
int available_cpus();
// Stops and joins all threads, also in the middle of a row; jobs in progress go on with new threads, and the next job
// starts them again. Call it without the GIL.
void shutdown_workers();
// To be called once at import: pthread_atfork handlers. Harmless to call again.
void install_fork_handlers();
// Starts the watchdog that the first Job::run_inline() would otherwise wait for (some 50 µs). For the thread that
// compiles.
void warm_up();

}  // namespace gilmap::runtime
