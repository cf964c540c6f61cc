#pragma once
// Rewrites of a single instruction that are exact for every operand: -0.0, NaN with its sign and payload,
// infinities, and 64-bit wrap-around included. What is only nearly exact (x + 0.0, x * 1.0 of a signalling NaN)
// is left alone. No operation is moved, so preconditions that hold stay held.

#include "passes/rewrite.h"

namespace gilmap::passes {

class Algebra {
 public:
  Algebra(Function& f, ConstantPool& pool) : f_(f), pool_(pool) {}

  // A value that equals v and is cheaper; v itself if v was only improved in place, or not at all.
  // Further instructions that it needs are added to `before`: they belong in front of v.
  ValueId simplify(ValueId v, std::vector<ValueId>* before);
  bool any_change() const { return any_change_; }  // in place

 private:
  ValueId once(ValueId v);
  ValueId fold(ValueId v);
  void order_operands(ValueId v);
  // algebra_int.cpp
  ValueId int_arithmetic(ValueId v);
  ValueId int_bits(ValueId v);
  ValueId overflow_check(ValueId v);
  ValueId int_compare(ValueId v);
  // algebra_bool.cpp
  ValueId bool_logic(ValueId v);
  ValueId bool_not(ValueId v);
  ValueId select(ValueId v);
  ValueId select_bool(ValueId v);
  // algebra_float.cpp
  ValueId float_arithmetic(ValueId v);
  ValueId float_sign(ValueId v);
  ValueId float_rounding(ValueId v);
  ValueId float_compare(ValueId v);
  ValueId float_test(ValueId v);

  Op op(ValueId v) const { return f_[v].op; }
  ValueId arg(ValueId v, size_t k) const { return f_[v].args[k]; }
  bool is_int(ValueId v, int64_t i) const { return op(v) == Op::IConst && f_[v].imm == i; }
  bool is_float(ValueId v, double x) const { return op(v) == Op::FConst && f_[v].imm == std::bit_cast<int64_t>(x); }
  bool is_bool(ValueId v, bool b) const { return op(v) == Op::BConst && f_[v].imm == b; }

  ValueId constant(ir::Type type, uint64_t bits);
  // Makes v another operation on other operands.
  ValueId become(ValueId v, Op op, std::vector<ValueId> args);
  // A new instruction in front of v.
  ValueId make(ValueId v, Op op, ir::Type type, std::vector<ValueId> args);
  // Makes v the negation of a bool.
  ValueId become_not(ValueId v, ValueId of) { return become(v, Op::BNot, {of}); }

  Function& f_;
  ConstantPool& pool_;
  std::vector<ValueId>* before_ = nullptr;
  bool changed_ = false;  // the instruction was changed in place, and may simplify further
  bool any_change_ = false;
};

}  // namespace gilmap::passes
