#include "passes/pipeline.h"

#include <array>
#include <chrono>

#include "passes/compact_values.h"
#include "passes/drop_checks.h"
#include "passes/eliminate_dead.h"
#include "passes/fold_values.h"
#include "passes/invariant_loops.h"
#include "passes/merge_blocks.h"
#include "passes/pool_constants.h"
#include "passes/remove_polls.h"
#include "passes/remove_unreachable.h"
#include "passes/resume_loops.h"
#include "passes/simplify_params.h"
#include "passes/steady_loops.h"
#include "passes/tabulate_loops.h"

namespace gilmap::passes {
namespace {

struct Pass {
  std::string_view name;
  bool (*run)(ir::Function&);
};

constexpr std::array<Pass, 14> passes = {{
    {"remove_unreachable", remove_unreachable},
    {"pool_constants", pool_constants},
    {"simplify_params", simplify_params},
    {"fold_values", fold_values},
    {"merge_blocks", merge_blocks},
    {"eliminate_dead", eliminate_dead},
    {"drop_checks", drop_checks},
    {"separate_invariant_sums", separate_invariant_sums},
    {"run_steady_loops_once", run_steady_loops_once},
    {"run_invariant_loops_once", run_invariant_loops_once},
    {"resume_loops", resume_loops},
    {"tabulate_loops", tabulate_loops},
    {"remove_polls", remove_polls},
    {"compact_values", compact_values},
}};

Observer& observer() {
  static Observer o;
  return o;
}

const Pass* find(std::string_view name) {
  for (const Pass& p : passes) {
    if (p.name == name) return &p;
  }
  return nullptr;
}

bool run(std::string_view name, ir::Function& f) {
  const Pass* pass = find(name);
  GILMAP_CHECK(pass);
  auto start = std::chrono::steady_clock::now();
  bool changed = pass->run(f);
  if (observer()) {
    observer()(name, std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count(), f);
  }
  return changed;
}

// Folding makes constants of branches; what they no longer reach brings further folding.
void clean_up(ir::Function& f) {
  for (int round = 0; round < 3; ++round) {
    run("remove_unreachable", f);
    run("pool_constants", f);
    run("simplify_params", f);
    if (!run("fold_values", f)) break;
  }
  run("remove_unreachable", f);
  run("merge_blocks", f);
  run("remove_unreachable", f);
  run("eliminate_dead", f);
}

void optimise(ir::Function& f) {
  clean_up(f);  // the lifter's block parameters and repeated checks
  for (int round = 0; round < 2; ++round) {
    if (!run("drop_checks", f)) break;  // what ranges prove
    clean_up(f);
  }
  bool fewer_rounds = run("separate_invariant_sums", f);
  if (run("run_steady_loops_once", f)) {
    clean_up(f);
    run("drop_checks", f);  // most products are small
    fewer_rounds = true;
  }
  fewer_rounds |= run("run_invariant_loops_once", f);
  if (fewer_rounds) clean_up(f);
  run("remove_polls", f);
  run("compact_values", f);
}

}  // namespace

void run_pipeline(ir::Module& module) {
  for (ir::Function& f : module.functions) optimise(f);
}

void share_rounds(ir::Module& module) {
  ir::Function& f = module.functions[0];  // it alone is given memory for tables
  bool has_tables = run("resume_loops", f);
  has_tables |= run("tabulate_loops", f);
  if (!has_tables) return;
  clean_up(f);
  run("compact_values", f);
}

bool run_pass(std::string_view name, ir::Module& module) {
  if (name == "pipeline") {
    run_pipeline(module);
    return true;
  }
  const Pass* pass = find(name);
  if (!pass) return false;
  for (ir::Function& f : module.functions) run(name, f);
  return true;
}

std::span<const std::string_view> pass_names() {
  static const auto names = [] {
    std::array<std::string_view, passes.size()> n;
    for (size_t i = 0; i < n.size(); ++i) n[i] = passes[i].name;
    return n;
  }();
  return names;
}

void observe_passes(Observer o) { observer() = std::move(o); }

}  // namespace gilmap::passes
