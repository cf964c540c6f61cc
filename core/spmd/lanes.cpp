// Writes the lane function: the nodes of the masked graph in their order, masks, parameters and what leaves divergent
// loops as variables.

#include "spmd/lanes.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "ir/tables.h"
#include "passes/compact_values.h"
#include "passes/eliminate_dead.h"
#include "passes/merge_blocks.h"
#include "passes/op_kinds.h"
#include "passes/remove_unreachable.h"
#include "passes/rewrite.h"
#include "passes/simplify_params.h"
#include "passes/value_ranges.h"
#include "spmd/expand_gcd.h"
#include "spmd/freeze.h"
#include "spmd/masked_graph.h"
#include "spmd/refill.h"
#include "spmd/variables.h"

namespace gilmap::spmd {
namespace {

using ir::no_value;
using ir::Op;
using ir::Type;

// Beyond this many instructions compiling takes longer than lanes are likely to save.
constexpr size_t max_values = 1500;

class Writer {
 public:
  Writer(const Normal& normal, const Divergence& divergence, const MaskedGraph& graph)
      : f_(normal.f), normal_(normal), divergence_(divergence), graph_(graph), number_(graph.size()) {}

  ir::Function run() {
    lay_out();
    for (NodeId n : graph_.order()) write(n);
    variables_->finish();
    std::vector<ValueId>& entry = out_.blocks[0].body;
    entry.insert(entry.begin(), constants_.begin(), constants_.end());
    return std::move(out_);
  }

  // After run().
  LiveOuts live_outs() const {
    LiveOuts all;
    all.takes = takes_;
    for (auto [type, v] : undefined_) all.undefined.insert(v);
    const ir::Loops& loops = divergence_.loops();
    std::vector<size_t> exits(loops.size());
    for (NodeId n : graph_.order()) {
      for (size_t loop : graph_[n].leaves) ++exits[loop];
    }
    for (size_t i = 0; i < loops.size(); ++i) {
      if (!divergence_.is_divergent(i)) continue;
      const BlockId latch = loops[i].back_edges[0].from;
      all.loops.push_back({number_[loops[i].header], number_[latch], exits[i] == 1});
    }
    return all;
  }

 private:
  using Variable = Variables::Variable;

  // The blocks and edges, which are known from the start.
  void lay_out() {
    out_.name = f_.name;
    out_.arg_ranges = f_.arg_ranges;
    out_.depth = f_.depth;
    out_.lanes = true;
    for (const auto& [reason, block] : normal_.deopts) add_reason(reason);
    const std::vector<NodeId>& order = graph_.order();
    out_.blocks.resize(order.size());
    for (BlockId b = 0; b < order.size(); ++b) number_[order[b]] = b;
    std::vector<std::vector<BlockId>> predecessors(order.size());
    for (BlockId b = 0; b < order.size(); ++b) {
      std::vector<NodeId> next = graph_[order[b]].next;
      if (next.size() == 2 && next[0] == next[1]) next.pop_back();
      for (NodeId to : next) {
        out_.blocks[b].end.edges.push_back({number_[to], {}});
        predecessors[number_[to]].push_back(b);
      }
    }
    dominators_.emplace(out_);
    variables_.emplace(out_, std::move(predecessors));

    values_.assign(f_.values.size(), no_value);
    value_variables_.assign(f_.values.size(), none);
    for (ValueId p : f_.blocks[0].params) {
      ir::Inst param = f_[p];
      param.varying = true;
      values_[p] = add(std::move(param));
      out_.blocks[0].params.push_back(values_[p]);
    }
    find_live_outs();
    for (NodeId n : order) {
      if (!graph_[n].has_body) continue;
      for (ValueId v : f_.blocks[n].body) {
        if (f_[v].op != Op::DeoptIf) continue;
        add_reason(static_cast<ir::DeoptReason>(f_[v].imm));
        checked_.insert(static_cast<ir::DeoptReason>(f_[v].imm));
      }
    }
    for (ir::DeoptReason reason : out_.deopts) traps_[reason] = variables_->add(Type::Bool, true, boolean(false));
  }

  void add_reason(ir::DeoptReason reason) {
    if (std::ranges::find(out_.deopts, reason) == out_.deopts.end()) out_.deopts.push_back(reason);
  }

