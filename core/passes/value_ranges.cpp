#include "passes/value_ranges.h"

#include <algorithm>

#include "passes/op_kinds.h"
#include "passes/rewrite.h"

namespace gilmap::passes {

using ir::IntRange;
using ir::no_block;
using Wide = __int128;

namespace {

constexpr IntRange full;

IntRange clamp(Wide lo, Wide hi) {
  return {static_cast<int64_t>(std::max<Wide>(lo, INT64_MIN)), static_cast<int64_t>(std::min<Wide>(hi, INT64_MAX))};
}
bool fits(Wide lo, Wide hi) { return lo >= INT64_MIN && hi <= INT64_MAX; }
IntRange hull(IntRange a, IntRange b) { return {std::min(a.lo, b.lo), std::max(a.hi, b.hi)}; }
IntRange meet(IntRange a, IntRange b) { return {std::max(a.lo, b.lo), std::min(a.hi, b.hi)}; }
bool is_empty(IntRange r) { return r.lo > r.hi; }

struct Exact {
  Wide lo, hi;
};

Exact exact(Op op, IntRange a, IntRange b) {
  if (op == Op::IAdd || op == Op::IAddOverflows) return {Wide{a.lo} + b.lo, Wide{a.hi} + b.hi};
  if (op == Op::ISub || op == Op::ISubOverflows) return {Wide{a.lo} - b.hi, Wide{a.hi} - b.lo};
  Wide p[] = {Wide{a.lo} * b.lo, Wide{a.lo} * b.hi, Wide{a.hi} * b.lo, Wide{a.hi} * b.hi};
  return {*std::min_element(p, p + 4), *std::max_element(p, p + 4)};
}

// Quotients of a by divisors of one sign.
IntRange quotient(IntRange a, IntRange b) {
  auto floor_div = [](Wide x, Wide y) {
    Wide q = x / y;
    return x % y != 0 && (x < 0) != (y < 0) ? q - 1 : q;
  };
  Wide q[] = {floor_div(a.lo, b.lo), floor_div(a.lo, b.hi), floor_div(a.hi, b.lo), floor_div(a.hi, b.hi)};
  return clamp(*std::min_element(q, q + 4), *std::max_element(q, q + 4));
}

// All bits below the highest one that is set in x >= 0.
int64_t filled(int64_t x) {
  for (int s = 1; s < 64; s <<= 1) x |= x >> s;
  return x;
}

}  // namespace

ValueRanges::ValueRanges(const ir::Function& f)
    : f_(f),
      preds_(f),
      dominators_(f, preds_),
      ranges_(f.values.size()),
      seen_(f.values.size(), false),
      facts_(f.blocks.size()),
      check_of_(f.values.size(), no_value),
      excluded_(f.blocks.size()) {
  thresholds_ = {INT64_MIN, -(int64_t{1} << 53), INT32_MIN, -1, 0, 1, INT32_MAX, int64_t{1} << 53, INT64_MAX};
  for (const ir::Inst& inst : f.values) {
    if (inst.op == Op::IConst) thresholds_.push_back(inst.imm);
  }
  for (IntRange r : f.arg_ranges) thresholds_.insert(thresholds_.end(), {r.lo, r.hi});
  std::sort(thresholds_.begin(), thresholds_.end());
  thresholds_.erase(std::unique(thresholds_.begin(), thresholds_.end()), thresholds_.end());

  // The arithmetic that an overflow check stands for has the same operands.
  ValueTable checks(f.values.size());
  auto key = [&](Op op, const ir::Inst& i) { return mix(mix(static_cast<uint64_t>(op), i.args[0]), i.args[1]); };
  for (const ir::Block& block : f.blocks) {
    for (ValueId v : block.body) {
      const ir::Inst& i = f[v];
      if (is_overflow_check(i.op)) {
        checks.slot(key(i.op, i), [&](ValueId w) { return f[w].op == i.op && f[w].args == i.args; }) = v;
      }
    }
  }
  for (const ir::Block& block : f.blocks) {
    for (ValueId v : block.body) {
      const ir::Inst& i = f[v];
      if (i.op != Op::IAdd && i.op != Op::ISub && i.op != Op::IMul) continue;
      Op check = static_cast<Op>(static_cast<int>(i.op) + distance(Op::IAdd, Op::IAddOverflows));
      check_of_[v] = checks.slot(key(check, i), [&](ValueId w) { return f[w].op == check && f[w].args == i.args; });
    }
  }

  for (int k = 0; k < 3; ++k) sweep(false, false);
  for (int k = 0; k < 24; ++k) {
    changed_ = false;
    sweep(true, false);
    if (!changed_) break;
  }
  if (changed_) {  // did not settle: nothing is claimed beyond what replay() learns again
    std::fill(ranges_.begin(), ranges_.end(), full);
    for (auto& facts : facts_) facts.clear();
    for (auto& checks : excluded_) checks.clear();
    return;
  }
  for (int k = 0; k < 2; ++k) sweep(false, true);
}

IntRange ValueRanges::widened(IntRange old, IntRange now) const {
  IntRange r = old;
  if (now.lo < old.lo) r.lo = *std::prev(std::upper_bound(thresholds_.begin(), thresholds_.end(), now.lo));
  if (now.hi > old.hi) r.hi = *std::lower_bound(thresholds_.begin(), thresholds_.end(), now.hi);
  return r;
}

void ValueRanges::sweep(bool widen, bool narrow) {
  for (BlockId b : ir::reverse_postorder(f_)) {
    facts_[b].clear();
    excluded_[b].clear();
    const ir::Block& block = f_.blocks[b];
    for (size_t k = 0; k < block.params.size(); ++k) {
      ValueId p = block.params[k];
      if (f_.type(p) != ir::Type::I64) continue;
      IntRange now{1, 0};
      bool any = false;
      bool loop = false;
      if (b == 0) {
        now = k < f_.arg_ranges.size() ? f_.arg_ranges[k] : full;
        any = true;
      }
      for (const ir::Incoming& in : preds_[b]) {
        if (!dominators_.reachable(in.from)) continue;
        loop |= dominators_.retreating(in.from, b);
        ValueId arg = f_.blocks[in.from].end.edges[in.index].args[k];
        if (f_[arg].op != Op::IConst && !seen_[arg]) continue;  // not met yet
        IntRange r = on_edge(in.from, in.index, arg);
        if (is_empty(r)) continue;  // the edge is never taken
        now = any ? hull(now, r) : r;
        any = true;
      }
      if (!any) continue;
      if (seen_[p] && !narrow) {
        now = hull(now, ranges_[p]);
        if (widen && loop) now = widened(ranges_[p], now);
      }
      if (!seen_[p] || now != ranges_[p]) changed_ = true;
      ranges_[p] = now;
      seen_[p] = true;
    }
    enter(b);
    for (ValueId v : block.body) {
      if (f_.type(v) == ir::Type::I64) {
        IntRange now = compute(b, v);
        if (!seen_[v] || now != ranges_[v]) changed_ = true;
        ranges_[v] = now;
        seen_[v] = true;
      }
      step(b, v);
    }
  }
}

// The condition of the one edge that leads here holds.
void ValueRanges::enter(BlockId b) {
  auto in = preds_[b];
  if (in.size() != 1) return;
  const ir::Terminator& end = f_.blocks[in[0].from].end;
  if (end.kind != ir::Terminator::Kind::Branch || end.edges[0].block == end.edges[1].block) return;
  learn(b, end.values[0], in[0].index == 0);
}

void ValueRanges::step(BlockId b, ValueId v) {
  if (f_[v].op == Op::DeoptIf) learn(b, f_[v].args[0], false);
}

void ValueRanges::learn(BlockId b, ValueId cond, bool truth) {
  const ir::Inst& inst = f_[cond];
  if (inst.op == Op::BNot) return learn(b, inst.args[0], !truth);
  if ((inst.op == Op::BAnd && truth) || (inst.op == Op::BOr && !truth)) {
    learn(b, inst.args[0], truth);
    learn(b, inst.args[1], truth);
  }
  if (is_overflow_check(inst.op) && !truth) excluded_[b].push_back(cond);
  if (is_int_compare(inst.op)) learn_compare(b, truth ? inst.op : inverted(inst.op), inst.args[0], inst.args[1]);
}

void ValueRanges::add_fact(BlockId b, ValueId v, IntRange r) {
  if (f_[v].op != Op::IConst) facts_[b].push_back({v, r});
}

void ValueRanges::learn_compare(BlockId b, Op op, ValueId x, ValueId y) {
  IntRange rx = at(x, b);
  IntRange ry = at(y, b);
  auto below = [](IntRange r, int64_t bound, bool strict) {
    if (strict && bound == INT64_MIN) return IntRange{1, 0};
    return meet(r, {INT64_MIN, strict ? bound - 1 : bound});
  };
  auto above = [](IntRange r, int64_t bound, bool strict) {
    if (strict && bound == INT64_MAX) return IntRange{1, 0};
    return meet(r, {strict ? bound + 1 : bound, INT64_MAX});
  };
  auto without = [](IntRange r, IntRange single) {
    if (single.lo != single.hi) return r;
    if (r.lo == single.lo && r.lo < INT64_MAX) ++r.lo;
    if (r.hi == single.lo && r.hi > INT64_MIN) --r.hi;
    return r;
  };
  switch (accepts(op)) {
    case less:
      add_fact(b, x, below(rx, ry.hi, true));
      add_fact(b, y, above(ry, rx.lo, true));
      break;
    case less | equal:
      add_fact(b, x, below(rx, ry.hi, false));
      add_fact(b, y, above(ry, rx.lo, false));
      break;
    case greater:
      add_fact(b, x, above(rx, ry.lo, true));
      add_fact(b, y, below(ry, rx.hi, true));
      break;
    case greater | equal:
      add_fact(b, x, above(rx, ry.lo, false));
      add_fact(b, y, below(ry, rx.hi, false));
      break;
    case equal:
      add_fact(b, x, meet(rx, ry));
      add_fact(b, y, meet(rx, ry));
      break;
    case less | greater:
      add_fact(b, x, without(rx, ry));
      add_fact(b, y, without(ry, rx));
      break;
    default:
      break;  // no comparison accepts nothing or everything
  }
}

IntRange ValueRanges::at(ValueId v, BlockId b) const {
  IntRange r = f_[v].op == Op::IConst ? IntRange{f_[v].imm, f_[v].imm} : ranges_[v];
  for (BlockId d = b; d != no_block; d = dominators_.idom(d)) {
    for (const Fact& fact : facts_[d]) {
      if (fact.value == v) r = meet(r, fact.range);
    }
  }
  return r;
}

IntRange ValueRanges::on_edge(BlockId from, uint32_t index, ValueId v) const {
  IntRange r = at(v, from);
  const ir::Terminator& end = f_.blocks[from].end;
  if (end.kind != ir::Terminator::Kind::Branch) return r;
  // The edge's own condition, where it is a comparison of v itself.
  const ir::Inst& cond = f_[end.values[0]];
  if (!is_int_compare(cond.op)) return r;
  Op op = index == 0 ? cond.op : inverted(cond.op);
  for (int side = 0; side < 2; ++side) {
    if (cond.args[static_cast<size_t>(side)] != v) continue;
    IntRange other = at(cond.args[static_cast<size_t>(1 - side)], from);
    uint8_t relation = accepts(side == 0 ? op : swapped(op));
    if (!(relation & greater)) r.hi = std::min(r.hi, relation & equal ? other.hi : other.hi - (other.hi > INT64_MIN));
    if (!(relation & less)) r.lo = std::max(r.lo, relation & equal ? other.lo : other.lo + (other.lo < INT64_MAX));
  }
  return r;
}

bool ValueRanges::guarded(BlockId b, ValueId v) const {
  ValueId check = check_of_[v];
  if (check == no_value) return false;
  for (BlockId d = b; d != no_block; d = dominators_.idom(d)) {
    for (ValueId e : excluded_[d]) {
      if (e == check) return true;
    }
  }
  return false;
}

IntRange ValueRanges::compute(BlockId b, ValueId v) const {
  const ir::Inst& inst = f_[v];
  auto arg = [&](size_t k) { return at(inst.args[k], b); };
  for (ValueId a : inst.args) {
    if (f_.type(a) == ir::Type::I64 && is_empty(at(a, b))) return full;  // never executed
  }
  switch (inst.op) {
    case Op::IConst:
      return {inst.imm, inst.imm};
    case Op::IAdd:
    case Op::ISub:
    case Op::IMul: {
      Exact e = exact(inst.op, arg(0), arg(1));
      if (fits(e.lo, e.hi)) return clamp(e.lo, e.hi);
      if (!guarded(b, v)) return full;
      IntRange r = clamp(e.lo, e.hi);
      return is_empty(r) ? full : r;
    }
    case Op::IFloorDiv: {
      IntRange n = arg(0), d = arg(1);
      if (d.lo == 0) ++d.lo;  // the divisor is not 0
      if (d.hi == 0) --d.hi;
      if (is_empty(d) || (d.lo < 0 && d.hi > 0)) return full;
      return quotient(n, d);
    }
    case Op::IMod: {
      IntRange n = arg(0), d = arg(1);
      IntRange r{std::min<int64_t>(d.lo < 0 ? d.lo + 1 : 0, 0), std::max<int64_t>(d.hi > 0 ? d.hi - 1 : 0, 0)};
      if (d.lo > 0 && n.lo >= 0) r.hi = std::min(r.hi, n.hi);
      return r;
    }
    case Op::IAnd: {
      IntRange x = arg(0), y = arg(1);
      if (x.lo >= 0 && y.lo >= 0) return {0, std::min(x.hi, y.hi)};
      if (x.lo >= 0) return {0, x.hi};
      if (y.lo >= 0) return {0, y.hi};
      return full;
    }
    case Op::IOr:
    case Op::IXor: {
      IntRange x = arg(0), y = arg(1);
      if (x.lo >= 0 && y.lo >= 0) return {0, filled(std::max(x.hi, y.hi))};
      return full;
    }
    case Op::INot: {
      IntRange x = arg(0);
      return {~x.hi, ~x.lo};
    }
    case Op::IShl: {
      IntRange x = arg(0), n = arg(1);
      if (n.lo < 0 || n.hi > 62) return full;
      Wide lo = Wide{x.lo} << (x.lo < 0 ? n.hi : n.lo);
      Wide hi = Wide{x.hi} << (x.hi < 0 ? n.lo : n.hi);
      return fits(lo, hi) ? clamp(lo, hi) : full;
    }
    case Op::IShr: {
      IntRange x = arg(0), n = arg(1);
      if (n.lo < 0 || n.hi > 63) return {std::min<int64_t>(x.lo, 0), std::max<int64_t>(x.hi, 0)};
      return {x.lo >> (x.lo < 0 ? n.lo : n.hi), x.hi >> (x.hi < 0 ? n.hi : n.lo)};
    }
    case Op::BToI:
      return {0, 1};
    case Op::Select: {
      IntRange x = arg(1), y = arg(2);
      // Of `a if a < b else c` each side knows its condition.
      const ir::Inst& cond = f_[inst.args[0]];
      if (is_int_compare(cond.op)) {
        for (int side = 0; side < 2; ++side) {
          for (int operand = 0; operand < 2; ++operand) {
            ValueId chosen = inst.args[static_cast<size_t>(1 + side)];
            if (cond.args[static_cast<size_t>(operand)] != chosen) continue;
            Op op = side == 0 ? cond.op : inverted(cond.op);
            IntRange other = at(cond.args[static_cast<size_t>(1 - operand)], b);
            uint8_t relation = accepts(operand == 0 ? op : swapped(op));
            IntRange& r = side == 0 ? x : y;
            if (!(relation & greater)) r.hi = std::min(r.hi, other.hi);
            if (!(relation & less)) r.lo = std::max(r.lo, other.lo);
          }
        }
      }
      if (is_empty(x)) return y;
      if (is_empty(y)) return x;
      return hull(x, y);
    }
    default:
      return full;  // floats' bits, conversions, calls: anything
  }
}

std::optional<bool> ValueRanges::outcome(ValueId v, BlockId b) const {
  const ir::Inst& inst = f_[v];
  if (is_overflow_check(inst.op)) {
    IntRange x = at(inst.args[0], b), y = at(inst.args[1], b);
    if (is_empty(x) || is_empty(y)) return std::nullopt;
    Exact e = exact(inst.op, x, y);
    if (fits(e.lo, e.hi)) return false;
    return std::nullopt;
  }
  if (!is_int_compare(inst.op)) return std::nullopt;
  IntRange x = at(inst.args[0], b), y = at(inst.args[1], b);
  if (is_empty(x) || is_empty(y)) return std::nullopt;
  uint8_t possible = 0;
  if (x.lo < y.hi) possible |= less;
  if (x.hi > y.lo) possible |= greater;
  if (x.lo <= y.hi && y.lo <= x.hi) possible |= equal;
  uint8_t wanted = accepts(inst.op);
  if ((possible & wanted) == 0) return false;
  if ((possible & ~wanted) == 0) return true;
  return std::nullopt;
}

}  // namespace gilmap::passes
