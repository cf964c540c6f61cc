// Random functions through the whole way: the pipeline of passes, then compiled code, against the interpreter on what
// was written. Lane functions of them, too, where there is code for those. GILMAP_RANDOM_TESTS sets how many are
// tried, GILMAP_RANDOM_AFTER the seed behind which they begin.

#include <cstdlib>

#include "codegen/narrow_ints.h"
#include "codegen_programs.h"
#include "filetests/random_module.h"
#include "ir/printer.h"
#include "passes/numeric_table.h"
#include "passes/pipeline.h"
#include "spmd/lanes.h"

namespace gilmap::codegen_tests {
namespace {

std::string text(const std::vector<uint64_t>& bits) {
  std::string all;
  for (uint64_t b : bits) all += std::to_string(static_cast<int64_t>(b)) + " ";
  return all;
}

// The sign of a NaN that an operation made is the CPU's choice.
bool same(ir::Type t, uint64_t a, uint64_t b) {
  if (a == b) return true;
  constexpr uint64_t sign = uint64_t{1} << 63, made = 0x7ff8000000000000;
  return t == ir::Type::F64 && (a & ~sign) == made && (b & ~sign) == made;
}

using Rows = std::vector<std::vector<uint64_t>>;

void check(const Kernel& kernel, const ir::Module& module, const Rows& rows, const std::vector<ir::Outcome>& expected,
           const std::string& where) {
  std::vector<Column> columns(rows[0].size());
  for (const auto& row : rows) {
    for (size_t k = 0; k < row.size(); ++k) columns[k].push_back(row[k]);
  }
  const Ran ran = run(kernel, columns);
  size_t deopts = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const ir::Outcome& is = expected[i];
    SCOPED_TRACE("arguments " + text(rows[i]) + where + ir::print(module, {.numeric = passes::numeric_table()}));
    ASSERT_NE(is.kind, ir::Outcome::Kind::Broken) << is.what;
    const bool deopted = deopts < ran.rows.size() && ran.rows[deopts] == static_cast<int64_t>(i);
    ASSERT_EQ(deopted, is.kind == ir::Outcome::Kind::Deopt);
    if (deopted) {
      const ir::DeoptReason reason = ran.reasons[deopts++];
      if (!module.functions[0].lanes) {
        ASSERT_EQ(reason, is.reason);
      }
      continue;
    }
    const ir::Type t = is.types.empty() ? ir::Type::Void : is.types[0];
    if (!ran.tags.empty()) {
      ASSERT_EQ(ran.tags[i], static_cast<uint8_t>(codegen::tag_of(t)));
    }
    if (t != ir::Type::Void) {
      ASSERT_TRUE(same(t, ran.bits[i], is.bits[0])) << ran.bits[i] << " is not " << is.bits[0];
    }
  }
}

// Returns how many instructions its lanes do in 32 bits.
int64_t check_seed(uint64_t seed, bool small) {
  filetests::RandomModule random(seed, small);
  const ir::Module module = random.make();
  Rows rows;
  std::vector<ir::Outcome> expected;
  for (int i = 0; i < 21; ++i) {
    std::vector<uint64_t> args = random.arguments(module.functions[0]);
    ir::Outcome outcome = ir::interpret(module, 0, args, {.numeric = passes::call_numeric, .max_steps = 20'000});
    if (outcome.kind == ir::Outcome::Kind::OutOfSteps) continue;
    rows.push_back(std::move(args));
    expected.push_back(std::move(outcome));
  }
  if (rows.empty()) return 0;
  ir::Module optimised = module;
  passes::run_pipeline(optimised);
  ir::Module shares = optimised;
  passes::share_rounds(shares);
  const auto kernel = compile(shares);
  const std::string where =
      ", seed " + std::to_string(seed) + "\n" + ir::print(module, {.numeric = passes::numeric_table()});
  check(*kernel, shares, rows, expected, where);
  std::string why;
  const auto lanes = spmd::to_lanes(optimised, &why);
  if (!lanes) return 0;
  for (int bits : {64, 32}) {
    const auto lane_kernel = codegen::compile(*lanes, {.lane_bits = bits}, &why);
    if (lane_kernel) check(*lane_kernel, *lanes, rows, expected, where + std::to_string(bits) + " bits, ");
  }
  const codegen::NarrowInts narrow(lanes->functions[0]);
  int64_t count = 0;
  for (ir::ValueId v = 0; v < lanes->functions[0].values.size(); ++v) count += narrow.computes(v);
  return count;
}

// Of how many functions, and behind which seed they begin.
std::pair<uint64_t, uint64_t> seeds() {
  const char* count = std::getenv("GILMAP_RANDOM_TESTS");
  const char* after = std::getenv("GILMAP_RANDOM_AFTER");
  return {count ? std::strtoull(count, nullptr, 10) : 200, after ? std::strtoull(after, nullptr, 10) : 0};
}

TEST(RandomCompiled, OptimisedAndCompiledIsStillTheSame) {
  const auto [count, after] = seeds();
  for (uint64_t k = 1; k <= count && !testing::Test::HasFatalFailure(); ++k) check_seed(after + k, false);
}

TEST(RandomCompiled, SmallIntegersAreStillTheSame) {
  const auto [count, after] = seeds();
  uint64_t with_narrow = 0;
  int64_t instructions = 0;
  for (uint64_t k = 1; k <= count && !testing::Test::HasFatalFailure(); ++k) {
    const int64_t narrow = check_seed(after + k, true);
    with_narrow += narrow > 0;
    instructions += narrow;
  }
  RecordProperty("functions_with_32_bit_instructions", std::to_string(with_narrow));
  EXPECT_GE(with_narrow * 3, count) << "of " << count << ", with " << instructions << " instructions in all";
}

}  // namespace
}  // namespace gilmap::codegen_tests
