#include "passes/drop_checks.h"

#include "passes/op_kinds.h"
#include "passes/rewrite.h"
#include "passes/value_ranges.h"

namespace gilmap::passes {

bool drop_checks(Function& f) {
  ValueRanges ranges(f);
  struct Decided {
    ValueId value;
    bool outcome;
  };
  std::vector<Decided> decided;
  for (BlockId b : ranges.dominators().order()) {
    // A deopt_if tells what it tests only from there on, so each instruction is asked in its place.
    ranges.replay(b, [&](ValueId v) {
      if (!is_overflow_check(f[v].op) && !is_int_compare(f[v].op)) return;
      if (auto outcome = ranges.outcome(v, b)) decided.push_back({v, *outcome});
    });
  }
  if (decided.empty()) return false;
  ConstantPool pool(f);
  Replacements replacements(f);
  for (const Decided& d : decided) replacements.replace(d.value, pool.boolean(d.outcome));
  pool.place();
  replacements.apply(f);
  return true;
}

}  // namespace gilmap::passes
