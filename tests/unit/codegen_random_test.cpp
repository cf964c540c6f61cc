// Random functions with branches, loops, checks and calls: compiled code against the reference interpreter. The seeds
// are fixed; GILMAP_RANDOM_TESTS sets how many modules are tried.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>

#include "codegen_lanes.h"
#include "ir/builder.h"
#include "ir/printer.h"

namespace gilmap::codegen_tests {
namespace {

using ir::BlockId;
using ir::Builder;
using ir::DeoptReason;
using ir::Op;
using ir::Type;
using ir::ValueId;

class Generator {
 public:
  Generator(ir::Module& module, uint64_t seed) : module_(module), random_(seed) {}

  // One function of one block.
  void run_straight() {
    module_.functions.resize(1);
    function(0, 0);
  }

  void run() {
    module_.functions.resize(pick(3) == 0 ? 2 : 1);
    for (size_t i = module_.functions.size(); i-- > 0;) function(i, 3);
  }

 private:
  struct Scope {
    std::vector<ValueId> values[4];  // by type
  };

  int pick(int n) { return static_cast<int>(random_() % static_cast<uint64_t>(n)); }
  Type any_type() { return static_cast<Type>(1 + pick(3)); }

  ir::Function& f() { return b_->function(); }

  void function(size_t index, int nesting) {
    index_ = index;
    Builder builder(module_.functions[index]);
    b_ = &builder;
    f().name = "f" + std::to_string(index);
    b_->at(b_->new_block());
    Scope scope;
    for (int i = 0, n = 1 + pick(3); i < n; ++i) add(scope, b_->add_param(0, any_type()));
    if (index == 1) {
      for (int i = 0, n = 1 + pick(3); i < n; ++i) f().result_types.push_back(any_type());
    }
    for (int i = 0; i < (nesting > 0 ? 1 : 3); ++i) statements(scope, nesting);
    finish(scope);
  }

  void add(Scope& s, ValueId v) { s.values[static_cast<int>(f().type(v))].push_back(v); }

  ValueId constant(Type t) {
    static const int64_t ints[] = {0,         1,        -1, 2, 3, 5, 7, 8, 10, 64, 1000, 1000003, int64_t{1} << 32,
                                   INT64_MAX, INT64_MIN};
    static const double reals[] = {0.0, -0.0, 0.5, 1.5, -3.25, 1e10, 1e300};
    switch (t) {
      case Type::I64:
        return b_->iconst(ints[pick(std::size(ints))]);
      case Type::F64:
        return b_->fconst(reals[pick(std::size(reals))]);
      default:
        return b_->bconst(pick(2) != 0);
    }
  }

  ValueId use(Scope& s, Type t) {
    auto& known = s.values[static_cast<int>(t)];
    if (known.empty() || pick(6) == 0) return constant(t);
    // Rather a recent one, so that values depend on each other.
    size_t back = static_cast<size_t>(pick(4)) % known.size();
    return pick(3) ? known[known.size() - 1 - back] : known[random_() % known.size()];
  }

  void finish(Scope& s) {
    std::vector<ValueId> values;
    if (index_ == 1) {
      for (Type t : f().result_types) values.push_back(use(s, t));
    } else {
      Type t = any_type();
      if (pick(10) == 0)
        t = Type::Void;
      else
        values.push_back(use(s, t));
      if (std::ranges::find(module_.result_types, t) == module_.result_types.end()) module_.result_types.push_back(t);
    }
    b_->ret(values);
  }

  void deopt_unless(ValueId ok) { b_->deopt_if(b_->emit(Op::BNot, {ok}), DeoptReason::Other); }

