#pragma once
// Emits the body of a lane function: one element per lane, in vectors that fill a register.
//
// A varying value is `parts` vectors of `lanes` lanes each, so that the latencies of their dependent operations
// overlap. A varying operation is emitted once for each part, by the code that emits scalars where that does for both;
// what has no vector instruction, or none that LLVM would find, has a sequence in the files lanes_<family>.cpp. Uniform
// values are scalars.
//
// In lanes that do not matter operands are garbage: they may be outside every range and precondition. So no operation
// here may trap on them, be undefined, or claim that it does not wrap; what LLVM calls poison is frozen.

#include <span>
#include <vector>

#include "codegen/emitter.h"
#include "codegen/lane_shape.h"

namespace gilmap::codegen {

class LaneEmitter : public FunctionEmitter {
 protected:
  LaneEmitter(ModuleContext& module, const ir::Function& ir, llvm::Function* function, const LaneShape& shape);

  // The vector of one part; of a uniform value the same in all.
  llvm::Value* part(ir::ValueId v, int part);
  void bind_parts(ir::ValueId param, std::vector<llvm::Value*> parts);
  llvm::FixedVectorType* vector_of(llvm::Type* element) const {
    return llvm::FixedVectorType::get(element, static_cast<unsigned>(shape_.lanes));
  }

  // i1: some lane of the mask, computed or held, or of one of several masks, is set.
  llvm::Value* any(llvm::Value* mask);
  llvm::Value* any(std::span<llvm::Value* const> masks);
  // The mask as the low bits of an i64; and that of all parts, as a bit for each element.
  llvm::Value* bits_of(llvm::Value* mask);
  llvm::Value* word_of(std::span<llvm::Value* const> masks);
  // Emits a loop: body(lane) for each bit that is set in the word, while `more`, if any, which is asked before each,
  // says so.
  void for_each_bit(llvm::Value* word, llvm::function_ref<llvm::Value*()> more,
                    llvm::function_ref<void(llvm::Value*)> body);

  void emit_value(ir::ValueId v) override;

  const LaneShape shape_;

 private:
  // lanes_function.cpp
  llvm::Value* value(ir::ValueId v) override;
  IntRange range(ir::ValueId v) const override;
  void emit_param(ir::ValueId param, unsigned edges) override;
  void add_incoming(ir::ValueId param, ir::ValueId arg) override;
  void add_choice(ir::ValueId param, llvm::Value* cond, ir::ValueId yes, ir::ValueId no) override;
  llvm::Value* emit_any_lane(ir::ValueId v) override;
  llvm::Value* emit_many_lanes(ir::ValueId v) override;
  // Emits once for each part.
  void for_each_part(llvm::function_ref<void()> emit);
  bool is_vector() const { return width_ != 0; }
  void add_to_phi(ir::ValueId param, llvm::Value* v);
  llvm::Value* splat(llvm::Value* scalar);
  // 1, but LLVM does not know: of `x & 1 == 0` and `m ? x + 1 : x` it makes shifts and sums of masks, where AVX-512 has
  // a test and a masked sum.
  llvm::Value* one();
  // A value as it is held from one operation to the next, in so many bits if it is an i64; and a mask as it is held.
  llvm::Value* held(ir::ValueId v, unsigned bits);
  llvm::Value* widened(llvm::Value* mask);
  bool is_wide_mask(ir::ValueId v) const { return ir_.type(v) == ir::Type::Bool && module_.simd != Simd::Avx512; }
  llvm::Type* wide_mask_type() { return shaped(b_.getIntNTy(static_cast<unsigned>(shape_.bits))); }
  llvm::Value* fenced(llvm::Value* ints);
  // How many bits an i64 is held in; and integers with lanes of so many bits.
  unsigned held_bits(ir::ValueId v) const { return shape_.narrow.fits(v) ? 32 : 64; }
  llvm::Value* resized(llvm::Value* ints, unsigned bits);
  llvm::Value* emit_wide_logic(const ir::Inst& inst);

  // lanes_integers.cpp
  llvm::Value* emit_arithmetic(ir::Op op, const ir::Inst& inst) override;
  llvm::Value* emit_overflows(ir::Op op, const ir::Inst& inst) override;
  llvm::Value* emit_shift(ir::Op op, llvm::Value* a, llvm::Value* count) override;
  Checked emit_product(llvm::Value* a, llvm::Value* b) override;
  llvm::Value* emit_multiply(llvm::Value* a, llvm::Value* b, IntRange ra, IntRange rb);
  llvm::Value* emit_scaling_overflows(llvm::Value* a, IntRange ra, int64_t factor);
  llvm::Value* emit_product_overflows(llvm::Value* a, llvm::Value* b, IntRange ra, IntRange rb);

  // lanes_conversions.cpp
  llvm::Value* to_float(llvm::Value* a, IntRange range) override;
  llvm::Value* to_int(llvm::Value* x, IntRange range) override;
  llvm::Value* integral_to_int(llvm::Value* integral, IntRange range);
  bool converts_natively() const { return module_.simd == Simd::Avx512 || module_.simd == Simd::Neon; }
  llvm::Value* as_int(llvm::Value* x) { return b_.CreateBitCast(x, int_type()); }
  llvm::Value* as_real(llvm::Value* a) { return b_.CreateBitCast(a, real_type()); }

