#pragma once

#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

namespace gilmap::codegen {

// Our pass list; `vectorise` adds the loop vectoriser, for an element function without loops, calls and deopts.
// `lanes`: it is a lane function.
void optimise(llvm::Module& module, llvm::TargetMachine& machine, bool vectorise, bool lanes);

}  // namespace gilmap::codegen
