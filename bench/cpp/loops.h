// What the peers in C++ share: threads, loops over elements, and the checks that Python's numbers ask for.
//
// A peer returns 0, or 1 + the index of the first element that it could not compute exactly: an integer that leaves 64
// bits, or what raises in Python. Its caller asks Python about that one, as map would have met it first.

#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#ifdef __linux__
#include <pthread.h>
#include <sched.h>
#endif

namespace {

// Threads that wait for work between calls, as the pools of all other peers do: to start some takes longer than many a
// call. The pool is never destroyed; its threads end with the process.
class Pool {
 public:
  static Pool& get() {
    static Pool& pool = *new Pool;
    return pool;
  }

  // Calls work() in this thread and in up to threads - 1 others, as soon as they wake up. Returns when this one has
  // finished and none of the others is within; who wakes up later finds nothing to do.
  void run(int threads, const std::function<void()>& work) {
    {
      const std::lock_guard lock(mutex_);
      while (static_cast<int>(others_.size()) < threads - 1) others_.emplace_back([this] { serve(); }), caller_ = -1;
      keep_apart();
      work_ = &work;
      wanted_ = threads - 1;
    }
    wake_.notify_all();
    work();
    std::unique_lock lock(mutex_);
    wanted_ = 0;
    idle_.wait(lock, [this] { return inside_ == 0; });
  }

 private:
  // One CPU each for the others, none of them the caller's: the system may wake a thread where its caller runs, and
  // take milliseconds to see that another CPU is idle.
  void keep_apart() {
#ifdef __linux__
    const int here = sched_getcpu();
    if (here == caller_) return;
    caller_ = here;
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
    CPU_CLR(here, &allowed);
    if (CPU_COUNT(&allowed) == 0) return;
    int cpu = -1;
    for (std::thread& other : others_) {
      do cpu = (cpu + 1) % CPU_SETSIZE;
      while (!CPU_ISSET(cpu, &allowed));
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(cpu, &one);
      pthread_setaffinity_np(other.native_handle(), sizeof one, &one);
    }
#endif
  }

  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return wanted_ > 0; });
      --wanted_;
      ++inside_;
      const std::function<void()>& work = *work_;
      lock.unlock();
      work();
      lock.lock();
      if (--inside_ == 0) idle_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  const std::function<void()>* work_ = nullptr;
  std::vector<std::thread> others_;
  int wanted_ = 0, inside_ = 0, caller_ = -1;  // the CPU of the last caller
};

constexpr auto kWorthWaking = std::chrono::microseconds(40), kWorthHandingOut = std::chrono::microseconds(4);

// body(begin, end) computes a chunk of 0 to n - 1 and returns the first index that it could not, else end. Chunks are
// multiples of `unit`, handed out from the lowest on. None that begins beyond a failed element is begun, and all that
// begin before it are finished, so the result is the lowest that failed. The time of the first chunk tells whether the
// rest is worth the waking of other threads, and how many chunks of it are worth handing out.
template <class Body>
int64_t in_chunks(int64_t n, int threads, int64_t unit, Body body) {
  const int64_t fair = n / (threads * int64_t{32});
  int64_t chunk = std::max<int64_t>(1, (fair + unit - 1) / unit) * unit;
  std::atomic<int64_t> next{0}, failed{n};
  // Relaxed: both only say what is left to do; the pool's mutex publishes the results.
  const auto take = [&] {
    const int64_t begin = next.fetch_add(chunk, std::memory_order_relaxed);
    if (begin >= failed.load(std::memory_order_relaxed)) return false;
    const int64_t end = std::min(begin + chunk, n), stopped = body(begin, end);
    int64_t known = failed.load(std::memory_order_relaxed);
    while (stopped < end && stopped < known &&
           !failed.compare_exchange_weak(known, stopped, std::memory_order_relaxed)) {
    }
    return true;
  };
  const auto work = [&] {
    while (take()) {
    }
  };
  const auto began = std::chrono::steady_clock::now();
  take();
  auto one = std::chrono::steady_clock::now() - began;
  if (threads > 1 && one * ((n - 1) / chunk) > kWorthWaking) {
    while (one * 2 < kWorthHandingOut && chunk < n / (threads * int64_t{8})) chunk *= 2, one *= 2;
    Pool::get().run(threads, work);
  } else {
    chunk = n;
    work();
  }
  return failed == n ? 0 : failed + 1;
}

// block(i, end) computes up to `width` elements from i on.
template <class Block>
int64_t in_blocks(int64_t n, int threads, int64_t width, Block block) {
  return in_chunks(n, threads, width, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += width) block(i, std::min(i + width, end));
    return end;
  });
}

// element(i) computes one element, and says whether it could. Without a branch on that, so that the compiler can
// vectorise; which one failed is found out afterwards.
template <class Element>
int64_t for_all(int64_t n, int threads, Element element) {
  return in_chunks(n, threads, 1, [&](int64_t begin, int64_t end) {
    int64_t failures = 0;
    for (int64_t i = begin; i < end; ++i) failures += !element(i);
    if (failures == 0) return end;
    int64_t first = begin;
    while (element(first)) ++first;
    return first;
  });
}

inline int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a % b < 0) != (b < 0)); }
inline int64_t floor_mod(int64_t a, int64_t b) {
  const int64_t r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

}  // namespace

#define PEER(name) extern "C" int64_t name(const void* const* columns, void* result, int64_t size, int threads)
#define INTS(k) static_cast<const int64_t*>(columns[k])
#define FLOATS(k) static_cast<const double*>(columns[k])
