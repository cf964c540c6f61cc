#pragma once
// Emits the body of one ir::Function as LLVM IR. What differs between the element function, which is the body of the
// kernel's loop, and the recursive functions is how control leaves them, and in lane functions what a value is: the
// virtual functions. Each family of operations has a file of its own, emit_<family>.cpp.

#include <llvm/ADT/STLFunctionalExtras.h>
#include <llvm/IR/IRBuilder.h>

#include <array>
#include <map>
#include <set>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "codegen/dependence.h"
#include "codegen/module_context.h"
#include "codegen/ranges.h"
#include "codegen/sign_choices.h"
#include "numeric/functions.h"
#include "passes/value_ranges.h"

namespace gilmap::codegen {

// Python's quotient and remainder. Both are always emitted; LLVM drops what is not used.
struct DivMod {
  llvm::Value* quotient = nullptr;
  llvm::Value* remainder = nullptr;
};

// What a call of a numeric function gives: its result, and whether it asks for CPython.
struct NumericResult {
  llvm::Value* value = nullptr;
  llvm::Value* failed = nullptr;  // i1
};

class FunctionEmitter {
 public:
  FunctionEmitter(const FunctionEmitter&) = delete;
  FunctionEmitter& operator=(const FunctionEmitter&) = delete;
  virtual ~FunctionEmitter() = default;

 protected:
  FunctionEmitter(ModuleContext& module, const ir::Function& ir, llvm::Function* function);

  // Gives a parameter of the entry its value, before emit_blocks.
  void bind(ir::ValueId param, llvm::Value* v) { values_[param] = v; }
  // Emits all blocks that can be reached; the builder stands at the end of a block without terminator.
  void emit_blocks();

  // Ends the current block. The exits are blocks that can be branched to from anywhere.
  virtual void emit_ret(const std::vector<ir::ValueId>& values) = 0;
  virtual llvm::BasicBlock* deopt_exit(ir::DeoptReason why) = 0;
  virtual llvm::BasicBlock* cancel_exit() = 0;
  // The builder stands in a block for a callee that ended with this status, which is not status_ok.
  virtual void emit_callee_failed(llvm::Value* status) = 0;

  // A value, and its range if it is an i64, at the place where code is being emitted.
  virtual llvm::Value* value(ir::ValueId v) { return values_[v]; }
  virtual IntRange range(ir::ValueId v) const { return ranges_.at(v, block_); }
  llvm::LLVMContext& context() const { return module_.context(); }
  llvm::BasicBlock* new_block(const char* name);
  // Branches to `exit` in the rare case that `cond` holds and goes on in a new block.
  void leave_if(llvm::Value* cond, llvm::BasicBlock* exit);
  void emit_poll();
  llvm::AllocaInst* entry_alloca(llvm::Type* type, const char* name);
  // Emits another function of the module meanwhile; its entry block is made here.
  void emit_into(llvm::Function* function, llvm::function_ref<void()> emit);

  // Types and constants in the shape of what is being emitted: scalars, or vectors of `width_` lanes.
  llvm::Type* shaped(llvm::Type* scalar) const {
    return width_ == 0 ? scalar : llvm::FixedVectorType::get(scalar, width_);
  }
  llvm::Type* int_type() { return shaped(b_.getIntNTy(int_bits_)); }
  llvm::Type* real_type() { return shaped(b_.getDoubleTy()); }
  llvm::Constant* integer(int64_t v) { return llvm::ConstantInt::getSigned(int_type(), v); }
  llvm::Constant* real(double v) { return llvm::ConstantFP::get(real_type(), v); }
  llvm::Constant* bool_constant(bool v) { return llvm::ConstantInt::get(shaped(b_.getInt1Ty()), v ? 1 : 0); }

  using Pair = std::pair<ir::ValueId, ir::ValueId>;
  struct Checked {
    llvm::Value* result = nullptr;
    llvm::Value* overflows = nullptr;
  };

