#pragma once
// Opens libgilmap_codegen, the shared library with LLVM in it, which lies beside the Python module: see
// codegen/plugin.h.

#include <memory>
#include <string>

#include "codegen/kernel.h"

namespace gilmap::loader {

// Where the library must be. It is looked for nowhere else: another one would be of another build.
const std::string& library_path();

// Whether a file lies there. Cheap enough to ask at import, which is when a broken installation should be noticed.
bool is_installed();

// codegen's functions of these names. The first call opens the library, which takes some 5 ms. If that fails, all calls
// do alike: compile(), lane_facts() and describe() return nothing with `error` set, listing() says why instead.
std::shared_ptr<codegen::Kernel> compile(const ir::Module& module, const codegen::CompileOptions& options,
                                         std::string* error);
std::string listing(const ir::Module& module, codegen::Listing what, const codegen::CompileOptions& options = {});
std::optional<codegen::LaneFacts> lane_facts(const ir::Module& module, std::string* error);
std::optional<codegen::Description> describe(std::string* error);

}  // namespace gilmap::loader
