// Operators on numbers, by CPython's rules. Every check stands in front of the operation it is for, as a deopt_if.

#include <bit>
#include <cmath>

#include "lift/lifter.h"

namespace gilmap::lift {
namespace {

constexpr int64_t exact_in_double = int64_t{1} << 53;

const char* symbol(BinaryKind kind) {
  switch (kind) {
    case BinaryKind::Add:
      return "+";
    case BinaryKind::And:
      return "&";
    case BinaryKind::FloorDiv:
      return "//";
    case BinaryKind::LShift:
      return "<<";
    case BinaryKind::MatMul:
      return "@";
    case BinaryKind::Mul:
      return "*";
    case BinaryKind::Mod:
      return "%";
    case BinaryKind::Or:
      return "|";
    case BinaryKind::Pow:
      return "**";
    case BinaryKind::RShift:
      return ">>";
    case BinaryKind::Sub:
      return "-";
    case BinaryKind::TrueDiv:
      return "/";
    case BinaryKind::Xor:
      return "^";
    case BinaryKind::Subscript:
      return "[]";
  }
  return "?";
}

bool is_big_int(const Value& v) { return v.kind == Kind::Object && PyLong_CheckExact(v.obj); }

bool is_bitwise(BinaryKind k) {
  return k == BinaryKind::And || k == BinaryKind::Or || k == BinaryKind::Xor || k == BinaryKind::LShift ||
         k == BinaryKind::RShift;
}

}  // namespace

Step FunctionLifter::binary(BinaryKind kind, const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    if (kind == BinaryKind::MatMul) return give_up(Reason::Type);
    if (kind == BinaryKind::Pow) return power(a, b);
    if (a.kind == Kind::Bool && b.kind == Kind::Bool &&
        (kind == BinaryKind::And || kind == BinaryKind::Or || kind == BinaryKind::Xor)) {
      return result(bool_binary(kind, a, b));
    }
    if (a.is_integral() && b.is_integral()) {
      return result(kind == BinaryKind::TrueDiv ? true_divide(a, b) : int_binary(kind, a, b));
    }
    if (is_bitwise(kind)) return give_up(Reason::Type);
    return result(float_binary(kind, a, b));
  }
  if (is_big_int(a) || is_big_int(b)) return binary_big(kind, a, b);
  bool none = a.kind == Kind::None || b.kind == Kind::None;
  if (none && (a.is_number() || b.is_number() || a.kind == b.kind)) return give_up(Reason::Type);
  if (a.kind == Kind::Tuple && b.kind == Kind::Tuple && kind == BinaryKind::Add && !a.aux && !b.aux) {
    std::vector<Value> items(*a.items);
    items.insert(items.end(), b.items->begin(), b.items->end());
    return result(Value::of_items(Kind::Tuple, std::move(items)));
  }
  const Value& odd = a.is_number() ? b : a;
  unsupported(std::string("`") + symbol(kind) + "` with " + describe(odd) + " is not compiled");
}

// An operand that is an int constant beyond 64 bits: few operations have a result within them.
Step FunctionLifter::binary_big(BinaryKind kind, const Value& a, const Value& b) {
  auto refuse = [&]() {
    unsupported(std::string("`") + symbol(kind) + "` with an int beyond 64 bits is not compiled");
  };
  const Value& big = is_big_int(a) ? a : b;
  const Value& other = is_big_int(a) ? b : a;
  if (other.kind == Kind::Float && !is_bitwise(kind)) {
    double d = PyLong_AsDouble(big.obj);
    if (d == -1.0 && PyErr_Occurred()) {
      PyErr_Clear();
      return give_up(Reason::Overflow);  // OverflowError: int too large to convert to float
    }
    Value f = Value::floating(d);
    return is_big_int(a) ? binary(kind, f, b) : binary(kind, a, f);
  }
  if (!other.is_integral()) refuse();
  bool positive = PyObject_RichCompareBool(big.obj, Py_False, Py_GT) == 1;
  if (!positive || !is_big_int(b)) {
    if (!(kind == BinaryKind::And)) refuse();
  }
  ValueId x = as_i64(other);
  ValueId negative = emit(Op::ILt, {x, b_.iconst(0)});
  if (kind == BinaryKind::And && positive) {
    // x & big for x >= 0 keeps the low 63 bits of the constant; below zero the result leaves 64 bits.
    Ref mask = Ref::steal(PyLong_FromLongLong(INT64_MAX));
    Ref low = mask ? Ref::steal(PyNumber_And(big.obj, mask.get())) : Ref();
    if (!low) refuse();
    deopt_if(negative, Reason::Overflow);
    return result(integer(emit(Op::IAnd, {x, b_.iconst(PyLong_AsLongLong(low.get()))})));
  }
  if (kind == BinaryKind::Mod && positive) {  // |x| < big
    deopt_if(negative, Reason::Overflow);
    return result(integer(x));
  }
  if (kind == BinaryKind::FloorDiv && positive) {
    return result(integer(emit(Op::Select, {negative, b_.iconst(-1), b_.iconst(0)})));
  }
  refuse();
  return Step::Ended;
}

