#pragma once
// Kernels written in C++ for the tests of the runtime. What happens to an element depends on its value, so that a test
// says it with its data: see `Value`.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "codegen/kernel.h"
#include "runtime/job.h"
#include "runtime/pool.h"

namespace gilmap::runtime_tests {

using codegen::KernelArgs;
using columns::Group;
using columns::View;
using ir::Type;

// Other values v are finished at once, with the result 2 * v + 1.
namespace value {
constexpr int64_t deopt = -1;            // left to CPython
constexpr int64_t endless = -2;          // runs until it is cancelled
constexpr int64_t slow = 1'000'000'000;  // plus n: takes n microseconds, unless it is cancelled meanwhile
}  // namespace value

inline int64_t result_of(int64_t v) { return 2 * v + 1; }

inline std::atomic<int64_t> elements_begun{0};
inline std::atomic<int> kernels_alive{0};

inline void publish_deopt(KernelArgs* args, int64_t i) {
  args->deopts[args->deopt_count] = i;
  args->deopt_reasons[args->deopt_count] = static_cast<uint8_t>(ir::DeoptReason::Raise);
  __atomic_store_n(&args->deopt_count, args->deopt_count + 1, __ATOMIC_RELEASE);
}

// True if the element has a result, false if it is a deopt; sets *cancelled.
inline bool element(KernelArgs* args, int64_t i, int64_t v, bool* cancelled) {
  if (v == value::deopt) {
    publish_deopt(args, i);
    return false;
  }
  if (v != value::endless && v < value::slow) return true;
  elements_begun.fetch_add(1);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::microseconds(v - value::slow);
  while (v == value::endless || std::chrono::steady_clock::now() < deadline) {
    if (args->cancel->load(std::memory_order_relaxed) != 0) {
      *cancelled = true;
      return false;
    }
  }
  return true;
}

template <typename Write>
int64_t each(KernelArgs* args, int64_t begin, int64_t end, Write write) {
  const auto* in = static_cast<const int64_t*>(args->inputs[0]);
  for (int64_t i = begin; i < end; ++i) {
    bool cancelled = false;
    if (element(args, i, in[i], &cancelled)) write(i, in[i]);
    if (cancelled) return i;
  }
  return end;
}

inline int64_t run_int(KernelArgs* args, int64_t begin, int64_t end) {
  auto* out = static_cast<int64_t*>(args->payload);
  return each(args, begin, end, [out](int64_t i, int64_t v) { out[i] = result_of(v); });
}

inline int64_t run_bool(KernelArgs* args, int64_t begin, int64_t end) {
  auto* out = static_cast<uint8_t*>(args->payload);
  return each(args, begin, end, [out](int64_t i, int64_t v) { out[i] = v % 3 == 0; });
}

inline int64_t run_none(KernelArgs* args, int64_t begin, int64_t end) {
  return each(args, begin, end, [](int64_t, int64_t) {});
}

// The int, or a float of it if it is odd.
inline int64_t run_mixed(KernelArgs* args, int64_t begin, int64_t end) {
  auto* out = static_cast<int64_t*>(args->payload);
  return each(args, begin, end, [=](int64_t i, int64_t v) {
    const auto f = static_cast<double>(v);
    if (v % 2 == 0) {
      out[i] = v;
    } else {
      std::memcpy(&out[i], &f, 8);
    }
    args->tags[i] = static_cast<uint8_t>(v % 2 == 0 ? codegen::Tag::Int : codegen::Tag::Float);
  });
}

struct TestKernel : codegen::Kernel {
  TestKernel(codegen::KernelFn fn, std::vector<Type> results) {
    run = fn;
    param_types = {Type::I64};
    result_types = std::move(results);
    may_deopt = unbounded = true;
    kernels_alive.fetch_add(1);
  }
  ~TestKernel() override { kernels_alive.fetch_sub(1); }
};

// As run_int, but for `test_lanes` elements at once: those of a group end together, or not at all.
constexpr int test_lanes = 8;
inline std::atomic<int64_t> rows_in_lanes{0};
// Time of a group by that of its slow elements, one after the other.
inline std::atomic<double> lane_cost{0.25};

inline int64_t run_lanes(KernelArgs* args, int64_t begin, int64_t end) {
  const auto* in = static_cast<const int64_t*>(args->inputs[0]);
  auto* out = static_cast<int64_t*>(args->payload);
  for (int64_t i = begin; i < end; i += test_lanes) {
    const int64_t group_end = std::min(i + test_lanes, end);
    int64_t slow_us = 0;
    bool is_endless = false;
    for (int64_t k = i; k < group_end; ++k) {
      is_endless |= in[k] == value::endless;
      if (in[k] >= value::slow) slow_us += in[k] - value::slow;
    }
    const auto us = std::chrono::microseconds(static_cast<int64_t>(static_cast<double>(slow_us) * lane_cost));
    const auto deadline = std::chrono::steady_clock::now() + us;
    while (is_endless || (slow_us > 0 && std::chrono::steady_clock::now() < deadline)) {
      if (args->cancel->load(std::memory_order_relaxed) != 0) return i;
    }
    for (int64_t k = i; k < group_end; ++k) {
      if (in[k] == value::deopt) {
        publish_deopt(args, k);
      } else {
        out[k] = result_of(in[k]);
      }
    }
    rows_in_lanes += group_end - i;
  }
  return end;
}

inline std::shared_ptr<runtime::SecondKernel> lane_kernel() {
  auto kernel = std::make_shared<TestKernel>(run_lanes, std::vector{Type::I64});
  kernel->lanes = test_lanes;
  auto second = std::make_shared<runtime::SecondKernel>();
  second->kernel = std::move(kernel);
  second->ready = true;
  return second;
}

inline std::shared_ptr<TestKernel> int_kernel() {
  return std::make_shared<TestKernel>(run_int, std::vector{Type::I64});
}

// How many kernels run at a time.
inline std::atomic<int> now_running{0}, most_running{0};

// Counts that of run_int().
inline int64_t run_counting(KernelArgs* args, int64_t begin, int64_t end) {
  const int n = now_running.fetch_add(1) + 1;
  for (int most = most_running; most < n && !most_running.compare_exchange_weak(most, n);) {
  }
  const int64_t reached = run_int(args, begin, end);
  now_running.fetch_sub(1);
  return reached;
}

// A pool of so many threads, none of which is left behind.
class PoolOfThreads : public testing::Test {
 protected:
  explicit PoolOfThreads(int threads) { set_threads(threads); }
  ~PoolOfThreads() override {
    runtime::shutdown_workers();
    unsetenv("GILMAP_NUM_THREADS");
  }
  static void set_threads(int n) {
    runtime::shutdown_workers();
    setenv("GILMAP_NUM_THREADS", std::to_string(n).c_str(), 1);
  }
};

constexpr char untouched = 0x5a;

// Input, group and output of a call with one column.
struct Call {
  // With a stride above 1 the column must be loaded into scratch.
  explicit Call(std::vector<int64_t> in, int stride = 1)
      : values(std::move(in)), column(values.size() * static_cast<size_t>(stride)) {
    for (size_t i = 0; i < values.size(); ++i) column[i * static_cast<size_t>(stride)] = values[i];
    group.types = {Type::I64};
    View view;
    view.data = reinterpret_cast<const char*>(column.data());
    view.stride = 8 * stride;
    group.views = {view};
    group.count = size();
    make_room(size());
  }