  ValueId int_operation(Scope& s) {
    static const Op plain[] = {Op::IAdd, Op::ISub, Op::IMul, Op::IAnd, Op::IOr, Op::IXor};
    ValueId x = use(s, Type::I64), y = use(s, Type::I64);
    switch (pick(7)) {
      case 0:
        return b_->emit(plain[pick(6)], {x, y});
      case 1:
      case 2: {
        const int k = pick(3);
        static const Op tests[] = {Op::IAddOverflows, Op::ISubOverflows, Op::IMulOverflows};
        b_->deopt_if(b_->emit(tests[k], {x, y}), DeoptReason::Overflow);
        return k != 1 && pick(2) ? b_->emit(plain[k], {y, x}) : b_->emit(plain[k], {x, y});
      }
      case 3: {
        if (pick(2)) y = b_->iconst(std::array<int64_t, 8>{1, 2, 3, 7, 10, 16, -1, -5}[static_cast<size_t>(pick(8))]);
        b_->deopt_if(b_->emit(Op::IEq, {y, b_->iconst(0)}), DeoptReason::ZeroDivision);
        if (pick(2)) return b_->emit(Op::IMod, {x, y});
        ValueId min = b_->emit(Op::IEq, {x, b_->iconst(INT64_MIN)}), minus = b_->emit(Op::IEq, {y, b_->iconst(-1)});
        b_->deopt_if(b_->emit(Op::BAnd, {min, minus}), DeoptReason::Overflow);
        ValueId q = b_->emit(Op::IFloorDiv, {x, y});
        return pick(2) ? q : b_->emit(Op::IXor, {q, b_->emit(Op::IMod, {x, y})});
      }
      case 4: {
        ValueId count = pick(2) ? b_->iconst(pick(64)) : b_->emit(Op::IAnd, {y, b_->iconst(63)});
        return b_->emit(pick(2) ? Op::IShl : Op::IShr, {x, count});
      }
      case 5: {
        ValueId r = use(s, Type::F64);
        deopt_unless(b_->emit(Op::FGe, {r, b_->fconst(-0x1p63)}));
        deopt_unless(b_->emit(Op::FLt, {r, b_->fconst(0x1p63)}));
        return b_->emit(Op::FToI, {r});
      }
      default:
        return pick(2) ? b_->emit(Op::BToI, {use(s, Type::Bool)}) : b_->emit(Op::INot, {x});
    }
  }

  ValueId float_operation(Scope& s) {
    static const Op two[] = {Op::FAdd, Op::FSub, Op::FMul, Op::FDiv};
    static const Op one[] = {Op::FNeg, Op::FAbs, Op::FSqrt, Op::FFloor, Op::FCeil, Op::FTrunc, Op::FRint};
    if (pick(4) == 0) return b_->emit(Op::IToF, {use(s, Type::I64)});
    if (pick(3)) return b_->emit(two[pick(4)], {use(s, Type::F64), use(s, Type::F64)});
    return b_->emit(one[pick(7)], {use(s, Type::F64)});
  }

  ValueId bool_operation(Scope& s) {
    static const Op ints[] = {Op::IEq, Op::INe, Op::ILt, Op::ILe, Op::IGt, Op::IGe};
    static const Op reals[] = {Op::FEq, Op::FNe, Op::FLt, Op::FLe, Op::FGt, Op::FGe};
    static const Op bools[] = {Op::BAnd, Op::BOr, Op::BXor};
    static const Op kinds[] = {Op::FIsNan, Op::FIsInf, Op::FIsFinite};
    switch (pick(6)) {
      case 0:
      case 1:
        return b_->emit(ints[pick(6)], {use(s, Type::I64), use(s, Type::I64)});
      case 2:
      case 3:
        return b_->emit(reals[pick(6)], {use(s, Type::F64), use(s, Type::F64)});
      case 4:
        return b_->emit(kinds[pick(3)], {use(s, Type::F64)});
      default:
        return b_->emit(bools[pick(3)], {use(s, Type::Bool), use(s, Type::Bool)});
    }
  }

  void call(Scope& s) {
    const ir::Function& callee = module_.functions[1];
    std::vector<ValueId> args;
    for (ValueId p : callee.blocks[0].params) args.push_back(use(s, callee.type(p)));
    ValueId v = b_->emit(Op::Call, args, 1, callee.result_types[0]);
    add(s, v);
    for (size_t i = 1; i < callee.result_types.size(); ++i)
      add(s, b_->emit(Op::CallResult, {v}, static_cast<int64_t>(i), callee.result_types[i]));
  }