  // Values that are used behind a divergent loop that they are computed in.
  void find_live_outs() {
    live_outs_.resize(divergence_.loops().size());
    auto use = [&](ValueId v, BlockId b) {
      const ir::Loops& loops = divergence_.loops();
      for (size_t i = loops.innermost(divergence_.home(v)); i != ir::Loops::none; i = loops.outer(i)) {
        if (loops[i].blocks[b]) break;
        if (divergence_.is_divergent(i)) live_outs_[i].try_emplace(v, none);
      }
    };
    for (BlockId b : divergence_.dominators().order()) {
      for (ValueId v : f_.blocks[b].body) {
        for (ValueId arg : f_[v].args) use(arg, b);
      }
      const ir::Terminator& end = f_.blocks[b].end;
      for (ValueId v : end.values) use(v, b);
      for (const ir::Edge& edge : end.edges) {
        for (ValueId v : edge.args) use(v, b);
      }
    }
    for (auto& loop : live_outs_) {
      for (auto& [v, variable] : loop) variable = variables_->add(f_.type(v), true, undefined(f_.type(v)), f_[v].range);
    }
  }

  // ------------------------------------------------------------ instructions

  ValueId add(ir::Inst inst) {
    out_.values.push_back(std::move(inst));
    return static_cast<ValueId>(out_.values.size() - 1);
  }

  ValueId append(ir::Inst inst) {
    inst.varying = ir::is_varying(out_, inst);
    const ValueId v = add(std::move(inst));
    out_.blocks[block_].body.push_back(v);
    return v;
  }

  ValueId constant(Op op, Type type, int64_t imm) {
    ValueId& v = constant_values_.try_emplace({op, imm}, no_value).first->second;
    if (v == no_value) {
      v = add({op, type, 0, imm, {}});
      constants_.push_back(v);
    }
    return v;
  }
  ValueId boolean(bool b) { return constant(Op::BConst, Type::Bool, b); }
  bool is(ValueId v, bool b) const { return out_[v].op == Op::BConst && (out_[v].imm != 0) == b; }

  // What stands where no lane that matters looks. A value of its own for each type, so that it can be told from a zero.
  ValueId undefined(Type type) {
    ValueId& v = undefined_.try_emplace(type, no_value).first->second;
    if (v == no_value) {
      v = add({passes::constant_of(type), type, 0, 0, {}});
      constants_.push_back(v);
    }
    return v;
  }

  ValueId both(ValueId x, ValueId y) {
    if (is(x, true) || is(y, false)) return y;
    if (is(y, true) || is(x, false)) return x;
    return append({Op::BAnd, Type::Bool, 0, 0, {x, y}});
  }
  ValueId either(ValueId x, ValueId y) {
    if (is(x, false) || is(y, true)) return y;
    if (is(y, false) || is(x, true)) return x;
    return append({Op::BOr, Type::Bool, 0, 0, {x, y}});
  }
  ValueId negated(ValueId x) {
    if (out_[x].op == Op::BConst) return boolean(out_[x].imm == 0);
    const Op op = out_[x].op;
    if (passes::is_int_compare(op)) return append({passes::inverted(op), Type::Bool, 0, 0, out_[x].args});
    return append({Op::BNot, Type::Bool, 0, 0, {x}});
  }
  ValueId chosen(ValueId mask, ValueId x, ValueId y) {
    if (x == y || is(mask, true) || y == undefined(out_.type(y))) return x;
    return append({Op::Select, out_.type(x), 0, 0, {mask, x, y}});
  }
  ValueId any(ValueId mask) {
    if (!out_[mask].varying) return mask;
    return append({Op::AnyLane, Type::Bool, 0, 0, {mask}});
  }

  // ------------------------------------------------------------ values, masks

  Variable variable(ValueId v) {
    if (value_variables_[v] == none)
      value_variables_[v] = variables_->add(f_.type(v), divergence_.is_varying(v), undefined(f_.type(v)), f_[v].range);
    return value_variables_[v];
  }

