// Each function of core/numeric through compiled code, against a call of the function itself.

#include <cmath>
#include <limits>
#include <random>

#include "codegen_programs.h"
#include "ir/builder.h"

namespace gilmap::codegen_tests {
namespace {

using ir::Op;
using ir::Type;
using numeric::NumericFn;
using numeric::NumericFnInfo;
using numeric::NumericType;

constexpr double inf = std::numeric_limits<double>::infinity();

const std::vector<double> floats_tried = {0.0,
                                          -0.0,
                                          1.0,
                                          -1.0,
                                          0.5,
                                          -0.5,
                                          1.5,
                                          2.0,
                                          2.5,
                                          3.0,
                                          -3.0,
                                          0.1,
                                          -0.1,
                                          7.3,
                                          -7.3,
                                          100.25,
                                          1e-300,
                                          -5e-324,
                                          1e300,
                                          -1e300,
                                          0x1p50,
                                          0x1p50 + 1,
                                          0x1p53,
                                          -0x1p53,
                                          0x1p63,
                                          -0x1p63,
                                          0x1.fffffffffffffp62,
                                          1.7976931348623157e308,
                                          709.9,
                                          inf,
                                          -inf,
                                          std::numeric_limits<double>::quiet_NaN()};
const std::vector<int64_t> ints_tried = {0,
                                         1,
                                         -1,
                                         2,
                                         -2,
                                         3,
                                         5,
                                         7,
                                         8,
                                         -8,
                                         10,
                                         22,
                                         63,
                                         64,
                                         65,
                                         1000,
                                         -1000,
                                         INT32_MAX,
                                         (int64_t{1} << 53) - 1,
                                         int64_t{1} << 53,
                                         (int64_t{1} << 53) + 1,
                                         -(int64_t{1} << 53) - 1,
                                         3037000500,
                                         INT64_MAX,
                                         INT64_MIN};

// `last`, if not negative, stands for the last argument.
ir::Module module_of(NumericFn fn, int last = -1) {
  const NumericFnInfo& info = numeric::info(fn);
  ir::Module module;
  ir::Builder b(module.functions.emplace_back());
  b.new_block();
  std::vector<ir::ValueId> args;
  for (NumericType t : info.args) args.push_back(b.add_param(0, ir_type(t)));
  if (last >= 0) {
    b.function().blocks[0].params.pop_back();
    args.back() = b.iconst(last);
  }
  ir::ValueId r = b.emit(Op::CallNumeric, args, static_cast<int64_t>(fn), ir_type(info.result));
  if (info.can_fail) b.deopt_if(b.emit(Op::CallFailed, {r}), ir::DeoptReason::Domain);
  b.ret({r});
  module.result_types = {ir_type(info.result)};
  return module;
}

// Calls through a thunk that is a kernel without inlining would hide the same mistakes, so the C function is called by
// hand.
struct Reference {
  uint64_t bits = 0;
  bool failed = false;
};

template <class R, class... A>
Reference call_as(const NumericFnInfo& info, A... args) {
  uint8_t failed = 0;
  R r = info.can_fail ? reinterpret_cast<R (*)(A..., uint8_t*)>(const_cast<void*>(info.address))(args..., &failed)
                      : reinterpret_cast<R (*)(A...)>(const_cast<void*>(info.address))(args...);
  Reference out{0, failed != 0};
  std::memcpy(&out.bits, &r, sizeof r);
  return out;
}

template <class... A>
Reference call_with(const NumericFnInfo& info, std::span<const uint64_t> args, A... done) {
  if constexpr (sizeof...(A) < 6) {
    if (sizeof...(A) < info.args.size()) {
      const uint64_t next = args[sizeof...(A)];
      if (info.args[sizeof...(A)] == NumericType::F64)
        return call_with(info, args, done..., std::bit_cast<double>(next));
      return call_with(info, args, done..., static_cast<int64_t>(next));
    }
  }
  switch (info.result) {
    case NumericType::F64:
      return call_as<double>(info, done...);
    case NumericType::I64:
      return call_as<int64_t>(info, done...);
    case NumericType::BOOL:
      return call_as<uint8_t>(info, done...);
  }
  return {};
}

std::vector<Column> columns_for(const NumericFnInfo& info, uint64_t seed) {
  std::vector<Column> columns(info.args.size());
  auto values = [&](NumericType t) { return t == NumericType::F64 ? floats(floats_tried) : ints(ints_tried); };
  if (info.args.size() <= 2) {  // all pairs
    for (uint64_t x : values(info.args[0])) {
      if (info.args.size() == 1) {
        columns[0].push_back(x);
        continue;
      }
      for (uint64_t y : values(info.args[1])) columns[0].push_back(x), columns[1].push_back(y);
    }
  }
  std::mt19937_64 random(seed);
  for (int i = 0; i < 3000; ++i) {
    for (size_t k = 0; k < info.args.size(); ++k) {
      const Column edge = values(info.args[k]);
      uint64_t v = edge[random() % edge.size()];
      if (random() % 3 != 0) {
        if (info.args[k] == NumericType::F64)
          v = std::bit_cast<uint64_t>(
              std::ldexp(static_cast<double>(static_cast<int64_t>(random())), static_cast<int>(random() % 70) - 80));
        else
          v = static_cast<uint64_t>(static_cast<int64_t>(random()) >> (random() % 64));
      }
      columns[k].push_back(v);
    }
  }
  return columns;
}

// A compensation that is NaN is dropped by float_sum_result, whatever its bits.
bool same(NumericFn fn, uint64_t a, uint64_t b) {
  if (a == b) return true;
  return fn == NumericFn::float_sum_step_lo && std::isnan(std::bit_cast<double>(a)) &&
         std::isnan(std::bit_cast<double>(b));
}

void compare(NumericFn fn, const Kernel& kernel, const std::vector<Column>& columns, std::vector<Column> given) {
  const NumericFnInfo& info = numeric::info(fn);
  const Ran ran = run(kernel, given);
  size_t next_deopt = 0;
  for (size_t i = 0; i < columns[0].size(); ++i) {
    std::vector<uint64_t> args;
    for (const Column& c : columns) args.push_back(c[i]);
    const Reference expected = call_with(info, args);
    const bool deopted = next_deopt < ran.rows.size() && ran.rows[next_deopt] == static_cast<int64_t>(i);
    if (deopted) ++next_deopt;
    // 0 << 64 may be left to CPython, too.
    if (fn == NumericFn::int_shift_left && deopted && !expected.failed) {
      ASSERT_EQ(args[0], 0u);
      continue;
    }
    ASSERT_EQ(deopted, expected.failed) << info.name << " " << std::hex << args[0] << " " << args.back();
    if (deopted) continue;
    ASSERT_TRUE(same(fn, ran.bits[i], expected.bits))
        << ran.bits[i] << " " << expected.bits << " " << info.name << std::hex << " " << args[0] << " " << args.back();
  }
}

class Numeric : public testing::TestWithParam<NumericFn> {};

TEST_P(Numeric, GivesTheBitsOfTheFunction) {
  const NumericFnInfo& info = numeric::info(GetParam());
  const auto columns = columns_for(info, 1);
  for (int level : {0, 2}) {
    const auto kernel = compile(module_of(GetParam()), {.opt_level = level});
    compare(GetParam(), *kernel, columns, columns);
  }
}

std::vector<NumericFn> all_functions() {
  std::vector<NumericFn> all;
  for (size_t i = 0; i < numeric::numeric_fn_count; ++i) all.push_back(static_cast<NumericFn>(i));
  return all;
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
