#pragma once
// Functions of the benchmark as the lifter gives them, in the IR's text form, and a way to run kernels over vectors.

#include <gtest/gtest.h>

#include <atomic>
#include <bit>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/kernel.h"
#include "ir/interpreter.h"
#include "ir/parser.h"
#include "ir/verifier.h"
#include "numeric/functions.h"

namespace gilmap::codegen_tests {

using codegen::Kernel;
using codegen::KernelArgs;

inline ir::Type ir_type(numeric::NumericType t) {
  switch (t) {
    case numeric::NumericType::I64:
      return ir::Type::I64;
    case numeric::NumericType::F64:
      return ir::Type::F64;
    case numeric::NumericType::BOOL:
      return ir::Type::Bool;
  }
  return ir::Type::Void;
}

inline const std::vector<ir::NumericSignature>& numeric_table() {
  static const std::vector<ir::NumericSignature> table = [] {
    std::vector<ir::NumericSignature> all;
    for (const numeric::NumericFnInfo& f : numeric::all_functions()) {
      ir::NumericSignature s{f.name, ir_type(f.result), {}, f.can_fail};
      for (numeric::NumericType t : f.args) s.args.push_back(ir_type(t));
      all.push_back(std::move(s));
    }
    return all;
  }();
  return table;
}

inline ir::Module parse(std::string_view text) {
  auto module = ir::parse(text, numeric_table());
  if (!module) {
    ADD_FAILURE() << module.error().text() << "\n" << text;
    return {};
  }
  for (const std::string& mistake : ir::verify(*module, numeric_table())) ADD_FAILURE() << mistake << "\n" << text;
  return std::move(*module);
}

inline std::shared_ptr<Kernel> compile(const ir::Module& module, codegen::CompileOptions options = {}) {
  std::string error;
  auto kernel = codegen::compile(module, options, &error);
  EXPECT_TRUE(kernel) << error;
  return kernel;
}

inline std::shared_ptr<Kernel> compile(std::string_view text, codegen::CompileOptions options = {}) {
  return compile(parse(text), options);
}

// What a kernel left behind. Rows are those of the deopts.
struct Ran {
  int64_t stopped_at = 0;
  bool outside = false;        // an input was, which the kernel checks
  std::vector<uint64_t> bits;  // payloads; 0 where deopted
  std::vector<uint8_t> tags;   // only if the kernel writes them
  std::vector<int64_t> rows;
  std::vector<ir::DeoptReason> reasons;

  std::vector<int64_t> ints() const { return {bits.begin(), bits.end()}; }
  std::vector<double> floats() const {
    std::vector<double> all;
    for (uint64_t b : bits) all.push_back(std::bit_cast<double>(b));
    return all;
  }
};

// Columns of 64-bit values; those of bools hold 0 and 1.
using Column = std::vector<uint64_t>;

inline Column ints(std::vector<int64_t> v) { return {v.begin(), v.end()}; }
inline Column floats(const std::vector<double>& v) {
  Column all;
  for (double x : v) all.push_back(std::bit_cast<uint64_t>(x));
  return all;
}

inline Ran run(const Kernel& kernel, const std::vector<Column>& columns, int64_t depth_budget = 900,
               const std::atomic<uint8_t>* cancel = nullptr) {
  const size_t n = columns.empty() ? 1 : columns[0].size();
  std::vector<std::vector<uint8_t>> bools;
  std::vector<const void*> inputs;
  for (size_t k = 0; k < columns.size(); ++k) {
    if (kernel.param_types[k] == ir::Type::Bool) bools.emplace_back(columns[k].begin(), columns[k].end());
  }
  for (size_t k = 0, b = 0; k < columns.size(); ++k) {
    if (kernel.param_types[k] == ir::Type::Bool)
      inputs.push_back(bools[b++].data());
    else
      inputs.push_back(columns[k].data());
  }
  const std::atomic<uint8_t> never{0};
  const bool narrow = kernel.result_types == std::vector{ir::Type::Bool};
  std::vector<uint8_t> payload(n * 8), reasons(n);
  Ran ran;
  ran.tags.resize(kernel.result_types.size() > 1 ? n : 0);
  ran.rows.resize(n);
  std::vector<char> tables(kernel.tables.bytes());
  KernelArgs args;
  args.inputs = inputs.data();
  args.payload = payload.data();
  args.tags = ran.tags.empty() ? nullptr : ran.tags.data();
  args.deopts = ran.rows.data();
  args.deopt_reasons = reasons.data();
  args.cancel = cancel ? cancel : &never;
  args.tables = tables.data();
  args.depth_budget = depth_budget;
  args.outside = kernel.checks_inputs ? 1 : 0;
  ran.stopped_at = kernel.run(&args, 0, static_cast<int64_t>(n));
  ran.outside = args.outside != 0;
  for (size_t i = 0; i < n; ++i) {
    uint64_t bits = payload[i];
    if (!narrow) std::memcpy(&bits, &payload[i * 8], 8);
    ran.bits.push_back(bits);
  }
  ran.rows.resize(static_cast<size_t>(args.deopt_count));
  for (size_t i = 0; i < ran.rows.size(); ++i) ran.reasons.push_back(static_cast<ir::DeoptReason>(reasons[i]));
  return ran;
}

namespace programs {

// x * 1.5 + 0.5
inline constexpr std::string_view float_math = R"(
function %float_math(f64) -> f64 {
block0(v0: f64):
  v1 = fconst 1.5
  v2 = fmul v0, v1
  v3 = fconst 0.5
  v4 = fadd v2, v3
  ret v4
}
)";

// acc = 0; for i in range(200): acc = (acc + i * n) % 1000003
inline constexpr std::string_view medium_compute = R"(
function %medium_compute(i64) -> i64 {
block0(v0: i64):
  v1 = iconst 0
  v2 = iconst 200
  v3 = iconst 1
  v4 = iconst 1000003
  jump block1(v1, v1)
block1(v5: i64, v6: i64):
  v7 = ilt v6, v2
  branch v7, block2, block3
block2:
  poll
  v8 = imul_overflows v6, v0
  deopt_if v8, overflow
  v9 = imul v6, v0
  v10 = iadd_overflows v5, v9
  deopt_if v10, overflow
  v11 = iadd v5, v9
  v12 = imod v11, v4
  v13 = iadd v6, v3
  jump block1(v12, v13)
block3:
  ret v5
}
)";

