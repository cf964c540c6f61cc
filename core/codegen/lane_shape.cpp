// Several vectors in flight hide the latency of a chain of dependent operations, as long as their values stay in
// registers: the number of vectors follows from how many values are alive at once inside loops. Code size bounds it,
// too: each vector is code of its own, and LLVM's time grows with it.

#include "codegen/lane_shape.h"

#include <algorithm>
#include <vector>

#include "codegen/target.h"
#include "ir/dominators.h"
#include "ir/loops.h"

namespace gilmap::codegen {

namespace {

constexpr int most_parts = 4;
// Without a loop there is no chain: a second vector hides what latency there is.
constexpr int most_parts_without_loop = 2;
// Varying operations in all; an operation that becomes a sequence or a call counts as several.
constexpr int most_operations = 400;
constexpr int sequence_weight = 8, call_weight = 16;
// For intermediate results of a sequence, and for constants.
constexpr int reserved_registers = 4;

int registers(Simd simd) { return simd == Simd::Avx512 || simd == Simd::Neon ? 32 : 16; }

int weight(ir::Op op) {
  if (op == ir::Op::IFloorDiv || op == ir::Op::IMod || op == ir::Op::IMulOverflows) return sequence_weight;
  return op == ir::Op::CallNumeric ? call_weight : 1;
}

// Which values are alive, backwards from the ends of blocks.
class Liveness {
 public:
  Liveness(const ir::Function& f, bool masks_count) : f_(f), masks_count_(masks_count), live_in_(f.blocks.size()) {
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

  // The most vector registers that are taken at once within a block.
  int pressure(ir::BlockId id) const {
    int most = 0;
    before(id, &most);
    return most;
  }

 private:
  bool takes_register(ir::ValueId v) const {
    return f_[v].varying && (masks_count_ || f_.type(v) != ir::Type::Bool);
  }

  std::vector<bool> before(ir::BlockId id, int* most) const {
    const ir::Block& block = f_.blocks[id];
    std::vector<bool> live(f_.values.size());
    int count = 0;
    auto set = [&](ir::ValueId v, bool alive) {
      if (live[v] != alive && takes_register(v)) count += alive ? 1 : -1;
      live[v] = alive;
      if (most) *most = std::max(*most, count);
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

  const ir::Function& f_;
  const bool masks_count_;
  std::vector<std::vector<bool>> live_in_;
};

int choose_parts(const ir::Function& f, Simd simd) {
  int operations = 1;
  for (const ir::Block& block : f.blocks)
    for (ir::ValueId v : block.body)
      if (f[v].varying) operations += weight(f[v].op);
  const int by_size = std::clamp(most_operations / operations, 1, most_parts);
  if (by_size == 1) return 1;

  const ir::Predecessors predecessors(f);
  const ir::Dominators dominators(f, predecessors);
  const auto loops = ir::Loops::of(f, predecessors, dominators);
  if (!loops) return 1;
  if (loops->size() == 0) return std::min(by_size, most_parts_without_loop);
  const Liveness liveness(f, simd != Simd::Avx512);
  int pressure = 1;
  for (ir::BlockId id : dominators.order())
    if (loops->innermost(id) != ir::Loops::none) pressure = std::max(pressure, liveness.pressure(id));
  return std::clamp((registers(simd) - reserved_registers) / pressure, 1, by_size);
}

}  // namespace

LaneShape choose_shape(const ir::Function& f, Simd simd) { return {vector_lanes(simd), choose_parts(f, simd)}; }

}  // namespace gilmap::codegen
