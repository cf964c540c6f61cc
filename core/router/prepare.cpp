#include "router/prepare.h"

#include <chrono>

#include "lift/lift.h"
#include "loader/loader.h"
#include "passes/pipeline.h"
#include "router/background.h"
#include "router/narrow.h"
#include "runtime/pool.h"

namespace gilmap::router {
namespace {

using Clock = std::chrono::steady_clock;

void compile_now(Compilation& v) {
  runtime::warm_up();
  passes::run_pipeline(v.module);
  v.burdens = burdens(v.module);
  v.kernel = loader::compile(v.module, {}, &v.error);
  v.state.store(v.kernel ? State::Ready : State::Failed);
}

}  // namespace

std::shared_ptr<Variant> prepare(Entry& entry, PyObject* callable, std::span<const ir::Type> types) {
  if (auto known = entry.find(callable, types)) return known;
  auto v = std::make_shared<Variant>();
  v->types.assign(types.begin(), types.end());
  auto before = Clock::now();
  auto lifted = lift::lift(callable, types);
  v->lift_ms = std::chrono::duration<double, std::milli>(Clock::now() - before).count();
  if (!lifted) {
    v->why = std::move(lifted.error());
    v->code->state = State::Unsupported;
    entry.add(v);
    return v;
  }
  v->guards = std::move(lifted->guards);
  v->result_types = lifted->module.result_types;
  v->depth = lifted->module.functions[0].depth;
  v->code->module = std::move(lifted->module);
  entry.add(v);
  in_background([code = v->code] { compile_now(*code); });
  return v;
}

bool await(const Variant& variant) {
  return wait_for_background([&] { return variant.state() != State::Compiling; });
}

}  // namespace gilmap::router
