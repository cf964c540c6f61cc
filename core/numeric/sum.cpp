// sum() of floats: Neumaier's compensated summation, as CPython does it since 3.12.
//
// Ints and bools at the start are added exactly. The first float is added to that int by the ordinary int + float, and
// the result is the first `sum`, with c = 0.0; a float `start` is the first `sum` at once. From there on each float x
// is a step: t = sum + x, what t lost goes into c, and t is the new sum. At the end c is added, unless it is zero (that
// keeps the sign of -0.0) or not finite (that keeps an infinite sum from becoming NaN).
//
// The versions differ in an int among the floats: 3.12 and 3.13 add it to sum without touching c, 3.14 treats it as the
// float. An int beyond int64 never gets here, and a complex number ends the compensated part: not ours.
//
// The two halves of a step are two functions, each of the old (sum, c, x). A step is
//   hi = float_sum_step_hi(sum, c, x); lo = float_sum_step_lo(sum, c, x); sum = hi; c = lo;
#include "numeric/checks.h"
#include "numeric/variants.h"

namespace gilmap::numeric {
namespace {

inline F64 compensation(F64 sum, F64 c, F64 x) {
  const F64 t = sum + x;
  if (std::fabs(sum) >= std::fabs(x)) return c + ((sum - t) + x);
  return c + ((x - t) + sum);
}

}  // namespace

extern "C" F64 gilmap_float_sum_step_hi(F64 sum, F64, F64 x) { return sum + x; }
extern "C" F64 gilmap_float_sum_step_lo(F64 sum, F64 c, F64 x) { return compensation(sum, c, x); }

extern "C" F64 gilmap_float_sum_step_int_hi(F64 sum, F64, I64 i) { return sum + static_cast<F64>(i); }
extern "C" F64 gilmap_float_sum_step_int_lo(F64 sum, F64 c, I64 i) { return compensation(sum, c, static_cast<F64>(i)); }
extern "C" F64 gilmap_float_sum_step_int_lo_313(F64, F64 c, I64) { return c; }

extern "C" F64 gilmap_float_sum_result(F64 sum, F64 c) { return c != 0.0 && std::isfinite(c) ? sum + c : sum; }

}  // namespace gilmap::numeric