  // A value of f as an operand where the end of f's block b stands.
  ValueId operand(ValueId v, BlockId b) {
    const size_t loop = divergence_.loop_left(v, b);
    if (loop != ir::Loops::none) return variables_->read(live_outs_[loop].at(v), block_);
    const BlockId home = divergence_.home(v);
    if (f_[v].op == Op::Param && home != 0) return variables_->read(variable(v), block_);
    if (values_[v] == no_value) return undefined(f_.type(v));  // its block is never run
    if (dominators_->dominates(number_[home], block_)) return values_[v];
    if (value_variables_[v] == none) {  // a guard led around it
      const Variable x = variable(v);
      const size_t around = divergence_.loops().innermost(home);
      if (around != ir::Loops::none)
        variables_->write(x, number_[divergence_.loops()[around].header], undefined(f_.type(v)));
      variables_->write(x, number_[home], values_[v]);
    }
    return variables_->read(variable(v), block_);
  }

  Variable mask_variable(NodeId root) {
    auto [it, is_new] = masks_.try_emplace(root, none);
    if (is_new) it->second = variables_->add(Type::Bool, true, boolean(false));
    return it->second;
  }

  ValueId mask(NodeId n) {
    const NodeId root = graph_[n].mask;
    return root == 0 ? boolean(true) : variables_->read(mask_variable(root), block_);
  }

  // The lanes of the mask that were not left to CPython.
  ValueId alive(ValueId mask) {
    ValueId left = boolean(false);
    for (const auto& [reason, trap] : traps_) {
      if (is_checked(reason)) left = either(left, variables_->read(trap, block_));
    }
    return both(mask, negated(left));
  }

  // Is there a deopt_if for it? Otherwise its lanes go to the exit.
  bool is_checked(ir::DeoptReason reason) const { return checked_.contains(reason); }

  void leave_to_cpython(ir::DeoptReason reason, ValueId lanes) {
    const Variable trap = traps_.at(reason);
    variables_->write(trap, block_, either(variables_->read(trap, block_), lanes));
  }

  // ------------------------------------------------------------ nodes

  void write(NodeId n) {
    const Node& node = graph_[n];
    block_ = number_[n];
    if (node.has_body) {
      for (ValueId v : f_.blocks[n].body) write_instruction(n, v);
    }
    if (node.deopts) leave_to_cpython(*node.deopts, mask(n));
    for (NodeId begun : node.begins) begin(begun);
    for (size_t loop : node.enters) {
      for (const auto& [v, x] : live_outs_[loop]) variables_->write(x, block_, undefined(f_.type(v)));
    }
    for (size_t loop : node.leaves) leave(n, loop);
    std::vector<std::pair<Variable, ValueId>> writes;  // after all reads: a loop may swap its parameters
    for (const Update& u : node.updates) update(n, u, &writes);
    for (auto [x, v] : writes) variables_->write(x, block_, v);
    end(n);
  }

  void write_instruction(NodeId n, ValueId v) {
    ir::Inst inst = f_[v];
    for (ValueId& arg : inst.args) arg = operand(arg, n);
    if (inst.op == Op::DeoptIf) {
      leave_to_cpython(static_cast<ir::DeoptReason>(inst.imm), both(mask(n), inst.args[0]));
      return;
    }
    const bool varying = std::ranges::any_of(inst.args, [&](ValueId arg) { return out_[arg].varying; });
    if (inst.op == Op::CallNumeric && varying) {
      if (const ValueId lanes = mask(n); !is(lanes, true)) inst.args.push_back(lanes);
    }
    if ((inst.op == Op::IFloorDiv || inst.op == Op::IMod) && !varying && !graph_.is_busy(n)) make_safe(&inst);
    values_[v] = append(std::move(inst));
  }

  // A uniform division must not trap where it runs for nobody.
  void make_safe(ir::Inst* inst) {
    ValueId &a = inst->args[0], &b = inst->args[1];
    const ValueId zero = constant(Op::IConst, Type::I64, 0), one = constant(Op::IConst, Type::I64, 1);
    if (out_[b].op == Op::IConst && out_[b].imm != 0 && out_[b].imm != -1) return;
    b = append({Op::Select, Type::I64, 0, 0, {append({Op::IEq, Type::Bool, 0, 0, {b, zero}}), one, b}});
    const ValueId minus_one = append({Op::IEq, Type::Bool, 0, 0, {b, constant(Op::IConst, Type::I64, -1)}});
    const ValueId least = append({Op::IEq, Type::Bool, 0, 0, {a, constant(Op::IConst, Type::I64, INT64_MIN)}});
    const ValueId overflows = append({Op::BAnd, Type::Bool, 0, 0, {minus_one, least}});
    a = append({Op::Select, Type::I64, 0, 0, {overflows, zero, a}});
  }

