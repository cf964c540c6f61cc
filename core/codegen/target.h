#pragma once
// The CPU that we compile for, and target machines for it. Making one costs 0.2 ms, so they are kept for the next
// compile.

#include <llvm/Target/TargetMachine.h>

#include <expected>
#include <memory>
#include <string>

#include "codegen/kernel.h"

namespace gilmap::codegen {

// Initialises LLVM's native target, once.
void initialise_llvm();

// What Simd::Best stands for, and anything else that the CPU has for itself. An error says what is wrong, also with the
// environment variable.
std::expected<Simd, std::string> resolve(Simd simd);

// Lanes of a vector, 64 bits each; 0 if off.
int vector_lanes(Simd simd);
bool has_fma(Simd simd);

// Borrows a target machine; one thread uses it at a time. Null with `error` set if LLVM has no such target.
struct ReturnTargetMachine {
  Simd simd = Simd::Off;  // what the machine is for
  void operator()(llvm::TargetMachine* machine) const;
};
using TargetMachinePtr = std::unique_ptr<llvm::TargetMachine, ReturnTargetMachine>;
TargetMachinePtr borrow_target_machine(Simd simd, int opt_level, std::string* error);

}  // namespace gilmap::codegen
