#pragma once
// Random functions for tests of the IR and of passes: well formed, never breaking a precondition, and written as the
// lifter writes, with every variable passed along every edge into a join.

#include <algorithm>
#include <bit>
#include <limits>
#include <random>
#include <vector>

#include "ir/builder.h"
#include "ir/function.h"
#include "numeric/functions.h"

namespace gilmap::filetests {

class RandomModule {
 public:
  // `small`: of arguments and constants most fit in 32 bits, and some not in 8, 16, 20, 24 or 31.
  explicit RandomModule(uint64_t seed, bool small = false) : random_(seed), small_(small) {}

  ir::Module make() {
    module_.functions.resize(1);
    ir::Builder b(module_.functions[0]);
    b_ = &b;
    b.at(b.new_block());
    ir::Function& f = module_.functions[0];
    f.name = "random";
    ints_ = 2 + pick(3);
    floats_ = pick(3);
    bools_ = pick(2);
    for (Type t : slots()) vars_.push_back(b.add_param(0, t));
    if (small_ || pick(2)) {
      for (ValueId p : f.blocks[0].params)
        f.arg_ranges.push_back(f.type(p) == Type::I64 ? arg_range() : ir::IntRange{});
    }
    body(3, 0);
    give_back();
    return std::move(module_);
  }

  // Arguments for the function, within its arg_ranges.
  std::vector<uint64_t> arguments(const ir::Function& f) {
    std::vector<uint64_t> args;
    for (size_t i = 0; i < f.blocks[0].params.size(); ++i) {
      Type t = f.type(f.blocks[0].params[i]);
      if (t == Type::F64) {
        args.push_back(std::bit_cast<uint64_t>(any_float()));
      } else if (t == Type::Bool) {
        args.push_back(static_cast<uint64_t>(pick(2)));
      } else {
        ir::IntRange r = i < f.arg_ranges.size() ? f.arg_ranges[i] : ir::IntRange{};
        int64_t v = any_int();
        if (v < r.lo || v > r.hi) {
          uint64_t width = static_cast<uint64_t>(r.hi) - static_cast<uint64_t>(r.lo);
          uint64_t offset = pick(4) == 0 ? 0 : pick(4) == 0 ? width : random_() % (width + (width + 1 != 0));
          v = static_cast<int64_t>(static_cast<uint64_t>(r.lo) + offset);
        }
        args.push_back(static_cast<uint64_t>(v));
      }
    }
    return args;
  }

 private:
  using Op = ir::Op;
  using Type = ir::Type;
  using ValueId = ir::ValueId;
  using BlockId = ir::BlockId;
  using Fn = numeric::NumericFn;

  int pick(int n) { return static_cast<int>(random_() % static_cast<uint64_t>(n)); }

  std::vector<Type> slots() const {
    std::vector<Type> types(static_cast<size_t>(ints_), Type::I64);
    types.insert(types.end(), static_cast<size_t>(floats_), Type::F64);
    types.insert(types.end(), static_cast<size_t>(bools_), Type::Bool);
    return types;
  }

  int64_t power() {
    static constexpr int bits[] = {5, 7, 8, 15, 16, 20, 21, 24, 30, 31, 32};
    return int64_t{1} << bits[random_() % std::size(bits)];
  }

  int64_t any_int() {
    if (small_ && pick(8)) {
      const int64_t near = power() + pick(3) - 1;
      const int kind = pick(4);
      return kind == 0   ? near
             : kind == 1 ? -near
             : kind == 2 ? static_cast<int64_t>(random_()) >> (33 + pick(30))
                         : pick(24) - 8;
    }
    static constexpr int64_t corners[] = {INT64_MIN,
                                          INT64_MIN + 1,
                                          INT64_MAX,
                                          INT64_MAX - 1,
                                          INT32_MIN,
                                          INT32_MAX,
                                          int64_t{1} << 53,
                                          (int64_t{1} << 53) + 1,
                                          -1,
                                          0,
                                          1,
                                          2,
                                          63,
                                          64};
    switch (pick(4)) {
      case 0:
        return corners[random_() % std::size(corners)];
      case 1:
        return static_cast<int64_t>(random_()) >> pick(64);
      default:
        return pick(24) - 8;
    }
  }

