// Passes keep what a function does, and value ranges hold, on random functions. GILMAP_RANDOM_TESTS sets how many are
// tried.

#include <gtest/gtest.h>

#include <cstdlib>

#include "filetests/lanes_check.h"
#include "filetests/random_module.h"
#include "ir/interpreter.h"
#include "ir/printer.h"
#include "ir/verifier.h"
#include "passes/numeric_table.h"
#include "passes/pipeline.h"
#include "passes/value_ranges.h"
#include "spmd/lanes.h"

namespace gilmap::passes {
namespace {

using ir::Module;
using ir::Outcome;

const ir::InterpreterOptions few_steps{.numeric = call_numeric, .max_steps = 20'000, .table = numeric_table()};

uint64_t seeds() {
  const char* count = std::getenv("GILMAP_RANDOM_TESTS");
  return count ? std::strtoull(count, nullptr, 10) : 400;
}

struct Case {
  std::vector<uint64_t> args;
  Outcome outcome;
};

std::vector<Case> cases_of(const Module& module, filetests::RandomModule& random) {
  std::vector<Case> cases;
  for (int i = 0; i < 20; ++i) {
    std::vector<uint64_t> args = random.arguments(module.functions[0]);
    cases.push_back({args, interpret(module, 0, args, few_steps)});
  }
  return cases;
}

void expect_same(const Module& before, const Module& after, const std::vector<Case>& cases, const std::string& what) {
  for (const std::string& mistake : verify(after, numeric_table()))
    FAIL() << what << ": " << mistake << "\n" << print(before);
  for (const Case& c : cases) {
    ASSERT_NE(c.outcome.kind, Outcome::Kind::Broken) << what << c.outcome.what << "\n" << print(before);
    if (c.outcome.kind == Outcome::Kind::OutOfSteps) continue;
    Outcome outcome = interpret(after, 0, c.args, few_steps);
    if (outcome == c.outcome) continue;
    std::string args;
    for (uint64_t a : c.args) args += std::to_string(static_cast<int64_t>(a)) + " ";
    FAIL() << what << ", arguments " << args << outcome.what << "\n" << print(before) << "\n" << print(after);
  }
}

TEST(RandomPasses, EachPassAloneKeepsTheMeaning) {
  for (uint64_t seed = 1; seed <= seeds() && !testing::Test::HasFailure(); ++seed) {
    filetests::RandomModule random(seed);
    Module module = random.make();
    std::vector<Case> cases = cases_of(module, random);
    // What the others may assume.
    run_pass("remove_unreachable", module);
    run_pass("pool_constants", module);
    for (std::string_view name : pass_names()) {
      Module changed = module;
      run_pass(name, changed);
      expect_same(module, changed, cases, "seed " + std::to_string(seed) + ", " + std::string(name));
    }
  }
}

TEST(RandomPasses, PassesInRandomOrderKeepTheMeaning) {
  for (uint64_t seed = 1; seed <= seeds() && !testing::Test::HasFailure(); ++seed) {
    filetests::RandomModule random(seed);
    Module module = random.make();
    std::vector<Case> cases = cases_of(module, random);
    Module changed = module;
    std::mt19937_64 order(seed);
    std::string what = "seed " + std::to_string(seed);
    for (int i = 0; i < 12 && !testing::Test::HasFailure(); ++i) {
      std::string_view name = pass_names()[order() % pass_names().size()];
      what += ", " + std::string(name);
      run_pass("remove_unreachable", changed);
      run_pass("pool_constants", changed);
      run_pass(name, changed);
      expect_same(module, changed, cases, what);
    }
  }
}

TEST(RandomPasses, ThePipelineKeepsTheMeaning) {
  for (uint64_t seed = 1; seed <= 4 * seeds() && !testing::Test::HasFailure(); ++seed) {
    filetests::RandomModule random(seed);
    Module module = random.make();
    std::vector<Case> cases = cases_of(module, random);
    Module changed = module;
    observe_passes([&](std::string_view pass, double, const ir::Function& f) {
      for (const std::string& mistake : verify({{f}, module.result_types}, numeric_table())) {
        ADD_FAILURE() << "seed " << seed << " after " << pass << ": " << mistake;
      }
    });
    run_pipeline(changed);
    share_rounds(changed);
    observe_passes({});
    expect_same(module, changed, cases, "seed " + std::to_string(seed));
  }
}

TEST(RandomPasses, ManyElementsAtATimeGiveTheSame) {
  for (uint64_t seed = 1; seed <= 4 * seeds() && !testing::Test::HasFailure(); ++seed) {
    filetests::RandomModule random(seed);
    Module module = random.make();
    std::vector<std::vector<uint64_t>> rows;
    for (const Case& c : cases_of(module, random)) rows.push_back(c.args);
    run_pipeline(module);
    std::string why;
    const auto lanes = spmd::to_lanes(module, &why);
    if (!lanes) continue;
    for (const std::string& mistake : verify(*lanes, numeric_table()))
      FAIL() << "seed " << seed << ": " << mistake << "\n" << print(module) << "\n" << print(*lanes);
    const std::string wrong = filetests::check_lanes(module, *lanes, rows, few_steps);
    ASSERT_EQ(wrong, "") << "seed " << seed << "\n" << print(module);
  }
}

// Adds a check of every known range to the function, which deopts for Type, a reason that no random function has.
Module with_checks(const Module& module) {
  Module checked = module;
  ir::Function& f = checked.functions[0];
  ValueRanges ranges(module.functions[0]);
  const ir::Dominators& dom = ranges.dominators();
  ir::Builder builder(f);
  for (ir::BlockId b : dom.order()) {
    ir::Terminator end = std::exchange(f.blocks[b].end, {});
    builder.at(b);
    for (ir::BlockId d = b; d != ir::no_block; d = dom.idom(d)) {
      const ir::Block& block = module.functions[0].blocks[d];
      std::vector<ir::ValueId> values = block.params;
      values.insert(values.end(), block.body.begin(), block.body.end());
      for (ir::ValueId v : values) {
        if (f.type(v) != ir::Type::I64) continue;
        ir::IntRange r = ranges.at(v, b);
        if (r == ir::IntRange{}) continue;
        builder.deopt_if(builder.emit(ir::Op::ILt, {v, builder.iconst(r.lo)}), ir::DeoptReason::Type);
        builder.deopt_if(builder.emit(ir::Op::IGt, {v, builder.iconst(r.hi)}), ir::DeoptReason::Type);
      }
    }
    f.blocks[b].end = end;
  }
  return checked;
}

TEST(RandomRanges, HoldWhereTheyAreClaimed) {
  for (uint64_t seed = 1; seed <= 2 * seeds() && !testing::Test::HasFailure(); ++seed) {
    filetests::RandomModule random(seed);
    Module module = random.make();
    std::vector<Case> cases = cases_of(module, random);
    run_pass("remove_unreachable", module);
    Module checked = with_checks(module);
    for (const Case& c : cases) {
      if (c.outcome.kind == Outcome::Kind::OutOfSteps) continue;
      Outcome outcome = interpret(checked, 0, c.args, {.numeric = call_numeric, .max_steps = 2'000'000});
      ASSERT_EQ(outcome, c.outcome) << "seed " << seed << "\n" << print(module) << "\n" << print(checked);
    }
  }
}

}  // namespace
}  // namespace gilmap::passes
