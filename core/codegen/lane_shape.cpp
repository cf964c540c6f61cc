// Lanes are of 32 bits where most of the work of the loops is on integers that fit.
//
// Several vectors in flight hide the latency of a chain of dependent operations, as long as their values stay in
// registers: the number of vectors follows from how many values are alive at once inside loops. Code size bounds it,
// too: each vector is code of its own, and LLVM's time grows with it.

#include "codegen/lane_shape.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "codegen/numeric_form.h"
#include "codegen/ranges.h"
#include "codegen/target.h"
#include "ir/dominators.h"
#include "ir/loops.h"
#include "passes/int_range.h"
#include "support/check.h"

namespace gilmap::codegen {

namespace {

constexpr int most_parts = 4;
// Varying operations in all. One that becomes a sequence counts as several, one that may go lane by lane, which is a
// loop with a call or a division, as many. A call in each round leaves no chain whose latency could be hidden.
constexpr int most_operations = 200;
constexpr int sequence_weight = 8, by_lane_weight = 40, call_in_loop_weight = 100;
// Without a loop there is no chain: a second vector hides what latency there is, if it is cheap.
constexpr int most_operations_without_loop = 80;
constexpr int most_parts_without_loop = 2;

struct Registers {
  int vectors, masks;
};
// Of masks there are 8, but to keep some in memory is cheap.
Registers registers(Simd simd) {
  if (simd == Simd::Avx512) return {32, 12};
  return {simd == Simd::Neon ? 32 : 16, 0};  // masks are vectors
}

int weight_of_call(const ir::Function& f, const ir::Inst& call, bool in_loop, Simd simd) {
  std::vector<IntRange> ranges;
  for (ir::ValueId arg : call.args)
    ranges.push_back(f[arg].op == ir::Op::IConst ? passes::single(f[arg].imm) : f[arg].range);
  switch (form_of(static_cast<numeric::NumericFn>(call.imm), ranges, has_fma(simd))) {
    case NumericForm::Simple:
      return 1;
    case NumericForm::Sequence:
      return sequence_weight;
    case NumericForm::Guarded:
      return by_lane_weight;
    case NumericForm::Call:
      return in_loop ? call_in_loop_weight : by_lane_weight;
  }
  GILMAP_UNREACHABLE();
}

int weight(const ir::Function& f, const ir::Inst& inst, bool in_loop, Simd simd) {
  if (inst.op == ir::Op::IFloorDiv || inst.op == ir::Op::IMod) {
    const ir::Inst &a = f[inst.args[0]], &b = f[inst.args[1]];
    if (b.op == ir::Op::IConst && b.imm > 0 && std::has_single_bit(static_cast<uint64_t>(b.imm))) return 1;
    const bool all_at_once = b.op == ir::Op::IConst || (below_bits(a.range, 53) && below_bits(b.range, 53));
    return all_at_once ? sequence_weight : by_lane_weight;
  }
  if (inst.op == ir::Op::IMulOverflows) return sequence_weight;
  return inst.op == ir::Op::CallNumeric ? weight_of_call(f, inst, in_loop, simd) : 1;
}

// Which values are alive, backwards from the ends of blocks.
class Liveness {
 public:
  // `narrow`: null for lanes of 64 bits.
  Liveness(const ir::Function& f, bool has_mask_registers, const NarrowInts* narrow)
      : f_(f), has_mask_registers_(has_mask_registers), narrow_(narrow), live_in_(f.blocks.size()) {
    const std::vector<ir::BlockId> order = ir::reverse_postorder(f);
    for (auto& live : live_in_) live.resize(f.values.size());
    for (bool changed = true; changed;) {
      changed = false;
      for (auto id = order.rbegin(); id != order.rend(); ++id) {
        std::vector<bool> live = before(*id, nullptr);
        if (live == live_in_[*id]) continue;
        live_in_[*id] = std::move(live);
        changed = true;
      }
    }
  }

  // How many varying values, and masks, of those in `used` are at most alive at once within a block, each at its worst
  // place.
  Registers pressure(ir::BlockId id, const std::vector<bool>& used) const {
    Registers most{0, 0};
    before(id, &most, &used);
    return most;
  }

