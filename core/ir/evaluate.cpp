#include "ir/evaluate.h"

#include <bit>
#include <cmath>

namespace gilmap::ir {
namespace {

constexpr uint64_t sign_bit = uint64_t{1} << 63;

uint64_t bits(double x) { return std::bit_cast<uint64_t>(x); }

}  // namespace

std::optional<uint64_t> evaluate(Op op, int64_t imm, std::span<const uint64_t> args) {
  auto u = [&](size_t k) { return args[k]; };
  auto i = [&](size_t k) { return static_cast<int64_t>(args[k]); };
  auto f = [&](size_t k) { return std::bit_cast<double>(args[k]); };
  int64_t ignored = 0;
  switch (op) {
    case Op::IConst:
    case Op::FConst:
    case Op::BConst:
      return static_cast<uint64_t>(imm);

    case Op::IAdd:
      return u(0) + u(1);
    case Op::ISub:
      return u(0) - u(1);
    case Op::IMul:
      return u(0) * u(1);
    case Op::IAddOverflows:
      return __builtin_add_overflow(i(0), i(1), &ignored);
    case Op::ISubOverflows:
      return __builtin_sub_overflow(i(0), i(1), &ignored);
    case Op::IMulOverflows:
      return __builtin_mul_overflow(i(0), i(1), &ignored);
    case Op::IFloorDiv:
      if (i(1) == 0 || (i(0) == INT64_MIN && i(1) == -1)) return std::nullopt;
      return static_cast<uint64_t>(floor_div(i(0), i(1)));
    case Op::IMod:
      if (i(1) == 0) return std::nullopt;
      return static_cast<uint64_t>(floor_mod(i(0), i(1)));
    case Op::IAnd:
      return u(0) & u(1);
    case Op::IOr:
      return u(0) | u(1);
    case Op::IXor:
      return u(0) ^ u(1);
    case Op::INot:
      return ~u(0);
    case Op::IShl:
      if (u(1) > 63) return std::nullopt;
      return u(0) << u(1);
    case Op::IShr:
      if (u(1) > 63) return std::nullopt;
      return static_cast<uint64_t>(i(0) >> u(1));
    case Op::IEq:
      return i(0) == i(1);
    case Op::INe:
      return i(0) != i(1);
    case Op::ILt:
      return i(0) < i(1);
    case Op::ILe:
      return i(0) <= i(1);
    case Op::IGt:
      return i(0) > i(1);
    case Op::IGe:
      return i(0) >= i(1);

    case Op::FAdd:
      return bits(f(0) + f(1));
    case Op::FSub:
      return bits(f(0) - f(1));
    case Op::FMul:
      return bits(f(0) * f(1));
    case Op::FDiv:
      return bits(f(0) / f(1));
    case Op::FNeg:
      return u(0) ^ sign_bit;
    case Op::FAbs:
      return u(0) & ~sign_bit;
    case Op::FSqrt:
      return bits(std::sqrt(f(0)));
    case Op::FFloor:
      return bits(std::floor(f(0)));
    case Op::FCeil:
      return bits(std::ceil(f(0)));
    case Op::FTrunc:
      return bits(std::trunc(f(0)));
    case Op::FRint:
      return bits(std::nearbyint(f(0)));
    case Op::FCopysign:
      return (u(0) & ~sign_bit) | (u(1) & sign_bit);
    case Op::FEq:
      return f(0) == f(1);
    case Op::FNe:
      return f(0) != f(1);
    case Op::FLt:
      return f(0) < f(1);
    case Op::FLe:
      return f(0) <= f(1);
    case Op::FGt:
      return f(0) > f(1);
    case Op::FGe:
      return f(0) >= f(1);
    case Op::FIsNan:
      return std::isnan(f(0));
    case Op::FIsInf:
      return std::isinf(f(0));
    case Op::FIsFinite:
      return std::isfinite(f(0));

    case Op::IToF:
      return bits(static_cast<double>(i(0)));
    case Op::FToI:
      if (!(f(0) >= -0x1p63 && f(0) < 0x1p63)) return std::nullopt;
      return static_cast<uint64_t>(static_cast<int64_t>(f(0)));
    case Op::FBits:
    case Op::BToI:
      return u(0);

    case Op::BAnd:
      return u(0) & u(1);
    case Op::BOr:
      return u(0) | u(1);
    case Op::BXor:
      return u(0) ^ u(1);
    case Op::BNot:
      return u(0) ^ 1;

    case Op::Select:
      return u(0) ? u(1) : u(2);
    case Op::AnyLane:
    case Op::ManyLanes:
      return u(0);

    case Op::CallNumeric:
    case Op::CallFailed:
    case Op::CallForeign:
    case Op::ForeignFailed:
    case Op::Call:
    case Op::CallResult:
    case Op::DeoptIf:
    case Op::Poll:
    case Op::TableWay:
    case Op::TableValue:
    case Op::SetTableWay:
    case Op::SetTableValue:
    case Op::TakeNext:
    case Op::Argument:
    case Op::Finish:
    case Op::Param:
      return std::nullopt;
  }
  GILMAP_UNREACHABLE();
}

}  // namespace gilmap::ir
