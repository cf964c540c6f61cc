#include "passes/fold_values.h"

#include "ir/dominators.h"
#include "passes/algebra.h"
#include "passes/op_kinds.h"
#include "passes/rewrite.h"

namespace gilmap::passes {
namespace {

class Folder {
 public:
  explicit Folder(Function& f)
      : f_(f),
        pool_(f),
        algebra_(f, pool_),
        replacements_(f),
        dominators_(f),
        available_(2 * f.values.size() + 64),
        block_of_(f.values.size(), ir::no_block) {}

  bool run() {
    for (BlockId b : dominators_.order()) visit(b);
    pool_.place();
    replacements_.apply(f_);
    return changed_ || algebra_.any_change() || replacements_.any();
  }

 private:
  ValueId current(ValueId v) { return replacements_(v); }

  void visit(BlockId b) {
    std::vector<ValueId> old = std::move(f_.blocks[b].body);
    std::vector<ValueId> body;
    body.reserve(old.size());
    for (ValueId v : old) {
      for (ValueId& arg : f_[v].args) arg = current(arg);
      if (f_[v].op == Op::DeoptIf) {
        if (!keep_deopt_if(b, v)) continue;
        ValueId cond = f_[v].args[0];
        if (f_[cond].op == Op::BConst) {  // true: nothing behind it runs
          ir::Terminator& end = f_.blocks[b].end;
          end = {};
          end.kind = ir::Terminator::Kind::Deopt;
          end.reason = static_cast<ir::DeoptReason>(f_[v].imm);
          changed_ = true;
          break;
        }
        body.push_back(v);
        continue;
      }
      std::vector<ValueId> before;
      ValueId by = current(algebra_.simplify(v, &before));
      for (ValueId made : before) append(b, made, body);
      if (by != v)
        replacements_.replace(v, by);
      else
        append(b, v, body);
    }
    f_.blocks[b].body = std::move(body);
    finish(f_.blocks[b].end);
  }

  // A branch on a constant, or with two equal sides, is a jump; one on a negation is one with its sides exchanged.
  void finish(ir::Terminator& end) {
    for_each_operand(end, [&](ValueId& v) { v = current(v); });
    if (end.kind != ir::Terminator::Kind::Branch) return;
    while (f_[end.values[0]].op == Op::BNot) {
      end.values[0] = current(f_[end.values[0]].args[0]);
      std::swap(end.edges[0], end.edges[1]);
      if (end.unlikely >= 0) end.unlikely ^= 1;
      changed_ = true;
    }
    const ir::Inst& cond = f_[end.values[0]];
    bool same = end.edges[0].block == end.edges[1].block && end.edges[0].args == end.edges[1].args;
    if (cond.op != Op::BConst && !same) return;
    ir::Edge taken = std::move(end.edges[cond.op == Op::BConst && !cond.imm ? 1 : 0]);
    end = {};
    end.kind = ir::Terminator::Kind::Jump;
    end.edges = {std::move(taken)};
    changed_ = true;
  }

  // False if the condition is false, or was tested on every path to here.
  bool keep_deopt_if(BlockId b, ValueId v) {
    ValueId cond = f_[v].args[0];
    bool never = f_[cond].op == Op::BConst && f_[cond].imm == 0;
    if (never || !is_first(b, v)) {
      changed_ = true;
      return false;
    }
    return true;
  }

  void append(BlockId b, ValueId v, std::vector<ValueId>& body) {
    for (ValueId& arg : f_[v].args) arg = current(arg);
    Op op = f_[v].op;
    bool pure = ir::info(op).effect == ir::Effect::Pure && op != Op::CallResult && !is_constant(op);
    if (pure) {
      ValueId& slot = find(v);
      if (slot != no_value && dominators_.dominates(block_of_[slot], b)) {
        replacements_.replace(v, slot);
        return;
      }
      slot = v;
    }
    note(b, v);
    body.push_back(v);
  }

  bool is_first(BlockId b, ValueId v) {
    ValueId& slot = find(v);
    if (slot != no_value && dominators_.dominates(block_of_[slot], b)) return false;
    slot = v;
    note(b, v);
    return true;
  }

  void note(BlockId b, ValueId v) {
    if (block_of_.size() <= v) block_of_.resize(v + 1, ir::no_block);
    block_of_[v] = b;
  }

  // What two instructions have in common if they are the same but for the order of operands.
  struct Key {
    Op op;
    ir::Type type;
    int64_t imm;
    ValueId first, second;
    bool operator==(const Key&) const = default;
  };

  Key key(ValueId v) const {
    const ir::Inst& inst = f_[v];
    const std::vector<ValueId>& args = inst.args;
    // A deopt_if is the same whatever its reason: the first that fires decides.
    Key k{inst.op, inst.type, inst.op == Op::DeoptIf ? 0 : inst.imm, args.empty() ? no_value : args[0],
          args.size() < 2 ? no_value : args[1]};
    if (args.size() == 2 && k.first > k.second && (is_commutative(k.op) || is_int_compare(k.op))) {
      std::swap(k.first, k.second);
      if (is_int_compare(k.op)) k.op = swapped(k.op);
    }
    return k;
  }

  ValueId& find(ValueId v) {
    Key k = key(v);
    uint64_t hash = mix(mix(mix(static_cast<uint64_t>(k.op), static_cast<uint64_t>(k.imm)), k.first), k.second);
    for (size_t i = 2; i < f_[v].args.size(); ++i) hash = mix(hash, f_[v].args[i]);
    return available_.slot(hash, [&](ValueId w) {
      const std::vector<ValueId>&a = f_[v].args, &b = f_[w].args;
      return key(w) == k && a.size() == b.size() && (a.size() <= 2 || a == b);
    });
  }

  Function& f_;
  ConstantPool pool_;
  Algebra algebra_;
  Replacements replacements_;
  ir::Dominators dominators_;
  ValueTable available_;
  std::vector<BlockId> block_of_;
  bool changed_ = false;
};

}  // namespace

bool fold_values(Function& f) { return Folder(f).run(); }

}  // namespace gilmap::passes
