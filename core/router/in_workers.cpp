#include "router/in_workers.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "runtime/cpus.h"
#include "runtime/pool.h"

namespace gilmap::router {
namespace {

using interpreters::Outcome;

interpreters::Request request_for(CallState& call, const interpreters::Shipment& shipment) {
  interpreters::Request request;
  request.shipment = &shipment;
  request.inputs = call.inputs;
  request.end = call.n;
  request.workers = call.options.workers;
  request.call = [&call](int64_t i) { return call.interpreter.call(i); };
  return request;
}

// What comes before the row that raised StopIteration is a whole list.
Outcome end_list(CallState& call, Outcome outcome) {
  if (outcome != Outcome::Raised || !call.ends_list()) return outcome;
  PyErr_Clear();
  return Outcome::Done;
}

using Clock = std::chrono::steady_clock;

// To copy an element there and its result back may cost a microsecond.
constexpr double least_each_ns = 4e3;
// To look through the bytecode, and to ship.
constexpr double least_rest_ns = 10e6;
// To start interpreters, and to import this part of gilmap.
constexpr double least_rest_for_start_ns = 80e6;

double rest_ns(const CallState& call, double each_ns) {
  return each_ns * static_cast<double>(call.n - static_cast<int64_t>(call.prefix.size()));
}

// Some rows here, about a millisecond's work. False with an exception set.
bool run_some_here(CallState& call, double each_ns) {
  const auto rows = std::max<int64_t>(1, static_cast<int64_t>(1e6 / each_ns));
  for (int64_t k = 0; k < rows && static_cast<int64_t>(call.prefix.size()) < call.n; ++k) {
    const auto i = static_cast<int64_t>(call.prefix.size());
    Ref r = call.is_null(i) ? Ref() : call.interpreter.call(i);
    if (!r && !call.is_null(i)) return false;
    call.prefix.push_back(std::move(r));
  }
  return PyErr_CheckSignals() == 0;
}

}  // namespace

Outcome offer_to_workers(CallState& call, double each_ns) {
  Entry& entry = *call.entry;
  if (entry.stays_here || each_ns < least_each_ns || call.options.workers == 1) return Outcome::Declined;
  const bool started = interpreters::started();
  const double least = started ? least_rest_ns : least_rest_for_start_ns;
  if (rest_ns(call, each_ns) < least || runtime::available_cpus() < 2) return Outcome::Declined;
  std::string why;
  auto shipment = interpreters::ship_if_harmless(call.func, why);
  if (!shipment) {
    if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_Exception)) return Outcome::Raised;
    PyErr_Clear();
    entry.stays_here = true;
    return Outcome::Declined;
  }
  while (!interpreters::prepare()) {
    if (!run_some_here(call, each_ns)) return end_list(call, Outcome::Raised);
    if (rest_ns(call, each_ns) < least_rest_ns) return Outcome::Declined;
  }
  const double expected = rest_ns(call, each_ns);
  interpreters::Request request = request_for(call, *shipment);
  request.automatic = true;
  request.ns_per_row = each_ns;
  const auto start = Clock::now();
  const Outcome outcome = end_list(call, interpreters::run(request, call.prefix, why));
  const double took = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
  if (outcome == Outcome::Declined || (outcome == Outcome::Done && took > expected)) entry.stays_here = true;
  return outcome;
}

Outcome run_in_workers(CallState& call, std::string& why) {
  auto shipment = interpreters::ship(call.func);
  if (!shipment) return Outcome::Raised;
  return end_list(call, interpreters::run(request_for(call, *shipment), call.prefix, why));
}

}  // namespace gilmap::router
