// Problem: CPUs have no instruction for a greatest common divisor, so each lane would call for its own.
// Method: Euclid's algorithm as a loop of the function, which lanes run as they run any other. Of the two remainders of
// a division, above zero and below it, the one of lesser magnitude is taken, which saves three rounds in ten
// (Knuth, The Art of Computer Programming, 4.5.3).
// Below 2^24 lanes divide integers as single floats. Below 2^52 the numbers are doubles throughout: where |a / b|
// rounds to a quotient q of 1 or more, b <= 2a, so q * b <= a + b / 2 <= 2a is below 2^53, and it and the difference
// are exact. It does not matter to which neighbour half a quotient goes. Beyond, divisions would have to be done one by
// one.

#include "spmd/expand_gcd.h"

#include <algorithm>
#include <utility>

#include "ir/builder.h"
#include "numeric/functions.h"
#include "passes/rewrite.h"
#include "passes/value_ranges.h"

namespace gilmap::spmd {
namespace {

using ir::BlockId;
using ir::Op;
using ir::Type;
using ir::ValueId;
using numeric::NumericFn;

bool is_call_of(const ir::Inst& inst, NumericFn fn) {
  return inst.op == Op::CallNumeric && inst.imm == static_cast<int64_t>(fn);
}

bool has_divisor(const ir::Inst& inst) {
  return is_call_of(inst, NumericFn::int_gcd) || is_call_of(inst, NumericFn::int_lcm);
}

class Expander {
 public:
  explicit Expander(ir::Function& f) : f_(f), b_(f), ranges_(f), replaced_(f), failed_(f.values.size(), ir::no_value) {}

  void run() {
    for (BlockId block = 0; block < f_.blocks.size(); ++block) {  // what stands behind a call becomes a block itself
      for (size_t i = 0; i < f_.blocks[block].body.size(); ++i) {
        const ValueId v = f_.blocks[block].body[i];
        if (!has_divisor(f_[v]) || bound(f_[v].args[0]) > most_in_doubles || bound(f_[v].args[1]) > most_in_doubles)
          continue;
        expand(block, i);
        break;
      }
    }
    if (!replaced_.any()) return;
    for (ValueId v = 0; v < failed_.size(); ++v) {
      if (f_[v].op != Op::CallFailed) continue;
      const ValueId by = failed_[f_[v].args[0]];
      if (by != ir::no_value) replaced_.replace(v, by);
    }
    replaced_.apply(f_);
    for (ir::Block& block : f_.blocks) {
      std::erase_if(block.body, [&](ValueId v) { return replaced_(v) != v; });
    }
  }

 private:
  static constexpr int64_t most_in_singles = (int64_t{1} << 24) - 1, most_in_doubles = (int64_t{1} << 52) - 1;

  int64_t bound(ValueId v) const { return passes::greatest_magnitude(ranges_.defined(v)); }

  // Splits the block at the call, and puts the loop in between.
  void expand(BlockId block, size_t at) {
    const ValueId call = f_.blocks[block].body[at];
    const ir::Inst inst = f_[call];
    const int64_t bound_x = bound(inst.args[0]), bound_y = bound(inst.args[1]);
    const bool single = std::max(bound_x, bound_y) <= most_in_singles;
    const BlockId behind = b_.new_block(), loop = b_.new_block(), round = b_.new_block();
    std::vector<ValueId>& body = f_.blocks[block].body;
    const std::vector<ValueId> rest(body.begin() + static_cast<ptrdiff_t>(at) + 1, body.end());
    ir::Terminator end = std::exchange(f_.blocks[block].end, {});
    body.resize(at);

    b_.at(block);
    b_.set_line(inst.line);
    const ValueId x = magnitude(inst.args[0]), y = magnitude(inst.args[1]);
    const bool lcm = is_call_of(inst, NumericFn::int_lcm);
    ValueId divisor = ir::no_value, part = ir::no_value;

    if (single) {
      b_.jump(loop, {x, y});
      divisor = write_loop(loop, round, behind);
      b_.at(behind);
      if (lcm) part = b_.emit(Op::IFloorDiv, {x, positive(divisor)});
    } else {
      const ValueId real_x = b_.emit(Op::IToF, {x}), real_y = b_.emit(Op::IToF, {y});
      b_.jump(loop, {real_x, real_y});
      const ValueId real_divisor = write_loop_of_doubles(loop, round, behind);
      b_.at(behind);
      if (lcm) {
        part = to_int(b_.emit(Op::FDiv, {real_x, positive(real_divisor)}), bound_x);
      } else {
        divisor = to_int(real_divisor, std::max(bound_x, bound_y));
      }
    }
    failed_[call] = lcm ? b_.emit(Op::IMulOverflows, {part, y}) : b_.bconst(false);
    replaced_.replace(call, lcm ? b_.emit(Op::IMul, {part, y}) : divisor);
    f_.blocks[behind].body.insert(f_.blocks[behind].body.end(), rest.begin(), rest.end());
    f_.blocks[behind].end = std::move(end);
  }

  // Returns the parameter that is the divisor where the loop is left.
  ValueId write_loop(BlockId loop, BlockId round, BlockId behind) {
    const ValueId a = b_.add_param(loop, Type::I64), b = b_.add_param(loop, Type::I64);
    b_.at(loop);
    b_.branch(b_.emit(Op::IGt, {b, b_.iconst(0)}), {round, {}}, {behind, {}});
    b_.at(round);
    const ValueId above = b_.emit(Op::IMod, {a, b}), below = b_.emit(Op::ISub, {b, above});
    b_.jump(loop, {b, b_.emit(Op::Select, {b_.emit(Op::ILt, {below, above}), below, above})});
    return a;
  }

  ValueId write_loop_of_doubles(BlockId loop, BlockId round, BlockId behind) {
    const ValueId a = b_.add_param(loop, Type::F64), b = b_.add_param(loop, Type::F64);
    b_.at(loop);
    b_.branch(b_.emit(Op::FGt, {b, b_.fconst(0)}), {round, {}}, {behind, {}});
    b_.at(round);
    const ValueId quotient = b_.emit(Op::FRint, {b_.emit(Op::FDiv, {a, b})});
    const ValueId rest = b_.emit(Op::FSub, {a, b_.emit(Op::FMul, {quotient, b})});
    b_.jump(loop, {b, b_.emit(Op::FAbs, {rest})});
    return a;
  }

  ValueId magnitude(ValueId v) {
    if (ranges_.defined(v).lo >= 0) return v;
    const ValueId zero = b_.iconst(0);
    return b_.emit(Op::Select, {b_.emit(Op::ILt, {v, zero}), b_.emit(Op::ISub, {zero, v}), v});
  }

  // A divisor, which is 0 of 0 and 0.
  ValueId positive(ValueId divisor) {
    const bool real = f_.type(divisor) == Type::F64;
    const ValueId one = real ? b_.fconst(1) : b_.iconst(1);
    return b_.emit(Op::Select, {b_.emit(real ? Op::FLt : Op::ILt, {divisor, one}), one, divisor});
  }

  ValueId to_int(ValueId integral, int64_t most) {
    const ValueId v = b_.emit(Op::FToI, {integral});
    f_[v].range = {0, most};
    return v;
  }

  ir::Function& f_;
  ir::Builder b_;
  const passes::ValueRanges ranges_;
  passes::Replacements replaced_;
  std::vector<ValueId> failed_;  // of each call
};

}  // namespace

void expand_gcd(ir::Function& f) {
  if (std::ranges::any_of(f.values, has_divisor)) Expander(f).run();
}

}  // namespace gilmap::spmd