  void begin(NodeId n) {
    if (graph_.has_own_mask(n)) variables_->write(mask_variable(n), block_, boolean(false));
    for (ValueId p : graph_.params(n)) variables_->write(variable(p), block_, undefined(f_.type(p)));
  }

  // What is used behind the loop is, for the lanes that leave it here, what it is now.
  void leave(NodeId n, size_t loop) {
    const BlockId from = graph_[n].block;
    for (const auto& [v, x] : live_outs_[loop]) {
      if (!divergence_.dominators().dominates(divergence_.home(v), from)) continue;
      const ValueId now = operand(v, from), before = variables_->read(x, block_);
      const ValueId kept = chosen(mask(n), now, before);
      if (kept != now) takes_.insert(kept);
      variables_->write(x, block_, kept);
    }
  }

  void update(NodeId n, const Update& u, std::vector<std::pair<Variable, ValueId>>* writes) {
    ValueId lanes = mask(n);
    const BlockId from = graph_[n].block;
    if (u.way != Update::Way::All) {
      const ValueId condition = operand(graph_[n].condition, from);
      lanes = both(lanes, u.way == Update::Way::IfTrue ? condition : negated(condition));
    }
    // Do all lanes that the target runs for come from here?
    const bool all = (graph_.updates_of(u.to) == 1 && graph_[n].leaves.empty()) || graph_.is_header(u.to) ||
                     (u.way == Update::Way::All && graph_[n].mask == graph_[u.to].mask);
    if (graph_.has_own_mask(u.to)) {
      const Variable x = mask_variable(u.to);
      if (graph_.is_header(u.to)) lanes = alive(lanes);
      writes->push_back({x, all ? lanes : either(pending(*writes, x), lanes)});
    }
    const std::vector<ValueId>& params = graph_.params(u.to);
    for (size_t i = 0; i < u.args.size(); ++i) {
      const Variable x = variable(params[i]);
      const ValueId v = operand(u.args[i], from);
      const bool blend = !all && divergence_.is_varying(params[i]);
      const ValueId kept = blend ? chosen(lanes, v, pending(*writes, x)) : v;
      if (kept != v && !graph_[n].leaves.empty()) takes_.insert(kept);
      writes->push_back({x, kept});
    }
  }

  ValueId pending(const std::vector<std::pair<Variable, ValueId>>& writes, Variable x) {
    for (size_t i = writes.size(); i-- > 0;) {
      if (writes[i].first == x) return writes[i].second;
    }
    return variables_->read(x, block_);
  }

  void end(NodeId n) {
    const Node& node = graph_[n];
    ir::Terminator& terminator = out_.blocks[block_].end;
    ValueId condition = no_value;
    if (node.end == Node::End::Exit) {
      terminator.kind = ir::Terminator::Kind::Ret;
      for (ValueId v : f_.blocks[n].end.values) terminator.values.push_back(operand(v, n));
      for (ir::DeoptReason reason : out_.deopts)
        terminator.values.push_back(variables_->read(traps_.at(reason), block_));
      return;
    }
    if (terminator.edges.size() == 1) {
      terminator.kind = ir::Terminator::Kind::Jump;
      return;
    }
    if (node.end == Node::End::Branch) condition = operand(node.condition, node.block);
    if (node.end == Node::End::Guard) condition = any(alive(mask(n)));
    if (node.end == Node::End::Latch) {
      const NodeId header = node.next[0];
      const bool divergent = graph_.has_own_mask(header);
      condition = any(divergent ? variables_->read(mask_variable(header), block_) : alive(mask(n)));
    }
    terminator.kind = ir::Terminator::Kind::Branch;
    terminator.values = {condition};
    terminator.unlikely = node.unlikely;
  }

  static constexpr Variable none = ~0u;

  const ir::Function& f_;
  const Normal& normal_;
  const Divergence& divergence_;
  const MaskedGraph& graph_;
  std::vector<BlockId> number_;  // of each node: its block

