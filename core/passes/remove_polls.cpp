// A loop is bounded if a parameter of its header moves by at least a constant in each round, always in the same
// direction, while its range is finite; or if it is positive and divided by 2 or more in each round. How the loop is
// left does not matter: the range analysis has seen to that.
//
// Loops are those of natural back edges. A function with a cycle that is none is left alone, because such a cycle could
// be endless inside a loop that looks bounded.

#include "passes/remove_polls.h"

#include <algorithm>
#include <optional>

#include "ir/loops.h"
#include "passes/op_kinds.h"
#include "passes/rewrite.h"
#include "passes/value_ranges.h"

namespace gilmap::passes {
namespace {

constexpr double most_work = 1 << 18;  // instructions between two polls
constexpr double numeric_call = 50;    // instructions that a call of core/numeric stands for
constexpr double unbounded = 1e300;

class PollRemover {
 public:
  explicit PollRemover(Function& f)
      : f_(f),
        preds_(f),
        dominators_(f, preds_),
        ranges_(f),
        home_(f.values.size()),
        loops_(ir::Loops::of(f, preds_, dominators_)) {
    for (BlockId b = 0; b < f.blocks.size(); ++b) {
      for (ValueId v : f.blocks[b].body) home_[v] = b;
    }
  }

  bool run() {
    if (!loops_) return false;
    bool changed = false;
    // Of one round of each loop: instructions, all rounds of inner loops without polls included.
    std::vector<double> work(loops_->size());
    for (size_t i = loops_->size(); i-- > 0;) {
      for (BlockId b = 0; b < f_.blocks.size(); ++b) {
        if (loops_->innermost(b) == i) work[i] += work_of(f_.blocks[b]);
      }
      double all_rounds = work[i] * rounds((*loops_)[i]);
      bool bounded = all_rounds <= most_work;
      if (bounded) changed |= remove_from(i);
      if (size_t outer = loops_->outer(i); outer != ir::Loops::none) work[outer] += bounded ? all_rounds : unbounded;
    }
    return changed;
  }

 private:
  double work_of(const ir::Block& block) const {
    double work = 1;
    for (ValueId v : block.body) {
      Op op = f_[v].op;
      work += op == Op::Call || op == Op::CallForeign ? unbounded : op == Op::CallNumeric ? numeric_call : 1;
    }
    return work;
  }

  bool remove_from(size_t i) {
    bool changed = false;
    for (BlockId b = 0; b < f_.blocks.size(); ++b) {
      if (loops_->innermost(b) != i) continue;
      changed |= std::erase_if(f_.blocks[b].body, [&](ValueId v) { return f_[v].op == Op::Poll; }) > 0;
    }
    return changed;
  }

  // How often the header is entered at most.
  double rounds(const ir::Loop& loop) const {
    const std::vector<ValueId>& params = f_.blocks[loop.header].params;
    double fewest = unbounded;
    for (size_t k = 0; k < params.size(); ++k) {
      if (f_.type(params[k]) == ir::Type::I64) fewest = std::min(fewest, rounds_by(loop, k));
    }
    return fewest;
  }

  double rounds_by(const ir::Loop& loop, size_t k) const {
    ValueId p = f_.blocks[loop.header].params[k];
    IntRange r = ranges_.defined(p);
    double up = unbounded, down = unbounded;  // the smallest step on any way round
    bool only_up = true, only_down = true, only_halved = true;
    for (ir::Incoming in : loop.back_edges) {
      ValueId next = f_.blocks[in.from].end.edges[in.index].args[k];
      double step = step_of(p, next);
      only_up &= step > 0;
      only_down &= step < 0;
      only_halved &= is_halved(p, next);
      up = std::min(up, step);
      down = std::min(down, -step);
    }
    double width = static_cast<double>(r.hi) - static_cast<double>(r.lo);
    if (only_up) return width / up + 2;
    if (only_down) return width / down + 2;
    return only_halved ? 65 : unbounded;
  }

  // How far `next` lies from p at least, without wrapping; 0 if that is not known.
  double step_of(ValueId p, ValueId next) const {
    const ir::Inst& inst = f_[next];
    if ((inst.op != Op::IAdd && inst.op != Op::ISub) || inst.args[0] != p) return 0;
    if (ranges_.defined(next) == full_range) return 0;  // it may wrap
    IntRange by = ranges_.at(inst.args[1], home_[next]);
    double least = by.lo > 0 ? static_cast<double>(by.lo) : by.hi < 0 ? static_cast<double>(by.hi) : 0;
    return inst.op == Op::IAdd ? least : -least;
  }

  bool is_halved(ValueId p, ValueId next) const {
    const ir::Inst& inst = f_[next];
    if ((inst.op != Op::IFloorDiv && inst.op != Op::IShr) || inst.args[0] != p) return false;
    int64_t least = inst.op == Op::IFloorDiv ? 2 : 1;
    return ranges_.at(p, home_[next]).lo >= 1 && ranges_.at(inst.args[1], home_[next]).lo >= least;
  }

  Function& f_;
  ir::Predecessors preds_;
  ir::Dominators dominators_;
  ValueRanges ranges_;
  std::vector<BlockId> home_;  // of instructions
  std::optional<ir::Loops> loops_;
};

}  // namespace

bool remove_polls(Function& f) {
  bool any = std::any_of(f.values.begin(), f.values.end(), [](const ir::Inst& inst) { return inst.op == Op::Poll; });
  return any && PollRemover(f).run();
}

}  // namespace gilmap::passes
