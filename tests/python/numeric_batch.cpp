// Lets test_numeric_reference.py call the functions of core/numeric on whole arrays: one entry point, types taken from
// the table.
#include "numeric/functions.h"

#include <cmath>
#include <cstring>
#include <utility>

namespace {

using namespace gilmap::numeric;

template <class T>
T load(const void* column, std::size_t i) {
  return static_cast<const T*>(column)[i];
}

// Calls the function of the row for each of n elements, or first its direct libm function as functions.def says; the
// bits of the results go to `out`, widened to 64.
template <bool can_fail, class Result, class... Args, std::size_t... Index>
void call_all(const NumericFnInfo& row, bool direct, std::size_t n, const void* const* columns, std::uint64_t* out,
              std::uint8_t* failed, std::index_sequence<Index...>) {
  using Direct = Result (*)(Args...);
  using Function = typename detail::Signature<can_fail, Result, Args...>::Function*;
  const auto first = reinterpret_cast<Direct>(const_cast<void*>(row.direct));
  const auto function = reinterpret_cast<Function>(const_cast<void*>(row.address));
  for (std::size_t i = 0; i < n; ++i) {
    Result r = Result{};
    failed[i] = 0;
    if (direct) r = first(load<Args>(columns[Index], i)...);
    if (!direct || !std::isfinite(static_cast<double>(r))) {
      if constexpr (can_fail)
        r = function(load<Args>(columns[Index], i)..., &failed[i]);
      else
        r = function(load<Args>(columns[Index], i)...);
    }
    out[i] = 0;
    std::memcpy(&out[i], &r, sizeof r);
  }
}

template <bool can_fail, class Result, class... Args>
struct Caller {
  static void run(const NumericFnInfo& row, bool direct, std::size_t n, const void* const* columns, std::uint64_t* out,
                  std::uint8_t* failed) {
    call_all<can_fail, Result, Args...>(row, direct, n, columns, out, failed, std::index_sequence_for<Args...>{});
  }
};

char signature_code(NumericType type) {
  switch (type) {
    case NumericType::I64:
      return 'i';
    case NumericType::F64:
      return 'f';
    case NumericType::BOOL:
      return 'b';
  }
  return '?';
}

}  // namespace

extern "C" {

std::size_t batch_count() { return numeric_fn_count; }
const char* batch_name(std::size_t fn) { return all_functions()[fn].name.data(); }
int batch_can_fail(std::size_t fn) { return all_functions()[fn].can_fail; }
int batch_has_direct(std::size_t fn) { return all_functions()[fn].direct != nullptr; }
void batch_select_version(std::uint32_t hexversion) { select_version(hexversion); }

// The result's type code, then the arguments': "fff" for a float of two floats.
void batch_signature(std::size_t fn, char* text) {
  const NumericFnInfo& row = all_functions()[fn];
  *text++ = signature_code(row.result);
  for (const NumericType type : row.args) *text++ = signature_code(type);
  *text = 0;
}

void batch_run(std::size_t fn, int direct, std::size_t n, const void* const* columns, std::uint64_t* out,
               std::uint8_t* failed) {
  const NumericFnInfo& row = all_functions()[fn];
#define FAILS true
#define TOTAL false
#define GILMAP_LIST(...) __VA_ARGS__
  switch (static_cast<NumericFn>(fn)) {
#define X(name, result, args, can_fail, libm, doc)                                              \
  case NumericFn::name:                                                                         \
    Caller<can_fail, result, GILMAP_LIST args>::run(row, direct != 0, n, columns, out, failed); \
    return;
#include "numeric/functions.def"
#undef X
  }
#undef GILMAP_LIST
#undef TOTAL
#undef FAILS
}
}
