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

// The operand of a product that is such a constant: 0, 1, or -1 if neither is.
int cheap_multiplier(IntRange a, IntRange b) { return is_cheap_multiplier(b) ? 1 : is_cheap_multiplier(a) ? 0 : -1; }

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
    shared = emit_product(value(a), value(b));
    return shared;
  }
  llvm::Intrinsic::ID id = op == Op::IAdd ? llvm::Intrinsic::sadd_with_overflow : llvm::Intrinsic::ssub_with_overflow;
  Value* both = b_.CreateBinaryIntrinsic(id, value(a), value(b));
  shared = {b_.CreateExtractValue(both, 0), b_.CreateExtractValue(both, 1)};
  return shared;
}

// By comparing the operand with bounds, so that the product is one fast instruction and the test is off its path.
Value* FunctionEmitter::emit_scaling_overflows(Value* a, int64_t factor) {
  int64_t lo = INT64_MIN / factor, hi = INT64_MAX / factor;
  if (factor < 0) std::swap(lo, hi);
  Value* offset = b_.CreateSub(a, integer(lo));
  return b_.CreateICmpUGT(offset, integer(hi - lo));
}

Value* FunctionEmitter::emit_overflows(Op op, const ir::Inst& inst) {
  const ir::ValueId a = inst.args[0], b = inst.args[1];
  const int k = op == Op::IMul ? cheap_multiplier(range(a), range(b)) : -1;
  if (k >= 0 && !product_fits(range(a), range(b))) {
    return emit_scaling_overflows(value(inst.args[1 - k]), range(inst.args[k]).lo);
  }
  return emit_checked(op, a, b).overflows;
}

Value* FunctionEmitter::emit_arithmetic(Op op, const ir::Inst& inst) {
  ir::ValueId a = inst.args[0], b = inst.args[1];
  Pair key{a, b};
  if (op != Op::ISub && a > b) std::swap(key.first, key.second);
  // A cheap product stands where it is used, so that it can be one instruction with what is added to it.
  const bool scaling = op == Op::IMul && cheap_multiplier(range(a), range(b)) >= 0;
  if (!scaling && checked_.contains({op, key})) return emit_checked(op, a, b).result;

  if (op == Op::IAdd) return b_.CreateAdd(value(a), value(b), "", false, sum_fits(range(a), range(b)));
  if (op == Op::ISub) return b_.CreateSub(value(a), value(b), "", false, difference_fits(range(a), range(b)));
  GILMAP_CHECK(op == Op::IMul);
  return b_.CreateMul(value(a), value(b), "", false, product_fits(range(a), range(b)));
}

Value* FunctionEmitter::emit_shift(Op op, Value* a, Value* count) {
  return op == Op::IShl ? b_.CreateShl(a, count) : b_.CreateAShr(a, count);
}

FunctionEmitter::Checked FunctionEmitter::emit_product(Value* a, Value* b) {
  Value* both = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smul_with_overflow, a, b);
  return {b_.CreateExtractValue(both, 0), b_.CreateExtractValue(both, 1)};
}

// Integers up to 2^53 in magnitude are doubles; beyond, a conversion rounds.
Value* FunctionEmitter::within_53_bits(Value* a, IntRange range) {
  if (within_bits(range, 53)) return bool_constant(true);
  Value* shifted = b_.CreateAdd(a, integer(int64_t{1} << 53));
  return b_.CreateICmpULE(shifted, integer(int64_t{1} << 54));
}

}  // namespace gilmap::codegen
