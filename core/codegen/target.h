#pragma once
// The CPU that we compile for, and target machines for it. Making one costs 0.2 ms, so they are kept for the next
// compile.

#include <llvm/Target/TargetMachine.h>

#include <memory>
#include <string>

namespace gilmap::codegen {

// Initialises LLVM's native target, once.
void initialise_llvm();

bool host_has_fma();

// Borrows a target machine; one thread uses it at a time. Null with `error` set if LLVM has no such target.
struct ReturnTargetMachine {
  void operator()(llvm::TargetMachine* machine) const;
};
using TargetMachinePtr = std::unique_ptr<llvm::TargetMachine, ReturnTargetMachine>;
TargetMachinePtr borrow_target_machine(int opt_level, std::string* error);

}  // namespace gilmap::codegen
