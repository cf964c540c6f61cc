#include "router/situation.h"

#include <algorithm>
#include <atomic>

#include "interpreters/run.h"
#include "router/arrow/kernel.h"
#include "router/prepare.h"
#include "runtime/pool.h"

namespace gilmap::router {
namespace {

Code code_of(const Variant& v) {
  switch (v.state()) {
    case State::Unsupported:
    case State::Failed:
      return Code::Refused;
    case State::Lifted:
      return Code::Lifted;
    case State::Compiling:
      return Code::Compiling;
    case State::Ready:
      return Code::Ready;
  }
  return Code::Refused;
}

// To find out takes 0.1 ms, since limits lie in files: asked once a second.
bool has_many_cpus() {
  constexpr int64_t valid_ns = 1'000'000'000;
  static std::atomic<int64_t> asked_ns{-valid_ns};
  static std::atomic<bool> many{false};
  const int64_t now = runtime::now_ns();
  if (now - asked_ns.load() >= valid_ns) {
    many.store(runtime::available_cpus() > 1);
    asked_ns.store(now);
  }
  return many.load();
}

}  // namespace

Situation situation_of(const CallState& call) {
  Situation s;
  s.backend = call.options.backend;
  s.rows = static_cast<double>(call.n - call.prefix.size());
  s.compile_ns = usual_compile_ns();
  s.arrow = PyFunction_Check(call.func) ? ArrowUse::Possible : ArrowUse::Impossible;
  if (!call.entry) return s;
  const Entry& entry = *call.entry;
  s.known = true;
  s.interpreted_ns = entry.interpreted_ns;
  s.spent_ns = entry.spent_ns;
  s.unused_kernels = entry.unused_variants;
  return s;
}

void set_code(Situation& s, const Variant* variant) {
  s.code = variant ? code_of(*variant) : Code::NotLifted;
  if (!variant) return;
  const Variant& v = *variant;
  s.arrow = v.arrow.program && arrow::is_loaded() ? ArrowUse::Certain : ArrowUse::Impossible;
  s.arrow_ns = v.arrow.ns_per_row;
  s.arrow_spent_ns = v.arrow.spent_ns;
  s.kernel_ns = v.ns_per_row;
  s.kernel_spent_ns = v.native_ns;
  // Acquire: pairs with the release of the thread that compiled it.
  s.has_second = std::ranges::any_of(v.specialised, [](const Specialised& known) {
    return known.kernel && known.kernel->ready.load(std::memory_order_acquire);
  });
  s.kernel_rests = v.calls_to_skip > 0;
  if (s.code == Code::Compiling) s.compiling_for_ns = static_cast<double>(runtime::now_ns() - v.compile_began_ns);
}

void set_workers(Situation& s, const CallState& call) {
  s.workers_allowed = !call.entry->stays && call.options.workers != 1 && has_many_cpus();
  s.workers_started = interpreters::started();
  s.workers_rest = call.entry->calls_to_stay > 0;
}

}  // namespace gilmap::router
