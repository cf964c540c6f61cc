#include "router/in_workers.h"

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

}  // namespace

Outcome run_in_workers(CallState& call, std::string& why) {
  auto shipment = interpreters::ship(call.func);
  if (!shipment) return Outcome::Raised;
  std::vector<Ref> results;
  const Outcome outcome = end_list(call, interpreters::run(request_for(call, *shipment), results, why));
  if (!call.prefix.begin(call.n)) return Outcome::Raised;
  for (Ref& r : results) {
    if (!call.prefix.append(r ? std::move(r) : Ref::borrow(Py_None))) return Outcome::Raised;
  }
  return outcome;
}

}  // namespace gilmap::router
