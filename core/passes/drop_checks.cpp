#include "passes/drop_checks.h"

#include "passes/op_kinds.h"
#include "passes/rewrite.h"
#include "passes/value_ranges.h"

namespace gilmap::passes {
namespace {

// A call_failed or call_result belongs to its call and no other value.
bool is_replaceable(const ir::Inst& inst) {
  bool ranged = inst.type == ir::Type::I64 || inst.type == ir::Type::Bool;
  return ranged && !is_constant(inst.op) && inst.op != Op::CallNumeric && inst.op != Op::Call &&
         inst.op != Op::CallForeign;
}

struct Decided {
  ValueId value;
  int64_t is;
};

// The condition of a deopt_if, or of a branch.
struct Tested {
  BlockId block;
  ValueId deopt_if;  // no_value: the branch that ends the block
  bool is;
};

}  // namespace

bool drop_checks(Function& f) {
  std::vector<Decided> values;
  std::vector<Tested> tests;
  ValueRanges ranges(f);
  for (BlockId b : ranges.dominators().order()) {
    auto decide = [&](ValueId v) {
      if (!is_replaceable(f[v])) return;
      if (IntRange r = ranges.defined(v); is_single(r)) values.push_back({v, r.lo});
    };
    auto test = [&](ValueId condition, ValueId deopt_if) {
      if (is_constant(f[condition].op)) return;
      if (IntRange r = ranges.at(condition, b); is_single(r)) tests.push_back({b, deopt_if, r.lo != 0});
    };
    for (ValueId p : f.blocks[b].params) decide(p);
    ranges.replay(b, [&](ValueId v) {
      decide(v);
      if (f[v].op == Op::DeoptIf) test(f[v].args[0], v);
    });
    const ir::Terminator& end = f.blocks[b].end;
    if (end.kind == ir::Terminator::Kind::Branch) test(end.values[0], no_value);
  }
  if (values.empty() && tests.empty()) return false;

  // All questions are asked; from here on the function changes.
  ConstantPool pool(f);
  Replacements replacements(f);
  for (const Tested& t : tests) {
    ValueId truth = pool.boolean(t.is);
    (t.deopt_if == no_value ? f.blocks[t.block].end.values[0] : f[t.deopt_if].args[0]) = truth;
  }
  for (const Decided& d : values) {
    replacements.replace(d.value, f.type(d.value) == ir::Type::Bool ? pool.boolean(d.is) : pool.integer(d.is));
  }
  pool.place();
  return replacements.apply(f) || !tests.empty();
}

}  // namespace gilmap::passes
