#pragma once
// The passes, their order, and the one runner that times and verifies them.

#include <functional>
#include <span>
#include <string_view>

#include "ir/function.h"

namespace gilmap::passes {

// Everything between the lifter and the code generator.
void run_pipeline(ir::Module& module);

// After it, where elements are computed one after the other: has them share what is the same for all of them. Lanes do
// not: under masks, a loop that is the same for all elements may become one that they leave by different ways.
void share_rounds(ir::Module& module);

// One pass by its name, on every function of the module; for file tests. False if there is no such pass.
bool run_pass(std::string_view name, ir::Module& module);
std::span<const std::string_view> pass_names();

// Called after every pass, with its name, its time and the function it ran on; for tests and debugging. Null: nobody.
// Not thread-safe: set it before any compile.
using Observer = std::function<void(std::string_view pass, double microseconds, const ir::Function& f)>;
void observe_passes(Observer observer);

}  // namespace gilmap::passes
