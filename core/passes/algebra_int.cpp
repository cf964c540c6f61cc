// Algebra of integers: arithmetic modulo 2^64, with Python's // and %.

#include "ir/evaluate.h"
#include "passes/algebra.h"
#include "passes/op_kinds.h"

namespace gilmap::passes {

// A constant operand of a commutative operation stands second.
ValueId Algebra::int_arithmetic(ValueId v) {
  ValueId a = arg(v, 0), b = arg(v, 1);
  if (op(v) == Op::IAdd) return is_int(b, 0) ? a : v;
  if (op(v) == Op::IMul) return is_int(b, 0) ? b : is_int(b, 1) ? a : v;
  if (op(v) == Op::ISub) {
    if (a == b) return pool_.integer(0);
    return is_int(b, 0) ? a : v;
  }
  if (is_int(a, 0)) return a;
  if (op(v) == Op::IMod) return a == b || is_int(b, 1) || is_int(b, -1) ? pool_.integer(0) : v;
  // Floor division: the divisor is not 0, and not -1 where the dividend is the minimum.
  if (a == b) return pool_.integer(1);
  if (is_int(b, -1)) return become(v, Op::ISub, {pool_.integer(0), a});
  return is_int(b, 1) ? a : v;
}

ValueId Algebra::int_bits(ValueId v) {
  ValueId a = arg(v, 0);
  if (op(v) == Op::INot) return op(a) == Op::INot ? arg(a, 0) : v;
  ValueId b = arg(v, 1);
  if (op(v) == Op::IShl || op(v) == Op::IShr) {
    bool stays = is_int(b, 0) || is_int(a, 0) || (op(v) == Op::IShr && is_int(a, -1));
    return stays ? a : v;
  }
  if (op(v) == Op::IXor) {
    if (a == b) return pool_.integer(0);
    if (is_int(b, -1)) return become(v, Op::INot, {a});
    return is_int(b, 0) ? a : v;
  }
  // and, or: each has a constant that wins and one that changes nothing
  bool is_and = op(v) == Op::IAnd;
  if (is_int(b, is_and ? 0 : -1)) return b;
  return a == b || is_int(b, is_and ? -1 : 0) ? a : v;
}

ValueId Algebra::overflow_check(ValueId v) {
  ValueId a = arg(v, 0), b = arg(v, 1);
  bool never = is_int(b, 0) || (op(v) == Op::ISubOverflows && a == b) || (op(v) == Op::IMulOverflows && is_int(b, 1));
  return never ? pool_.boolean(false) : v;
}

ValueId Algebra::int_compare(ValueId v) {
  ValueId a = arg(v, 0), b = arg(v, 1);
  if (a == b) return pool_.boolean(accepts(op(v)) & equal);
  bool equality = op(v) == Op::IEq || op(v) == Op::INe;
  if (op(a) == Op::BToI && op(b) == Op::IConst) {
    // Nothing but the answers for 0 and for 1 matters.
    auto c = static_cast<uint64_t>(f_[b].imm);
    uint64_t no[] = {0, c}, yes[] = {1, c};
    bool if_false = *ir::evaluate(op(v), 0, no), if_true = *ir::evaluate(op(v), 0, yes);
    if (if_false == if_true) return pool_.boolean(if_true);
    return if_true ? arg(a, 0) : become_not(v, arg(a, 0));
  }
  if (equality && op(a) == Op::BToI && op(b) == Op::BToI) {
    ValueId x = arg(a, 0), y = arg(b, 0);
    if (op(v) == Op::INe) return become(v, Op::BXor, {x, y});
    return become_not(v, make(v, Op::BXor, ir::Type::Bool, {x, y}));
  }
  // A wrapping difference is 0 only for equal operands.
  if (equality && is_int(b, 0) && op(a) == Op::ISub) return become(v, op(v), {arg(a, 0), arg(a, 1)});
  return v;
}

}  // namespace gilmap::passes
