// The numeric functions that compiled code calls: CPython's arithmetic where it is not one machine instruction.
//
// functions.def is the table; this header turns it into
//   - the declarations  extern "C" F64 gilmap_math_sin(F64, uint8_t* failed), ...
//   - enum class NumericFn, one enumerator per row
//   - info(fn): name, types, whether it can fail, the address to call.
// Compiled code takes addresses from info(): a few functions differ between CPython versions, and select_version()
// decides which of them info() names. Everything here is pure, allocates nothing and may be called from any thread
// without the GIL.
//
// "As CPython" means a CPython whose C code was compiled without fused multiply-add, as it is on x86-64. Where
// compilers fuse by default (AArch64), its hypot, dist, gamma, lgamma and sum() may round differently.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace gilmap::numeric {

// The types of the table, as they cross the C ABI.
using I64 = std::int64_t;
using F64 = double;
using BOOL = std::uint8_t;

enum class NumericType : std::uint8_t { I64, F64, BOOL };

enum class NumericFn : std::uint16_t {
#define X(name, result, args, can_fail, direct, doc) name,
#include "numeric/functions.def"
#undef X
};

inline constexpr std::size_t numeric_fn_count = 0
#define X(name, result, args, can_fail, direct, doc) +1
#include "numeric/functions.def"
#undef X
    ;

struct NumericFnInfo {
  std::string_view name;    // as in the table: "math_sin"
  std::string_view symbol;  // "gilmap_math_sin"; the address may belong to a version variant of it
  NumericType result;
  std::span<const NumericType> args;  // without the trailing `failed`
  bool can_fail;                      // has a trailing `uint8_t* failed`
  const void* address;
  const void* direct;  // libm function to call first, as functions.def says; or nullptr
  std::string_view doc;
};

const NumericFnInfo& info(NumericFn fn);
std::span<const NumericFnInfo> all_functions();  // indexed by NumericFn

// Makes info() name the functions of the running interpreter; to be called once, before the first info(). The argument
// is PY_VERSION_HEX (sys.hexversion). Without a call, the newest known version is assumed.
void select_version(std::uint32_t hexversion);
std::uint32_t selected_version();

namespace detail {

template <bool CanFail, class Result, class... Args>
struct Signature {
  using Function = Result(Args...);
};
template <class Result, class... Args>
struct Signature<true, Result, Args...> {
  using Function = Result(Args..., std::uint8_t*);
};

}  // namespace detail

extern "C" {
#define FAILS true
#define TOTAL false
#define GILMAP_LIST(...) __VA_ARGS__
#define X(name, result, args, can_fail, direct, doc) \
  detail::Signature<can_fail, result, GILMAP_LIST args>::Function gilmap_##name;
#include "numeric/functions.def"
#undef X
#undef GILMAP_LIST
#undef TOTAL
#undef FAILS
}

}  // namespace gilmap::numeric
