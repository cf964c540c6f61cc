#include "router/explain.h"

#include <algorithm>
#include <map>

#include "columns/columns.h"
#include "ir/loops.h"
#include "ir/printer.h"
#include "lift/lift.h"
#include "loader/loader.h"
#include "numeric/functions.h"
#include "passes/numeric_table.h"
#include "passes/pipeline.h"
#include "passes/resume_loops.h"
#include "router/arrow/program.h"
#include "router/cache.h"
#include "router/specialise.h"
#include "runtime/clock.h"
#include "spmd/lanes.h"

namespace gilmap::router {

Explanation explain(PyObject* callable, std::vector<ir::Type> types, std::vector<ir::IntRange> bounds) {
  Explanation e;
  e.columns = types;
  auto lifted = lift::lift(callable, types);
  if (!lifted) {
    e.why = std::move(lifted.error());
    return e;
  }
  std::string error;
  const auto machine = loader::describe(&error);
  if (!machine || !machine->compiles) {
    e.why.what = machine ? machine->simd : error;
    return e;
  }
  e.compiled = true;
  e.foreign = lifted->foreign;
  if (const auto entry = known_entry(callable)) {
    const auto v = entry->find(callable, types);
    e.ready = v && v->state() == State::Ready;
  }
  e.results = lifted->module.result_types;
  use_usual_classes(bounds, lifted->module.functions[0]);
  lifted->module.functions[0].arg_ranges = std::move(bounds);
  passes::run_pipeline(lifted->module);
  const auto program = arrow::make_program(lifted->module);
  e.arrow = program.has_value();
  if (!program) e.why_no_arrow = program.error();
  ir::Module shares = lifted->module;
  passes::share_rounds(shares);
  for (const ir::Inst& inst : shares.functions[0].values) {
    if (inst.op == ir::Op::TableWay && inst.line > 0) e.shared_lines.insert(inst.line);
  }
  if (passes::resumes_all_loops(shares.functions[0])) {
    e.why_no_lanes = "its loops go on where those of an element before it got to";
  } else if (const auto lanes = spmd::to_lanes(lifted->module, &e.why_no_lanes)) {
    e.lanes = loader::lane_facts(*lanes, &e.why_no_lanes);
  }
  std::map<std::string, Check> checks;
  auto add_check = [&](ir::DeoptReason reason, int line) {
    const std::string words = ir::words(reason);
    Check& check = checks.try_emplace(words, Check{words, 0, {}}).first->second;
    ++check.count;
    if (line > 0) check.lines.insert(line);
  };
  for (const ir::Function& f : lifted->module.functions) {
    const ir::Predecessors preds(f);
    const auto loops = ir::Loops::of(f, preds, ir::Dominators(f, preds));
    e.loops |= !loops || loops->size() > 0;
    for (const ir::Block& b : f.blocks) {
      for (ir::ValueId v : b.body) {
        ++e.instructions;
        e.loops |= f[v].op == ir::Op::Call;
        if (f[v].op == ir::Op::DeoptIf) add_check(static_cast<ir::DeoptReason>(f[v].imm), f[v].line);
      }
      if (b.end.kind == ir::Terminator::Kind::Deopt)
        add_check(b.end.reason, b.body.empty() ? 0 : f[b.body.back()].line);
    }
  }
  for (auto& [words, check] : checks) e.checks.push_back(std::move(check));
  return e;
}

std::string ir_text(PyObject* callable, std::vector<ir::Type> types, bool optimised) {
  auto lifted = lift::lift(callable, types);
  if (!lifted) return lifted.error().message();
  if (optimised) passes::run_pipeline(lifted->module);
  return ir::print(lifted->module, {.numeric = passes::numeric_table()});
}

std::string listing(PyObject* callable, std::vector<ir::Type> types, std::vector<ir::IntRange> ranges,
                    codegen::Listing what, bool lanes) {
  auto lifted = lift::lift(callable, types);
  if (!lifted) return lifted.error().message();
  lifted->module.functions[0].arg_ranges = std::move(ranges);
  passes::run_pipeline(lifted->module);
  if (!lanes) {
    passes::share_rounds(lifted->module);
    return loader::listing(lifted->module, what);
  }
  std::string why;
  const auto module = spmd::to_lanes(lifted->module, &why);
  return module ? loader::listing(*module, what) : why;
}

std::optional<LaneKernelFacts> lane_kernel_facts(PyObject* callable, std::vector<ir::Type> types,
                                                 std::vector<ir::IntRange> ranges) {
  auto lifted = lift::lift(callable, types);
  if (!lifted) return std::nullopt;
  const int64_t start = runtime::now_ns();
  lifted->module.functions[0].arg_ranges = std::move(ranges);
  passes::run_pipeline(lifted->module);
  std::string error;
  const auto lanes = spmd::to_lanes(lifted->module, &error);
  if (!lanes) return std::nullopt;
  const auto passes_ms = static_cast<double>(runtime::now_ns() - start) * 1e-6;
  const auto kernel = loader::compile(*lanes, {}, &error);
  if (!kernel) return std::nullopt;
  return LaneKernelFacts{kernel->lanes, passes_ms, kernel->compile_ms, kernel->code_bytes};
}

std::vector<ir::Type> column_types(std::vector<PyObject*> iterables) {
  auto inputs = columns::open_all(iterables);
  if (inputs.empty()) return {};
  int64_t n = columns::common_size(inputs);
  auto types = columns::common_types(inputs, 0, std::min<int64_t>(n, 64));
  if (!types && n > 0) types = columns::common_types(inputs, 0, 1);
  return types.value_or(std::vector<ir::Type>());
}

std::vector<ir::IntRange> column_bounds(std::vector<PyObject*> iterables) {
  constexpr int64_t first_rows = 4096;
  auto inputs = columns::open_all(iterables);
  if (inputs.empty()) return {};
  const columns::Partition rows = columns::partition(inputs, 0, std::min(columns::common_size(inputs), first_rows));
  return rows.groups.size() == 1 && rows.others.empty() ? classes_of(rows.groups[0]) : std::vector<ir::IntRange>();
}

}  // namespace gilmap::router
