#include "codegen/numeric_form.h"

#include "codegen/ranges.h"

namespace gilmap::codegen {

using numeric::NumericFn;

NumericForm form_of(NumericFn fn, std::span<const IntRange> args, bool has_fma) {
  const auto is_double = [&](size_t k) { return within_bits(args[k], 53); };
  switch (fn) {
    case NumericFn::float_is_integer:
    case NumericFn::float_sum_step_hi:
    case NumericFn::float_sum_step_int_hi:
    case NumericFn::math_sqrt:
    case NumericFn::math_fabs:
    case NumericFn::math_copysign:
    case NumericFn::math_degrees:
    case NumericFn::math_radians:
    case NumericFn::math_isnan:
    case NumericFn::math_isinf:
    case NumericFn::math_isfinite:
      return NumericForm::Simple;
    case NumericFn::float_to_int:
    case NumericFn::float_floor:
    case NumericFn::float_ceil:
    case NumericFn::float_round:
    case NumericFn::float_sum_step_lo:
    case NumericFn::int_isqrt:
    case NumericFn::int_bit_length:
    case NumericFn::int_bit_count:
    case NumericFn::int_shift_left:
    case NumericFn::int_shift_right:
      return NumericForm::Sequence;
    case NumericFn::int_lt_float:
    case NumericFn::int_le_float:
    case NumericFn::int_eq_float:
    case NumericFn::int_gt_float:
    case NumericFn::int_ge_float:
      return is_double(0) ? NumericForm::Simple : NumericForm::Guarded;
    case NumericFn::int_truediv:
      return is_double(0) && is_double(1) ? NumericForm::Sequence : NumericForm::Guarded;
    case NumericFn::float_mod:
    case NumericFn::float_floordiv:
    case NumericFn::math_fmod:
      return has_fma ? NumericForm::Guarded : NumericForm::Call;
    case NumericFn::float_round_digits:
      return is_constant_within(args[1], 0, 22) ? NumericForm::Guarded : NumericForm::Call;
    case NumericFn::int_pow:
      return is_constant_within(args[1], 0, 8) ? NumericForm::Sequence : NumericForm::Call;
    default:
      return NumericForm::Call;
  }
}

}  // namespace gilmap::codegen
