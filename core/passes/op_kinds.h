#pragma once
// Families of operations that passes treat alike. They lean on the order of the rows in ops.def, which the
// assertions pin down.

#include "ir/function.h"

namespace gilmap::passes {

using ir::Op;

constexpr int distance(Op from, Op to) { return static_cast<int>(to) - static_cast<int>(from); }
constexpr bool between(Op op, Op first, Op last) { return op >= first && op <= last; }

constexpr bool is_constant(Op op) { return between(op, Op::IConst, Op::BConst); }
constexpr Op constant_of(ir::Type type) {
  return type == ir::Type::I64 ? Op::IConst : type == ir::Type::F64 ? Op::FConst : Op::BConst;
}
constexpr bool is_int_compare(Op op) { return between(op, Op::IEq, Op::IGe); }
constexpr bool is_float_compare(Op op) { return between(op, Op::FEq, Op::FGe); }
constexpr bool is_addition(Op op) { return between(op, Op::IAdd, Op::ISub); }
constexpr bool is_addition_check(Op op) { return between(op, Op::IAddOverflows, Op::ISubOverflows); }
constexpr bool is_overflow_check(Op op) { return between(op, Op::IAddOverflows, Op::IMulOverflows); }

// Swapping the operands changes nothing, not even which of two NaNs comes out.
constexpr bool is_commutative(Op op) {
  return op == Op::IAdd || op == Op::IMul || op == Op::IAddOverflows || op == Op::IMulOverflows ||
         between(op, Op::IAnd, Op::IXor) || op == Op::IEq || op == Op::INe || op == Op::FEq || op == Op::FNe ||
         between(op, Op::BAnd, Op::BXor);
}

// An integer comparison is the set of outcomes it accepts.
enum Relation : uint8_t { less = 1, equal = 2, greater = 4 };
constexpr uint8_t any_relation = less | equal | greater;

constexpr uint8_t accepts(Op compare) {  // of an integer comparison
  constexpr uint8_t sets[] = {equal, less | greater, less, less | equal, greater, greater | equal};
  return sets[distance(Op::IEq, compare)];
}
constexpr Op compare_accepting(uint8_t relations) {  // not none, not all
  constexpr Op ops[] = {Op::IEq, Op::ILt, Op::IEq, Op::ILe, Op::IGt, Op::INe, Op::IGe};
  return ops[relations];
}
constexpr uint8_t mirrored(uint8_t relations) {  // the set for swapped operands
  return static_cast<uint8_t>((relations & equal) | (relations & less ? greater : 0) |
                              (relations & greater ? less : 0));
}
constexpr Op inverted(Op compare) { return compare_accepting(any_relation & static_cast<uint8_t>(~accepts(compare))); }
constexpr Op swapped(Op compare) { return compare_accepting(mirrored(accepts(compare))); }

static_assert(distance(Op::IConst, Op::BConst) == 2 && distance(Op::IAddOverflows, Op::IMulOverflows) == 2);
static_assert(distance(Op::IAdd, Op::ISub) == 1 && distance(Op::IAddOverflows, Op::ISubOverflows) == 1);
static_assert(distance(Op::IAdd, Op::IAddOverflows) == 3 && distance(Op::IMul, Op::IMulOverflows) == 3);
static_assert(distance(Op::IAnd, Op::IXor) == 2 && distance(Op::BAnd, Op::BXor) == 2);
static_assert(distance(Op::IEq, Op::IGe) == 5 && distance(Op::FEq, Op::FGe) == 5);
static_assert(inverted(Op::ILt) == Op::IGe && inverted(Op::IEq) == Op::INe && swapped(Op::ILe) == Op::IGe);

}  // namespace gilmap::passes
