#include "router/in_workers.h"

#include <algorithm>
#include <atomic>

#include "runtime/clock.h"
#include "runtime/pool.h"

namespace gilmap::router {
namespace {

using interpreters::Outcome;

// Calls that took longer there than they would have here, before the function stays for some calls: a busy machine is
// no reason to stay for good. Each further loss doubles their number.
constexpr int losses_to_stay = 2;
constexpr int calls_to_stay = 16;
constexpr int most_doublings = 6;

std::atomic<bool> losses_count{true};

double rest_ns(const CallState& call, double each_ns) {
  return each_ns * static_cast<double>(call.n - call.prefix.size());
}

void note(Entry& entry, bool lost) {
  if (!lost) {
    entry.losses_in_workers = std::max(0, entry.losses_in_workers - 1);
  } else if (++entry.losses_in_workers >= losses_to_stay) {
    entry.calls_to_stay = calls_to_stay << std::min(entry.losses_in_workers - losses_to_stay, most_doublings);
  }
}

// What comes before the row that raised StopIteration is a whole list.
Outcome end_list(CallState& call, Outcome outcome) {
  if (outcome != Outcome::Raised || !call.ends_list()) return outcome;
  PyErr_Clear();
  return Outcome::Done;
}

}  // namespace

void count_losses(bool count) { losses_count.store(count); }

bool rests_from_workers(PyObject* callable) {
  const auto entry = known_entry(callable);
  return entry && entry->calls_to_stay > 0;
}

std::optional<interpreters::Shipment> ship_if_harmless(CallState& call) {
  std::string why;
  auto shipment = interpreters::ship_if_harmless(call.func, why);
  if (shipment) {
    if (columns::freeze(call.inputs)) return shipment;
    return std::nullopt;
  }
  if (PyErr_Occurred()) {
    if (!PyErr_ExceptionMatches(PyExc_Exception)) return std::nullopt;
    PyErr_Clear();
  }
  call.entry->stays = true;
  return std::nullopt;
}

Outcome run_in_workers(CallState& call, const interpreters::Shipment& shipment, double each_ns, std::string& why) {
  const double expected_ns = rest_ns(call, each_ns);
  const int64_t start = runtime::now_ns();
  interpreters::Request request;
  request.shipment = &shipment;
  request.inputs = call.inputs;
  request.begin = call.prefix.size();
  request.end = call.n;
  request.workers = call.options.workers;
  request.automatic = each_ns > 0;
  request.ns_per_row = each_ns;
  request.call = [&call](int64_t i) { return call.interpreter.call(i); };

  if (!call.prefix.reserve(call.n)) return Outcome::Raised;
  int64_t done = 0;
  double rows_ns = 0;
  const Outcome outcome = end_list(call, interpreters::run(request, call.prefix.room(call.n), done, rows_ns, why));
  for (Ref& r : call.prefix.room(call.n).first(static_cast<size_t>(done))) {
    if (!r) r = Ref::borrow(Py_None);
  }
  call.prefix.grow(done);
  const auto took_ns = static_cast<double>(runtime::now_ns() - start);
  if (request.automatic && outcome != Outcome::Raised) {
    // On a machine that is busy now, rows take longer here too than they once did: as long as they took there.
    const bool lost = took_ns > std::max(expected_ns, rows_ns) && losses_count.load();
    note(*call.entry, lost || outcome == Outcome::Declined);
  }
  return outcome;
}

}  // namespace gilmap::router
