#include "router/prepare.h"

#include <unistd.h>

#include <atomic>

#include "lift/lift.h"
#include "loader/loader.h"
#include "passes/pipeline.h"
#include "router/background.h"
#include "runtime/clock.h"
#include "runtime/pool.h"

namespace gilmap::router {
namespace {

// Of functions of the tests and workloads half take between 4 and 8 ms, hardly more for a long one (2 µs for a byte of
// bytecode): the machine tells more than the function does.
std::atomic<double> mean_compile_ns{5e6};
constexpr double weight_of_last_compile = 0.2;

void compile_now(Compilation& v) {
  runtime::warm_up();
  const int64_t start = runtime::now_ns();
  passes::run_pipeline(v.module);
  ir::Module shares = v.module;
  passes::share_rounds(shares);
  v.kernel = loader::compile(shares, {}, &v.error);
  if (v.kernel) {
    const double mean = mean_compile_ns.load();  // two at once may lose one of them
    const auto took = static_cast<double>(runtime::now_ns() - start);
    mean_compile_ns.store(mean + (took - mean) * weight_of_last_compile);
  }
  v.state.store(v.kernel ? State::Ready : State::Failed);
}

// More blocks than the passes make one of, for an expression.
constexpr size_t many_blocks = 16;
constexpr size_t many_values = 256;

ArrowTier arrow_tier(const ir::Module& module) {
  ArrowTier tier;
  tier.made = true;
  const ir::Function& f = module.functions[0];
  if (module.functions.size() > 1 || f.blocks.size() > many_blocks || f.values.size() > many_values) {
    tier.why_not = "it is not one expression";
    return tier;
  }
  ir::Module copy = module;
  passes::run_pipeline(copy);
  if (auto program = arrow::make_program(copy))
    tier.program = std::move(*program);
  else
    tier.why_not = std::move(program.error());
  return tier;
}

}  // namespace

double usual_compile_ns() { return mean_compile_ns.load(); }

std::shared_ptr<Variant> lifted(Entry& entry, PyObject* callable, std::span<const ir::Type> types) {
  if (auto known = entry.find(callable, types)) return known;
  auto v = std::make_shared<Variant>();
  v->types.assign(types.begin(), types.end());
  const int64_t before = runtime::now_ns();
  auto module = lift::lift(callable, types);
  v->lift_began_ns = before;
  v->lift_ms = static_cast<double>(runtime::now_ns() - before) / 1e6;
  if (!module) {
    v->why = std::move(module.error());
    v->code->state = State::Unsupported;
    v->arrow.why_not = v->why->message();
    entry.add(v);
    return v;
  }
  v->guards = std::move(module->guards);
  v->foreign = module->foreign;
  v->result_types = module->module.result_types;
  v->depth = module->module.functions[0].depth;
  v->code->module = std::move(module->module);
  if (arrow::is_loaded()) v->arrow = arrow_tier(v->code->module);
  entry.add(v);
  return v;
}

void begin_compile(Entry& entry, Variant& variant) {
  if (variant.state() != State::Lifted) return;
  variant.code->state = State::Compiling;
  variant.owner_process = getpid();
  variant.compile_began_ns = runtime::now_ns();
  ++entry.unused_variants;
  in_background([code = variant.code] {
    if (code.use_count() > 1) compile_now(*code);  // else nobody has it any more
  });
}

std::shared_ptr<Variant> prepare(Entry& entry, PyObject* callable, std::span<const ir::Type> types) {
  auto v = lifted(entry, callable, types);
  begin_compile(entry, *v);
  return v;
}

arrow::Kernel* arrow_kernel(Variant& variant) {
  ArrowTier& tier = variant.arrow;
  if (!tier.program || !arrow::is_loaded()) return nullptr;
  if (!tier.kernel) {
    auto made = arrow::Kernel::make(*tier.program);
    PyErr_Clear();
    // Another thread may have made one meanwhile, which runs by now.
    if (!tier.kernel && made) tier.kernel = std::move(made);
    if (!tier.kernel) tier.program.reset();  // no memory, or a pyarrow without one of the functions: then not this way
  }
  return tier.kernel.get();
}

bool await(const Variant& variant) {
  return wait_for_background([&] { return variant.state() != State::Compiling; });
}

}  // namespace gilmap::router
