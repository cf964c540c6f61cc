// What each operation makes of ranges, and what a condition says about its operands.

#include <cmath>
#include <utility>

#include "numeric/functions.h"
#include "passes/op_kinds.h"
#include "passes/range_analysis.h"
#include "passes/rewrite.h"

namespace gilmap::passes {
namespace {

using Wide = __int128;

// Rings of pairs are short; should one not be, the rest of it is not looked at.
constexpr int longest_walk = 16;

using numeric::NumericFn;

constexpr bool is(int64_t fn, NumericFn other) { return fn == static_cast<int64_t>(other); }

// What integer functions return, unless they fail: then the result is arbitrary.
IntRange result_of(int64_t fn) {
  constexpr std::pair<NumericFn, IntRange> known[] = {
      {NumericFn::int_bit_length, {0, 64}},
      {NumericFn::int_bit_count, {0, 64}},
      {NumericFn::int_lcm, {0, INT64_MAX}},
      {NumericFn::int_factorial, {1, INT64_MAX}},
      {NumericFn::int_comb, {0, INT64_MAX}},
      {NumericFn::int_perm, {0, INT64_MAX}},
      {NumericFn::math_frexp_exponent, {-1100, 1100}},
  };
  for (const auto& [name, range] : known) {
    if (is(fn, name)) return range;
  }
  return full_range;
}

// The root of n >= 0, rounded down. That of the double is off by one at most.
int64_t floor_root(int64_t n) {
  auto root = static_cast<int64_t>(std::sqrt(static_cast<double>(n)));
  while (Wide{root} * root > n) --root;
  while (Wide{root + 1} * (root + 1) <= n) ++root;
  return root;
}

}  // namespace

// An i64, unless the call fails.
IntRange RangeAnalysis::call_result(ValueId call) const {
  const int64_t fn = f_[call].imm;
  if (is(fn, NumericFn::int_isqrt)) return {0, floor_root(std::max(arg(call, 0).hi, int64_t{0}))};
  if (is(fn, NumericFn::int_gcd))
    return {0, std::max(greatest_magnitude(arg(call, 0)), greatest_magnitude(arg(call, 1)))};
  return result_of(fn);
}

bool RangeAnalysis::can_fail(ValueId call) const {
  const int64_t fn = f_[call].imm;
  if (is(fn, NumericFn::int_isqrt)) return arg(call, 0).lo < 0;
  if (is(fn, NumericFn::int_gcd)) return arg(call, 0).lo == INT64_MIN || arg(call, 1).lo == INT64_MIN;
  return numeric::info(static_cast<NumericFn>(fn)).can_fail;
}

// Operations on the same two operands, in either order, form a ring.
void RangeAnalysis::link_pairs() {
  ValueTable table(f_.values.size());
  for (const ir::Block& block : f_.blocks) {
    for (ValueId v : block.body) {
      const ir::Inst& inst = f_[v];
      if (!is_int_compare(inst.op) && !between(inst.op, Op::IAdd, Op::IMulOverflows)) continue;
      ValueId a = std::min(inst.args[0], inst.args[1]), b = std::max(inst.args[0], inst.args[1]);
      ValueId& first = table.slot(mix(mix(0, a), b), [&](ValueId w) {
        return std::min(f_[w].args[0], f_[w].args[1]) == a && std::max(f_[w].args[0], f_[w].args[1]) == b;
      });
      if (first == no_value) {
        first = next_of_pair_[v] = v;
      } else {
        next_of_pair_[v] = std::exchange(next_of_pair_[first], v);
      }
    }
  }
}

IntRange RangeAnalysis::compute(ValueId v) {
  const ir::Inst& inst = f_[v];
  switch (inst.op) {
    case Op::IConst:
    case Op::BConst:
      return single(inst.imm);
    case Op::IAdd:
    case Op::ISub:
    case Op::IMul:
      return arithmetic(v);
    case Op::IAddOverflows:
    case Op::ISubOverflows:
    case Op::IMulOverflows:
      return overflow_check(v);
    case Op::IFloorDiv:
      return quotient(arg(v, 0), arg(v, 1));
    case Op::IMod:
      return remainder(arg(v, 0), arg(v, 1));
    case Op::IAnd:
      return bit_and(arg(v, 0), arg(v, 1));
    case Op::IOr:
      return bit_or(arg(v, 0), arg(v, 1));
    case Op::IXor:
      return bit_xor(arg(v, 0), arg(v, 1));
    case Op::INot:
      return {~arg(v, 0).hi, ~arg(v, 0).lo};
    case Op::IShl:
      return shift_left(arg(v, 0), arg(v, 1));
    case Op::IShr:
      return shift_right(arg(v, 0), arg(v, 1));
    case Op::IEq:
    case Op::INe:
    case Op::ILt:
    case Op::ILe:
    case Op::IGt:
    case Op::IGe:
      return comparison(v);
    case Op::BToI:
      return arg(v, 0);
    case Op::BAnd:
      return {arg(v, 0).lo & arg(v, 1).lo, arg(v, 0).hi & arg(v, 1).hi};
    case Op::BOr:
      return {arg(v, 0).lo | arg(v, 1).lo, arg(v, 0).hi | arg(v, 1).hi};
    case Op::BXor: {
      bool known = is_single(arg(v, 0)) && is_single(arg(v, 1));
      return known ? single(arg(v, 0).lo ^ arg(v, 1).lo) : any_bool;
    }
    case Op::BNot:
      return {1 - arg(v, 0).hi, 1 - arg(v, 0).lo};
    case Op::Select:
      return selection(v);
    case Op::AnyLane:
    case Op::ManyLanes:
    case Op::TakeNext:
      return any_bool;
    case Op::TableWay:
      return {0, 255};
    case Op::TableValue:
      return inst.type == ir::Type::Bool ? any_bool : inst.range;
    case Op::Argument:
      return inst.type == ir::Type::Bool ? any_bool : full_range;
    case Op::CallNumeric:
      if (inst.type == ir::Type::Bool) return any_bool;
      return can_fail(v) ? full_range : call_result(v);
    case Op::FEq:
    case Op::FNe:
    case Op::FLt:
    case Op::FLe:
    case Op::FGt:
    case Op::FGe:
    case Op::FIsNan:
    case Op::FIsInf:
    case Op::FIsFinite:
    case Op::ForeignFailed:
      return any_bool;
    case Op::CallFailed:
      return can_fail(inst.args[0]) ? any_bool : single(false);
    case Op::CallForeign:
    case Op::Call:
    case Op::CallResult:
    case Op::Param:
      return inst.type == ir::Type::Bool ? any_bool : full_range;
    case Op::FToI:
    case Op::FBits:
    case Op::FConst:
    case Op::FAdd:
    case Op::FSub:
    case Op::FMul:
    case Op::FDiv:
    case Op::FNeg:
    case Op::FAbs:
    case Op::FSqrt:
    case Op::FFloor:
    case Op::FCeil:
    case Op::FTrunc:
    case Op::FRint:
    case Op::FCopysign:
    case Op::IToF:
    case Op::DeoptIf:
    case Op::Poll:
    case Op::SetTableWay:
    case Op::SetTableValue:
    case Op::Finish:
      return full_range;
  }
  GILMAP_UNREACHABLE();
}

// Of an IAdd, ISub or IMul, or of the overflow check of one.
WideRange RangeAnalysis::unwrapped(Op op, ValueId v) const {
  IntRange a = arg(v, 0), b = arg(v, 1);
  if (op == Op::IAdd) return sum(a, b);
  if (op == Op::IMul) {
    WideRange r = product(a, b);
    if (possible_relations(v) == equal) r.lo = std::max<Wide>(r.lo, 0);
    return r;
  }
  WideRange r = difference(a, b);
  uint8_t possible = possible_relations(v);
  if (!(possible & less)) r.lo = std::max<Wide>(r.lo, possible & equal ? 0 : 1);
  if (!(possible & greater)) r.hi = std::min<Wide>(r.hi, possible & equal ? 0 : -1);
  return r;
}

IntRange RangeAnalysis::arithmetic(ValueId v) const {
  WideRange r = unwrapped(f_[v].op, v);
  if (!r.fits() && !cannot_wrap(v)) return full_range;
  IntRange known = r.clamped();
  return is_empty(known) ? full_range : known;
}

// An overflow check of the same operation, in scope, is known to have failed.
bool RangeAnalysis::cannot_wrap(ValueId v) const {
  const ir::Inst& inst = f_[v];
  Op check = static_cast<Op>(static_cast<int>(inst.op) + distance(Op::IAdd, Op::IAddOverflows));
  int steps = 0;
  for (ValueId w = next_of_pair_[v]; w != v && ++steps <= longest_walk; w = next_of_pair_[w]) {
    if (f_[w].op != check || !is_known(w, false)) continue;
    if (is_commutative(check) || f_[w].args[0] == inst.args[0]) return true;
  }
  return false;
}

IntRange RangeAnalysis::overflow_check(ValueId v) const {
  Op op = static_cast<Op>(static_cast<int>(f_[v].op) - distance(Op::IAdd, Op::IAddOverflows));
  WideRange r = unwrapped(op, v);
  if (r.fits()) return single(false);
  return r.lo > INT64_MAX || r.hi < INT64_MIN ? single(true) : any_bool;
}

// How the first operand can compare to the second: what their ranges leave open and no known comparison excludes.
uint8_t RangeAnalysis::possible_relations(ValueId v) const {
  ValueId a = f_[v].args[0], b = f_[v].args[1];
  if (a == b) return equal;
  IntRange x = now_[a], y = now_[b];
  int possible = (x.lo < y.hi ? less : 0) | (x.hi > y.lo ? greater : 0) | (is_empty(meet(x, y)) ? 0 : equal);
  int steps = 0;
  for (ValueId w = next_of_pair_[v]; w != v && ++steps <= longest_walk; w = next_of_pair_[w]) {
    if (!is_int_compare(f_[w].op) || !is_single(now_[w])) continue;
    auto holds = static_cast<uint8_t>(now_[w].lo ? accepts(f_[w].op) : any_relation & ~accepts(f_[w].op));
    possible &= f_[w].args[0] == a ? holds : mirrored(holds);
  }
  return static_cast<uint8_t>(possible);
}

IntRange RangeAnalysis::comparison(ValueId v) const {
  uint8_t possible = possible_relations(v), wanted = accepts(f_[v].op);
  if ((possible & wanted) == 0) return single(false);
  return (possible & ~wanted) == 0 ? single(true) : any_bool;
}

// Each side knows that the condition led to it: in `a if a < b else b` the result is at most b.
IntRange RangeAnalysis::selection(ValueId v) {
  const ir::Inst& inst = f_[v];
  bool record = std::exchange(record_facts_, false);
  IntRange r = empty_range;
  for (bool truth : {true, false}) {
    size_t mark = changes_.size();
    if (assume(inst.args[0], truth)) r = hull(r, now_[inst.args[truth ? 1 : 2]]);
    undo_to(mark);
  }
  record_facts_ = record;
  return is_empty(r) ? hull(arg(v, 1), arg(v, 2)) : r;
}

bool RangeAnalysis::assume(ValueId cond, bool truth) {
  if (!narrow(cond, single(truth))) return false;
  const ir::Inst& inst = f_[cond];
  if (is_int_compare(inst.op)) return assume_compare(cond, truth);
  if (is_overflow_check(inst.op)) return truth || assume_no_overflow(cond);
  if (inst.op == Op::CallFailed && f_.type(inst.args[0]) == ir::Type::I64) {
    return truth || narrow(inst.args[0], call_result(inst.args[0]));
  }
  if (inst.op == Op::BNot) return assume(inst.args[0], !truth);
  if (inst.op == Op::BAnd || inst.op == Op::BOr) {
    bool winner = inst.op == Op::BOr;  // either operand makes the result this
    ValueId a = inst.args[0], b = inst.args[1];
    if (truth != winner) return assume(a, truth) && assume(b, truth);
    if (is_known(a, !winner)) return assume(b, winner);
    if (is_known(b, !winner)) return assume(a, winner);
  }
  return true;
}

bool RangeAnalysis::assume_compare(ValueId cond, bool truth) {
  const ir::Inst& inst = f_[cond];
  ValueId a = inst.args[0], b = inst.args[1];
  auto allowed = static_cast<uint8_t>(truth ? accepts(inst.op) : any_relation & ~accepts(inst.op));
  if (a == b) return allowed & equal;
  IntRange x = now_[a], y = now_[b];
  Wide strict = allowed & equal ? 0 : 1;
  auto at_most = [](IntRange& r, Wide bound) { r = WideRange{r.lo, std::min<Wide>(r.hi, bound)}.clamped(); };
  auto at_least = [](IntRange& r, Wide bound) { r = WideRange{std::max<Wide>(r.lo, bound), r.hi}.clamped(); };
  auto below = [&](IntRange& low, IntRange& high) {
    // A bound beyond 64 bits leaves nothing; clamping would hide that.
    if (Wide{high.hi} - strict < low.lo) return false;
    at_most(low, Wide{high.hi} - strict);
    at_least(high, Wide{low.lo} + strict);
    return true;
  };
  if (!(allowed & greater) && !below(x, y)) return false;
  if (!(allowed & less) && !below(y, x)) return false;
  if (allowed == (less | greater)) {  // an end that is the other value goes
    if (is_single(y) && x.lo == y.lo && x.lo < INT64_MAX) ++x.lo;
    if (is_single(y) && x.hi == y.lo && x.hi > INT64_MIN) --x.hi;
    if (is_single(x) && y.lo == x.lo && y.lo < INT64_MAX) ++y.lo;
    if (is_single(x) && y.hi == x.lo && y.hi > INT64_MIN) --y.hi;
  }
  return narrow(a, x) && narrow(b, y) && assume_root(a) && assume_root(b);
}

// What is known of a square bounds its root: `d * d <= n` keeps d below the root of the greatest n.
bool RangeAnalysis::assume_root(ValueId square) {
  const ir::Inst& inst = f_[square];
  if (inst.op != Op::IMul || now_[square].hi == INT64_MAX) return true;
  if (possible_relations(square) != equal) return true;
  if (!unwrapped(Op::IMul, square).fits() && !cannot_wrap(square)) return true;
  if (now_[square].hi < 0) return false;
  const int64_t root = floor_root(now_[square].hi);
  return narrow(inst.args[0], {-root, root}) && narrow(inst.args[1], {-root, root});
}

// The result fits, so neither operand is so large that it could not, whatever the other is.
bool RangeAnalysis::assume_no_overflow(ValueId check) {
  const ir::Inst& inst = f_[check];
  IntRange x = arg(check, 0), y = arg(check, 1);
  WideRange new_x{x.lo, x.hi}, new_y{y.lo, y.hi};
  if (inst.op == Op::IAddOverflows) {
    new_x = {Wide{INT64_MIN} - y.hi, Wide{INT64_MAX} - y.lo};
    new_y = {Wide{INT64_MIN} - x.hi, Wide{INT64_MAX} - x.lo};
  } else if (inst.op == Op::ISubOverflows) {
    new_x = {Wide{INT64_MIN} + y.lo, Wide{INT64_MAX} + y.hi};
    new_y = {Wide{x.lo} - INT64_MAX, Wide{x.hi} - INT64_MIN};
  } else {
    auto limit = [](IntRange other) -> WideRange {  // 2^63 divided by the least magnitude
      Wide least = other.lo > 0 ? Wide{other.lo} : other.hi < 0 ? -Wide{other.hi} : 1;
      return {-((Wide{1} << 63) / least), (Wide{1} << 63) / least};
    };
    new_x = inst.args[0] == inst.args[1] ? WideRange{-3037000499, 3037000499} : limit(y);
    new_y = limit(x);
  }
  return narrow(inst.args[0], new_x.clamped()) && narrow(inst.args[1], new_y.clamped());
}

}  // namespace gilmap::passes