Value FunctionLifter::checked(Op overflows, Op op, ValueId a, ValueId b) {
  deopt_if(emit(overflows, {a, b}), Reason::Overflow);
  return integer(emit(op, {a, b}));
}

Value FunctionLifter::bool_binary(BinaryKind kind, const Value& a, const Value& b) {
  if (kind == BinaryKind::And) return logic(Op::BAnd, a, b);
  if (kind == BinaryKind::Or) return logic(Op::BOr, a, b);
  if (a.known && b.known) return Value::boolean(a.bits != b.bits);
  return boolean(emit(Op::BXor, {as_bool(a), as_bool(b)}));
}

Value FunctionLifter::int_binary(BinaryKind kind, const Value& a, const Value& b) {
  if (a.known && b.known) {
    int64_t r = 0;
    if (kind == BinaryKind::Add && !__builtin_add_overflow(a.bits, b.bits, &r)) return Value::integer(r);
    if (kind == BinaryKind::Sub && !__builtin_sub_overflow(a.bits, b.bits, &r)) return Value::integer(r);
    if (kind == BinaryKind::Mul && !__builtin_mul_overflow(a.bits, b.bits, &r)) return Value::integer(r);
  }
  switch (kind) {
    case BinaryKind::Add:
      return checked(Op::IAddOverflows, Op::IAdd, as_i64(a), as_i64(b));
    case BinaryKind::Sub:
      return checked(Op::ISubOverflows, Op::ISub, as_i64(a), as_i64(b));
    case BinaryKind::Mul:
      return checked(Op::IMulOverflows, Op::IMul, as_i64(a), as_i64(b));
    case BinaryKind::FloorDiv:
    case BinaryKind::Mod: {
      ValueId x = as_i64(a);
      ValueId y = as_i64(b);
      if (!b.known || b.bits == 0) deopt_if(emit(Op::IEq, {y, b_.iconst(0)}), Reason::ZeroDivision);
      if (kind == BinaryKind::Mod) return integer(emit(Op::IMod, {x, y}));
      if (!b.known || b.bits == -1) {
        // The one quotient that leaves 64 bits.
        ValueId least = emit(Op::IEq, {x, b_.iconst(INT64_MIN)});
        deopt_if(emit(Op::BAnd, {least, emit(Op::IEq, {y, b_.iconst(-1)})}), Reason::Overflow);
      }
      return integer(emit(Op::IFloorDiv, {x, y}));
    }
    case BinaryKind::And:
      return integer(emit(Op::IAnd, {as_i64(a), as_i64(b)}));
    case BinaryKind::Or:
      return integer(emit(Op::IOr, {as_i64(a), as_i64(b)}));
    case BinaryKind::Xor:
      return integer(emit(Op::IXor, {as_i64(a), as_i64(b)}));
    case BinaryKind::LShift:
      return shift(true, a, b);
    case BinaryKind::RShift:
      return shift(false, a, b);
    case BinaryKind::TrueDiv:
    case BinaryKind::Pow:
    case BinaryKind::MatMul:
    case BinaryKind::Subscript:
      break;
  }
  unsupported("this operator is not compiled");
}