  ir::Function out_;
  BlockId block_ = 0;  // being written
  std::optional<ir::Dominators> dominators_;
  std::optional<Variables> variables_;
  std::vector<ValueId> values_;            // what f's values have become
  std::vector<Variable> value_variables_;  // of f's values
  std::map<NodeId, Variable> masks_;
  std::map<ir::DeoptReason, Variable> traps_;
  std::set<ir::DeoptReason> checked_;
  std::vector<std::map<ValueId, Variable>> live_outs_;  // of each loop
  std::map<std::pair<Op, int64_t>, ValueId> constant_values_;
  std::map<Type, ValueId> undefined_;
  std::set<ValueId> takes_;         // selects at the edges out of divergent loops
  std::vector<ValueId> constants_;  // to stand at the front of the entry
};

void clean_up(ir::Function& f) {
  passes::simplify_params(f);
  ir::derive_varying(f);  // redundant parameters may have hidden that a value is uniform
  passes::eliminate_dead(f);
  passes::merge_blocks(f);
  passes::remove_unreachable(f);
  passes::compact_values(f);
}

// Bounds of all integers, which normalise() hands on to its copies.
void annotate_ranges(ir::Function& f) {
  const passes::ValueRanges ranges(f);
  for (ValueId v = 0; v < f.values.size(); ++v) {
    if (f.type(v) != Type::I64 || f[v].op == Op::IConst) continue;
    f[v].range = passes::meet(f[v].range, ranges.defined(v));
  }
}

std::optional<ir::Function> write_lanes(const ir::Module& module, bool rounds_differ, std::string* why) {
  auto normal = normalise(module, why);
  if (!normal) return std::nullopt;
  std::optional<Divergence> divergence(std::in_place, *normal, rounds_differ);
  std::vector<bool> uniform(normal->f.values.size());
  for (BlockId b : divergence->dominators().order()) {
    for (ValueId v : normal->f.blocks[b].body)
      uniform[v] = normal->f[v].op == Op::DeoptIf && !divergence->is_varying(normal->f[v].args[0], b);
  }
  if (branch_to_deopts(*normal, uniform)) divergence.emplace(*normal, rounds_differ);
  const MaskedGraph graph(*normal, *divergence);
  Writer writer(*normal, *divergence, graph);
  ir::Function lanes = writer.run();
  passes::simplify_params(lanes);
  ir::derive_varying(lanes);
  freeze_live_outs(lanes, writer.live_outs());
  clean_up(lanes);
  return lanes;
}

// Nothing if there is no loop to refill in, or lanes would lose too much that they share in the same round.
std::optional<ir::Function> write_with_refill(const ir::Module& module, const ir::Function& plain) {
  constexpr double most_dearer = 1.4;
  if (!has_loop_to_refill(plain)) return std::nullopt;
  std::string why;
  const auto apart = write_lanes(module, true, &why);
  if (!apart || cost_of_round(*apart) > most_dearer * cost_of_round(plain) + 4) return std::nullopt;
  auto refilling = refill(*apart);
  if (refilling) clean_up(*refilling);
  return refilling;
}

}  // namespace

std::optional<ir::Module> to_lanes(const ir::Module& module, std::string* why) {
  auto refuse = [&](const char* reason) {
    *why = reason;
    return std::nullopt;
  };
  if (module.functions.size() > 1) return refuse("recursive functions run one element at a time");
  if (!module.foreign.empty()) return refuse("functions of other compilers are called for one element at a time");
  if (module.functions[0].blocks[0].params.empty()) return refuse("a function without arguments");
  if (ir::count_tables(module.functions[0]).ways > 0) return refuse("elements share tables");
  if (module.functions[0].values.size() > max_values) return refuse("it is too long");
  ir::Module prepared = module;
  expand_gcd(prepared.functions[0]);
  annotate_ranges(prepared.functions[0]);
  auto plain = write_lanes(prepared, false, why);
  if (!plain) return std::nullopt;
  ir::Module lanes;
  lanes.result_types = module.result_types;
  auto with_refill = write_with_refill(prepared, *plain);
  lanes.functions.push_back(with_refill ? std::move(*with_refill) : std::move(*plain));
  return lanes;
}

}  // namespace gilmap::spmd
