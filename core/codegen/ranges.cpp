#include "codegen/ranges.h"

#include <algorithm>

namespace gilmap::codegen {

namespace {

using ir::Op;

// Uses the result of the value range pass where the Function carries one. Values added since have the full range.
template <class F>
std::vector<IntRange> initial_ranges(const F& f) {
  std::vector<IntRange> ranges;
  if constexpr (requires { f.ranges; }) ranges = f.ranges;
  ranges.resize(f.values.size());
  return ranges;
}

bool fits(__int128 lo, __int128 hi, IntRange* out) {
  if (lo < INT64_MIN || hi > INT64_MAX) return false;
  *out = {static_cast<int64_t>(lo), static_cast<int64_t>(hi)};
  return true;
}

// Python's % with a divisor in b, whatever the dividend.
IntRange modulo_range(IntRange a, IntRange b) {
  if (b.lo > 0) {
    if (a.lo >= 0) return {0, std::min(a.hi, b.hi - 1)};
    return {0, b.hi - 1};
  }
  if (b.hi < 0) return {b.lo + 1, 0};
  return {};
}

IntRange and_range(IntRange a, IntRange b) {
  if (a.lo >= 0 && b.lo >= 0) return {0, std::min(a.hi, b.hi)};
  if (a.lo >= 0) return {0, a.hi};
  if (b.lo >= 0) return {0, b.hi};
  return {};
}

IntRange intersection(IntRange a, IntRange b) {
  IntRange r{std::max(a.lo, b.lo), std::min(a.hi, b.hi)};
  return r.lo <= r.hi ? r : a;  // empty: the code is never run
}

}  // namespace

bool sum_fits(IntRange a, IntRange b, IntRange* out) {
  return fits(static_cast<__int128>(a.lo) + b.lo, static_cast<__int128>(a.hi) + b.hi, out);
}

bool difference_fits(IntRange a, IntRange b, IntRange* out) {
  return fits(static_cast<__int128>(a.lo) - b.hi, static_cast<__int128>(a.hi) - b.lo, out);
}

bool product_fits(IntRange a, IntRange b, IntRange* out) {
  const __int128 products[] = {static_cast<__int128>(a.lo) * b.lo, static_cast<__int128>(a.lo) * b.hi,
                               static_cast<__int128>(a.hi) * b.lo, static_cast<__int128>(a.hi) * b.hi};
  return fits(*std::min_element(products, products + 4), *std::max_element(products, products + 4), out);
}

Ranges::Ranges(const ir::Function& function) : function_(function), ranges_(initial_ranges(function)) {
  if (function.blocks.empty()) return;
  const auto& params = function.blocks[0].params;
  bool is_loop_header = false;
  for (const ir::Block& block : function.blocks)
    for (const ir::Edge& edge : block.end.edges) is_loop_header |= edge.block == 0;
  if (is_loop_header) return;  // then the parameters are more than the arguments
  for (size_t i = 0; i < params.size() && i < function.arg_ranges.size(); ++i)
    if (function.type(params[i]) == ir::Type::I64)
      ranges_[params[i]] = intersection(ranges_[params[i]], function.arg_ranges[i]);
}

void Ranges::visit(ir::ValueId v) {
  const ir::Inst& inst = function_[v];
  if (inst.type != ir::Type::I64) return;
  auto operand = [&](size_t i) { return ranges_[inst.args[i]]; };
  IntRange r;
  if (inst.op == Op::IConst) {
    r = {inst.imm, inst.imm};
  } else if (inst.op == Op::IAdd) {
    sum_fits(operand(0), operand(1), &r);
  } else if (inst.op == Op::ISub) {
    difference_fits(operand(0), operand(1), &r);
  } else if (inst.op == Op::IMul) {
    product_fits(operand(0), operand(1), &r);
  } else if (inst.op == Op::IMod) {
    r = modulo_range(operand(0), operand(1));
  } else if (inst.op == Op::IFloorDiv) {
    IntRange a = operand(0), b = operand(1);
    if (b.lo > 0) r = {std::min<int64_t>(a.lo, 0), std::max<int64_t>(a.hi, 0)};
    if (b.lo > 0 && a.lo >= 0) r = {a.lo / b.hi, a.hi / b.lo};
  } else if (inst.op == Op::IAnd) {
    r = and_range(operand(0), operand(1));
  } else if (inst.op == Op::IShr) {
    IntRange a = operand(0), n = operand(1);
    if (is_constant(n) && n.lo >= 0 && n.lo < 64)
      r = {a.lo >> n.lo, a.hi >> n.lo};
    else
      r = {std::min<int64_t>(a.lo, 0), std::max<int64_t>(a.hi, 0)};
  } else if (inst.op == Op::BToI) {
    r = {0, 1};
  } else if (inst.op == Op::Select) {
    IntRange a = operand(1), b = operand(2);
    r = {std::min(a.lo, b.lo), std::max(a.hi, b.hi)};
  }
  ranges_[v] = intersection(ranges_[v], r);
}

}  // namespace gilmap::codegen
