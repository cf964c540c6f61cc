#include "spmd/normalise.h"

#include <algorithm>
#include <utility>

namespace gilmap::spmd {
namespace {

using ir::Op;
using ir::Terminator;
using ir::Type;

class Normaliser {
 public:
  explicit Normaliser(const ir::Module& module) : result_types_(module.result_types) {
    normal_.f = module.functions[0];
  }

  std::optional<Normal> run(std::string* why) {
    make_exit();
    if (!leads_to_exit()) {
      *why = "it has a loop that never ends";
      return std::nullopt;
    }
    std::vector<BlockId> headers;
    for (bool first = true; first || !headers.empty(); first = false) {
      const ir::Predecessors preds(f_);
      const ir::Dominators dominators(f_, preds);
      auto loops = ir::Loops::of(f_, preds, dominators);
      if (!loops) {
        *why = "its control flow is irregular";
        return std::nullopt;
      }
      if (first) {
        for (size_t i = 0; i < loops->size(); ++i) headers.push_back((*loops)[i].header);
        continue;
      }
      const BlockId header = headers.back();  // of a loop that the ones before have left as it was
      headers.pop_back();
      shape((*loops)[loops->innermost(header)], preds, dominators);
    }
    return std::move(normal_);
  }

 private:
  BlockId new_block() {
    f_.blocks.emplace_back();
    return static_cast<BlockId>(f_.blocks.size() - 1);
  }

  ValueId append(BlockId b, ir::Inst inst) {
    auto v = static_cast<ValueId>(f_.values.size());
    f_.values.push_back(std::move(inst));
    (f_[v].op == Op::Param ? f_.blocks[b].params : f_.blocks[b].body).push_back(v);
    return v;
  }

  void jump(BlockId from, BlockId to, std::vector<ValueId> args) {
    Terminator& end = f_.blocks[from].end;
    end = {};
    end.kind = Terminator::Kind::Jump;
    end.edges = {{to, std::move(args)}};
  }

  void make_exit() {
    const auto old_blocks = static_cast<BlockId>(f_.blocks.size());
    normal_.exit = new_block();
    std::vector<Type> types;
    if (result_types_.size() > 1) types = {Type::I64, Type::I64};
    if (result_types_.size() == 1 && result_types_[0] != Type::Void) types = {result_types_[0]};
    for (Type t : types) append(normal_.exit, {Op::Param, t, 0, 0, {}});
    Terminator& end = f_.blocks[normal_.exit].end;
    end.kind = Terminator::Kind::Ret;
    end.values = f_.blocks[normal_.exit].params;

    for (BlockId b = 0; b < old_blocks; ++b) {
      const Terminator old = f_.blocks[b].end;
      if (old.kind == Terminator::Kind::Ret) jump(b, normal_.exit, results(b, old.values));
      if (old.kind == Terminator::Kind::Deopt) jump(b, normal_.deopt_block(old.reason), {});
    }
  }

  // The operands of the lane function's `ret`.
  std::vector<ValueId> results(BlockId b, const std::vector<ValueId>& values) {
    if (result_types_.size() == 1) return values;
    const Type type = values.empty() ? Type::Void : f_.type(values[0]);
    auto constant = [&](int64_t c) { return append(b, {Op::IConst, Type::I64, 0, c, {}}); };
    const ValueId tag = constant(static_cast<int64_t>(ir::tag_of(type)));
    switch (type) {
      case Type::Void:
        return {constant(0), tag};
      case Type::I64:
        return {values[0], tag};
      case Type::F64:
        return {append(b, {Op::FBits, Type::I64, 0, 0, {values[0]}}), tag};
      case Type::Bool:
        return {append(b, {Op::BToI, Type::I64, 0, 0, {values[0]}}), tag};
    }
    GILMAP_UNREACHABLE();
  }

  bool leads_to_exit() const {
    const ir::Predecessors preds(f_);
    std::vector<bool> leads(f_.blocks.size());
    std::vector<BlockId> work{normal_.exit};
    while (!work.empty()) {
      const BlockId b = work.back();
      work.pop_back();
      if (leads[b]) continue;
      leads[b] = true;
      for (ir::Incoming in : preds[b]) work.push_back(in.from);
    }
    return std::ranges::all_of(ir::reverse_postorder(f_), [&](BlockId b) { return leads[b]; });
  }

  void shape(const ir::Loop& loop, const ir::Predecessors& preds, const ir::Dominators& dominators) {
    const std::vector<ir::Incoming> incoming(preds[loop.header].begin(), preds[loop.header].end());
    const BlockId latch = in_front_of(loop.header), preheader = in_front_of(loop.header);
    for (ir::Incoming in : incoming) {
      if (!dominators.reachable(in.from)) continue;
      f_.blocks[in.from].end.edges[in.index].block = loop.blocks[in.from] ? latch : preheader;
    }
  }

  // A block that hands its parameters on.
  BlockId in_front_of(BlockId header) {
    const BlockId b = new_block();
    std::vector<ValueId> handed;
    for (ValueId p : std::vector(f_.blocks[header].params)) {
      handed.push_back(append(b, {Op::Param, f_.type(p), f_[p].line, 0, {}, false, f_[p].range}));
    }
    jump(b, header, std::move(handed));
    return b;
  }

  const std::vector<Type>& result_types_;
  Normal normal_;
  ir::Function& f_ = normal_.f;
};

// Ends b behind instruction number `at`, a deopt_if, with a branch to `deopt` or to a new block of what stood behind.
void split_at_deopt(ir::Function& f, BlockId b, size_t at, BlockId deopt) {
  const auto rest = static_cast<BlockId>(f.blocks.size());
  f.blocks.emplace_back();
  ir::Block &before = f.blocks[b], &behind = f.blocks[rest];
  const ValueId condition = f[before.body[at]].args[0];
  behind.body.assign(before.body.begin() + static_cast<std::ptrdiff_t>(at) + 1, before.body.end());
  behind.end = std::exchange(before.end, {});
  before.body.resize(at);
  before.end.kind = Terminator::Kind::Branch;
  before.end.unlikely = 0;
  before.end.values = {condition};
  before.end.edges = {{deopt, {}}, {rest, {}}};
}

}  // namespace

BlockId Normal::deopt_block(ir::DeoptReason why) {
  auto [it, is_new] = deopts.try_emplace(why, static_cast<BlockId>(f.blocks.size()));
  if (is_new) {
    Terminator& end = f.blocks.emplace_back().end;
    end.kind = Terminator::Kind::Jump;
    end.edges = {{exit, {}}};
  }
  return it->second;
}

std::optional<Normal> normalise(const ir::Module& module, std::string* why) { return Normaliser(module).run(why); }

bool branch_to_deopts(Normal& normal, const std::vector<bool>& wanted) {
  ir::Function& f = normal.f;
  bool any = false;
  for (BlockId b = 0; b < f.blocks.size(); ++b) {  // what is behind a split is met as a block of its own
    for (size_t i = 0; i < f.blocks[b].body.size(); ++i) {
      const ValueId v = f.blocks[b].body[i];
      if (f[v].op != Op::DeoptIf || !wanted[v]) continue;
      split_at_deopt(f, b, i, normal.deopt_block(static_cast<ir::DeoptReason>(f[v].imm)));
      any = true;
      break;
    }
  }
  return any;
}

}  // namespace gilmap::spmd