  void place(std::vector<int64_t> positions) {
    group.positions = std::move(positions);
    make_room(group.positions.back() + 1);
  }
  void make_room(int64_t positions) {
    payload.assign(static_cast<size_t>(positions) * 8, untouched);
    tags.assign(static_cast<size_t>(positions), static_cast<uint8_t>(untouched));
  }

  int64_t size() const { return static_cast<int64_t>(values.size()); }
  int64_t result(int64_t position) const {
    int64_t v;
    std::memcpy(&v, payload.data() + position * 8, 8);
    return v;
  }

  runtime::JobSpec spec(std::shared_ptr<codegen::Kernel> kernel) {
    runtime::JobSpec s;
    s.kernel = std::move(kernel);
    s.group = &group;
    s.end = size();
    s.payload = payload.data();
    return s;
  }

  std::vector<int64_t> values;
  std::vector<int64_t> column;
  Group group;
  std::vector<char> payload;
  std::vector<uint8_t> tags;
};

constexpr int64_t untouched_result = 0x5a5a5a5a5a5a5a5a;

inline std::vector<int64_t> count_up(int64_t n) {
  std::vector<int64_t> v(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) v[static_cast<size_t>(i)] = i;
  return v;
}

// Runs the job to its end as a calling thread does, one that helps for so long at a time if it is told to. Returns the
// rows of the deopts.
inline std::vector<int64_t> finish(runtime::Job& job, int64_t help_ns = 0) {
  std::vector<runtime::Deopt> deopts;
  while (!job.done()) {
    if (help_ns == 0 || !job.help(help_ns)) job.wait(20);
    job.progress();
    job.take_deopts(deopts);
  }
  job.progress();
  job.take_deopts(deopts);
  std::vector<int64_t> rows;
  for (const runtime::Deopt& d : deopts) rows.push_back(d.row);
  return rows;
}

// Waits until `condition` holds; false after five seconds.
template <typename Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return true;
}

// The names of this process's threads that belong to gilmap.
inline std::multiset<std::string> thread_names() {
  std::multiset<std::string> names;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(task.path() / "comm"), name);
    if (name.starts_with("gilmap")) names.insert(name);
  }
  return names;
}

inline double ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace gilmap::runtime_tests
