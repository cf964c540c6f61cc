#include "ir/function.h"

#include <algorithm>

namespace gilmap::ir {

const OpInfo& info(Op op) {
  static constexpr OpInfo table[] = {
#define OP(name, text, signature, effects, doc) {text, signature, Effect::effects, doc},
#include "ir/ops.def"
#undef OP
      {"param", "T:", Effect::Pure, "a block parameter"},
  };
  return table[static_cast<size_t>(op)];
}

namespace {
struct ReasonInfo {
  const char* text;
  const char* words;
};
constexpr ReasonInfo reasons[] = {
#define REASON(name, text, words) {text, words},
#include "ir/deopt_reasons.def"
#undef REASON
};
}  // namespace

const char* text(DeoptReason reason) { return reasons[static_cast<size_t>(reason)].text; }
const char* words(DeoptReason reason) { return reasons[static_cast<size_t>(reason)].words; }

bool is_varying(const Function& f, const Inst& inst) {
  if (inst.op == Op::AnyLane || inst.op == Op::ManyLanes || inst.op == Op::Finish) return false;
  return inst.op == Op::TakeNext || inst.op == Op::Argument ||
         std::ranges::any_of(inst.args, [&](ValueId v) { return f[v].varying; });
}

// Operands may come from blocks further down, so this goes on until nothing changes.
void derive_varying(Function& f) {
  for (bool changed = true; changed;) {
    changed = false;
    for (const Block& block : f.blocks) {
      for (ValueId v : block.body) {
        const bool varying = is_varying(f, f[v]);
        changed |= varying != f[v].varying;
        f[v].varying = varying;
      }
    }
  }
}

}  // namespace gilmap::ir