  // emit_function.cpp
  virtual void emit_value(ir::ValueId v) { values_[v] = emit_instruction(v); }
  llvm::Value* emit_instruction(ir::ValueId v);
  // A parameter of a block other than the entry, to which so many edges lead; and what it is on an edge from here.
  virtual void emit_param(ir::ValueId param, unsigned edges);
  virtual void add_incoming(ir::ValueId param, ir::ValueId arg);
  virtual void add_choice(ir::ValueId param, llvm::Value* cond, ir::ValueId yes, ir::ValueId no);
  virtual llvm::Value* emit_any_lane(ir::ValueId v) { return value(v); }
  virtual llvm::Value* emit_many_lanes(ir::ValueId v) { return value(v); }

  // emit_integers.cpp
  virtual llvm::Value* emit_arithmetic(ir::Op op, const ir::Inst& inst);
  virtual llvm::Value* emit_overflows(ir::Op op, const ir::Inst& inst);
  virtual llvm::Value* emit_shift(ir::Op op, llvm::Value* a, llvm::Value* count);
  virtual Checked emit_product(llvm::Value* a, llvm::Value* b);
  llvm::Value* emit_scaling_overflows(llvm::Value* a, int64_t factor);
  llvm::Value* within_53_bits(llvm::Value* a, IntRange range);  // i1: the double of a is a

  // emit_division.cpp
  DivMod& shared_division(Pair operands) { return available_.divisions[{operands, part_, int_bits_}]; }
  virtual DivMod emit_divmod(ir::ValueId v);
  DivMod emit_divmod_slow(llvm::Value* a, llvm::Value* b, IntRange ra, IntRange rb, bool guard_minus_one);

  // emit_floats.cpp
  virtual llvm::Value* to_float(llvm::Value* a, IntRange range);  // of an i64 in that range
  virtual llvm::Value* to_int(llvm::Value* x, IntRange range);    // with a result in that range
  llvm::Value* fence(llvm::Value* x);
  llvm::Value* emit_fabs(llvm::Value* x);
  llvm::Value* emit_fma(llvm::Value* a, llvm::Value* b, llvm::Value* c);  // a * b + c, rounded once

  // emit_numeric.cpp: calls of the function itself; and `fast` where cond holds.
  virtual NumericResult emit_out_of_line(const numeric::NumericFnInfo& info, std::span<llvm::Value* const> args);
  virtual NumericResult emit_fast_or_library(llvm::Value* cond, const numeric::NumericFnInfo& info,
                                             std::span<llvm::Value* const> args,
                                             llvm::function_ref<NumericResult()> fast);

  ModuleContext& module_;
  const ir::Function& ir_;
  llvm::Function* function_;
  llvm::IRBuilder<> b_;
  llvm::Value* cancel_ = nullptr;          // const uint8_t*
  llvm::Value* tables_ = nullptr;          // see tables.h
  llvm::Value* depth_left_ = nullptr;      // i64, Python frames that callees may still enter
  unsigned width_ = 0;                     // lanes of the vectors being emitted; 0: scalars
  unsigned part_ = 0;                      // which vector of a varying value is being emitted
  unsigned int_bits_ = 64;                 // of the integers being emitted; 32 only in vectors
  std::set<Pair> floor_divided_, modulo_;  // operands of ifloordiv, of imod

 private:
  // Results that are shared between operations; what a block computed, blocks that only it leads to may use.
  struct Available {
    std::map<std::pair<ir::Op, Pair>, Checked> arithmetic;
    std::map<std::tuple<Pair, unsigned, unsigned>, DivMod> divisions;  // by operands, part and bits
  };

  // emit_function.cpp
  void prepare_blocks();
  void scan();
  void emit_deopt_if(const ir::Inst& inst);
  void emit_terminator(ir::BlockId block);
  void emit_branch(const ir::Terminator& end);
  void add_edge(const ir::Edge& edge);

  // emit_integers.cpp
  Checked emit_checked(ir::Op op, ir::ValueId a, ir::ValueId b);