  void statements(Scope& s, int nesting) {
    for (int i = 0, n = 1 + pick(6); i < n; ++i) {
      const int kind = pick(12);
      if (kind < 4)
        add(s, int_operation(s));
      else if (kind < 6)
        add(s, float_operation(s));
      else if (kind < 7)
        add(s, bool_operation(s));
      else if (kind < 8) {
        Type t = any_type();
        add(s, b_->emit(Op::Select, {use(s, Type::Bool), use(s, t), use(s, t)}));
      } else if (nesting > 0 && kind < 11)
        branch(s, nesting);
      else if (nesting > 0)
        loop(s, nesting);
      if (index_ == 0 && module_.functions.size() > 1 && pick(12) == 0) call(s);
    }
  }

  void branch(Scope& s, int nesting) {
    std::vector<Type> types(static_cast<size_t>(pick(4)));
    for (Type& t : types) t = any_type();
    const BlockId sides[] = {b_->new_block(), b_->new_block()};
    const BlockId join = b_->new_block();
    const bool triangle = pick(4) == 0;
    auto values = [&](Scope& from) {
      std::vector<ValueId> all;
      for (Type t : types) all.push_back(use(from, t));
      return all;
    };
    ir::Edge no{sides[1], {}};
    ValueId cond = bool_operation(s);
    if (triangle) no = {join, values(s)};
    b_->branch(cond, {sides[0], {}}, no, pick(8) == 0 ? pick(2) : -1);
    for (int k = 0; k < (triangle ? 1 : 2); ++k) {
      b_->at(sides[k]);
      Scope inner = s;
      statements(inner, pick(2) ? 0 : nesting - 1);
      const int end = pick(14);
      if (end == 0)
        b_->deopt(DeoptReason::Raise);
      else if (end == 1)
        finish(inner);
      else
        b_->jump(join, values(inner));
    }
    if (triangle) {  // the other side is never used
      b_->at(sides[1]);
      b_->deopt(DeoptReason::Other);
    }
    b_->at(join);
    for (Type t : types) add(s, b_->add_param(join, t));
  }

  void loop(Scope& s, int nesting) {
    std::vector<Type> types(static_cast<size_t>(1 + pick(3)));
    for (Type& t : types) t = any_type();
    const BlockId header = b_->new_block(), body = b_->new_block(), exit = b_->new_block();
    std::vector<ValueId> start{b_->iconst(0)};
    for (Type t : types) start.push_back(use(s, t));
    b_->jump(header, start);

    b_->at(header);
    ValueId i = b_->add_param(header, Type::I64);
    Scope inner = s;
    std::vector<ValueId> carried;
    for (Type t : types) carried.push_back(b_->add_param(header, t));
    for (ValueId v : carried) add(inner, v);
    add(inner, i);
    b_->branch(b_->emit(Op::ILt, {i, b_->iconst(pick(6))}), {body, {}}, {exit, {}});

    b_->at(body);
    if (pick(2)) b_->poll();
    statements(inner, nesting - 1);
    if (pick(4) == 0) {
      const BlockId next = b_->new_block();
      b_->branch(bool_operation(inner), {exit, {}}, {next, {}});
      b_->at(next);
    }
    std::vector<ValueId> again{b_->emit(Op::IAdd, {i, b_->iconst(1)})};
    for (Type t : types) again.push_back(use(inner, t));
    b_->jump(header, again);

    b_->at(exit);
    for (ValueId v : carried) add(s, v);
    add(s, i);
  }