  double any_float() {
    constexpr double inf = std::numeric_limits<double>::infinity();
    static constexpr double corners[] = {0.0, -0.0, 1.0, -1.0, 0.5, inf, -inf, 0x1p63, -0x1p63, 1e308, 5e-324};
    switch (pick(4)) {
      case 0:
        return corners[random_() % std::size(corners)];
      case 1:
        return std::numeric_limits<double>::quiet_NaN();
      default:
        return (pick(64) - 24) / 4.0;
    }
  }

  ir::IntRange arg_range() {
    if (small_ && pick(8)) {
      const int64_t end = power();
      return {pick(2) ? 0 : -end, end - 1};
    }
    int64_t a = any_int(), b = any_int();
    return {std::min(a, b), std::max(a, b)};
  }

  ValueId var(Type t) {
    auto at = [&](int first, int count) { return vars_[static_cast<size_t>(first + pick(count))]; };
    if (t == Type::I64) return pick(4) ? at(0, ints_) : b_->iconst(any_int());
    if (t == Type::F64) return floats_ && pick(4) ? at(ints_, floats_) : b_->fconst(any_float());
    return bools_ && pick(4) ? at(ints_ + floats_, bools_) : condition();
  }

  ValueId is_minimum_by_minus_one(ValueId a, ValueId b) {
    ValueId min = b_->emit(Op::IEq, {a, b_->iconst(INT64_MIN)}), minus = b_->emit(Op::IEq, {b, b_->iconst(-1)});
    return b_->emit(Op::BAnd, {min, minus});
  }

  ValueId integer() {
    ValueId a = var(Type::I64), b = var(Type::I64);
    if (small_ && pick(3) == 0) return narrowed(a);
    switch (pick(16)) {
      case 0:
      case 1:
      case 2:
        return checked(Op::IAddOverflows, Op::IAdd, a, b);
      case 3:
        return checked(Op::ISubOverflows, Op::ISub, a, b);
      case 4:
        return checked(Op::IMulOverflows, Op::IMul, a, b);
      case 5: {
        static constexpr Op wrapping[] = {Op::IAdd, Op::ISub, Op::IMul, Op::IAnd, Op::IOr, Op::IXor};
        return b_->emit(wrapping[pick(6)], {a, b});
      }
      case 6: {
        b_->deopt_if(b_->emit(Op::IEq, {b, b_->iconst(0)}), ir::DeoptReason::ZeroDivision);
        b_->deopt_if(is_minimum_by_minus_one(a, b), ir::DeoptReason::Overflow);
        return b_->emit(Op::IFloorDiv, {a, b});
      }
      case 7:
        b_->deopt_if(b_->emit(Op::IEq, {b, b_->iconst(0)}), ir::DeoptReason::ZeroDivision);
        return b_->emit(Op::IMod, {a, b});
      case 8:
        return b_->emit(pick(2) ? Op::IFloorDiv : Op::IMod, {a, b_->iconst(2 + pick(9))});
      case 9:
        return b_->emit(pick(2) ? Op::IShl : Op::IShr, {a, b_->emit(Op::IAnd, {b, b_->iconst(63)})});
      case 10:
        return b_->emit(Op::Select, {var(Type::Bool), a, b});
      case 11:
        return b_->emit(Op::BToI, {var(Type::Bool)});
      case 12:
        return b_->emit(Op::INot, {a});
      case 13:
        return called(pick(2) ? Fn::int_isqrt : Fn::int_gcd, Type::I64, {a, b});
      case 14:
        return b_->emit(Op::CallNumeric, {a}, static_cast<int64_t>(Fn::int_bit_length), Type::I64);
      default: {
        ValueId x = var(Type::F64);
        if (pick(2)) return b_->emit(Op::FBits, {x});
        ValueId fits = b_->emit(
            Op::BAnd, {b_->emit(Op::FGe, {x, b_->fconst(-0x1p63)}), b_->emit(Op::FLt, {x, b_->fconst(0x1p63)})});
        b_->deopt_if(b_->emit(Op::BNot, {fits}), ir::DeoptReason::Conversion);
        return b_->emit(Op::FToI, {x});
      }
    }
  }

