// Algebra of bools, and of select.

#include "passes/algebra.h"
#include "passes/op_kinds.h"

namespace gilmap::passes {

ValueId Algebra::bool_logic(ValueId v) {
  ValueId a = arg(v, 0), b = arg(v, 1);
  bool opposites = (op(b) == Op::BNot && arg(b, 0) == a) || (op(a) == Op::BNot && arg(a, 0) == b);
  if (op(v) == Op::BXor) {
    if (a == b) return pool_.boolean(false);
    if (opposites) return pool_.boolean(true);
    if (is_bool(b, true)) return become_not(v, a);
    return is_bool(b, false) ? a : v;
  }
  bool winner = op(v) == Op::BOr;
  if (is_bool(b, winner)) return b;
  if (opposites) return pool_.boolean(winner);
  return a == b || is_bool(b, !winner) ? a : v;
}

ValueId Algebra::bool_not(ValueId v) {
  ValueId a = arg(v, 0);
  if (op(a) == Op::BNot) return arg(a, 0);
  if (is_int_compare(op(a))) return become(v, inverted(op(a)), f_[a].args);
  // Of the float comparisons only these two are each other's opposite: NaN fails all others.
  if (op(a) == Op::FEq || op(a) == Op::FNe) return become(v, op(a) == Op::FEq ? Op::FNe : Op::FEq, f_[a].args);
  return v;
}

ValueId Algebra::select(ValueId v) {
  ValueId c = arg(v, 0), a = arg(v, 1), b = arg(v, 2);
  if (a == b) return a;
  if (is_constant(op(c))) return is_bool(c, true) ? a : b;
  if (op(c) == Op::BNot) return become(v, Op::Select, {arg(c, 0), b, a});
  if (op(a) == Op::Select && arg(a, 0) == c) return become(v, Op::Select, {c, arg(a, 1), b});
  if (op(b) == Op::Select && arg(b, 0) == c) return become(v, Op::Select, {c, a, arg(b, 2)});
  if (f_.type(v) == ir::Type::Bool) return select_bool(v);
  if (is_int(a, 1) && is_int(b, 0)) return become(v, Op::BToI, {c});
  if (is_int(a, 0) && is_int(b, 1)) return become(v, Op::BToI, {make(v, Op::BNot, ir::Type::Bool, {c})});
  return v;
}

// A choice between bools is logic.
ValueId Algebra::select_bool(ValueId v) {
  ValueId c = arg(v, 0), a = arg(v, 1), b = arg(v, 2);
  auto not_c = [&] { return make(v, Op::BNot, ir::Type::Bool, {c}); };
  if (is_bool(a, true) && is_bool(b, false)) return c;
  if (is_bool(a, false) && is_bool(b, true)) return become_not(v, c);
  if (is_bool(b, false) || b == c) return become(v, Op::BAnd, {c, a});
  if (is_bool(a, true) || a == c) return become(v, Op::BOr, {c, b});
  if (is_bool(a, false)) return become(v, Op::BAnd, {not_c(), b});
  if (is_bool(b, true)) return become(v, Op::BOr, {not_c(), a});
  return v;
}

}  // namespace gilmap::passes