 private:
  std::vector<bool> before(ir::BlockId id, Registers* most, const std::vector<bool>* used = nullptr) const {
    const ir::Block& block = f_.blocks[id];
    std::vector<bool> live(f_.values.size());
    Registers taken{0, 0};
    auto set = [&](ir::ValueId v, bool alive) {
      int& kind = has_mask_registers_ && f_.type(v) == ir::Type::Bool ? taken.masks : taken.vectors;
      if (live[v] != alive && f_[v].varying && (!used || (*used)[v]))
        kind += alive ? registers_of(v) : -registers_of(v);
      live[v] = alive;
      if (most) *most = {std::max(most->vectors, taken.vectors), std::max(most->masks, taken.masks)};
    };
    for (const ir::Edge& edge : block.end.edges) {
      for (ir::ValueId v = 0; v < live.size(); ++v)
        if (live_in_[edge.block][v]) set(v, true);
      for (ir::ValueId v : edge.args) set(v, true);
    }
    for (ir::ValueId v : block.end.values) set(v, true);
    for (auto v = block.body.rbegin(); v != block.body.rend(); ++v) {
      set(*v, false);
      for (ir::ValueId arg : f_[*v].args) set(arg, true);
    }
    for (ir::ValueId v : block.params) set(v, false);
    return live;
  }

  int registers_of(ir::ValueId v) const { return narrow_ && f_.type(v) != ir::Type::Bool && !narrow_->fits(v) ? 2 : 1; }

