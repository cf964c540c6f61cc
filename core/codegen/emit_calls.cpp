// The recursive functions of a module, and calls of them.
//
// Each is a function (depth, cancel, arguments) -> {results, status}, all in registers. `depth` counts the Python
// frames that may still be entered; a function takes its share at entry and deopts if there is none. The count also
// bounds the native stack: see depth_cap in compile.cpp. A status other than status_ok is passed up to the kernel.

#include <string>

#include "codegen/emitter.h"

namespace gilmap::codegen {

using llvm::Value;

namespace {

constexpr unsigned first_argument = 2;

class RecursiveFunction final : public FunctionEmitter {
 public:
  RecursiveFunction(ModuleContext& module, const ir::Function& ir, llvm::Function* function)
      : FunctionEmitter(module, ir, function) {}

  void emit() {
    b_.SetInsertPoint(new_block("entry"));
    cancel_ = function_->getArg(1);
    depth_left_ = b_.CreateSub(function_->getArg(0), b_.getInt64(static_cast<uint64_t>(ir_.depth)), "depth_left");
    leave_if(b_.CreateICmpSLT(depth_left_, b_.getInt64(0)), deopt_exit(ir::DeoptReason::Depth));
    if (calls()) emit_poll();  // recursion is a loop
    for (size_t i = 0; i < ir_.blocks[0].params.size(); ++i)
      bind(ir_.blocks[0].params[i], function_->getArg(first_argument + static_cast<unsigned>(i)));
    emit_blocks();
  }

 private:
  bool calls() const {
    for (const ir::Block& block : ir_.blocks)
      for (ir::ValueId v : block.body)
        if (ir_[v].op == ir::Op::Call) return true;
    return false;
  }

  void emit_return(Value* status, const std::vector<ir::ValueId>& values) {
    Value* all = llvm::PoisonValue::get(function_->getReturnType());
    unsigned n = 0;
    for (ir::ValueId v : values) all = b_.CreateInsertValue(all, value(v), n++);
    all = b_.CreateInsertValue(all, status, static_cast<unsigned>(ir_.result_types.size()));
    b_.CreateRet(all);
  }

  llvm::BasicBlock* exit(uint8_t status) {
    llvm::BasicBlock*& block = exits_[status];
    if (!block) {
      block = new_block("exit");
      llvm::IRBuilderBase::InsertPointGuard guard(b_);
      b_.SetInsertPoint(block);
      emit_return(b_.getInt8(status), {});
    }
    return block;
  }

  void emit_ret(const std::vector<ir::ValueId>& values) override { emit_return(b_.getInt8(status_ok), values); }
  llvm::BasicBlock* deopt_exit(ir::DeoptReason why) override { return exit(status_of(why)); }
  llvm::BasicBlock* cancel_exit() override { return exit(status_cancelled); }
  void emit_callee_failed(Value* status) override { emit_return(status, {}); }

  std::map<uint8_t, llvm::BasicBlock*> exits_;
};

}  // namespace

void declare_functions(ModuleContext& module) {
  llvm::LLVMContext& context = module.context();
  module.functions.assign(module.ir.functions.size(), nullptr);
  for (size_t i = 1; i < module.ir.functions.size(); ++i) {
    const ir::Function& f = module.ir.functions[i];
    std::vector<llvm::Type*> results, params{llvm::Type::getInt64Ty(context), llvm::PointerType::get(context, 0)};
    for (ir::Type t : f.result_types)
      if (t != ir::Type::Void) results.push_back(llvm_type(t, context));
    results.push_back(llvm::Type::getInt8Ty(context));
    for (ir::ValueId p : f.blocks[0].params) params.push_back(llvm_type(f.type(p), context));
    auto* type = llvm::FunctionType::get(llvm::StructType::get(context, results), params, false);
    auto* function =
        llvm::Function::Create(type, llvm::Function::InternalLinkage, "f" + std::to_string(i), module.llvm);
    function->setCallingConv(llvm::CallingConv::Fast);
    function->setDoesNotThrow();
    function->addFnAttr("warn-stack-size", "0");  // reports the size of the frame: see compile.cpp
    module.functions[i] = function;
  }
}

void emit_functions(ModuleContext& module) {
  for (size_t i = 1; i < module.ir.functions.size(); ++i)
    RecursiveFunction(module, module.ir.functions[i], module.functions[i]).emit();
}

Value* FunctionEmitter::emit_call(ir::ValueId v) {
  const ir::Inst& inst = ir_[v];
  llvm::Function* callee = module_.functions[static_cast<size_t>(inst.imm)];
  GILMAP_CHECK(callee && "the element function is not called");
  std::vector<Value*> args{depth_left_, cancel_};
  for (ir::ValueId a : inst.args) args.push_back(value(a));
  llvm::CallInst* call = b_.CreateCall(callee, args);
  call->setCallingConv(llvm::CallingConv::Fast);

  unsigned last = llvm::cast<llvm::StructType>(call->getType())->getNumElements() - 1;
  Value* status = b_.CreateExtractValue(call, last);
  llvm::BasicBlock* failed = new_block("callee_failed");
  leave_if(b_.CreateIsNotNull(status), failed);
  {
    llvm::IRBuilderBase::InsertPointGuard guard(b_);
    b_.SetInsertPoint(failed);
    emit_callee_failed(status);
  }
  calls_[v] = call;
  return last > 0 ? b_.CreateExtractValue(call, 0) : nullptr;
}

Value* FunctionEmitter::emit_call_result(const ir::Inst& inst) {
  return b_.CreateExtractValue(calls_.at(inst.args[0]), static_cast<unsigned>(inst.imm));
}

}  // namespace gilmap::codegen
