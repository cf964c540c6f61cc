// The lifter passes every local and every stack slot along every edge, so most parameters are redundant, and
// this pass does more than all others to make the IR small.
//
// Method: the removal of trivial phis of Braun et al., "Simple and Efficient Construction of Static Single
// Assignment Form", 2013, with a worklist: when a parameter is replaced, those that receive it are looked at
// again. On reducible control flow the result is minimal. A value that all edges pass dominates the block,
// because it is defined, or is a parameter, on every path to it.
//
// Cost: each edge argument is looked at once at first, and once more each time that one of the arguments
// beside it is replaced; in practice about twice.

#include "passes/simplify_params.h"

#include "ir/dominators.h"
#include "passes/rewrite.h"

namespace gilmap::passes {
namespace {

constexpr uint32_t none = ~0u;

class Simplifier {
 public:
  explicit Simplifier(Function& f)
      : f_(f),
        preds_(f),
        values_(f),
        place_(f.values.size()),
        first_use_(f.values.size(), none),
        last_use_(first_use_) {
    for (BlockId b = 1; b < f.blocks.size(); ++b) {
      const std::vector<ValueId>& params = f.blocks[b].params;
      for (uint32_t i = 0; i < params.size(); ++i) place_[params[i]] = {b, i};
    }
    for (BlockId b = 1; b < f.blocks.size(); ++b) {
      const std::vector<ValueId>& params = f.blocks[b].params;
      for (uint32_t i = 0; i < params.size(); ++i) {
        for (ir::Incoming in : preds_[b]) {
          if (ValueId arg = argument(in, i); place_[arg].block != 0) add_use(arg, params[i]);
        }
      }
    }
  }

  bool run() {
    // Pushed in reverse, so that the blocks are met in their order the first time.
    for (BlockId b = static_cast<BlockId>(f_.blocks.size()); b-- > 1;) {
      const std::vector<ValueId>& params = f_.blocks[b].params;
      work_.insert(work_.end(), params.rbegin(), params.rend());
    }
    do {
      while (!work_.empty()) {
        ValueId p = work_.back();
        work_.pop_back();
        if (values_(p) == p) look_at(p);
      }
      for (BlockId b = 1; b < f_.blocks.size(); ++b) unite_columns(b);
    } while (!work_.empty());
    if (values_.any()) rewrite();
    return values_.any();
  }

 private:
  struct Place {
    BlockId block = 0;  // 0: not a parameter, or one of the entry, which stay
    uint32_t index = 0;
  };
  struct Use {
    ValueId user;  // a parameter that receives the value
    uint32_t next;
  };

  ValueId argument(ir::Incoming in, uint32_t index) const { return f_.blocks[in.from].end.edges[in.index].args[index]; }

  void add_use(ValueId v, ValueId user) {
    uses_.push_back({user, first_use_[v]});
    if (first_use_[v] == none) last_use_[v] = static_cast<uint32_t>(uses_.size() - 1);
    first_use_[v] = static_cast<uint32_t>(uses_.size() - 1);
  }

  void look_at(ValueId p) {
    ValueId only = no_value;
    for (ir::Incoming in : preds_[place_[p].block]) {
      ValueId arg = values_(argument(in, place_[p].index));
      if (arg == p || arg == only) continue;
      if (only != no_value) return;
      only = arg;
    }
    if (only != no_value) replace(p, only);
  }

  void replace(ValueId p, ValueId by) {
    values_.replace(p, by);
    if (first_use_[p] == none) return;
    for (uint32_t u = first_use_[p]; u != none; u = uses_[u].next) work_.push_back(uses_[u].user);
    // Who receives p receives `by` from now on.
    uses_[last_use_[p]].next = first_use_[by];
    if (first_use_[by] == none) last_use_[by] = last_use_[p];
    first_use_[by] = first_use_[p];
  }

  // Parameters of one block that receive the same from everywhere, or each itself.
  void unite_columns(BlockId b) {
    const std::vector<ValueId>& params = f_.blocks[b].params;
    if (params.size() < 2) return;
    columns_.clear();
    for (uint32_t i = 0; i < params.size(); ++i) {
      ValueId p = params[i];
      if (values_(p) != p) continue;
      uint64_t hash = 0;
      for (ir::Incoming in : preds_[b]) {
        ValueId arg = values_(argument(in, i));
        hash = mix(hash, arg == p ? no_value : arg);
      }
      bool united = false;
      for (auto [other, other_hash] : columns_) {
        if (other_hash != hash || !same_column(b, place_[other].index, i)) continue;
        replace(p, other);
        united = true;
        break;
      }
      if (!united) columns_.push_back({p, hash});
    }
  }

  bool same_column(BlockId b, uint32_t i, uint32_t k) {
    const std::vector<ValueId>& params = f_.blocks[b].params;
    if (f_.type(params[i]) != f_.type(params[k])) return false;
    for (ir::Incoming in : preds_[b]) {
      ValueId x = values_(argument(in, i)), y = values_(argument(in, k));
      if (x != y && !(x == params[i] && y == params[k])) return false;
    }
    return true;
  }

  void rewrite() {
    for (ir::Block& block : f_.blocks) {
      for (ir::Edge& edge : block.end.edges) {
        const std::vector<ValueId>& params = f_.blocks[edge.block].params;
        size_t kept = 0;
        for (size_t i = 0; i < params.size(); ++i) {
          if (values_(params[i]) == params[i]) edge.args[kept++] = edge.args[i];
        }
        edge.args.resize(kept);
      }
    }
    for (ir::Block& block : f_.blocks) {
      std::erase_if(block.params, [&](ValueId p) { return values_(p) != p; });
    }
    values_.apply(f_);
  }

  struct Column {
    ValueId param;
    uint64_t hash;
  };

  Function& f_;
  ir::Predecessors preds_;
  Replacements values_;
  std::vector<Place> place_;
  std::vector<Use> uses_;
  std::vector<uint32_t> first_use_, last_use_;
  std::vector<ValueId> work_;
  std::vector<Column> columns_;
};

}  // namespace

bool simplify_params(Function& f) { return Simplifier(f).run(); }

}  // namespace gilmap::passes
