#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

#include "numeric/functions.h"

namespace gilmap::numeric {
namespace {

TEST(NumericTable, RowsAreComplete) {
  std::set<std::string_view> names;
  for (const NumericFnInfo& row : all_functions()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(row.symbol, "gilmap_" + std::string(row.name));
    EXPECT_NE(row.address, nullptr) << row.name;
    EXPECT_FALSE(row.args.empty()) << row.name;
    EXPECT_FALSE(row.doc.empty()) << row.name;
    EXPECT_TRUE(row.direct == nullptr || row.result == NumericType::F64) << row.name;
  }
  EXPECT_EQ(names.size(), numeric_fn_count);
}

TEST(NumericTable, InfoGivesTypesAndAddresses) {
  const NumericFnInfo& row = info(NumericFn::math_ldexp);
  EXPECT_EQ(row.name, "math_ldexp");
  EXPECT_EQ(row.result, NumericType::F64);
  ASSERT_EQ(row.args.size(), 2u);
  EXPECT_EQ(row.args[0], NumericType::F64);
  EXPECT_EQ(row.args[1], NumericType::I64);
  EXPECT_TRUE(row.can_fail);
  EXPECT_EQ(row.direct, nullptr);

  const auto direct = reinterpret_cast<F64 (*)(F64)>(const_cast<void*>(info(NumericFn::math_sin).direct));
  EXPECT_EQ(direct(1.0), std::sin(1.0));
}

TEST(NumericTable, VersionsDifferInTheirVariants) {
  using Step = F64 (*)(F64, F64, I64);
  const auto step = [] {
    return reinterpret_cast<Step>(const_cast<void*>(info(NumericFn::float_sum_step_int_lo).address));
  };
  select_version(0x030D00F0);
  EXPECT_EQ(step()(1e16, 0.0, 1), 0.0);  // 3.13 forgets the 1 that 1e16 + 1 loses
  select_version(0x030E00F0);
  EXPECT_EQ(step()(1e16, 0.0, 1), 1.0);
}

}  // namespace
}  // namespace gilmap::numeric
