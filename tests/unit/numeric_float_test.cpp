#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "unit/numeric_call.h"

namespace gilmap::numeric {
namespace {

TEST(NumericFloat, FloorDivisionAndRemainder) {
  EXPECT_EQ(call(gilmap_float_floordiv, 7.0, 2.0), 3.0);
  EXPECT_EQ(call(gilmap_float_floordiv, -7.0, 2.0), -4.0);
  EXPECT_EQ(call(gilmap_float_floordiv, 1.0, 0.1), 9.0);
  EXPECT_EQ(call(gilmap_float_mod, -7.0, 2.0), 1.0);
  EXPECT_EQ(call(gilmap_float_mod, 7.0, -2.0), -1.0);
  EXPECT_EQ(call(gilmap_float_mod, 1.0, 0.1), 0.09999999999999995);
  EXPECT_EQ(call(gilmap_float_mod, 1.0, -inf), -inf);
  EXPECT_EQ(call(gilmap_float_floordiv, 1.0, -inf), -1.0);
  EXPECT_TRUE(std::isnan(*call(gilmap_float_mod, inf, 2.0)));
  EXPECT_TRUE(std::isnan(*call(gilmap_float_floordiv, nan, 2.0)));
}

TEST(NumericFloat, ZeroRemaindersTakeTheSignOfTheDivisor) {
  EXPECT_EQ(bits(call(gilmap_float_mod, -4.0, 2.0)), bits(0.0));
  EXPECT_EQ(bits(call(gilmap_float_mod, 4.0, -2.0)), bits(-0.0));
  EXPECT_EQ(bits(call(gilmap_float_mod, -0.0, 2.0)), bits(0.0));
  EXPECT_EQ(bits(call(gilmap_float_floordiv, -0.0, 2.0)), bits(-0.0));
  EXPECT_EQ(bits(call(gilmap_float_floordiv, 0.0, -2.0)), bits(-0.0));
}

TEST(NumericFloat, DivisionByZeroFails) {
  for (const F64 zero : {0.0, -0.0}) {
    EXPECT_EQ(call(gilmap_float_floordiv, 1.0, zero), std::nullopt);
    EXPECT_EQ(call(gilmap_float_mod, nan, zero), std::nullopt);
  }
}

TEST(NumericFloat, Power) {
  EXPECT_EQ(call(gilmap_float_pow, 2.0, 10.0), 1024.0);
  EXPECT_EQ(call(gilmap_float_pow, nan, 0.0), 1.0);
  EXPECT_EQ(call(gilmap_float_pow, 1.0, nan), 1.0);
  EXPECT_EQ(call(gilmap_float_pow, -1.0, inf), 1.0);
  EXPECT_EQ(call(gilmap_float_pow, -2.0, inf), inf);
  EXPECT_EQ(call(gilmap_float_pow, -inf, 3.0), -inf);
  EXPECT_EQ(call(gilmap_float_pow, -8.0, 3.0), -512.0);
  EXPECT_EQ(call(gilmap_float_pow, -1.0, 0x1p53), 1.0);
  EXPECT_EQ(bits(call(gilmap_float_pow, -0.0, 3.0)), bits(-0.0));
  EXPECT_EQ(bits(call(gilmap_float_pow, -0.0, 2.0)), bits(0.0));
  EXPECT_EQ(bits(call(gilmap_float_pow, -inf, -3.0)), bits(-0.0));
  EXPECT_EQ(bits(call(gilmap_float_pow, 2.0, -1074.0)), bits(tiny));
  EXPECT_EQ(bits(call(gilmap_float_pow, 2.0, -1080.0)), bits(0.0));
}

TEST(NumericFloat, PowerFailsWhereCPythonRaisesOrTurnsComplex) {
  EXPECT_EQ(call(gilmap_float_pow, 0.0, -1.0), std::nullopt);
  EXPECT_EQ(call(gilmap_float_pow, -8.0, 0.5), std::nullopt);
  EXPECT_EQ(call(gilmap_float_pow, 10.0, 309.0), std::nullopt);
  EXPECT_EQ(call(gilmap_float_pow, -10.0, 309.0), std::nullopt);
}

TEST(NumericFloat, RoundToInt) {
  EXPECT_EQ(call(gilmap_float_round, 0.5), 0);
  EXPECT_EQ(call(gilmap_float_round, 1.5), 2);
  EXPECT_EQ(call(gilmap_float_round, -2.5), -2);
  EXPECT_EQ(call(gilmap_float_round, 0.49999999999999994), 0);
  EXPECT_EQ(call(gilmap_float_round, 0x1p52 + 1), (I64{1} << 52) + 1);
  EXPECT_EQ(call(gilmap_float_floor, -0.5), -1);
  EXPECT_EQ(call(gilmap_float_ceil, -0.5), 0);
  EXPECT_EQ(call(gilmap_float_to_int, -1.9), -1);
}

TEST(NumericFloat, OutsideInt64Fails) {
  for (const auto function : {gilmap_float_round, gilmap_float_floor, gilmap_float_ceil, gilmap_float_to_int}) {
    EXPECT_EQ(call(function, -0x1p63), i64_lowest);
    EXPECT_EQ(call(function, std::nextafter(0x1p63, 0)), i64_highest - 1023);
    for (const F64 x : {0x1p63, std::nextafter(-0x1p63, -inf), inf, -inf, nan, largest}) {
      EXPECT_EQ(call(function, x), std::nullopt) << x;
    }
  }
}

TEST(NumericFloat, RoundToDecimals) {
  const auto round = [](F64 x, I64 n) { return bits(call(gilmap_float_round_digits, x, n)); };
  EXPECT_EQ(round(2.675, 2), bits(2.67));  // below the tie in binary
  EXPECT_EQ(round(0.125, 2), bits(0.12));  // a true tie
  EXPECT_EQ(round(0.375, 2), bits(0.38));
  EXPECT_EQ(round(-0.001, 2), bits(-0.0));
  EXPECT_EQ(round(5e15 + 1, 3), bits(5e15 + 1));
  EXPECT_EQ(round(1e-20, 22), bits(1e-20));
  EXPECT_EQ(round(1.6e-30, 30), bits(2e-30));
  EXPECT_EQ(round(0.1, 17), bits(0.1));
  EXPECT_EQ(round(0.1, 400), bits(0.1));
  EXPECT_EQ(round(tiny, 323), bits(0.0));
  EXPECT_EQ(round(14.0 * tiny, 322), bits(1e-322));
  EXPECT_EQ(round(nan, 2), bits(nan));
  EXPECT_EQ(round(-inf, -2), bits(-inf));
}

TEST(NumericFloat, RoundToTens) {
  const auto round = [](F64 x, I64 n) { return bits(call(gilmap_float_round_digits, x, n)); };
  EXPECT_EQ(round(25.0, -1), bits(20.0));
  EXPECT_EQ(round(35.0, -1), bits(40.0));
  EXPECT_EQ(round(25.5, -1), bits(30.0));
  EXPECT_EQ(round(-4.0, -1), bits(-0.0));
  EXPECT_EQ(round(5e18, -19), bits(0.0));
  EXPECT_EQ(round(5.000000000000001e18, -19), bits(1e19));
  EXPECT_EQ(round(9e18, -20), bits(0.0));
  EXPECT_EQ(round(2.5e22, -22), bits(2e22));
  EXPECT_EQ(round(9.9e22, -22), bits(1e23));
  EXPECT_EQ(round(-1.2345e300, -299), bits(-1.2e300));
  EXPECT_EQ(round(largest, -309), bits(0.0));
  EXPECT_EQ(round(-largest, i64_lowest), bits(-0.0));
  EXPECT_EQ(call(gilmap_float_round_digits, largest, I64{-308}), std::nullopt);  // 2e308
}

F64 sum(const std::vector<F64>& items) {
  F64 total = items.front(), c = 0.0;
  for (std::size_t i = 1; i < items.size(); ++i) {
    const F64 hi = gilmap_float_sum_step_hi(total, c, items[i]);
    c = gilmap_float_sum_step_lo(total, c, items[i]);
    total = hi;
  }
  return gilmap_float_sum_result(total, c);
}

TEST(NumericFloat, SumIsCompensated) {
  EXPECT_EQ(sum(std::vector<F64>(10, 0.1)), 1.0);
  EXPECT_EQ(sum({1.0, 1e100, 1.0, -1e100}), 2.0);
  EXPECT_EQ(bits(sum({-0.0, -0.0})), bits(-0.0));
  EXPECT_EQ(sum({1e308, 1e308, -1e308}), inf);
  EXPECT_TRUE(std::isnan(sum({inf, -inf})));
}

TEST(NumericFloat, IsInteger) {
  for (const F64 x : {0.0, -0.0, -3.0, 0x1p53, largest}) EXPECT_TRUE(gilmap_float_is_integer(x)) << x;
  for (const F64 x : {0.5, tiny, nan, inf, -inf}) EXPECT_FALSE(gilmap_float_is_integer(x)) << x;
}

}  // namespace
}  // namespace gilmap::numeric
