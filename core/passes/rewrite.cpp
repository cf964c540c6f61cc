#include "passes/rewrite.h"

#include <numeric>

#include "passes/op_kinds.h"

namespace gilmap::passes {

Replacements::Replacements(const Function& f) : to_(f.values.size()) { std::iota(to_.begin(), to_.end(), 0); }

void Replacements::replace(ValueId from, ValueId by) {
  from = (*this)(from);
  GILMAP_CHECK(from != (*this)(by));
  for (auto v = static_cast<ValueId>(to_.size()); v <= from; ++v) to_.push_back(v);  // made after the table
  to_[from] = by;
  any_ = true;
}

bool Replacements::apply(Function& f) {
  if (!any_) return false;
  bool changed = false;
  auto rewrite = [&](ValueId& v) {
    ValueId by = (*this)(v);
    changed |= by != v;
    v = by;
  };
  for (ir::Block& block : f.blocks) {
    for (ValueId v : block.body) {
      for (ValueId& arg : f[v].args) rewrite(arg);
    }
    for_each_operand(block.end, rewrite);
  }
  return changed;
}

// A pass makes at most a few new constants for each instruction there is.
ConstantPool::ConstantPool(Function& f) : f_(f), table_(2 * f.values.size() + 64) {
  for (ValueId v : f.blocks[0].body) {
    if (!is_constant(f[v].op)) break;
    slot(f[v].op, f[v].imm) = v;
  }
}

ValueId& ConstantPool::slot(Op op, int64_t imm) {
  return table_.slot(mix(static_cast<uint64_t>(op), static_cast<uint64_t>(imm)),
                     [&](ValueId v) { return f_[v].op == op && f_[v].imm == imm; });
}

ValueId ConstantPool::get(Op op, int64_t imm) {
  ValueId& v = slot(op, imm);
  if (v == no_value) {
    v = static_cast<ValueId>(f_.values.size());
    ir::Type type = op == Op::IConst ? ir::Type::I64 : op == Op::FConst ? ir::Type::F64 : ir::Type::Bool;
    f_.values.push_back({op, type, 0, imm, {}});
    added_.push_back(v);
  }
  return v;
}

void ConstantPool::place() {
  std::vector<ValueId>& body = f_.blocks[0].body;
  body.insert(body.begin(), added_.begin(), added_.end());
  added_.clear();
}

}  // namespace gilmap::passes
