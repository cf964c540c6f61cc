#pragma once
// Each function of core/numeric on edge values and random ones, against a call of the function itself.

#include <cmath>
#include <limits>
#include <random>

#include "codegen_programs.h"
#include "ir/builder.h"

namespace gilmap::codegen_tests {
using ir::Op;
using ir::Type;
using numeric::NumericFn;
using numeric::NumericFnInfo;
using numeric::NumericType;

inline constexpr double inf = std::numeric_limits<double>::infinity();

inline const std::vector<double> floats_tried = {0.0,
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
                                                 std::numeric_limits<double>::quiet_NaN(),
                                                 -std::numeric_limits<double>::quiet_NaN()};
inline const std::vector<int64_t> ints_tried = {0,
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
inline ir::Module module_of(NumericFn fn, int last = -1) {
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

inline std::vector<Column> columns_for(const NumericFnInfo& info, uint64_t seed) {
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

// A compensation that is NaN is dropped by float_sum_result, whatever its bits; and which of two NaNs a sum is, is up
// to the instruction that the compiler chooses, here and in CPython.
inline bool same(NumericFn fn, std::span<const uint64_t> args, uint64_t a, uint64_t b) {
  if (a == b) return true;
  auto is_nan = [](uint64_t bits) { return std::isnan(std::bit_cast<double>(bits)); };
  size_t nans = 0;
  for (size_t k = 0; k < args.size(); ++k) nans += numeric::info(fn).args[k] == NumericType::F64 && is_nan(args[k]);
  return (fn == NumericFn::float_sum_step_lo || nans > 1) && is_nan(a) && is_nan(b);
}

inline void compare(NumericFn fn, const Kernel& kernel, const std::vector<Column>& columns, std::vector<Column> given) {
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
    ASSERT_TRUE(same(fn, args, ran.bits[i], expected.bits))
        << ran.bits[i] << " " << expected.bits << " " << info.name << std::hex << " " << args[0] << " " << args.back();
  }
}

inline std::vector<NumericFn> all_functions() {
  std::vector<NumericFn> all;
  for (size_t i = 0; i < numeric::numeric_fn_count; ++i) all.push_back(static_cast<NumericFn>(i));
  return all;
}

}  // namespace gilmap::codegen_tests