  // emit_division.cpp
  DivMod emit_divmod_constant(llvm::Value* a, IntRange ra, int64_t c, bool needs_quotient);
  DivMod emit_divmod_magic(llvm::Value* a, IntRange ra, int64_t c, bool needs_quotient);
  DivMod emit_divmod_general(llvm::Value* a, llvm::Value* b, IntRange ra, IntRange rb, bool by_double,
                             bool guard_minus_one);
  DivMod emit_divmod_fast(llvm::Value* a, llvm::Value* b, bool by_double, bool maybe_negative);

  // emit_floats.cpp
  llvm::Value* emit_float_unary(llvm::Intrinsic::ID id, const ir::Inst& inst);
  llvm::Value* float_operand(llvm::Value* x);
  llvm::Value* factor(ir::ValueId v);
  llvm::Value* emit_is_finite(llvm::Value* x);
  llvm::Value* emit_is_inf(llvm::Value* x);

  // emit_numeric.cpp, emit_numeric_inline.cpp
  llvm::Value* emit_call_numeric(ir::ValueId v);
  NumericResult emit_numeric(ir::ValueId v, std::span<llvm::Value* const> args);
  NumericResult emit_library_call(const numeric::NumericFnInfo& info, std::span<llvm::Value* const> args);
  NumericResult emit_direct_call(const numeric::NumericFnInfo& info, std::span<llvm::Value* const> args);
  llvm::FunctionCallee declare(std::string name, const void* address, const numeric::NumericFnInfo& info, bool failed);
  NumericResult emit_float_to_int(llvm::Value* integral, IntRange range);
  NumericResult emit_round_digits(int64_t digits, std::span<llvm::Value* const> args);
  llvm::Value* emit_sum_compensation(llvm::Value* sum, llvm::Value* c, llvm::Value* x);
  NumericResult emit_isqrt(llvm::Value* a, IntRange range);
  NumericResult emit_small_power(llvm::Value* a, int64_t exponent);
  NumericResult emit_float_divmod(numeric::NumericFn fn, std::span<llvm::Value* const> args);

  // emit_foreign.cpp
  llvm::Value* emit_call_foreign(ir::ValueId v);

  // emit_tables.cpp
  llvm::Value* table_entry(llvm::Type* type, size_t offset, ir::ValueId index, int64_t otherwise);
  llvm::Value* emit_table_way(const ir::Inst& inst);
  llvm::Value* emit_table_value(const ir::Inst& inst);
  void emit_set_table_way(const ir::Inst& inst);
  void emit_set_table_value(const ir::Inst& inst);

  // emit_calls.cpp
  llvm::Value* emit_call(ir::ValueId v);
  llvm::Value* emit_call_result(const ir::Inst& inst);

  passes::ValueRanges ranges_;
  ir::BlockId block_ = 0;  // being emitted
  Dependence dependence_;
  std::vector<bool> sign_choices_;
  std::vector<llvm::Value*> values_;                                 // by ValueId
  std::map<ir::ValueId, llvm::Value*> calls_;                        // what each Call returns, results and status
  std::map<std::pair<ir::ValueId, unsigned>, llvm::Value*> failed_;  // of each CallNumeric and CallForeign, by part
  llvm::AllocaInst* failed_flag_ = nullptr;
  std::vector<llvm::BasicBlock*> blocks_;      // by BlockId; null where unreachable
  std::vector<ir::BlockId> order_;             // reverse postorder
  std::vector<int> predecessors_;              // edges from reachable blocks
  std::set<std::pair<ir::Op, Pair>> checked_;  // arithmetic that somewhere has its overflow test
  Available available_;
  std::map<ir::BlockId, Available> inherited_;
};

llvm::Type* llvm_type(ir::Type t, llvm::LLVMContext& context);

// Emits the kernel: the element function inside the loop over elements.
void emit_kernel(ModuleContext& module);
// Declares all functions but the element function, and then emits them.
void declare_functions(ModuleContext& module);
void emit_functions(ModuleContext& module);

}  // namespace gilmap::codegen