  ValueId narrowed(ValueId a) {
    if (pick(2)) return b_->emit(Op::IAnd, {a, b_->iconst(power() - 1)});
    return b_->emit(Op::IMod, {a, b_->iconst(power() - pick(3) + 1)});
  }

  ValueId checked(Op check, Op op, ValueId a, ValueId b) {
    b_->deopt_if(b_->emit(check, {a, b}), ir::DeoptReason::Overflow);
    return b_->emit(op, {a, b});
  }

  // A call of a function that can fail. Those with one parameter take the first operand.
  ValueId called(Fn fn, Type result, std::vector<ValueId> args) {
    if (fn == Fn::int_isqrt || fn == Fn::math_sqrt) args.resize(1);
    ValueId call = b_->emit(Op::CallNumeric, args, static_cast<int64_t>(fn), result);
    b_->deopt_if(b_->emit(Op::CallFailed, {call}), ir::DeoptReason::Domain);
    return call;
  }

  ValueId floating() {
    ValueId a = var(Type::F64), b = var(Type::F64);
    static constexpr Op two[] = {Op::FAdd, Op::FSub, Op::FMul, Op::FDiv, Op::FCopysign};
    static constexpr Op one[] = {Op::FNeg, Op::FAbs, Op::FSqrt, Op::FFloor, Op::FCeil, Op::FTrunc, Op::FRint};
    switch (pick(5)) {
      case 3:
        return called(pick(2) ? Fn::math_sqrt : Fn::float_mod, Type::F64, {a, b});
      case 0:
        return b_->emit(one[pick(std::size(one))], {a});
      case 1:
        return b_->emit(Op::IToF, {var(Type::I64)});
      case 2:
        return b_->emit(Op::Select, {var(Type::Bool), a, b});
      default:
        return b_->emit(two[pick(std::size(two))], {a, b});
    }
  }

  ValueId condition() {
    static constexpr Op ints[] = {Op::IEq, Op::INe, Op::ILt, Op::ILe, Op::IGt, Op::IGe};
    static constexpr Op floats[] = {Op::FEq, Op::FNe, Op::FLt, Op::FLe, Op::FGt, Op::FGe};
    static constexpr Op tests[] = {Op::FIsNan, Op::FIsInf, Op::FIsFinite};
    static constexpr Op logic[] = {Op::BAnd, Op::BOr, Op::BXor};
    switch (pick(10)) {
      case 0:
        return b_->emit(floats[pick(6)], {var(Type::F64), var(Type::F64)});
      case 1:
        return b_->emit(tests[pick(3)], {var(Type::F64)});
      case 2:
        return b_->emit(Op::BNot, {condition()});
      case 3:
        return b_->emit(logic[pick(3)], {condition(), condition()});
      case 4:
        return b_->bconst(pick(2));
      default:
        return b_->emit(ints[pick(6)], {var(Type::I64), var(Type::I64)});
    }
  }

  void assign() {
    size_t k = random_() % vars_.size();
    Type t = slots()[k];
    vars_[k] = pick(6) == 0 ? var(t) : t == Type::I64 ? integer() : t == Type::F64 ? floating() : condition();
  }

  // A block with a parameter for each variable, which become the current values.
  BlockId join() {
    BlockId block = b_->new_block();
    vars_.clear();
    for (Type t : slots()) vars_.push_back(b_->add_param(block, t));
    return block;
  }

  void body(int depth, int loops) {
    for (int n = 1 + pick(4); n > 0 && !b_->terminated(); --n) {
      int kind = pick(12);
      if (kind == 0 && depth > 0 && loops < 2)
        loop(depth, loops);
      else if (kind <= 3 && depth > 0)
        branch(depth, loops);
      else if (kind == 4)
        b_->deopt_if(condition(), ir::DeoptReason::Assert);
      else
        assign();
    }
  }

