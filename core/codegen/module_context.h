#pragma once
// What the emitters of one module share.

#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "codegen/kernel.h"
#include "codegen/tables.h"
#include "ir/function.h"

namespace gilmap::codegen {

struct ModuleContext {
  const ir::Module& ir;
  llvm::Module& llvm;
  Simd simd = Simd::Off;                            // of the target, and so is
  Tables tables = {};                               // of the element function
  bool has_fma = false;                             // only for sequences that are exact by proof
  std::vector<llvm::Function*> functions = {};      // of ir.functions, by index; null for the element function
  std::set<std::string> one_by_one = {};            // what lanes do one after the other, for LaneFacts
  std::map<std::string, const void*> symbols = {};  // addresses in this process that the code names

  llvm::LLVMContext& context() const { return llvm.getContext(); }
};

// How an activation of a function other than the element function ended, beside its results.
// In between lie the deopts: 1 + the reason.
constexpr uint8_t status_ok = 0;
constexpr uint8_t status_cancelled = 255;
constexpr uint8_t status_of(ir::DeoptReason why) { return static_cast<uint8_t>(1 + static_cast<uint8_t>(why)); }

// Symbols of every module. The cap is an int64_t beside the code: frames that the native stack has room for.
constexpr const char* kernel_symbol = "kernel";
constexpr const char* depth_cap_symbol = "depth_cap";

}  // namespace gilmap::codegen
