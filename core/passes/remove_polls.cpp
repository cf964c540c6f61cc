// A loop is bounded if its header is left by a comparison of a parameter that goes up by a constant each round (or
// down), against something whose range is known: the number of rounds is then at most the width of the range.

#include "passes/remove_polls.h"

#include <algorithm>
#include <optional>

#include "ir/dominators.h"
#include "passes/op_kinds.h"
#include "passes/rewrite.h"
#include "passes/value_ranges.h"

namespace gilmap::passes {
namespace {

constexpr int64_t most_rounds = 4096;

struct Loop {
  BlockId header;
  std::vector<BlockId> latches;
  std::vector<bool> blocks;
};

// The natural loops, one for each header.
std::vector<Loop> find_loops(const Function& f, const ir::Predecessors& preds, const ir::Dominators& dominators) {
  std::vector<Loop> loops;
  for (BlockId header : dominators.order()) {
    Loop loop{header, {}, std::vector<bool>(f.blocks.size(), false)};
    for (const ir::Incoming& in : preds[header]) {
      if (dominators.reachable(in.from) && dominators.dominates(header, in.from)) loop.latches.push_back(in.from);
    }
    if (loop.latches.empty()) continue;
    loop.blocks[header] = true;
    std::vector<BlockId> work = loop.latches;
    while (!work.empty()) {
      BlockId b = work.back();
      work.pop_back();
      if (loop.blocks[b]) continue;
      loop.blocks[b] = true;
      for (const ir::Incoming& in : preds[b]) {
        if (dominators.reachable(in.from)) work.push_back(in.from);
      }
    }
    loops.push_back(std::move(loop));
  }
  return loops;
}

// By how much parameter k of the header changes each round, if by a constant on every way back.
std::optional<int64_t> step_of(const Function& f, const Loop& loop, size_t k) {
  std::optional<int64_t> step;
  ValueId p = f.blocks[loop.header].params[k];
  for (BlockId latch : loop.latches) {
    for (const ir::Edge& edge : f.blocks[latch].end.edges) {
      if (edge.block != loop.header) continue;
      const ir::Inst& next = f[edge.args[k]];
      bool add = next.op == Op::IAdd;
      if ((!add && next.op != Op::ISub) || next.args[0] != p || f[next.args[1]].op != Op::IConst) return std::nullopt;
      int64_t by = add ? f[next.args[1]].imm : -f[next.args[1]].imm;
      if (step && *step != by) return std::nullopt;
      step = by;
    }
  }
  return step == 0 ? std::nullopt : step;
}

bool is_bounded(const Function& f, const Loop& loop, const ValueRanges& ranges) {
  const ir::Block& header = f.blocks[loop.header];
  if (header.end.kind != ir::Terminator::Kind::Branch) return false;
  const ir::Inst& cond = f[header.end.values[0]];
  if (!is_int_compare(cond.op)) return false;
  bool stays_on_true = loop.blocks[header.end.edges[0].block];
  if (stays_on_true == loop.blocks[header.end.edges[1].block]) return false;
  Op op = stays_on_true ? cond.op : inverted(cond.op);
  for (size_t k = 0; k < header.params.size(); ++k) {
    for (size_t side = 0; side < 2; ++side) {
      if (cond.args[side] != header.params[k]) continue;
      auto step = step_of(f, loop, k);
      if (!step) continue;
      // The loop goes on only while the counter is on the near side of the bound.
      uint8_t relation = accepts(side == 0 ? op : swapped(op));
      bool upward = *step > 0 && !(relation & greater);
      bool downward = *step < 0 && !(relation & less);
      if (!upward && !downward) continue;
      ir::IntRange counter = ranges.at(header.params[k], loop.header);
      ir::IntRange bound = ranges.at(cond.args[1 - side], loop.header);
      __int128 width =
          upward ? static_cast<__int128>(bound.hi) - counter.lo : static_cast<__int128>(counter.hi) - bound.lo;
      __int128 stride = *step > 0 ? static_cast<__int128>(*step) : -static_cast<__int128>(*step);
      if (width / stride + 1 <= most_rounds) return true;
    }
  }
  return false;
}

}  // namespace

bool remove_polls(Function& f) {
  bool any = false;
  for (const ir::Inst& inst : f.values) any |= inst.op == Op::Poll;
  if (!any) return false;
  ir::Predecessors preds(f);
  ir::Dominators dominators(f, preds);
  std::vector<Loop> loops = find_loops(f, preds, dominators);
  std::optional<ValueRanges> ranges;
  bool changed = false;
  for (const Loop& loop : loops) {
    bool innermost = std::none_of(loops.begin(), loops.end(), [&](const Loop& other) {
      return other.header != loop.header && loop.blocks[other.header];
    });
    bool calls = false;
    for (BlockId b = 0; b < f.blocks.size(); ++b) {
      if (!loop.blocks[b]) continue;
      for (ValueId v : f.blocks[b].body) calls |= f[v].op == Op::Call;
    }
    if (!innermost || calls) continue;
    if (!ranges) ranges.emplace(f);
    if (!is_bounded(f, loop, *ranges)) continue;
    for (BlockId b = 0; b < f.blocks.size(); ++b) {
      if (!loop.blocks[b]) continue;
      std::erase_if(f.blocks[b].body, [&](ValueId v) { return f[v].op == Op::Poll; });
    }
    changed = true;
  }
  return changed;
}

}  // namespace gilmap::passes
