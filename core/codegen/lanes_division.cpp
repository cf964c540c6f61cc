// Python's // and % on integers in lanes. There is no vector instruction for it; each case gets the cheapest exact way:
//
// - By a power of two: shift and mask.
// - By another positive constant d, of 0 <= a < 2^31: the high half of a product of 32-bit numbers (see
//   emit_division.cpp).
// - By a constant, |a| <= 2^50: floor((a + 1/2) * fl(1 / d)). (a + 1/2) / d lies at least 1 / 2d from every integer,
//   and the two roundings move it by no more than |a + 1/2| / d * (2^-52 + 2^-106), which is less. d <= 2^50 is a
//   double, and so is the product of it and the quotient.
// - By a constant, any a: the high half of a product of 64-bit numbers, put together from four of 32 bits. The floor
//   for negative a is the complement of that for the complement.
// - |a|, |b| < 2^53: floor(fl(a / b)); emit_division.cpp has the proof.
// - Otherwise the same, and lanes with operands beyond that are done one by one, out of line.
//
// Where divisors do not matter they may be 0. Only what is used is emitted.

#include <llvm/Support/DivisionByConstantInfo.h>

#include <algorithm>
#include <bit>

#include "codegen/lanes_emitter.h"

namespace gilmap::codegen {

using llvm::Value;
namespace I = llvm::Intrinsic;

namespace {

constexpr int64_t below_53_bits = (int64_t{1} << 53) - 1;

}  // namespace

DivMod LaneEmitter::emit_divmod(ir::ValueId v) {
  if (!is_vector()) return FunctionEmitter::emit_divmod(v);
  const ir::ValueId a = ir_[v].args[0], b = ir_[v].args[1];
  DivMod& shared = shared_division({a, b});
  if (shared.quotient || shared.remainder) return shared;
  const Wanted wanted{floor_divided_.contains({a, b}), modulo_.contains({a, b})};
  const IntRange ra = range(a), rb = range(b);
  if (int_bits_ == 32) {
    shared = emit_divmod_narrow(value(a), value(b), ra, rb, wanted);
  } else if (is_constant(rb) && rb.lo > 0) {
    shared = emit_divmod_constant(value(a), ra, rb.lo, wanted);
  } else if (below_bits(ra, 53) && below_bits(rb, 53)) {
    shared = emit_divmod_doubles(value(a), value(b), ra, rb, wanted);
  } else {
    shared = emit_divmod_guarded(value(a), value(b), ra, rb, wanted);
  }
  return shared;
}

DivMod LaneEmitter::emit_divmod_constant(Value* a, IntRange ra, int64_t d, Wanted wanted) {
  if (is_non_negative(ra) && ra.hi < d) return {integer(0), a};
  if (std::has_single_bit(static_cast<uint64_t>(d))) return emit_divmod_power(a, d);
  if (is_non_negative(ra) && ra.hi <= INT32_MAX) return emit_divmod_half(a, d);
  if (within_bits(ra, 50) && d <= int64_t{1} << 50) return emit_divmod_reciprocal(a, ra, d, wanted);
  return emit_divmod_high(a, ra, d);
}

DivMod LaneEmitter::emit_divmod_power(Value* a, int64_t d) {
  const int shift = std::countr_zero(static_cast<uint64_t>(d));
  return {b_.CreateAShr(a, integer(shift)), b_.CreateAnd(a, d == 2 ? one() : integer(d - 1))};
}

DivMod LaneEmitter::emit_divmod_half(Value* a, int64_t d) {
  auto magic = llvm::UnsignedDivisionByConstantInfo::get(llvm::APInt(32, static_cast<uint64_t>(d)), 1);
  GILMAP_CHECK(!magic.IsAdd);
  Value* n = b_.CreateLShr(b_.CreateAnd(a, integer(UINT32_MAX)), integer(magic.PreShift));
  Value* product = b_.CreateMul(n, integer(static_cast<int64_t>(magic.Magic.getZExtValue())));
  Value* q = b_.CreateLShr(product, integer(32 + magic.PostShift));
  return {q, b_.CreateSub(a, b_.CreateMul(b_.CreateAnd(q, integer(UINT32_MAX)), integer(d)))};
}

DivMod LaneEmitter::emit_divmod_reciprocal(Value* a, IntRange ra, int64_t d, Wanted wanted) {
  Value* x = to_float(a, ra);
  const auto divisor = static_cast<double>(d);
  const double reciprocal = 1 / divisor;
  Value* scaled = module_.has_fma ? emit_fma(x, real(reciprocal), real(reciprocal / 2))
                                  : b_.CreateFMul(b_.CreateFAdd(x, real(0.5)), real(reciprocal));
  Value* q = b_.CreateUnaryIntrinsic(I::floor, scaled);
  DivMod r;
  if (wanted.quotient) r.quotient = integral_to_int(q, {-(int64_t{1} << 50), int64_t{1} << 50});
  if (wanted.remainder) {
    Value* product_free = module_.has_fma ? emit_fma(b_.CreateFNeg(q), real(divisor), x)
                                          : b_.CreateFSub(x, b_.CreateFMul(q, real(divisor)));
    r.remainder = integral_to_int(product_free, {0, d});
  }
  return r;
}

// The high 64 bits of a product with n, which is below 2^63: schoolbook, in digits of 32 bits. No sum here overflows.
Value* LaneEmitter::high_half(Value* n, uint64_t factor) {
  auto high = [&](Value* x) { return b_.CreateLShr(x, integer(32)); };
  auto low = [&](Value* x) { return b_.CreateAnd(x, integer(UINT32_MAX)); };
  Value *n_low = low(n), *n_high = high(n);
  Value *f_low = integer(static_cast<int64_t>(factor & UINT32_MAX)),
        *f_high = integer(static_cast<int64_t>(factor >> 32));
  Value* middle = b_.CreateAdd(b_.CreateMul(n_high, f_low), high(b_.CreateMul(n_low, f_low)));
  Value* other = b_.CreateAdd(b_.CreateMul(n_low, f_high), low(middle));
  return b_.CreateAdd(b_.CreateAdd(b_.CreateMul(n_high, f_high), high(middle)), high(other));
}

DivMod LaneEmitter::emit_divmod_high(Value* a, IntRange ra, int64_t d) {
  auto magic = llvm::UnsignedDivisionByConstantInfo::get(llvm::APInt(64, static_cast<uint64_t>(d)), 1);
  GILMAP_CHECK(!magic.IsAdd);
  Value* sign = is_non_negative(ra) ? nullptr : b_.CreateAShr(a, integer(63));
  Value* n = sign ? b_.CreateXor(a, sign) : a;
  if (magic.PreShift) n = b_.CreateLShr(n, integer(magic.PreShift));
  Value* q = b_.CreateLShr(high_half(n, magic.Magic.getZExtValue()), integer(magic.PostShift));
  if (sign) q = b_.CreateXor(q, sign);
  return {q, b_.CreateSub(a, b_.CreateMul(q, integer(d)))};
}

DivMod LaneEmitter::emit_divmod_doubles(Value* a, Value* b, IntRange ra, IntRange rb, Wanted wanted) {
  Value *x = to_float(a, ra), *y = to_float(b, rb);
  Value* q = b_.CreateUnaryIntrinsic(I::floor, b_.CreateFDiv(x, y));
  const int64_t most = std::max(-std::min(ra.lo, int64_t{0}), ra.hi);
  const bool by_fma = module_.has_fma;
  DivMod r;
  if (wanted.quotient || !by_fma) r.quotient = integral_to_int(q, {-most, most});
  if (!wanted.remainder) return r;
  if (by_fma) {
    r.remainder =
        integral_to_int(emit_fma(b_.CreateFNeg(q), y, x), {std::min(rb.lo, int64_t{0}), std::max(rb.hi, int64_t{0})});
  } else {
    r.remainder = b_.CreateSub(a, b_.CreateMul(r.quotient, b));
  }
  return r;
}

DivMod LaneEmitter::emit_divmod_guarded(Value* a, Value* b, IntRange ra, IntRange rb, Wanted wanted) {
  auto magnitude = [&](Value* x, IntRange r) {  // of a negative number one less
    return is_non_negative(r) ? x : b_.CreateXor(x, b_.CreateAShr(x, integer(63)));
  };
  Value* bits = below_bits(ra, 53)   ? magnitude(b, rb)
                : below_bits(rb, 53) ? magnitude(a, ra)
                                     : b_.CreateOr(magnitude(a, ra), magnitude(b, rb));
  module_.one_by_one.emplace("// and % of numbers beyond 2**53");
  Value* too_large = b_.CreateICmpUGE(bits, integer(below_53_bits));

  constexpr IntRange checked{-below_53_bits, below_53_bits};
  DivMod quick = emit_divmod_doubles(a, b, checked, checked, wanted);
  Vectors usual;
  if (wanted.quotient) usual.push_back(quick.quotient);
  if (wanted.remainder) usual.push_back(quick.remainder);
  Value* operands[] = {a, b};
  auto exactly = [&](std::span<Value* const> args) {
    Value* divisor = b_.CreateSelect(b_.CreateIsNull(args[1]), b_.getInt64(1), args[1]);
    DivMod exact = emit_divmod_slow(args[0], divisor, {}, {}, /*guard_minus_one=*/true);
    Vectors r;
    if (wanted.quotient) r.push_back(exact.quotient);
    if (wanted.remainder) r.push_back(exact.remainder);
    return r;
  };
  Vectors all = patch(too_large, usual, [&] { return by_lane(too_large, operands, usual, exactly); });
  return {wanted.quotient ? all.front() : nullptr, wanted.remainder ? all.back() : nullptr};
}

}  // namespace gilmap::codegen