// steps = 0; while n != 1: n = n // 2 if n % 2 == 0 else 3 * n + 1; steps += 1
inline constexpr std::string_view collatz = R"(
function %collatz(i64) -> i64 {
block0(v0: i64):
  v1 = iconst 0
  v2 = iconst 1
  v3 = iconst 2
  v4 = iconst 3
  jump block1(v0, v1)
block1(v5: i64, v6: i64):
  v7 = ine v5, v2
  branch v7, block2, block6
block2:
  poll
  v8 = imod v5, v3
  v9 = ieq v8, v1
  branch v9, block3, block4
block3:
  v10 = ifloordiv v5, v3
  jump block5(v10)
block4:
  v11 = imul_overflows v4, v5
  deopt_if v11, overflow
  v12 = imul v4, v5
  v13 = iadd_overflows v12, v2
  deopt_if v13, overflow
  v14 = iadd v12, v2
  jump block5(v14)
block5(v15: i64):
  v16 = iadd_overflows v6, v2
  deopt_if v16, overflow
  v17 = iadd v6, v2
  jump block1(v15, v17)
block6:
  ret v6
}
)";

// for k in range(2, n): d = 2; while d * d <= k: if k % d == 0: break; d += 1; else: count += 1
inline constexpr std::string_view count_primes = R"(
function %count_primes(i64) -> i64 {
block0(v0: i64):
  v1 = iconst 0
  v2 = iconst 1
  v3 = iconst 2
  jump block1(v3, v1)
block1(v4: i64, v5: i64):
  v6 = ilt v4, v0
  branch v6, block2, block8
block2:
  poll
  jump block3(v3)
block3(v7: i64):
  v8 = imul_overflows v7, v7
  deopt_if v8, overflow
  v9 = imul v7, v7
  v10 = ile v9, v4
  branch v10, block4, block6
block4:
  poll
  v11 = ieq v7, v1
  deopt_if v11, zero_division
  v12 = imod v4, v7
  v13 = ieq v12, v1
  branch v13, block7(v5), block5
block5:
  v14 = iadd_overflows v7, v2
  deopt_if v14, overflow
  v15 = iadd v7, v2
  jump block3(v15)
block6:
  v16 = iadd_overflows v5, v2
  deopt_if v16, overflow
  v17 = iadd v5, v2
  jump block7(v17)
block7(v18: i64):
  v19 = iadd v4, v2
  jump block1(v19, v18)
block8:
  ret v5
}
)";

// One point of the Mandelbrot set: c = x + 0.5j, up to 200 turns.
inline constexpr std::string_view mandelbrot = R"(
function %mandelbrot(f64) -> i64 {
block0(v0: f64):
  v1 = iconst 0
  v2 = iconst 200
  v3 = iconst 1
  v4 = fconst 0.0
  v5 = fconst 0.5
  v6 = fconst 4.0
  v7 = fconst 2.0
  jump block1(v4, v4, v1)
block1(v10: f64, v11: f64, v12: i64):
  v13 = ilt v12, v2
  branch v13, block2, block4(v2)
block2:
  poll
  v14 = fmul v10, v10
  v15 = fmul v11, v11
  v16 = fadd v14, v15
  v17 = fgt v16, v6
  branch v17, block4(v12), block3
block3:
  v18 = fsub v14, v15
  v19 = fadd v18, v0
  v20 = fmul v7, v10
  v21 = fmul v20, v11
  v22 = fadd v21, v5
  v23 = iadd v12, v3
  jump block1(v19, v22, v23)
block4(v24: i64):
  ret v24
}
)";

// while b: a, b = b, a % b
inline constexpr std::string_view gcd = R"(
function %gcd(i64, i64) -> i64 {
block0(v0: i64, v1: i64):
  v2 = iconst 0
  jump block1(v0, v1)
block1(v3: i64, v4: i64):
  v5 = ine v4, v2
  branch v5, block2, block3
block2:
  poll
  v6 = imod v3, v4
  jump block1(v4, v6)
block3:
  ret v3
}
)";

inline constexpr std::string_view fib = R"(
function %fib(i64) -> i64 {
block0(v0: i64):
  v1 = call.i64 fn1(v0)
  ret v1
}
function %fib(i64) -> i64 {
block0(v0: i64):
  v1 = iconst 2
  v2 = ilt v0, v1
  branch v2, block1, block2
block1:
  ret v0
block2:
  v3 = iconst 1
  v4 = isub_overflows v0, v3
  deopt_if v4, overflow
  v5 = isub v0, v3
  v6 = call.i64 fn1(v5)
  v7 = isub_overflows v0, v1
  deopt_if v7, overflow
  v8 = isub v0, v1
  v9 = call.i64 fn1(v8)
  v10 = iadd_overflows v6, v9
  deopt_if v10, overflow
  v11 = iadd v6, v9
  ret v11
}
)";

}  // namespace programs

}  // namespace gilmap::codegen_tests
