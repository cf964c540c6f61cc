#pragma once
// What differs between the LLVM versions that we accept: 19 and newer. LLVM 22 is what we test.

#include <llvm/Config/llvm-config.h>
#include <llvm/IR/Attributes.h>
#include <llvm/TargetParser/Triple.h>

#include <string>

#if LLVM_VERSION_MAJOR >= 20
#include <llvm/ExecutionEngine/Orc/AbsoluteSymbols.h>
#include <llvm/ExecutionEngine/Orc/SelfExecutorProcessControl.h>
#else
#include <llvm/ExecutionEngine/Orc/Core.h>
#include <llvm/ExecutionEngine/Orc/ExecutorProcessControl.h>
#endif

namespace gilmap::codegen {

#if LLVM_VERSION_MAJOR >= 21

// A triple, as LLVM's functions take it.
inline const llvm::Triple& as_argument(const llvm::Triple& triple) { return triple; }

// Of a pointer that the callee does not keep.
inline llvm::Attribute not_captured(llvm::LLVMContext& context) {
  return llvm::Attribute::getWithCaptureInfo(context, llvm::CaptureInfo::none());
}

#else

inline const std::string& as_argument(const llvm::Triple& triple) { return triple.str(); }

inline llvm::Attribute not_captured(llvm::LLVMContext& context) {
  return llvm::Attribute::get(context, llvm::Attribute::NoCapture);
}

#endif

}  // namespace gilmap::codegen
