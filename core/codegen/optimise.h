#pragma once

#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

namespace gilmap::codegen {

// Our pass list; `vectorise` adds the loop vectoriser, for an element function without loops, calls and deopts.
void optimise(llvm::Module& module, llvm::TargetMachine& machine, bool vectorise);

}  // namespace gilmap::codegen