  void branch(int depth, int loops) {
    ValueId cond = condition();
    BlockId yes = b_->new_block(), no = b_->new_block();
    b_->branch(cond, {yes, {}}, {no, {}}, pick(3) - 1);
    struct End {
      BlockId block;
      std::vector<ValueId> vars;
    };
    std::vector<End> ends;
    std::vector<ValueId> before = vars_;
    for (BlockId side : {yes, no}) {
      vars_ = before;
      b_->at(side);
      if (pick(8) == 0) {
        leave();
        continue;
      }
      if (pick(4)) body(depth - 1, loops);
      if (!b_->terminated()) ends.push_back({b_->block(), vars_});
    }
    BlockId after = join();
    std::vector<ValueId> params = vars_;
    for (End& end : ends) {
      b_->at(end.block);
      b_->jump(after, end.vars);
    }
    b_->at(after);
    vars_ = params;
    if (ends.empty()) give_back();  // unreachable
  }

  // raise, return, or break or continue of any loop around.
  void leave() {
    if (!loops_.empty() && pick(3)) {
      const Loop& loop = loops_[random_() % loops_.size()];
      std::vector<ValueId> args = vars_;
      if (pick(2)) return b_->jump(loop.after, args);
      args.push_back(b_->emit(Op::IAdd, {loop.counter, loop.step}));
      return b_->jump(loop.header, args);
    }
    if (pick(2)) return b_->deopt(ir::DeoptReason::Raise);
    give_back();
  }

  // for counter in range(…), or a loop that goes on while a condition holds; both end after a few rounds.
  void loop(int depth, int loops) {
    ValueId start = b_->iconst(pick(3)), step = b_->iconst(1 + pick(3)), limit = b_->iconst(pick(12));
    std::vector<ValueId> args = vars_;
    args.push_back(start);
    BlockId from = b_->block();
    BlockId header = join();
    ValueId counter = b_->add_param(header, Type::I64);
    std::vector<ValueId> params = vars_;
    b_->at(from);
    b_->jump(header, args);
    b_->at(header);
    BlockId inside = b_->new_block(), after = join();
    std::vector<ValueId> behind = vars_;
    vars_ = params;
    b_->at(header);
    ValueId more = b_->emit(pick(4) ? Op::ILt : Op::ILe, {counter, limit});
    if (pick(3) == 0) more = b_->emit(Op::BAnd, {more, condition()});
    if (pick(4) == 0) more = b_->emit(Op::BAnd, {more, b_->emit(Op::ILt, {counter, vars_[0]})});
    b_->branch(more, {inside, {}}, {after, params});
    b_->at(inside);
    if (pick(4)) b_->poll();
    if (pick(2)) vars_[0] = counter;
    loops_.push_back({header, after, counter, step});
    body(depth - 1, loops + 1);
    if (!b_->terminated() && pick(8) == 0) leave();
    if (!b_->terminated()) {
      std::vector<ValueId> next = vars_;
      next.push_back(b_->emit(Op::IAdd, {counter, step}));
      b_->jump(header, next);
    }
    loops_.pop_back();
    b_->at(after);
    vars_ = behind;
  }

  void give_back() {
    if (b_->terminated()) return;
    size_t k = random_() % vars_.size();
    Type t = pick(8) ? slots()[k] : Type::Void;
    std::vector<Type>& types = module_.result_types;
    if (std::find(types.begin(), types.end(), t) == types.end()) types.push_back(t);
    b_->ret(t == Type::Void ? std::vector<ValueId>{} : std::vector{vars_[k]});
  }

  std::mt19937_64 random_;
  bool small_;
  ir::Module module_;
  ir::Builder* b_ = nullptr;
  int ints_ = 0, floats_ = 0, bools_ = 0;
  struct Loop {
    BlockId header, after;
    ValueId counter, step;
  };
  std::vector<Loop> loops_;  // around the place being written
  std::vector<ValueId> vars_;
};

}  // namespace gilmap::filetests
