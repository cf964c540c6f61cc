// Algebra of floats. Very little is exact: x + 0.0 turns -0.0 into 0.0, x - x is NaN for infinities, and any
// arithmetic turns a signalling NaN (which an input array may hold) into a quiet one.

#include <bit>

#include "passes/algebra.h"
#include "passes/op_kinds.h"

namespace gilmap::passes {
namespace {

// Results of arithmetic are never signalling NaNs; what is copied around may be.
bool is_arithmetic(Op op) {
  return between(op, Op::FAdd, Op::FDiv) || between(op, Op::FSqrt, Op::FRint) || op == Op::IToF;
}

bool is_integral(Op op) { return between(op, Op::FFloor, Op::FRint) || op == Op::IToF; }

static_assert(distance(Op::FAdd, Op::FDiv) == 3 && distance(Op::FSqrt, Op::FRint) == 4);

}  // namespace

ValueId Algebra::float_arithmetic(ValueId v) {
  // The neutral constant of each operation, of which -0.0 is that of addition. A zero of either sign is neutral
  // beside a converted int, which is never -0.0.
  auto neutral = [&](ValueId constant, ValueId other) {
    if (!is_arithmetic(op(other))) return false;
    if (op(v) == Op::FAdd) return is_float(constant, -0.0) || (is_float(constant, 0.0) && op(other) == Op::IToF);
    return is_float(constant, op(v) == Op::FSub ? 0.0 : 1.0);
  };
  ValueId a = arg(v, 0), b = arg(v, 1);
  if (neutral(b, a)) return a;
  bool symmetric = op(v) == Op::FAdd || op(v) == Op::FMul;
  return symmetric && neutral(a, b) ? b : v;
}

// These touch the sign bit only, so they are exact for NaNs too.
ValueId Algebra::float_sign(ValueId v) {
  ValueId a = arg(v, 0);
  if (op(v) == Op::FNeg) return op(a) == Op::FNeg ? arg(a, 0) : v;
  if (op(v) == Op::FAbs) {
    if (op(a) == Op::FAbs) return a;
    return op(a) == Op::FNeg || op(a) == Op::FCopysign ? become(v, Op::FAbs, {arg(a, 0)}) : v;
  }
  ValueId b = arg(v, 1);
  if (a == b) return a;
  return op(b) == Op::FConst && f_[b].imm >= 0 ? become(v, Op::FAbs, {a}) : v;
}

ValueId Algebra::float_rounding(ValueId v) {
  ValueId a = arg(v, 0);
  return is_integral(op(a)) ? a : v;
}

ValueId Algebra::float_compare(ValueId v) {
  ValueId a = arg(v, 0);
  if (a != arg(v, 1)) return v;
  if (op(v) == Op::FNe) return become(v, Op::FIsNan, {a});
  if (op(v) == Op::FLt || op(v) == Op::FGt) return pool_.boolean(false);
  return become_not(v, make(v, Op::FIsNan, ir::Type::Bool, {a}));
}

ValueId Algebra::float_test(ValueId v) {
  ValueId a = arg(v, 0);
  if (op(a) == Op::IToF) return pool_.boolean(op(v) == Op::FIsFinite);
  bool sign_only = op(a) == Op::FNeg || op(a) == Op::FAbs || op(a) == Op::FCopysign;
  return sign_only ? become(v, op(v), {arg(a, 0)}) : v;
}

}  // namespace gilmap::passes
