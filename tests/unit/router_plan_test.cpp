// The router's decisions as a table, and what must hold of all of them.

#include "router/plan.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace gilmap::router;

namespace {

std::string words(const Plan& p) {
  switch (p.first) {
    case Plan::First::Find:
      return "find";
    case Plan::First::Lift:
      return "lift";
    case Plan::First::Compile:
      return "compile";
    case Plan::First::Wait:
      return "wait";
    case Plan::First::Nothing:
      break;
  }
  std::string text;
  switch (p.now) {
    case Engine::Interpreter:
      text = "interpreter";
      break;
    case Engine::Arrow:
      text = "arrow";
      break;
    case Engine::Kernel:
      text = p.wake_threads ? "kernel, all threads" : "kernel, one thread first";
      break;
    case Engine::Workers:
      text = "workers";
      break;
  }
  if (p.compile_meanwhile) text += ", compile meanwhile";
  if (p.specialise) text += ", specialise";
  if (p.look_at_ranges && !p.specialise) text += ", look at ranges";
  if (p.rested) text += ", a rest";
  if (p.ask_again) text += ", ask again";
  return text;
}

// ---------------------------------------------------------------- functions

constexpr double us = 1e3, ms = 1e6;

// lambda x: x * 2.0 + 1.0
Situation expression() {
  Situation s;
  s.interpreted_ns = 60;
  s.arrow = ArrowUse::Possible;
  return s;
}

// 20 rounds of a loop
Situation loop() {
  Situation s;
  s.interpreted_ns = 1 * us;
  return s;
}

// heavy_collatz, n_queens
Situation heavy() {
  Situation s;
  s.interpreted_ns = 9 * ms;
  return s;
}

// Strings and a dict
Situation strings() {
  Situation s;
  s.interpreted_ns = 100 * us;
  s.workers_allowed = true;
  return s;
}

// ---------------------------------------------------------------- states

// The first call, before its first row.
Situation unseen(Situation s) {
  s.interpreted_ns = 0;
  return s;
}
// The first call, after so much of it.
Situation after(double ns, Situation s) {
  s.spent_here_ns = s.spent_ns = ns;
  return s;
}
Situation known(Situation s, Code code, double kernel_ns = 0) {
  s.known = true;
  s.code = code;
  s.kernel_ns = kernel_ns;
  return s;
}
Situation with_arrow(Situation s) {
  s.arrow = ArrowUse::Certain;
  return s;
}
Situation compiling_for(double ns, Situation s) {
  s.code = Code::Compiling;
  s.compiling_for_ns = ns;
  return s;
}
template <class F>
Situation with(Situation s, F change) {
  change(s);
  return s;
}

struct Row {
  const char* function;
  double rows;
  const char* state;
  Situation situation;
  const char* plan;
};

// clang-format off
const std::vector<Row> table = {
  // A first call knows nothing, and asks again after each batch.
  {"any", 0, "no rows", unseen(loop()), "interpreter"},
  {"expression", 1, "unseen", unseen(expression()), "interpreter, ask again"},
  {"expression", 1e6, "unseen", unseen(expression()), "interpreter, ask again"},
  {"heavy", 10, "unseen", unseen(heavy()), "interpreter, ask again"},
  // Before 10 µs nothing is asked, before 100 µs only pyarrow.compute, which needs no compile.
  {"expression", 1e6, "after 5 µs", after(5 * us, expression()), "interpreter, ask again"},
  {"expression", 1e4, "after 12 µs", after(12 * us, expression()), "lift"},
  {"expression", 5e3, "after 12 µs", after(12 * us, expression()), "interpreter, ask again"},
  {"loop", 1e6, "after 12 µs", after(12 * us, loop()), "interpreter, ask again"},
  {"expression", 1e4, "after 60 µs, lifted", with_arrow(known(after(60 * us, expression()), Code::Lifted)), "arrow, ask again"},
  {"expression", 400, "few rows, each long", with(with_arrow(known(expression(), Code::Lifted)), [](auto& s) { s.interpreted_ns = 10 * us; }), "interpreter, ask again"},
  // What is left of the call must outlast the compile.
  {"loop", 50, "after 100 µs", after(100 * us, loop()), "find"},
  {"loop", 3, "after 100 µs", after(100 * us, loop()), "interpreter"},
  {"loop", 7.9e3, "after 100 µs", after(100 * us, loop()), "find"},
  {"loop", 7.9e3, "after 100 µs, not lifted", known(after(100 * us, loop()), Code::NotLifted), "interpreter, ask again"},
  {"loop", 8.1e3, "after 100 µs", after(100 * us, loop()), "compile"},
  {"loop", 1e6, "after 100 µs", after(100 * us, loop()), "compile"},
  {"heavy", 9, "after its first row", after(9 * ms, heavy()), "compile"},
  {"loop", 8.1e3, "a compile takes 20 ms here", with(after(100 * us, loop()), [](auto& s) { s.compile_ns = 20 * ms; }), "find"},
  {"loop", 33e3, "a compile takes 20 ms here", with(after(100 * us, loop()), [](auto& s) { s.compile_ns = 20 * ms; }), "compile"},
  // Called again and again with little: the calls together outlast it.
  {"loop", 200, "known, 15 ms spent", with(known(loop(), Code::NotLifted), [](auto& s) { s.spent_ns = 15 * ms; }), "interpreter, ask again"},
  {"loop", 200, "known, 21 ms spent", with(known(loop(), Code::NotLifted), [](auto& s) { s.spent_ns = 21 * ms; }), "compile"},
  {"heavy", 1, "known, 27 ms spent", with(known(heavy(), Code::NotLifted), [](auto& s) { s.spent_ns = 27 * ms; }), "compile"},
  {"loop", 20e3, "three kernels of it never used again", with(after(100 * us, loop()), [](auto& s) { s.unused_kernels = 3; }), "find"},
  {"loop", 33e3, "three kernels of it never used again", with(after(100 * us, loop()), [](auto& s) { s.unused_kernels = 3; }), "compile"},
  // Meanwhile the interpreter goes on, unless one element would outlast the compile.
  {"loop", 1e5, "compiling for 1 ms", compiling_for(1 * ms, after(200 * us, loop())), "interpreter, ask again"},
  {"heavy", 9, "compiling for 1 ms", compiling_for(1 * ms, after(9 * ms, heavy())), "wait"},
  {"loop", 1e5, "compiling for 5 ms", compiling_for(5 * ms, after(5 * ms, loop())), "interpreter, ask again"},
  {"heavy", 5, "compiling for 20 ms", compiling_for(20 * ms, after(20 * ms, heavy())), "interpreter, ask again"},
  {"expression", 1e6, "compiling, by pyarrow", compiling_for(1 * ms, with_arrow(known(expression(), Code::Lifted))), "arrow, ask again"},
  // pyarrow.compute hands over where a kernel saves more than its compile costs.
  {"expression", 1e5, "lifted, 3 ns a row", with(with_arrow(known(expression(), Code::Lifted)), [](auto& s) { s.arrow_ns = 3; }), "arrow, ask again"},
  {"expression", 1e7, "lifted, 3 ns a row", with(with_arrow(known(expression(), Code::Lifted)), [](auto& s) { s.arrow_ns = 3; }), "arrow, compile meanwhile, ask again"},
  {"expression", 1e5, "lifted, 8 ms spent there", with(with_arrow(known(expression(), Code::Lifted)), [](auto& s) { s.arrow_spent_ns = 8 * ms; s.arrow_ns = 3; }), "arrow, compile meanwhile, ask again"},
  // A kernel is there.
  {"expression", 20, "ready", known(expression(), Code::Ready, 0.5), "interpreter"},
  {"expression", 100, "ready", known(expression(), Code::Ready, 0.5), "kernel, one thread first"},
  {"expression", 1e6, "ready", known(expression(), Code::Ready, 0.5), "kernel, all threads, look at ranges"},
  {"expression", 1e8, "ready", known(expression(), Code::Ready, 0.5), "kernel, all threads, specialise"},
  {"expression", 100, "ready, also for ranges", with(known(expression(), Code::Ready, 0.5), [](auto& s) { s.has_second = true; }), "kernel, one thread first, look at ranges"},
  {"expression", 30, "ready, also for ranges", with(known(expression(), Code::Ready, 0.5), [](auto& s) { s.has_second = true; s.interpreted_ns = 500; }), "kernel, one thread first"},
  {"loop", 1, "ready", known(loop(), Code::Ready, 20), "interpreter"},
  {"loop", 5, "ready", known(loop(), Code::Ready, 20), "kernel, one thread first"},
  {"heavy", 1, "ready", known(heavy(), Code::Ready, 1 * ms), "kernel, all threads, look at ranges"},
  {"heavy", 10, "ready", known(heavy(), Code::Ready, 1 * ms), "kernel, all threads, specialise"},
  {"loop", 20, "ready, takes 21 us", known(loop(), Code::Ready, 1050), "kernel, one thread first, look at ranges"},
  {"loop", 20, "ready, takes 19 us", known(loop(), Code::Ready, 950), "kernel, one thread first"},
  {"heavy", 1, "ready, cost unknown", known(unseen(heavy()), Code::Ready), "interpreter, ask again"},
  {"heavy", 100, "ready, cost unknown", known(unseen(heavy()), Code::Ready), "kernel, one thread first"},
  {"loop", 1e5, "most rows went to CPython", with(known(loop(), Code::Ready), [](auto& s) { s.kernel_rests = true; }), "interpreter, a rest"},
  // There will be none.
  {"strings", 1e4, "refused, unseen", with(unseen(strings()), [](auto& s) { s.code = Code::Refused; }), "interpreter, ask again"},
  {"strings", 700, "refused", known(strings(), Code::Refused), "interpreter"},
  {"strings", 900, "refused", known(strings(), Code::Refused), "workers"},
  {"strings", 200, "refused, workers started", with(known(strings(), Code::Refused), [](auto& s) { s.workers_started = true; }), "workers"},
  {"strings", 90, "refused, workers started", with(known(strings(), Code::Refused), [](auto& s) { s.workers_started = true; }), "interpreter"},
  {"strings", 1e4, "refused, one CPU", with(known(strings(), Code::Refused), [](auto& s) { s.workers_allowed = false; }), "interpreter"},
  {"strings", 1e4, "refused, lost there", with(known(strings(), Code::Refused), [](auto& s) { s.workers_rest = true; }), "interpreter, a rest"},
  {"loop", 1e6, "refused", with(known(loop(), Code::Refused), [](auto& s) { s.workers_allowed = true; }), "interpreter"},
  {"strings", 1e4, "no numbers, three looks", with(after(300 * us, strings()), [](auto& s) { s.looks_in_vain = 3; }), "compile"},
  {"strings", 1e4, "no numbers, four looks", with(after(400 * us, strings()), [](auto& s) { s.looks_in_vain = 4; }), "workers"},
  // Rows of one type among others: what does not pay is left to the interpreter, what does is waited for.
  {"loop", 1e5, "beside others", with(known(loop(), Code::NotLifted), [](auto& s) { s.beside_others = true; }), "compile"},
  {"loop", 1e5, "beside others, compiling", with(compiling_for(1 * ms, loop()), [](auto& s) { s.beside_others = true; }), "wait"},
  {"loop", 1e3, "beside others", with(known(loop(), Code::NotLifted), [](auto& s) { s.beside_others = true; }), "interpreter"},
  // Forced.
  {"loop", 1, "backend=\"jit\"", with(loop(), [](auto& s) { s.backend = Backend::Jit; }), "compile"},
  {"loop", 1, "backend=\"jit\", compiling", with(compiling_for(0, loop()), [](auto& s) { s.backend = Backend::Jit; }), "wait"},
  {"loop", 1, "backend=\"jit\", ready", with(known(loop(), Code::Ready, 20), [](auto& s) { s.backend = Backend::Jit; }), "kernel, one thread first"},
  {"expression", 1, "backend=\"arrow_kernel\"", with(expression(), [](auto& s) { s.backend = Backend::ArrowKernel; }), "lift"},
  {"expression", 1e9, "backend=\"arrow_kernel\", lifted", with(with_arrow(known(expression(), Code::Lifted)), [](auto& s) { s.backend = Backend::ArrowKernel; s.arrow_ns = 3; }), "arrow, ask again"},
  {"loop", 1e9, "backend=\"inline\"", with(loop(), [](auto& s) { s.backend = Backend::Inline; }), "interpreter"},
  {"loop", 1, "backend=\"subinterp\"", with(loop(), [](auto& s) { s.backend = Backend::Subinterp; }), "workers"},
};
// clang-format on

TEST(RouterPlan, IsThatOfTheTable) {
  for (const Row& row : table) {
    Situation s = row.situation;
    s.rows = row.rows;
    EXPECT_EQ(words(plan(s)), row.plan) << row.function << ", " << row.rows << " rows, " << row.state;
  }
}

// ---------------------------------------------------------------- of all situations

std::vector<Situation> many() {
  std::vector<Situation> all;
  for (const Backend backend : {Backend::Auto, Backend::Inline, Backend::Jit, Backend::ArrowKernel})
    for (const double rows : {1.0, 10.0, 600.0, 1e5, 1e8})
      for (const double each : {0.0, 30.0, 3 * us, 3 * ms})
        for (const double here : {0.0, 20 * us, 1 * ms})
          for (const Code code :
               {Code::Unknown, Code::NotLifted, Code::Refused, Code::Lifted, Code::Compiling, Code::Ready})
            for (const ArrowUse arrow : {ArrowUse::Impossible, ArrowUse::Possible, ArrowUse::Certain})
              for (const bool beside_others : {false, true})
                for (const int in_vain : {0, 9}) {
                  Situation s;
                  s.backend = backend;
                  s.rows = rows;
                  s.interpreted_ns = each;
                  s.spent_here_ns = here;
                  s.code = code;
                  s.arrow = arrow;
                  s.beside_others = beside_others;
                  s.looks_in_vain = in_vain;
                  s.workers_allowed = in_vain > 0;
                  all.push_back(s);
                }
  return all;
}

// What a plan asks for can be had: only a kernel that is ready runs, only a compile that has begun is waited for.
TEST(RouterPlan, AsksForWhatCanBeHad) {
  for (const Situation& s : many()) {
    const Plan p = plan(s);
    SCOPED_TRACE(words(p));
    using First = Plan::First;
    if (p.first == First::Wait) EXPECT_EQ(s.code, Code::Compiling);
    if (p.first == First::Find) EXPECT_EQ(s.code, Code::Unknown);
    if (p.first == First::Compile) EXPECT_LE(s.code == Code::Refused ? 9 : static_cast<int>(s.code), 3);
    if (p.first == First::Lift) EXPECT_TRUE(s.code == Code::Unknown || s.code == Code::NotLifted);
    if (p.now == Engine::Kernel) EXPECT_EQ(s.code, Code::Ready);
    if (p.now == Engine::Arrow) EXPECT_EQ(s.arrow, ArrowUse::Certain);
    if (p.now == Engine::Workers) EXPECT_TRUE(s.workers_allowed);
    if (p.compile_meanwhile) EXPECT_EQ(s.code, Code::Lifted);
    // A group is settled once: nobody asks for it again.
    if (s.beside_others && p.ask_again && p.now == Engine::Interpreter) EXPECT_EQ(s.interpreted_ns, 0);
  }
}

// ---------------------------------------------------------------- a call, simulated

struct Costs {
  double interpreted, kernel, compile;
  bool compiles = true;
};

// The time that a first call takes whose costs are these, as plan() has it.
double first_call(const Costs& costs, double rows) {
  constexpr double look = 50;
  constexpr double lift = 60 * us;
  Situation s;
  s.rows = rows;
  double now = 0, compiled_at = -1, counted_rows = 0;
  int64_t batch = 1;
  for (;;) {
    if (s.code == Code::Compiling) {
      s.compiling_for_ns = now - (compiled_at - costs.compile);
      if (now >= compiled_at) s.code = Code::Ready;
    }
    now += look;
    const Plan p = plan(s);
    if (p.first == Plan::First::Find) {
      s.code = Code::NotLifted;
      continue;
    }
    if (p.first == Plan::First::Compile) {
      now += lift;
      s.code = costs.compiles ? Code::Compiling : Code::Refused;
      compiled_at = now + costs.compile;
      continue;
    }
    if (p.first == Plan::First::Wait) {
      now = std::max(now, compiled_at);
      continue;
    }
    if (p.now == Engine::Kernel) return now + 4 * us + costs.kernel * s.rows;
    EXPECT_EQ(p.now, Engine::Interpreter);
    const double done = p.ask_again ? std::min(static_cast<double>(batch), s.rows) : s.rows;
    const double took = done * costs.interpreted;
    now += took;
    s.rows -= done;
    if (s.rows == 0) return now;
    s.spent_here_ns += took;
    s.spent_ns += took;
    counted_rows += done;
    s.interpreted_ns = s.spent_here_ns / counted_rows;
    batch = next_batch(batch, took);
  }
}

TEST(RouterPlan, FirstCallsAreNeverSlowerThanMap) {
  for (const double each : {30.0, 300.0, 3 * us, 30 * us, 300 * us, 3 * ms, 30 * ms})
    for (const double rows : {1.0, 2.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6})
      for (const bool compiles : {true, false})
        for (const double compile : {2 * ms, 5 * ms, 30 * ms}) {
          const Costs costs{each, each / 20, compile, compiles};
          const double map = rows * each;
          EXPECT_LE(first_call(costs, rows), 1.05 * map + 2 * us) << each << " ns, " << rows << " rows";
        }
}

// Against the engine that would have been best: the interpreter, or the kernel, which waits for its compile.
TEST(RouterPlan, FirstCallsAreNearTheBestEngine) {
  int near = 0, all = 0;
  for (const double each : {30.0, 300.0, 3 * us, 30 * us, 300 * us, 3 * ms})
    for (const double rows : {1.0, 2.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6}) {
      const Costs costs{each, each / 50, 5 * ms};
      const double best = std::min(rows * each, 60 * us + costs.compile + rows * costs.kernel);
      const double took = first_call(costs, rows);
      near += took <= 1.15 * best + 5 * us;
      ++all;
      // A row that takes 3 ms is over before anything is known of the function.
      if (each < 3 * ms) EXPECT_LE(took, 1.5 * best + 50 * us) << each << " ns, " << rows << " rows";
    }
  EXPECT_GE(near, 0.9 * all);
}

}  // namespace
