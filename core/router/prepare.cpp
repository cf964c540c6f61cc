#include "router/prepare.h"

#include "lift/lift.h"
#include "loader/loader.h"
#include "passes/pipeline.h"
#include "router/background.h"
#include "runtime/clock.h"
#include "runtime/pool.h"

namespace gilmap::router {
namespace {

void compile_now(Compilation& v) {
  runtime::warm_up();
  passes::run_pipeline(v.module);
  v.kernel = loader::compile(v.module, {}, &v.error);
  v.state.store(v.kernel ? State::Ready : State::Failed);
}

}  // namespace

std::shared_ptr<Variant> prepare(Entry& entry, PyObject* callable, std::span<const ir::Type> types) {
  if (auto known = entry.find(callable, types)) return known;
  auto v = std::make_shared<Variant>();
  v->types.assign(types.begin(), types.end());
  const int64_t before = runtime::now_ns();
  auto lifted = lift::lift(callable, types);
  v->lift_ms = static_cast<double>(runtime::now_ns() - before) / 1e6;
  if (!lifted) {
    v->why = std::move(lifted.error());
    v->code->state = State::Unsupported;
    entry.add(v);
    return v;
  }
  v->guards = std::move(lifted->guards);
  v->foreign = lifted->foreign;
  v->result_types = lifted->module.result_types;
  v->depth = lifted->module.functions[0].depth;
  v->code->module = std::move(lifted->module);
  entry.add(v);
  ++entry.unused_variants;
  in_background([code = v->code] {
    if (code.use_count() > 1) compile_now(*code);  // else nobody has it any more
  });
  return v;
}

bool await(const Variant& variant) {
  return wait_for_background([&] { return variant.state() != State::Compiling; });
}

}  // namespace gilmap::router
