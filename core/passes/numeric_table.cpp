#include "passes/numeric_table.h"

#include <bit>
#include <type_traits>
#include <utility>

#include "numeric/functions.h"
#include "support/check.h"

namespace gilmap::passes {
namespace {

using numeric::BOOL;
using numeric::F64;
using numeric::I64;

template <class T>
T from_bits(uint64_t bits) {
  if constexpr (std::is_same_v<T, F64>) return std::bit_cast<F64>(bits);
  return static_cast<T>(bits);
}

template <class T>
uint64_t to_bits(T value) {
  if constexpr (std::is_same_v<T, F64>) return std::bit_cast<uint64_t>(value);
  return static_cast<uint64_t>(value);
}

// One row of functions.def; the address is that of the row's function or of a version variant of it.
template <bool CanFail, class Result, class... Args>
bool call_row(const void* address, std::span<const uint64_t> bits, uint64_t* result) {
  using Function = typename numeric::detail::Signature<CanFail, Result, Args...>::Function;
  auto* function = reinterpret_cast<Function*>(const_cast<void*>(address));
  return [&]<size_t... K>(std::index_sequence<K...>) {
    uint8_t failed = 0;
    if constexpr (CanFail) {
      *result = to_bits<Result>(function(from_bits<Args>(bits[K])..., &failed));
    } else {
      *result = to_bits<Result>(function(from_bits<Args>(bits[K])...));
    }
    return failed == 0;
  }(std::index_sequence_for<Args...>());
}

using Call = bool (*)(const void* address, std::span<const uint64_t> bits, uint64_t* result);

constexpr Call calls[] = {
#define FAILS true
#define TOTAL false
#define GILMAP_LIST(...) __VA_ARGS__
#define X(name, result, args, can_fail, direct, doc) call_row<can_fail, result, GILMAP_LIST args>,
#include "numeric/functions.def"
#undef X
#undef GILMAP_LIST
#undef TOTAL
#undef FAILS
};

ir::Type ir_type(numeric::NumericType type) {
  switch (type) {
    case numeric::NumericType::I64:
      return ir::Type::I64;
    case numeric::NumericType::F64:
      return ir::Type::F64;
    case numeric::NumericType::BOOL:
      return ir::Type::Bool;
  }
  GILMAP_UNREACHABLE();
}

}  // namespace

ir::NumericTable numeric_table() {
  static const std::vector<ir::NumericSignature> table = [] {
    std::vector<ir::NumericSignature> rows;
    for (const numeric::NumericFnInfo& fn : numeric::all_functions()) {
      ir::NumericSignature row{fn.name, ir_type(fn.result), {}, fn.can_fail};
      for (numeric::NumericType t : fn.args) row.args.push_back(ir_type(t));
      rows.push_back(std::move(row));
    }
    return rows;
  }();
  return table;
}

bool call_numeric(int64_t fn, std::span<const uint64_t> args, uint64_t* result) {
  auto row = static_cast<numeric::NumericFn>(fn);
  return calls[static_cast<size_t>(fn)](numeric::info(row).address, args, result);
}

}  // namespace gilmap::passes
