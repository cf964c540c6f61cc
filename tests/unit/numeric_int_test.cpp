#include <gtest/gtest.h>

#include "unit/numeric_call.h"

namespace gilmap::numeric {
namespace {

TEST(NumericInt, Power) {
  EXPECT_EQ(call(gilmap_int_pow, I64{0}, I64{0}), 1);
  EXPECT_EQ(call(gilmap_int_pow, I64{-3}, I64{3}), -27);
  EXPECT_EQ(call(gilmap_int_pow, I64{-2}, I64{63}), i64_lowest);
  EXPECT_EQ(call(gilmap_int_pow, I64{-8}, I64{21}), i64_lowest);
  EXPECT_EQ(call(gilmap_int_pow, I64{-1}, i64_highest), -1);
  EXPECT_EQ(call(gilmap_int_pow, I64{3}, I64{39}), 4052555153018976267);
  EXPECT_EQ(call(gilmap_int_pow, I64{2}, I64{63}), std::nullopt);
  EXPECT_EQ(call(gilmap_int_pow, I64{3}, I64{40}), std::nullopt);
  EXPECT_EQ(call(gilmap_int_pow, i64_lowest, I64{2}), std::nullopt);
  EXPECT_EQ(call(gilmap_int_pow, I64{2}, I64{-1}), std::nullopt);
}

TEST(NumericInt, PowerModulo) {
  const auto pow = [](I64 a, I64 b, I64 m) { return call(gilmap_int_pow_mod, a, b, m); };
  EXPECT_EQ(pow(3, 200, 13), 9);
  EXPECT_EQ(pow(3, 200, -13), -4);
  EXPECT_EQ(pow(-3, 3, 7), 1);
  EXPECT_EQ(pow(3, -1, 7), 5);
  EXPECT_EQ(pow(3, -1, -7), -2);
  EXPECT_EQ(pow(5, 0, 1), 0);
  EXPECT_EQ(pow(5, -1, -1), 0);
  EXPECT_EQ(pow(2, i64_lowest, 9), 7);
  EXPECT_EQ(pow(i64_lowest, 1, i64_lowest), 0);
  EXPECT_EQ(pow(7, i64_highest, i64_highest), 5698356571542645052);
  EXPECT_EQ(pow(3, 5, i64_lowest), i64_lowest + 243);
  EXPECT_EQ(pow(2, 2, 0), std::nullopt);
  EXPECT_EQ(pow(2, -1, 4), std::nullopt);
  EXPECT_EQ(pow(0, -1, 5), std::nullopt);
}

TEST(NumericInt, TrueDivisionRoundsOnce) {
  const auto divide = [](I64 a, I64 b) { return bits(call(gilmap_int_truediv, a, b)); };
  EXPECT_EQ(divide(1, 3), bits(1.0 / 3.0));
  EXPECT_EQ(divide(0, -5), bits(-0.0));
  EXPECT_EQ(divide(0, i64_lowest), bits(-0.0));
  EXPECT_EQ(divide((I64{1} << 53) + 1, 1), bits(0x1p53));
  EXPECT_EQ(divide((I64{1} << 53) + 3, 1), bits(0x1p53 + 4));
  EXPECT_EQ(divide(i64_highest, i64_highest - 1), bits(1.0));
  EXPECT_EQ(divide(i64_lowest, -1), bits(0x1p63));
  EXPECT_EQ(divide(1, i64_lowest), bits(-0x1p-63));
  EXPECT_EQ(divide(9007199254740993, 3), bits(3002399751580331.0));
  EXPECT_EQ(call(gilmap_int_truediv, I64{1}, I64{0}), std::nullopt);
}

TEST(NumericInt, ComparisonWithFloatIsExact) {
  const I64 edge = I64{1} << 53;
  EXPECT_FALSE(gilmap_int_eq_float(edge + 1, 0x1p53));
  EXPECT_TRUE(gilmap_int_gt_float(edge + 1, 0x1p53));
  EXPECT_TRUE(gilmap_int_lt_float(i64_highest, 0x1p63));
  EXPECT_FALSE(gilmap_int_eq_float(i64_highest, 0x1p63));
  EXPECT_TRUE(gilmap_int_eq_float(i64_lowest, -0x1p63));
  EXPECT_TRUE(gilmap_int_ge_float(i64_lowest, -0x1p63));
  EXPECT_TRUE(gilmap_int_lt_float(-1, -0.5));
  EXPECT_TRUE(gilmap_int_gt_float(0, -tiny));
  EXPECT_TRUE(gilmap_int_lt_float(0, tiny));
  EXPECT_TRUE(gilmap_int_eq_float(0, -0.0));
  EXPECT_TRUE(gilmap_int_lt_float(0, inf));
  EXPECT_TRUE(gilmap_int_gt_float(0, -inf));
  for (const auto compare :
       {gilmap_int_lt_float, gilmap_int_le_float, gilmap_int_eq_float, gilmap_int_gt_float, gilmap_int_ge_float}) {
    EXPECT_FALSE(compare(0, nan));
  }
}

TEST(NumericInt, Bits) {
  EXPECT_EQ(gilmap_int_bit_length(0), 0);
  EXPECT_EQ(gilmap_int_bit_length(-8), 4);
  EXPECT_EQ(gilmap_int_bit_length(i64_lowest), 64);
  EXPECT_EQ(gilmap_int_bit_count(-7), 3);
  EXPECT_EQ(gilmap_int_bit_count(i64_lowest), 1);
}

TEST(NumericInt, Shifts) {
  EXPECT_EQ(call(gilmap_int_shift_left, I64{-1}, I64{63}), i64_lowest);
  EXPECT_EQ(call(gilmap_int_shift_left, I64{0}, i64_highest), 0);
  EXPECT_EQ(call(gilmap_int_shift_left, I64{1}, I64{63}), std::nullopt);
  EXPECT_EQ(call(gilmap_int_shift_left, I64{1}, I64{64}), std::nullopt);
  EXPECT_EQ(call(gilmap_int_shift_left, I64{0}, I64{-1}), std::nullopt);
  EXPECT_EQ(call(gilmap_int_shift_right, I64{-5}, I64{1}), -3);
  EXPECT_EQ(call(gilmap_int_shift_right, I64{-5}, I64{64}), -1);
  EXPECT_EQ(call(gilmap_int_shift_right, i64_highest, i64_highest), 0);
  EXPECT_EQ(call(gilmap_int_shift_right, I64{1}, I64{-1}), std::nullopt);
}

TEST(NumericInt, RoundToTens) {
  const auto round = [](I64 a, I64 n) { return call(gilmap_int_round_digits, a, n); };
  EXPECT_EQ(round(15, -1), 20);
  EXPECT_EQ(round(25, -1), 20);
  EXPECT_EQ(round(-25, -1), -20);
  EXPECT_EQ(round(-26, -1), -30);
  EXPECT_EQ(round(7, 3), 7);
  EXPECT_EQ(round(i64_highest, -19), std::nullopt);  // 10^19
  EXPECT_EQ(round(i64_highest, -1), std::nullopt);
  EXPECT_EQ(round(i64_lowest, -2), i64_lowest + 8);
  EXPECT_EQ(round(5000000000000000000, -19), 0);
  EXPECT_EQ(round(i64_highest, -20), 0);
}

TEST(NumericInt, NumberTheory) {
  EXPECT_EQ(call(gilmap_int_gcd, I64{-12}, I64{18}), 6);
  EXPECT_EQ(call(gilmap_int_gcd, I64{0}, I64{0}), 0);
  EXPECT_EQ(call(gilmap_int_gcd, I64{0}, i64_lowest), std::nullopt);
  EXPECT_EQ(call(gilmap_int_gcd, i64_lowest, I64{6}), 2);
  EXPECT_EQ(call(gilmap_int_lcm, I64{-4}, I64{6}), 12);
  EXPECT_EQ(call(gilmap_int_lcm, I64{0}, i64_lowest), 0);
  EXPECT_EQ(call(gilmap_int_lcm, i64_highest, I64{2}), std::nullopt);
  EXPECT_EQ(call(gilmap_int_isqrt, i64_highest), 3037000499);
  EXPECT_EQ(call(gilmap_int_isqrt, I64{3037000499} * 3037000499 - 1), 3037000498);
  EXPECT_EQ(call(gilmap_int_isqrt, I64{-1}), std::nullopt);
  EXPECT_EQ(call(gilmap_int_factorial, I64{0}), 1);
  EXPECT_EQ(call(gilmap_int_factorial, I64{20}), 2432902008176640000);
  EXPECT_EQ(call(gilmap_int_factorial, I64{21}), std::nullopt);
  EXPECT_EQ(call(gilmap_int_factorial, I64{-1}), std::nullopt);
}

TEST(NumericInt, CombinationsAndPermutations) {
  EXPECT_EQ(call(gilmap_int_comb, I64{5}, I64{2}), 10);
  EXPECT_EQ(call(gilmap_int_comb, I64{66}, I64{33}), 7219428434016265740);
  EXPECT_EQ(call(gilmap_int_comb, i64_highest, i64_highest - 1), i64_highest);
  EXPECT_EQ(call(gilmap_int_comb, I64{2}, I64{3}), 0);
  EXPECT_EQ(call(gilmap_int_comb, I64{68}, I64{34}), std::nullopt);
  EXPECT_EQ(call(gilmap_int_comb, I64{-1}, I64{0}), std::nullopt);
  EXPECT_EQ(call(gilmap_int_perm, I64{20}, I64{20}), 2432902008176640000);
  EXPECT_EQ(call(gilmap_int_perm, i64_highest, I64{1}), i64_highest);
  EXPECT_EQ(call(gilmap_int_perm, I64{2}, I64{3}), 0);
  EXPECT_EQ(call(gilmap_int_perm, i64_highest, I64{2}), std::nullopt);
  EXPECT_EQ(call(gilmap_int_perm, I64{5}, I64{-1}), std::nullopt);
}

}  // namespace
}  // namespace gilmap::numeric
