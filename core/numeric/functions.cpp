// info(): the table of functions.def with types and addresses, and the choice between CPython versions.
#include "numeric/functions.h"
#include "numeric/variants.h"

#include <array>
#include <cmath>
#include <type_traits>

namespace gilmap::numeric {
namespace {

template <class T>
constexpr NumericType type_of() {
  if constexpr (std::is_same_v<T, I64>)
    return NumericType::I64;
  else if constexpr (std::is_same_v<T, F64>)
    return NumericType::F64;
  else {
    static_assert(std::is_same_v<T, BOOL>);
    return NumericType::BOOL;
  }
}

template <class... Args>
constexpr std::array<NumericType, sizeof...(Args)> types_of = {type_of<Args>()...};

template <class Function>
const void* address_of(Function* function) {
  return reinterpret_cast<const void*>(function);
}

// <cmath> overloads the libm names; the signature of the row picks the double one.
template <class Result, class... Args>
struct LibmAddress {
  static const void* of(Result (*function)(Args...)) { return reinterpret_cast<const void*>(function); }
  static const void* of(std::nullptr_t) { return nullptr; }
};

#define FAILS true
#define TOTAL false
#define NONE nullptr
#define GILMAP_LIST(...) __VA_ARGS__
std::array<NumericFnInfo, numeric_fn_count> table = {{
#define X(fn, result, args, can_fail, direct, doc)    \
  {#fn,                                               \
   "gilmap_" #fn,                                     \
   type_of<result>(),                                 \
   types_of<GILMAP_LIST args>,                        \
   can_fail,                                          \
   address_of(&gilmap_##fn),                          \
   LibmAddress<result, GILMAP_LIST args>::of(direct), \
   doc},
#include "numeric/functions.def"
#undef X
}};
#undef GILMAP_LIST
#undef NONE
#undef TOTAL
#undef FAILS

std::uint32_t selected = 0xFFFFFFFF;

}  // namespace

const NumericFnInfo& info(NumericFn fn) { return table[static_cast<std::size_t>(fn)]; }

std::span<const NumericFnInfo> all_functions() { return table; }

std::uint32_t selected_version() { return selected; }

void select_version(std::uint32_t hexversion) {
  selected = hexversion;
  const bool before_314 = hexversion < 0x030E0000;
  const auto replace = [](NumericFn fn, bool older, const void* variant, const void* newest) {
    table[static_cast<std::size_t>(fn)].address = older ? variant : newest;
  };
#define GILMAP_VARIANT(fn, older, variant) \
  replace(NumericFn::fn, older, address_of(&gilmap_##fn##variant), address_of(&gilmap_##fn))
  GILMAP_VARIANT(float_sum_step_int_lo, before_314, _313);
  GILMAP_VARIANT(math_atan2, before_314, _313);
#undef GILMAP_VARIANT
}

}  // namespace gilmap::numeric