Value FunctionLifter::shift(bool left, const Value& a, const Value& b) {
  ValueId x = as_i64(a);
  if (b.known && b.bits >= 0 && b.bits < 63) {
    ValueId n = b_.iconst(b.bits);
    if (!left) return integer(emit(Op::IShr, {x, n}));
    ValueId r = emit(Op::IShl, {x, n});
    deopt_if(emit(Op::INe, {emit(Op::IShr, {r, n}), x}), Reason::Overflow);
    return integer(r);
  }
  ValueId n = as_i64(b);
  ValueId top = b_.iconst(63);
  if (!left) {
    deopt_if(emit(Op::ILt, {n, b_.iconst(0)}), Reason::Shift);
    ValueId m = emit(Op::Select, {emit(Op::IGt, {n, top}), top, n});
    return integer(emit(Op::IShr, {x, m}));
  }
  // A count beyond 62 overflows for every operand but 0, which is left to CPython too.
  ValueId outside = emit(Op::BOr, {emit(Op::ILt, {n, b_.iconst(0)}), emit(Op::IGt, {n, b_.iconst(62)})});
  deopt_if(outside, Reason::Shift);
  ValueId r = emit(Op::IShl, {x, n});
  deopt_if(emit(Op::INe, {emit(Op::IShr, {r, n}), x}), Reason::Overflow);
  return integer(r);
}

// int / int is rounded once from the exact quotient. Where both operands are exact doubles that is the double
// division; beyond 2^53 it is computed out of line.
Value FunctionLifter::true_divide(const Value& a, const Value& b) {
  if (b.known && b.bits == 0) deopt_if(b_.bconst(true), Reason::ZeroDivision);
  ValueId x = as_i64(a);
  ValueId y = as_i64(b);
  if (!b.known) deopt_if(emit(Op::IEq, {y, b_.iconst(0)}), Reason::ZeroDivision);
  auto fits = [&](const Value& v, ValueId i) {
    if (v.kind == Kind::Bool) return Value::boolean(true);
    if (v.known) return Value::boolean(v.bits >= -exact_in_double && v.bits <= exact_in_double);
    return boolean(emit(
        Op::BAnd, {emit(Op::IGe, {i, b_.iconst(-exact_in_double)}), emit(Op::ILe, {i, b_.iconst(exact_in_double)})}));
  };
  Value exact = logic(Op::BAnd, fits(a, x), fits(b, y));
  if (exact.known && exact.bits) return floating(emit(Op::FDiv, {as_f64(a), as_f64(b)}));
  if (exact.known) return numeric_value(Fn::int_truediv, {x, y}, Reason::ZeroDivision);
  ir::BlockId fast = b_.new_block();
  ir::BlockId slow = b_.new_block();
  ir::BlockId join = b_.new_block();
  ValueId r = b_.add_param(join, ir::Type::F64);
  b_.branch(exact.ssa, {fast, {}}, {slow, {}}, 1);
  b_.at(fast);
  b_.jump(join, {emit(Op::FDiv, {emit(Op::IToF, {x}), emit(Op::IToF, {y})})});
  b_.at(slow);
  b_.jump(join, {call_numeric(Fn::int_truediv, {x, y}, Reason::ZeroDivision)});
  b_.at(join);
  return floating(r);
}

Value FunctionLifter::float_binary(BinaryKind kind, const Value& a, const Value& b) {
  ValueId x = as_f64(a);
  ValueId y = as_f64(b);
  auto not_zero = [&] {
    bool sure = b.known && (b.kind == Kind::Float ? b.as_double() != 0.0 : b.bits != 0);
    if (!sure) deopt_if(emit(Op::FEq, {y, b_.fconst(0.0)}), Reason::ZeroDivision);
  };
  switch (kind) {
    case BinaryKind::Add:
      return floating(emit(Op::FAdd, {x, y}));
    case BinaryKind::Sub:
      return floating(emit(Op::FSub, {x, y}));
    case BinaryKind::Mul:
      return floating(emit(Op::FMul, {x, y}));
    case BinaryKind::TrueDiv:
      not_zero();
      return floating(emit(Op::FDiv, {x, y}));
    case BinaryKind::FloorDiv:
      return numeric_value(Fn::float_floordiv, {x, y}, Reason::ZeroDivision);
    case BinaryKind::Mod:
      return numeric_value(Fn::float_mod, {x, y}, Reason::ZeroDivision);
    default:
      unsupported("this operator is not compiled");  // the others do not take floats, or are handled before
  }
}

