#include "router/plan.h"

#include <algorithm>
#include <cmath>

namespace gilmap::router {
namespace {

using First = Plan::First;

// A call through a kernel costs about this much beside its elements.
constexpr double kernel_call_ns = 4e3;
// Where the cost of an element is not known, but a kernel is ready: so few rows are worth the look that one row gives.
constexpr double worth_measuring_rows = 16;
// Before this call has interpreted so much, nothing is asked at all: a call that is over by then costs what map costs.
constexpr double look_first_ns = 100e3;
// The same for what pyarrow.compute might do, which needs no compile: 20 elements or so tell what one costs.
constexpr double look_for_arrow_ns = 10e3;
// To lift a short function takes 20 to 100 µs of the GIL, the passes as long, to begin with pyarrow.compute some 50
// more, and 10 a call: not for less interpreter time than this.
constexpr double worth_lifting_ns = 500e3;
// A compile is on another core, but the kernel must come before the call is over, and lifting takes the GIL: a call
// that would last 1.6 compiles saves a third of itself and loses nothing.
constexpr double worth_preparing_compiles = 1.6;
// Beside that of the call at hand, this much of all calls so far: a function that is called again and again.
constexpr double worth_preparing_in_all_compiles = 4;
// A function whose kernels are never used again, because each call bakes in other values, gets fewer of them.
constexpr int most_patience = 4;
// A thread takes 40 to 60 µs to wake up, in which the calling one has computed half of such a call.
constexpr double worth_waking_ns = 100e3;
// Not worth a call of pyarrow.compute, or a look at their values, which costs a microsecond.
constexpr double few_rows = 512;
// But if there is a kernel that such a look may choose, or would be for so much work, fewer are.
constexpr double least_rows_for_second = 32;
constexpr double worth_looking_ns = 20e3;
// After so many looks at elements that are no numbers, none are expected, though they may still come: a look costs a
// tenth of a microsecond.
constexpr int looks_for_numbers = 4;

// To copy an element to a worker interpreter and its result back may cost a microsecond.
constexpr double worth_shipping_element_ns = 4e3;
// To look through the bytecode, and to ship.
constexpr double worth_shipping_ns = 10e6;
// To start interpreters, and to import this part of gilmap there: 40 ms.
constexpr double worth_starting_workers_ns = 80e6;

constexpr int64_t longest_batch = 1024;

// In the interpreter, what is left would take so long.
double rest_ns(const Situation& s) { return s.interpreted_ns * s.rows; }

bool compile_pays(const Situation& s) {
  const double rest = rest_ns(s);
  const double at_once = worth_preparing_compiles * s.compile_ns * std::min(1 + s.unused_kernels, most_patience);
  const double in_all = worth_preparing_in_all_compiles * s.compile_ns * std::exp2(s.unused_kernels);
  return rest > at_once || (s.spent_ns > in_all && rest > look_first_ns);
}

// Some take several times as long as usual: what has lasted for a while is expected to last as long again.
double compile_left_ns(const Situation& s) { return std::max(s.compile_ns - s.compiling_for_ns, s.compiling_for_ns); }

Plan by_kernel(const Situation& s) {
  Plan p{.now = Engine::Kernel};
  const double expected = s.kernel_ns * s.rows;
  p.wake_threads = expected > worth_waking_ns;
  p.look_at_ranges = s.rows >= (s.has_second ? least_rows_for_second : few_rows) || expected > worth_looking_ns;
  p.specialise = p.look_at_ranges && s.kernel_spent_ns + expected > worth_specialising_ns;
  return p;
}

Plan by_arrow(const Situation& s) {
  Plan p{.now = Engine::Arrow, .ask_again = true};
  // A kernel that saved less than its compile costs would come too late for this call, and all so far.
  p.compile_meanwhile = s.backend == Backend::Auto && s.code == Code::Lifted &&
                        s.arrow_spent_ns + s.arrow_ns * s.rows > worth_preparing_compiles * s.compile_ns;
  return p;
}

// What the user asks for, whatever it costs.
Plan forced(const Situation& s) {
  if (s.backend == Backend::Inline) return {};
  if (s.backend == Backend::Subinterp) return {.now = Engine::Workers};
  if (s.code == Code::Unknown || s.code == Code::NotLifted)
    return {.first = is_compiled(s.backend) ? First::Compile : First::Lift};
  if (s.backend == Backend::ArrowKernel) return s.arrow == ArrowUse::Certain ? by_arrow(s) : Plan{};
  if (s.code == Code::Lifted) return {.first = First::Compile};
  if (s.code == Code::Compiling) return {.first = First::Wait};
  return s.code == Code::Ready ? by_kernel(s) : Plan{};
}

// Does the call have an idea of what a row costs: from earlier calls, or from so much time of its own?
bool cost_is_known(const Situation& s, double enough_ns) {
  return s.beside_others || (s.interpreted_ns > 0 && (s.spent_here_ns == 0 || s.spent_here_ns >= enough_ns));
}

// There is no kernel and will be none.
Plan uncompiled(const Situation& s) {
  if (!cost_is_known(s, look_first_ns)) return {.ask_again = true};
  const bool pays = s.workers_allowed && s.interpreted_ns >= worth_shipping_element_ns &&
                    rest_ns(s) >= (s.workers_started ? worth_shipping_ns : worth_starting_workers_ns);
  if (!pays) return {};
  if (s.workers_rest) return {.rested = true};
  return {.now = Engine::Workers};
}

Plan with_kernel(const Situation& s) {
  if (s.interpreted_ns == 0 && s.rows < worth_measuring_rows) return {.ask_again = true};
  if (s.kernel_rests) return {.rested = true};
  return by_kernel(s);
}

// There is none yet.
Plan without_kernel(const Situation& s) {
  const double rest = rest_ns(s);
  const Plan go_on{.ask_again = true};
  if (s.code == Code::Unknown && s.known && s.looks_in_vain == 0) return {.first = First::Find};
  if (rest > worth_lifting_ns && s.rows >= few_rows) {
    if (s.arrow == ArrowUse::Certain) return by_arrow(s);
    const bool is_lifted = s.code == Code::Lifted || s.code == Code::Compiling;
    if (s.arrow == ArrowUse::Possible && !is_lifted && cost_is_known(s, look_for_arrow_ns))
      return {.first = First::Lift};
  }
  if (!cost_is_known(s, look_first_ns)) return go_on;
  if (s.code == Code::Compiling) {
    // An element that takes longer than what is left of the compile would only be in its way.
    return s.beside_others || s.interpreted_ns > compile_left_ns(s) ? Plan{.first = First::Wait} : go_on;
  }
  if (compile_pays(s)) {
    if (s.looks_in_vain >= looks_for_numbers) {
      const Plan p = uncompiled(s);
      if (p.now == Engine::Workers || p.rested) return p;
    }
    return {.first = First::Compile};
  }
  if (s.beside_others) return {};
  return s.code == Code::Unknown ? Plan{.first = First::Find} : go_on;
}

}  // namespace

Plan plan(const Situation& s) {
  if (s.rows <= 0) return {};
  if (s.backend != Backend::Auto) return forced(s);
  if (s.interpreted_ns > 0 && rest_ns(s) < kernel_call_ns) return {};
  switch (s.code) {
    case Code::Ready:
      return with_kernel(s);
    case Code::Refused:
      return uncompiled(s);
    case Code::Unknown:
    case Code::NotLifted:
    case Code::Lifted:
    case Code::Compiling:
      return without_kernel(s);
  }
  return {};
}

int64_t next_batch(int64_t last_rows, double last_ns) {
  if (last_ns < 25e3) return std::min(last_rows * 2, longest_batch);
  if (last_ns > 100e3) return std::max<int64_t>(last_rows / 2, 1);
  return last_rows;
}

}  // namespace gilmap::router
