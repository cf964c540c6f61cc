#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "unit/numeric_call.h"

namespace gilmap::numeric {
namespace {

TEST(NumericMath, DomainErrorsFail) {
  for (const auto function :
       {gilmap_math_sin, gilmap_math_cos, gilmap_math_tan, gilmap_math_asin, gilmap_math_acos, gilmap_math_atanh}) {
    EXPECT_EQ(call(function, inf), std::nullopt);
    EXPECT_EQ(call(function, -inf), std::nullopt);
  }
  for (const auto function : {gilmap_math_log, gilmap_math_log2, gilmap_math_log10, gilmap_math_sqrt}) {
    EXPECT_EQ(call(function, -1.0), std::nullopt);
    EXPECT_EQ(call(function, -inf), std::nullopt);
    EXPECT_EQ(call(function, inf), inf);
  }
  EXPECT_EQ(call(gilmap_math_log, 0.0), std::nullopt);
  EXPECT_EQ(call(gilmap_math_log1p, -1.0), std::nullopt);
  EXPECT_EQ(call(gilmap_math_atanh, 1.0), std::nullopt);
  EXPECT_EQ(bits(call(gilmap_math_sqrt, -0.0)), bits(-0.0));
}

TEST(NumericMath, NanPasses) {
  const F64 payload = std::bit_cast<F64>(std::uint64_t{0xFFF8000000000456});
  for (const auto function : {gilmap_math_sin, gilmap_math_exp, gilmap_math_log, gilmap_math_log10, gilmap_math_gamma,
                              gilmap_math_lgamma, gilmap_math_acosh, gilmap_math_log1p}) {
    EXPECT_EQ(bits(call(function, payload)), bits(payload));
  }
  EXPECT_EQ(bits(call(gilmap_math_pow, payload, 3.0)), bits(payload));
  EXPECT_EQ(call(gilmap_math_pow, nan, 0.0), 1.0);
}

TEST(NumericMath, RangeErrorsFail) {
  for (const auto function :
       {gilmap_math_exp, gilmap_math_exp2, gilmap_math_expm1, gilmap_math_sinh, gilmap_math_cosh, gilmap_math_gamma}) {
    EXPECT_EQ(call(function, 1100.0), std::nullopt);
    EXPECT_EQ(call(function, inf), inf);
  }
  EXPECT_EQ(call(gilmap_math_exp, -1e4), 0.0);  // underflow is none
  EXPECT_EQ(call(gilmap_math_expm1, -1e4), -1.0);
  EXPECT_EQ(call(gilmap_math_pow, 0.0, -1.0), std::nullopt);
  EXPECT_EQ(call(gilmap_math_pow, -8.0, 0.5), std::nullopt);
  EXPECT_EQ(call(gilmap_math_pow, 10.0, 400.0), std::nullopt);
  EXPECT_EQ(call(gilmap_math_pow, 0.0, -inf), inf);
  EXPECT_EQ(call(gilmap_math_fma, 1e300, 1e300, 0.0), std::nullopt);
  EXPECT_EQ(call(gilmap_math_fma, inf, 0.0, 1.0), std::nullopt);
}

TEST(NumericMath, LogarithmToABase) {
  EXPECT_EQ(call(gilmap_math_log_base, 8.0, 2.0), std::log(8.0) / std::log(2.0));
  EXPECT_EQ(call(gilmap_math_log_base, 8.0, 1.0), std::nullopt);
  EXPECT_EQ(call(gilmap_math_log_base, 8.0, 0.0), std::nullopt);
  EXPECT_EQ(call(gilmap_math_log_base, -8.0, 2.0), std::nullopt);
}

TEST(NumericMath, RemaindersKeepTheSignOfZero) {
  EXPECT_EQ(bits(call(gilmap_math_fmod, -4.0, 2.0)), bits(-0.0));
  EXPECT_EQ(call(gilmap_math_fmod, 3.0, inf), 3.0);
  EXPECT_EQ(call(gilmap_math_fmod, 3.0, 0.0), std::nullopt);
  EXPECT_EQ(call(gilmap_math_fmod, inf, 3.0), std::nullopt);
  EXPECT_EQ(bits(call(gilmap_math_remainder, -4.0, 2.0)), bits(-0.0));
  EXPECT_EQ(call(gilmap_math_remainder, 5.0, 2.0), 1.0);
  EXPECT_EQ(call(gilmap_math_remainder, 7.0, 2.0), -1.0);
  EXPECT_EQ(call(gilmap_math_remainder, 1.0, 0.0), std::nullopt);
}

TEST(NumericMath, Gamma) {
  EXPECT_EQ(call(gilmap_math_gamma, 23.0), 1124000727777607680000.0);
  EXPECT_EQ(call(gilmap_math_gamma, 0.5), 1.7724538509055159);
  EXPECT_EQ(call(gilmap_math_gamma, -1.5), 2.3632718012073544);
  EXPECT_EQ(call(gilmap_math_gamma, 0.0), std::nullopt);
  EXPECT_EQ(call(gilmap_math_gamma, -3.0), std::nullopt);
  EXPECT_EQ(call(gilmap_math_gamma, -inf), std::nullopt);
  EXPECT_EQ(call(gilmap_math_gamma, 171.7), std::nullopt);
  EXPECT_EQ(bits(call(gilmap_math_gamma, -200.5)), bits(-0.0));
  EXPECT_EQ(call(gilmap_math_lgamma, 2.0), 0.0);
  EXPECT_EQ(call(gilmap_math_lgamma, 0.5), 0.5723649429247004);
  EXPECT_EQ(call(gilmap_math_lgamma, -0.0), std::nullopt);
  EXPECT_EQ(call(gilmap_math_lgamma, -inf), inf);
}

TEST(NumericMath, Hypot) {
  EXPECT_EQ(gilmap_math_hypot_2(3.0, -4.0), 5.0);
  EXPECT_EQ(gilmap_math_hypot_2(nan, -inf), inf);
  EXPECT_TRUE(std::isnan(gilmap_math_hypot_2(nan, 1.0)));
  EXPECT_EQ(gilmap_math_hypot_2(largest, largest), inf);
  EXPECT_EQ(gilmap_math_hypot_2(3 * tiny, 4 * tiny), 5 * tiny);
  EXPECT_EQ(bits(gilmap_math_hypot_2(-0.0, -0.0)), bits(0.0));
  EXPECT_EQ(gilmap_math_hypot_3(2.0, 3.0, 6.0), 7.0);
  EXPECT_EQ(gilmap_math_hypot_4(1.0, 1.0, 1.0, 1.0), 2.0);
  EXPECT_EQ(gilmap_math_dist_2(1.0, 1.0, 4.0, 5.0), 5.0);
  EXPECT_EQ(gilmap_math_dist_3(1.0, 1.0, 1.0, 3.0, 4.0, 7.0), 7.0);
}

TEST(NumericMath, Parts) {
  EXPECT_EQ(bits(gilmap_math_modf_frac(-inf)), bits(-0.0));
  EXPECT_EQ(gilmap_math_modf_frac(-1.5), -0.5);
  EXPECT_EQ(bits(gilmap_math_modf_int(-0.5)), bits(-0.0));
  EXPECT_EQ(gilmap_math_frexp_mantissa(3 * tiny), 0.75);
  EXPECT_EQ(gilmap_math_frexp_exponent(3 * tiny), -1072);
  EXPECT_EQ(gilmap_math_frexp_exponent(inf), 0);
  EXPECT_EQ(call(gilmap_math_ldexp, 1.0, I64{1024}), std::nullopt);
  EXPECT_EQ(call(gilmap_math_ldexp, 1.0, i64_highest), std::nullopt);
  EXPECT_EQ(bits(call(gilmap_math_ldexp, -1.0, i64_lowest)), bits(-0.0));
  EXPECT_EQ(call(gilmap_math_ldexp, inf, i64_highest), inf);
  EXPECT_EQ(call(gilmap_math_ldexp, 3.0, I64{-1075}), 2 * tiny);  // 1.5 * tiny, a tie
  EXPECT_EQ(gilmap_math_ulp(0.0), tiny);
  EXPECT_EQ(gilmap_math_ulp(-1.0), 0x1p-52);
  EXPECT_EQ(gilmap_math_ulp(largest), 0x1p971);
  EXPECT_EQ(gilmap_math_degrees(std::numbers::pi), 180.0);
}

TEST(NumericMath, IsClose) {
  EXPECT_EQ(call(gilmap_math_isclose, 1.0, 1.0 + 1e-10, 1e-9, 0.0), 1);
  EXPECT_EQ(call(gilmap_math_isclose, 1.0, 1.1, 1e-9, 0.0), 0);
  EXPECT_EQ(call(gilmap_math_isclose, inf, inf, 0.0, 0.0), 1);
  EXPECT_EQ(call(gilmap_math_isclose, inf, 1.0, inf, 0.0), 0);
  EXPECT_EQ(call(gilmap_math_isclose, nan, nan, 1.0, 1.0), 0);
  EXPECT_EQ(call(gilmap_math_isclose, 1.0, 1.0, -1.0, 0.0), std::nullopt);
}

}  // namespace
}  // namespace gilmap::numeric
