// Integer sums, differences and products, with and without their overflow tests.

#include <bit>

#include "codegen/emitter.h"

namespace gilmap::codegen {

using ir::Op;
using llvm::Value;

namespace {

// A multiplication by it is a shift or an address computation.
bool is_cheap_multiplier(IntRange r) {
  return is_constant(r) &&
         (r.lo == 3 || r.lo == 5 || r.lo == 9 || (r.lo > 2 && std::has_single_bit(static_cast<uint64_t>(r.lo))));
}

}  // namespace

// The test and the result of one operation share one LLVM operation, whichever comes first.
FunctionEmitter::Checked FunctionEmitter::emit_checked(Op op, ir::ValueId a, ir::ValueId b) {
  if (op != Op::ISub && a > b) std::swap(a, b);
  Checked& shared = available_.arithmetic[{op, {a, b}}];
  if (shared.result) return shared;

  if (op == Op::IAdd) {
    if (sum_fits(range(a), range(b))) {
      shared = {b_.CreateNSWAdd(value(a), value(b)), bool_constant(false)};
      return shared;
    }
  } else if (op == Op::ISub) {
    if (difference_fits(range(a), range(b))) {
      shared = {b_.CreateNSWSub(value(a), value(b)), bool_constant(false)};
      return shared;
    }
  } else {
    GILMAP_CHECK(op == Op::IMul);
    if (product_fits(range(a), range(b))) {
      shared = {b_.CreateNSWMul(value(a), value(b)), bool_constant(false)};
      return shared;
    }
  }

  if (op == Op::IMul) {
    if (is_cheap_multiplier(range(b))) return shared = emit_checked_scaling(value(a), range(b).lo);
    if (is_cheap_multiplier(range(a))) return shared = emit_checked_scaling(value(b), range(a).lo);
  }

  llvm::Intrinsic::ID id = op == Op::IAdd   ? llvm::Intrinsic::sadd_with_overflow
                           : op == Op::ISub ? llvm::Intrinsic::ssub_with_overflow
                                            : llvm::Intrinsic::smul_with_overflow;
  Value* both = b_.CreateBinaryIntrinsic(id, value(a), value(b));
  shared = {b_.CreateExtractValue(both, 0), b_.CreateExtractValue(both, 1)};
  return shared;
}

// By comparing the operand with bounds, so that the product is one fast instruction and the test is off its path.
FunctionEmitter::Checked FunctionEmitter::emit_checked_scaling(Value* a, int64_t factor) {
  const int64_t lo = INT64_MIN / factor, hi = INT64_MAX / factor;
  Value* offset = b_.CreateSub(a, b_.getInt64(static_cast<uint64_t>(lo)));
  Value* outside = b_.CreateICmpUGT(offset, b_.getInt64(static_cast<uint64_t>(hi) - static_cast<uint64_t>(lo)));
  return {b_.CreateMul(a, b_.getInt64(static_cast<uint64_t>(factor))), outside};
}

Value* FunctionEmitter::emit_overflows(Op op, const ir::Inst& inst) {
  return emit_checked(op, inst.args[0], inst.args[1]).overflows;
}

Value* FunctionEmitter::emit_arithmetic(Op op, const ir::Inst& inst) {
  ir::ValueId a = inst.args[0], b = inst.args[1];
  Pair key{a, b};
  if (op != Op::ISub && a > b) std::swap(key.first, key.second);
  if (checked_.contains({op, key})) return emit_checked(op, a, b).result;

  if (op == Op::IAdd) return b_.CreateAdd(value(a), value(b), "", false, sum_fits(range(a), range(b)));
  if (op == Op::ISub) return b_.CreateSub(value(a), value(b), "", false, difference_fits(range(a), range(b)));
  GILMAP_CHECK(op == Op::IMul);
  return b_.CreateMul(value(a), value(b), "", false, product_fits(range(a), range(b)));
}

// Integers up to 2^53 in magnitude are doubles; beyond, a conversion rounds.
Value* FunctionEmitter::within_53_bits(Value* a, IntRange range) {
  if (within_bits(range, 53)) return bool_constant(true);
  Value* shifted = b_.CreateAdd(a, b_.getInt64(uint64_t{1} << 53));
  return b_.CreateICmpULE(shifted, b_.getInt64(uint64_t{1} << 54));
}

}  // namespace gilmap::codegen
