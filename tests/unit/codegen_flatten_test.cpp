// Short branches become selects, with their checks; others stay as they are.

#include "codegen/flatten_branches.h"
#include "codegen_programs.h"
#include "ir/printer.h"

namespace gilmap::codegen_tests {
namespace {

size_t reachable_branches(const ir::Module& module) {
  size_t branches = 0;
  for (const ir::Block& block : module.functions[0].blocks) branches += block.end.kind == ir::Terminator::Kind::Branch;
  return branches;
}

ir::Module flattened(std::string_view text) {
  ir::Module module = parse(text);
  codegen::flatten_branches(module.functions[0]);
  for (const std::string& mistake : ir::verify(module, numeric_table())) ADD_FAILURE() << mistake << ir::print(module);
  return module;
}

TEST(Flatten, BothSidesOfCollatz) {
  const ir::Module module = flattened(programs::collatz);
  EXPECT_EQ(reachable_branches(module), 1u) << ir::print(module);  // the loop's
}

// abs() with its check: minus the minimum leaves 64 bits.
constexpr std::string_view absolute = R"(
function %absolute(i64) -> i64 {
block0(v0: i64):
  v1 = iconst 0
  v2 = ilt v0, v1
  branch v2, block1, block2(v0)
block1:
  v3 = isub_overflows v1, v0
  deopt_if v3, overflow
  v4 = isub v1, v0
  jump block2(v4)
block2(v5: i64):
  ret v5
}
)";

TEST(Flatten, KeepsTheCheckOfASide) {
  const ir::Module module = flattened(absolute);
  EXPECT_EQ(reachable_branches(module), 0u) << ir::print(module);
  const Ran ran = run(*compile(module), {ints({5, -5, INT64_MIN, INT64_MAX, 0})});
  EXPECT_EQ(ran.rows, std::vector<int64_t>{2});
  EXPECT_EQ(ran.ints(), (std::vector<int64_t>{5, 5, 0, INT64_MAX, 0}));
}

TEST(Flatten, LeavesUnlikelyBranchesAlone) {
  std::string text(absolute);
  text.replace(text.find("block2(v0)\n"), 10, "block2(v0) unlikely=0");
  EXPECT_EQ(reachable_branches(flattened(text)), 1u);
}

TEST(Flatten, FoldsChainsOfBranches) {
  // -1, 0 or 1
  const ir::Module module = flattened(R"(
function %sign(f64) -> i64 {
block0(v0: f64):
  v1 = fconst 0.0
  v2 = iconst 1
  v3 = iconst 0
  v4 = iconst -1
  v5 = fgt v0, v1
  branch v5, block4(v2), block1
block1:
  v6 = flt v0, v1
  branch v6, block2, block3
block2:
  jump block4(v4)
block3:
  jump block4(v3)
block4(v7: i64):
  ret v7
}
)");
  EXPECT_EQ(reachable_branches(module), 0u) << ir::print(module);
  EXPECT_EQ(run(*compile(module), {floats({2.5, -2.5, 0.0})}).ints(), (std::vector<int64_t>{1, -1, 0}));
}

TEST(Flatten, NeverMovesADivisionOutOfItsGuard) {
  const ir::Module module = flattened(R"(
function %safe_mod(i64, i64) -> i64 {
block0(v0: i64, v1: i64):
  v2 = iconst 0
  v3 = ine v1, v2
  branch v3, block1, block2(v2)
block1:
  v4 = imod v0, v1
  jump block2(v4)
block2(v5: i64):
  ret v5
}
)");
  EXPECT_EQ(reachable_branches(module), 1u);
  EXPECT_EQ(run(*compile(module), {ints({7, 7}), ints({0, 4})}).ints(), (std::vector<int64_t>{0, 3}));
}

}  // namespace
}  // namespace gilmap::codegen_tests