Value FunctionLifter::add(const Value& a, const Value& b) {
  return a.is_integral() && b.is_integral() ? int_binary(BinaryKind::Add, a, b) : float_binary(BinaryKind::Add, a, b);
}

Value FunctionLifter::multiply(const Value& a, const Value& b) {
  return a.is_integral() && b.is_integral() ? int_binary(BinaryKind::Mul, a, b) : float_binary(BinaryKind::Mul, a, b);
}

// ---------------------------------------------------------------- power

// Products of integers are exact in any order, and no intermediate power is larger than the result.
Value FunctionLifter::int_power(const Value& a, int64_t exponent) {
  if (exponent == 0) return Value::integer(1);
  ValueId base = as_i64(a);
  if (exponent > 16) return numeric_value(Fn::int_pow, {base, b_.iconst(exponent)}, Reason::Overflow);
  Value r;
  bool have = false;
  Value square = integer(base);
  for (int64_t e = exponent;;) {
    if (e & 1) {
      r = have ? checked(Op::IMulOverflows, Op::IMul, r.ssa, square.ssa) : square;
      have = true;
    }
    e >>= 1;
    if (e == 0) return r;
    square = checked(Op::IMulOverflows, Op::IMul, square.ssa, square.ssa);
  }
}

Step FunctionLifter::power(const Value& a, const Value& b) {
  if (a.kind == Kind::Float || b.kind == Kind::Float) {
    return result(numeric_value(Fn::float_pow, {as_f64(a), as_f64(b)}, Reason::Domain));
  }
  if (b.known && b.bits >= 0) return result(int_power(a, b.bits));
  // An int to a negative power is a float.
  ValueId x = as_i64(a);
  ValueId n = as_i64(b);
  auto as_float = [&] {
    return numeric_value(Fn::float_pow, {emit(Op::IToF, {x}), emit(Op::IToF, {n})}, Reason::ZeroDivision);
  };
  if (b.known) return result(as_float());
  if (b.kind == Kind::Bool) return result(numeric_value(Fn::int_pow, {x, n}, Reason::Overflow));
  ir::BlockId negative = b_.new_block();
  ir::BlockId other = b_.new_block();
  b_.branch(emit(Op::ILt, {n, b_.iconst(0)}), {negative, {}}, {other, {}}, 0);
  if (!c_) {  // mapped directly
    b_.at(negative);
    return_value(as_float());
    b_.at(other);
    return result(numeric_value(Fn::int_pow, {x, n}, Reason::Overflow));
  }
  State copy = s_;
  b_.at(negative);
  copy.stack.push_back(as_float());
  {
    ir::Edge e = edge(c_, i_ + 1, std::move(copy));
    b_.jump(e.block, std::move(e.args));
  }
  b_.at(other);
  s_.stack.push_back(numeric_value(Fn::int_pow, {x, n}, Reason::Overflow));
  ir::Edge e = edge(c_, i_ + 1, std::move(s_));
  b_.jump(e.block, std::move(e.args));
  return Step::Ended;
}

Step FunctionLifter::negate(const Value& v) {
  switch (v.kind) {
    case Kind::Float:
      return result(v.known ? Value::floating(-v.as_double()) : floating(emit(Op::FNeg, {v.ssa})));
    case Kind::Int:
    case Kind::Bool:
      if (v.known && v.bits != INT64_MIN) return result(Value::integer(-v.bits));
      return result(checked(Op::ISubOverflows, Op::ISub, b_.iconst(0), as_i64(v)));
    case Kind::None:
      return give_up(Reason::Type);
    default:
      unsupported("unary - of " + describe(v) + " is not compiled");
  }
}

}  // namespace gilmap::lift