  ir::Module& module_;
  std::mt19937_64 random_;
  Builder* b_ = nullptr;
  size_t index_ = 0;
};

Column inputs(Type t, std::mt19937_64& random, size_t n) {
  Column all;
  for (size_t i = 0; i < n; ++i) {
    const uint64_t r = random();
    const int64_t narrow = static_cast<int64_t>(random()) >> (random() % 64);
    switch (t) {
      case Type::F64:
        all.push_back(std::bit_cast<uint64_t>(r % 9 == 0 ? std::ldexp(1.0, static_cast<int>(r % 2000) - 1000)
                                                         : static_cast<double>(narrow) / 8));
        break;
      case Type::Bool:
        all.push_back(r % 2);
        break;
      default:
        all.push_back(r % 7 == 0 ? static_cast<uint64_t>(INT64_MIN) - r % 2 : static_cast<uint64_t>(narrow));
    }
  }
  return all;
}

bool same(Type t, uint64_t a, uint64_t b) {
  return a == b || (t == Type::F64 && std::isnan(std::bit_cast<double>(a)) && std::isnan(std::bit_cast<double>(b)));
}

constexpr size_t rows = 45;

std::vector<Column> inputs_of(const ir::Module& module, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Column> columns;
  for (ValueId p : module.functions[0].blocks[0].params)
    columns.push_back(inputs(module.functions[0].type(p), random, rows));
  return columns;
}

// A kernel of the module, or of lanes made of it, which may leave products next to 2^63 to CPython.
void check(const ir::Module& module, const Kernel& kernel, uint64_t seed) {
  const std::vector<Column> columns = inputs_of(module, seed);
  const Ran ran = run(kernel, columns);
  ASSERT_EQ(ran.stopped_at, static_cast<int64_t>(rows));
  size_t deopt = 0;
  for (size_t i = 0; i < rows; ++i) {
    std::vector<uint64_t> args;
    for (const Column& c : columns) args.push_back(c[i]);
    const ir::Outcome expected = ir::interpret(module, 0, args);
    const std::string where = "seed " + std::to_string(seed) + " row " + std::to_string(i) + "\n";
    const bool deopted = deopt < ran.rows.size() && ran.rows[deopt] == static_cast<int64_t>(i);
    const bool overflow = deopted && ran.reasons[deopt] == DeoptReason::Overflow;
    if (deopted) ++deopt;
    ASSERT_NE(expected.kind, ir::Outcome::Kind::Broken) << where << expected.what << ir::print(module);
    if (kernel.lanes > 1 && overflow) continue;
    ASSERT_EQ(deopted, expected.kind == ir::Outcome::Kind::Deopt) << where << ir::print(module);
    if (deopted) continue;
    const Type t = expected.types.empty() ? Type::Void : expected.types[0];
    if (!ran.tags.empty()) {
      ASSERT_EQ(ran.tags[i], static_cast<uint8_t>(codegen::tag_of(t))) << where << ir::print(module);
    }
    if (t != Type::Void) {
      ASSERT_TRUE(same(t, ran.bits[i], expected.bits[0]))
          << where << ran.bits[i] << " is not " << expected.bits[0] << "\n"
          << ir::print(module);
    }
  }
}

ir::Module generate(uint64_t seed, bool straight) {
  ir::Module module;
  Generator generator(module, seed);
  if (straight) {
    generator.run_straight();
  } else {
    generator.run();
  }
  for (const std::string& mistake : ir::verify(module)) ADD_FAILURE() << mistake << "\n" << ir::print(module);
  return module;
}

uint64_t module_count() {
  const char* count = std::getenv("GILMAP_RANDOM_TESTS");
  return count ? std::strtoull(count, nullptr, 10) : 300;
}

TEST(Random, FunctionsAgreeWithTheInterpreter) {
  for (uint64_t seed = 1; seed <= module_count() && !testing::Test::HasFailure(); ++seed) {
    const ir::Module module = generate(seed, false);
    for (int level : {0, 2}) {
      SCOPED_TRACE("level " + std::to_string(level));
      check(module, *compile(module, {.opt_level = level}), seed);
    }
  }
}

TEST(Random, LanesAgreeWithTheInterpreter) {
  const auto all = lane_kernel_options();
  for (uint64_t seed = 1; seed <= module_count() && !testing::Test::HasFailure(); ++seed) {
    const ir::Module module = generate(seed, true);
    for (const codegen::CompileOptions& options : all) {
      SCOPED_TRACE(name_of(options));
      check(module, *compile(lanes_of(module), options), seed);
    }
  }
}

}  // namespace
}  // namespace gilmap::codegen_tests
