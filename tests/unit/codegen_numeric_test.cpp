// Each function of core/numeric through compiled scalar code, against a call of the function itself.

#include "codegen_numeric_cases.h"

namespace gilmap::codegen_tests {
namespace {

class Numeric : public testing::TestWithParam<NumericFn> {};

TEST_P(Numeric, GivesTheBitsOfTheFunction) {
  const NumericFnInfo& info = numeric::info(GetParam());
  const auto columns = columns_for(info, 1);
  for (int level : {0, 2}) {
    const auto kernel = compile(module_of(GetParam()), {.opt_level = level});
    compare(GetParam(), *kernel, columns, columns);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Numeric, testing::ValuesIn(all_functions()),
                         [](const auto& info) { return std::string(numeric::info(info.param).name); });

TEST(NumericInline, SmallPowers) {
  for (int e = 0; e <= 9; ++e) {
    const auto kernel = compile(module_of(NumericFn::int_pow, e));
    std::vector<Column> columns{ints(ints_tried), {}};
    for (int64_t x = -2000; x < 2000; ++x) columns[0].push_back(static_cast<uint64_t>(x));
    for (int64_t x = 3037000490; x < 3037000510; ++x) columns[0].push_back(static_cast<uint64_t>(x));
    columns[1].assign(columns[0].size(), static_cast<uint64_t>(e));
    compare(NumericFn::int_pow, *kernel, columns, {columns[0]});
  }
}

TEST(NumericInline, RoundToAConstantNumberOfDigits) {
  std::mt19937_64 random(5);
  for (int digits : {0, 1, 2, 3, 6, 10, 15, 22, 23}) {
    std::vector<Column> columns{floats(floats_tried), {}};
    for (int i = 0; i < 20000; ++i) {
      const auto n = static_cast<double>(static_cast<int64_t>(random()) >> (random() % 50 + 10));
      double x = (random() % 2 ? n + 0.5 : n) / std::pow(10, digits);
      if (random() % 3 == 0) x = std::nextafter(x, inf);
      columns[0].push_back(std::bit_cast<uint64_t>(x));
    }
    columns[1].assign(columns[0].size(), static_cast<uint64_t>(digits));
    compare(NumericFn::float_round_digits, *compile(module_of(NumericFn::float_round_digits, digits)), columns,
            {columns[0]});
  }
}

TEST(NumericInline, FloatDivisionNextToMultiples) {
  std::mt19937_64 random(3);
  std::vector<Column> columns(2);
  for (int i = 0; i < 200000; ++i) {
    double b = std::ldexp(static_cast<double>(random() >> 11), static_cast<int>(random() % 200) - 150);
    double q = static_cast<double>(random() >> (12 + random() % 50));
    double a = b * q;
    if (random() % 2) a = std::nextafter(a, random() % 2 ? inf : -inf);
    if (random() % 2) a = -a;
    if (random() % 2) b = -b;
    columns[0].push_back(std::bit_cast<uint64_t>(a));
    columns[1].push_back(std::bit_cast<uint64_t>(b));
  }
  for (NumericFn fn : {NumericFn::float_mod, NumericFn::float_floordiv, NumericFn::math_fmod})
    compare(fn, *compile(module_of(fn)), columns, columns);
}

TEST(NumericInline, CallsOfTotalFunctionsAreShared) {
  const std::string ir = codegen::listing(parse(R"(
function %f(f64, f64) -> f64 {
block0(v0: f64, v1: f64):
  v2 = call_numeric.f64 math_atan2(v0, v1)
  v3 = call_numeric.f64 math_atan2(v0, v1)
  v4 = fadd v2, v3
  ret v4
}
)"),
                                          codegen::Listing::OptimisedLlvmIr);
  size_t calls = 0;
  for (size_t at = 0; (at = ir.find("call double @", at)) != std::string::npos; ++at) ++calls;
  EXPECT_EQ(calls, 1u) << ir;
}

}  // namespace
}  // namespace gilmap::codegen_tests
