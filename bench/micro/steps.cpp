// Micro-benchmarks of the steps of a call: lift, passes and compile, guard check, unbox, box, chunk hand-out.
//
// Runs inside an interpreter of its own, like the unit tests. What a step needs is made outside the timing.

#include <Python.h>
#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "codegen/kernel.h"
#include "columns/box.h"
#include "columns/columns.h"
#include "lift/lift.h"
#include "passes/pipeline.h"
#include "runtime/job.h"

namespace {

using namespace gilmap;

constexpr int64_t kRows = 10'000;

[[noreturn]] void give_up(const char* what) {
  if (PyErr_Occurred()) PyErr_Print();
  std::fprintf(stderr, "gilmap-micro: %s\n", what);
  std::exit(1);
}

// The function f that the source defines, with two globals to guard.
PyObject* define(const char* source) {
  PyObject* names = PyDict_New();
  PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins());
  PyObject* ran = PyRun_String(source, Py_file_input, names, names);
  if (ran == nullptr) give_up("a function of the benchmark does not compile");
  return PyDict_GetItemString(names, "f");  // `names` is kept for the life of the process
}

PyObject* small() { return define("k = 3\ndef f(x):\n    return x * k + 1\n"); }

PyObject* loop() {
  return define(
      "import math\nlimit = 200\ndef f(n):\n    acc = 0\n    for i in range(limit):\n"
      "        acc = (acc + i * n) % 1000003\n    return acc + math.gcd(n, 12)\n");
}

lift::Lifted lifted(PyObject* f) {
  const ir::Type types[] = {ir::Type::I64};
  auto result = lift::lift(f, types);
  if (!result) give_up("a function of the benchmark is not lifted");
  return std::move(*result);
}

void lift_it(benchmark::State& state, PyObject* (*make)()) {
  PyObject* f = make();
  for (auto _ : state) benchmark::DoNotOptimize(lifted(f));
}

void compile_it(benchmark::State& state, PyObject* (*make)()) {
  PyObject* f = make();
  for (auto _ : state) {
    state.PauseTiming();
    lift::Lifted l = lifted(f);
    state.ResumeTiming();
    passes::run_pipeline(l.module);
    std::string error;
    if (codegen::compile(l.module, {}, &error) == nullptr) give_up(error.c_str());
  }
}

void check_guards(benchmark::State& state, PyObject* (*make)()) {
  PyObject* f = make();
  const lift::Lifted l = lifted(f);
  for (auto _ : state) {
    if (!l.guards.hold(f)) give_up("the guards do not hold");
  }
  state.counters["guards"] = static_cast<double>(l.guards.size());
}

void unbox(benchmark::State& state, const char* expression) {
  PyObject* list = PyRun_String(expression, Py_eval_input, PyEval_GetBuiltins(), PyEval_GetBuiltins());
  if (list == nullptr) give_up(expression);
  for (auto _ : state) {
    const auto inputs = columns::open_all(std::span<PyObject* const>(&list, 1));
    const columns::Partition parts = columns::partition(inputs, 0, kRows);
    if (parts.groups.empty()) give_up("nothing was unboxed");
    benchmark::DoNotOptimize(parts.groups[0].views[0].data);
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  Py_DECREF(list);
}

// Fresh slots for each round; the objects of the last one are dropped outside the timing.
template <class Payload, class Box>
void box(benchmark::State& state, Payload first, Box make) {
  static_assert(sizeof(Payload) == sizeof(PyObject*));
  std::vector<PyObject*> slots(kRows);
  for (auto _ : state) {
    state.PauseTiming();
    for (int64_t i = 0; i < kRows; ++i) {
      const Payload value = first + static_cast<Payload>(i);
      std::memcpy(&slots[i], &value, sizeof value);
    }
    state.ResumeTiming();
    if (make(slots.data(), kRows) != kRows) give_up("no memory");
    state.PauseTiming();
    for (PyObject* o : slots) Py_DECREF(o);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * kRows);
}

std::atomic<int64_t> chunks{0};

// Done with its rows at once, so that a job is its start, the hand-out of its chunks, and its end.
struct IdleKernel : codegen::Kernel {
  IdleKernel() {
    run = [](codegen::KernelArgs*, int64_t, int64_t end) {
      chunks.fetch_add(1, std::memory_order_relaxed);  // counts, and orders nothing
      return end;
    };
    param_types = result_types = {ir::Type::I64};
  }
};

// Jobs of so many rows with nothing to do; `chunk` is the time of a whole job over its chunks, which in a long job is
// that of a chunk's hand-out. The columns are never touched, and take no memory.
void hand_out(benchmark::State& state) {
  const int64_t rows = state.range(0);
  const auto kernel = std::make_shared<IdleKernel>();
  const auto in = std::make_unique_for_overwrite<int64_t[]>(rows),
             out = std::make_unique_for_overwrite<int64_t[]>(rows);
  columns::Group group;
  group.types = {ir::Type::I64};
  columns::View view;
  view.data = reinterpret_cast<const char*>(in.get());
  group.views = {view};
  group.count = rows;
  chunks = 0;
  for (auto _ : state) {
    runtime::JobSpec spec;
    spec.kernel = kernel;
    spec.group = &group;
    spec.end = rows;
    spec.payload = reinterpret_cast<char*>(out.get());
    spec.ns_per_row = 1;
    spec.depth_budget = 100;
    runtime::Job job(std::move(spec));
    job.start(true);
    while (!job.done()) {
      if (!job.help(1'000'000)) job.wait(50);
    }
    if (job.progress() != rows) give_up("a job left rows");
  }
  const auto handed_out = static_cast<double>(chunks);
  state.counters["chunks"] = benchmark::Counter(handed_out, benchmark::Counter::kAvgIterations);
  state.counters["chunk"] = benchmark::Counter(handed_out, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK_CAPTURE(lift_it, small, small)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(lift_it, loop, loop)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(compile_it, small, small)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compile_it, loop, loop)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(check_guards, one_global, small);
BENCHMARK_CAPTURE(check_guards, globals_and_module, loop);
BENCHMARK_CAPTURE(unbox, ints, "list(range(1000, 11000))")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(unbox, floats, "[x * 0.5 for x in range(10000)]")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(box, ints, int64_t{1000}, columns::box_ints)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(box, floats, 0.5, columns::box_floats)->Unit(benchmark::kMicrosecond);
BENCHMARK(hand_out)->Arg(1'000)->Arg(1'000'000)->Arg(100'000'000)->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace

int main(int argc, char** argv) {
  PyConfig config;
  PyConfig_InitPythonConfig(&config);
  PyStatus status = PyConfig_SetBytesString(&config, &config.executable, GILMAP_PYTHON_EXECUTABLE);
  if (!PyStatus_Exception(status)) status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  if (PyStatus_Exception(status)) Py_ExitStatusException(status);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