  // lanes_division.cpp
  DivMod emit_divmod(ir::ValueId v) override;
  struct Wanted {
    bool quotient, remainder;
  };
  DivMod emit_divmod_constant(llvm::Value* a, IntRange ra, int64_t d, Wanted wanted);
  DivMod emit_divmod_power(llvm::Value* a, int64_t d);
  DivMod emit_divmod_half(llvm::Value* a, int64_t d);
  DivMod emit_divmod_reciprocal(llvm::Value* a, IntRange ra, int64_t d, Wanted wanted);
  DivMod emit_divmod_high(llvm::Value* a, IntRange ra, int64_t d);
  DivMod emit_divmod_doubles(llvm::Value* a, llvm::Value* b, IntRange ra, IntRange rb, Wanted wanted);
  DivMod emit_divmod_guarded(llvm::Value* a, llvm::Value* b, IntRange ra, IntRange rb, Wanted wanted);
  llvm::Value* high_half(llvm::Value* n, uint64_t factor);

  // lanes_narrow_division.cpp
  DivMod emit_divmod_narrow(llvm::Value* a, llvm::Value* b, IntRange ra, IntRange rb, Wanted wanted);
  DivMod emit_divmod_narrow_constant(llvm::Value* a, IntRange ra, int64_t d, Wanted wanted);
  DivMod emit_divmod_single(llvm::Value* a, llvm::Value* b, Wanted wanted);
  DivMod emit_divmod_single_reciprocal(llvm::Value* a, int64_t d, Wanted wanted);

  // lanes_calls.cpp
  NumericResult emit_out_of_line(const numeric::NumericFnInfo& info, std::span<llvm::Value* const> args) override;
  NumericResult emit_fast_or_library(llvm::Value* cond, const numeric::NumericFnInfo& info,
                                     std::span<llvm::Value* const> args,
                                     llvm::function_ref<NumericResult()> fast) override;
  using Vectors = std::vector<llvm::Value*>;
  using ScalarEmitter = llvm::function_ref<Vectors(std::span<llvm::Value* const>)>;
  // Computes the results of the lanes in `which` one by one: `scalar` makes them of a lane's arguments. The other lanes
  // keep what `results` has.
  Vectors by_lane(llvm::Value* which, std::span<llvm::Value* const> args, const Vectors& results, ScalarEmitter scalar);
  // The same for a numeric function.
  Vectors call_lanes(const numeric::NumericFnInfo& info, llvm::Value* which, std::span<llvm::Value* const> args,
                     const Vectors& results);
  // What `rare` makes of results, out of line and skipped where no lane is in `which`.
  Vectors patch(llvm::Value* which, const Vectors& results, llvm::function_ref<Vectors()> rare);
  llvm::Value* scratch(llvm::Type* vector, size_t slot);
  // Stores vectors in memory of their own, from the slot on; and gives one back. Masks take a byte a lane.
  Vectors stored(std::span<llvm::Value* const> vectors, size_t* slot);
  llvm::Value* loaded(llvm::Value* memory, llvm::Type* vector);
  // What `emit` makes of the results, where all lie in memory.
  using MemoryEmitter =
      llvm::function_ref<void(const Vectors& args, std::span<llvm::Type* const> types, const Vectors& results)>;
  Vectors in_memory(std::span<llvm::Value* const> args, Vectors results, MemoryEmitter emit);
  // Emits for each lane in the word what `scalar` makes of its arguments, which lie in memory as the results do.
  void emit_lanes(llvm::Value* word, std::span<llvm::Value* const> args, std::span<llvm::Type* const> types,
                  std::span<llvm::Value* const> results, ScalarEmitter scalar);
  // void(arguments, results, word): the same for calls of a numeric function, as a function of its own.
  llvm::Function* calls_of(const numeric::NumericFnInfo& info, std::span<llvm::Type* const> types);
  llvm::Value* mattering(const numeric::NumericFnInfo& info);
  Vectors call_scalar(const numeric::NumericFnInfo& info, std::span<llvm::Value* const> args);

  std::vector<std::vector<llvm::Value*>> parts_;  // of varying values, by ValueId, as they are held
  ir::ValueId emitted_ = ir::no_value;            // the varying value being emitted
  llvm::Value *one_ = nullptr, *narrow_one_ = nullptr;
  std::map<std::pair<llvm::Type*, size_t>, llvm::AllocaInst*> scratch_;
};

// Emits the kernel of a lane function. If it is to check its inputs, it must not refill: see kernel.h.
void emit_lane_kernel(ModuleContext& module, const LaneShape& shape, bool checks_inputs);
// Whether a kernel can check all bounds of its arguments by itself, and has some to check.
bool can_check_inputs(const ir::Function& f);

}  // namespace gilmap::codegen