  const ir::Function& f_;
  const bool has_mask_registers_;
  const NarrowInts* narrow_;
  std::vector<std::vector<bool>> live_in_;
};

// What a loop computes or needs. What is only alive across it can wait in memory.
std::vector<bool> used_in(const ir::Function& f, const ir::Loop& loop) {
  std::vector<bool> used(f.values.size());
  for (ir::BlockId id = 0; id < f.blocks.size(); ++id) {
    if (!loop.blocks[id]) continue;
    for (ir::ValueId v : f.blocks[id].params) used[v] = true;
    for (ir::ValueId v : f.blocks[id].body) {
      used[v] = true;
      for (ir::ValueId arg : f[v].args) used[arg] = true;
    }
  }
  return used;
}

int choose_parts(const ir::Function& f, const ir::Dominators& dominators, const ir::Loops& loops, Simd simd,
                 const NarrowInts* narrow) {
  int operations = 1;
  for (ir::BlockId id : dominators.order()) {
    const bool in_loop = loops.innermost(id) != ir::Loops::none;
    for (ir::ValueId v : f.blocks[id].body)
      if (f[v].varying) operations += weight(f, f[v], in_loop, simd) * (narrow && !narrow->computes(v) ? 2 : 1);
  }
  const int by_size = std::clamp(most_operations / operations, 1, most_parts);
  if (by_size == 1) return 1;
  if (loops.size() == 0) return std::clamp(most_operations_without_loop / operations, 1, most_parts_without_loop);
  const Registers all = registers(simd);
  const Liveness liveness(f, all.masks > 0, narrow);
  int parts = by_size;
  std::vector<std::vector<bool>> used;
  for (size_t i = 0; i < loops.size(); ++i) used.push_back(used_in(f, loops[i]));
  for (ir::BlockId id : dominators.order()) {
    const size_t loop = loops.innermost(id);
    // Of a function that refills, all is one loop; what counts is the loops in it.
    if (loop == ir::Loops::none || (f.refills && loops.outer(loop) == ir::Loops::none)) continue;
    const Registers taken = liveness.pressure(id, used[loop]);
    // To the nearest: a few values in memory cost less than latency.
    parts = std::min(parts, (all.vectors + taken.vectors / 2) / std::max(taken.vectors, 1));
    if (taken.masks > 0) parts = std::min(parts, (all.masks + taken.masks / 2) / taken.masks);
  }
  return std::max(parts, 1);
}

// What a round of all loops costs, in instructions: for a vector of each value, with lanes of 64 bits and of 32.
struct Costs {
  double wide = 0, narrow = 0;
  double uniform = 0;  // once for all vectors, branches included
  bool has_loops = false;
};

// Operations on masks alone, which are one for each lane however long that is.
bool is_logic(const ir::Function& f, const ir::Inst& inst) {
  return inst.type == ir::Type::Bool &&
         std::ranges::all_of(inst.args, [&](ir::ValueId arg) { return f.type(arg) == ir::Type::Bool; });
}

// What an operation costs, with lanes of 32 bits, for values that are not held in what it is computed in, or whose
// masks are those of two registers.
double conversions(const ir::Function& f, ir::ValueId v, const NarrowInts& narrow) {
  constexpr double extension = 2, truncation = 3, halving_of_mask = 1;
  const ir::Inst& inst = f[v];
  auto is_int = [&](ir::ValueId w) { return f.type(w) == ir::Type::I64; };
  double cost = 0;
  for (ir::ValueId arg : inst.args) {
    if (!is_int(arg) || !f[arg].varying || narrow.fits(arg) == narrow.computes(v)) continue;
    cost += narrow.computes(v) ? truncation : extension;
  }
  if (narrow.computes(v)) return cost;
  if (is_int(v) && narrow.fits(v)) cost += truncation;
  if (inst.op == ir::Op::Select || (inst.type == ir::Type::Bool && !is_logic(f, inst))) cost += halving_of_mask;
  return cost;
}

// In additions.
double work(ir::Op op) {
  constexpr double sign_test = 4, call = 16, root = 4;
  if (op == ir::Op::IAddOverflows || op == ir::Op::ISubOverflows) return sign_test;
  if (op == ir::Op::IFloorDiv || op == ir::Op::IMod || op == ir::Op::IMulOverflows) return sequence_weight;
  if (op == ir::Op::FDiv || op == ir::Op::FSqrt) return root;
  return op == ir::Op::CallNumeric ? call : 1;
}

Costs costs(const ir::Function& f, const ir::Dominators& dominators, const ir::Loops& loops, const NarrowInts& narrow) {
  constexpr double rounds = 8, branch = 2;
  constexpr int most_depth = 4;
  Costs all;
  all.has_loops = loops.size() > 0;
  for (ir::BlockId b : dominators.order()) {
    double times = 1;
    int depth = 0;
    for (size_t i = loops.innermost(b); i != ir::Loops::none && depth < most_depth; i = loops.outer(i), ++depth)
      times *= rounds;
    all.uniform += times * branch;
    for (ir::ValueId v : f.blocks[b].body) {
      const double cost = work(f[v].op);
      const bool once = narrow.computes(v) || is_logic(f, f[v]);
      if (f[v].varying) {
        all.wide += times * cost;
        all.narrow += times * ((once ? 1 : 2) * cost + conversions(f, v, narrow));
      } else {
        all.uniform += times * cost;
      }
    }
  }
  return all;
}

// Twice the lanes: are they worth it? Measured on the functions of the tests.
bool narrow_pays(const Costs& costs, int parts_of_wide, int parts_of_narrow) {
  constexpr double least_without_loops = 100;  // below, it is loads and stores that count
  constexpr double less_work = 0.85, less_in_all = 0.78;
  if (!costs.has_loops && costs.wide < least_without_loops) return false;
  auto for_each_vector = [&](double vectors, int parts) { return costs.uniform / parts + vectors; };
  const double wide = 2 * for_each_vector(costs.wide, parts_of_wide);
  const double narrow = for_each_vector(costs.narrow, parts_of_narrow);
  return costs.narrow <= less_work * 2 * costs.wide && narrow <= less_in_all * wide;
}

}  // namespace

LaneShape choose_shape(const ir::Function& f, Simd simd, int bits) {
  NarrowInts narrow(f);
  const ir::Predecessors predecessors(f);
  const ir::Dominators dominators(f, predecessors);
  const auto loops = ir::Loops::of(f, predecessors, dominators);
  int parts_of_wide = 1, parts_of_narrow = 1;
  if (loops) {
    parts_of_wide = choose_parts(f, dominators, *loops, simd, nullptr);
    parts_of_narrow = choose_parts(f, dominators, *loops, simd, &narrow);
  }
  if (bits == 0) {
    const bool pays = loops && narrow_pays(costs(f, dominators, *loops, narrow), parts_of_wide, parts_of_narrow);
    bits = pays ? 32 : 64;
  }
  if (bits == 64) return {vector_lanes(simd), parts_of_wide};
  return {2 * vector_lanes(simd), parts_of_narrow, 32, std::move(narrow)};
}

}  // namespace gilmap::codegen
