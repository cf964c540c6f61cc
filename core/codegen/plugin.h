#pragma once
// What the shared library libgilmap_codegen exports: code generation, and with it LLVM, behind one function. LLVM's
// relocations and static objects take some milliseconds to load, which `import gilmap` must not wait for; so the Python
// module is linked without them, and loader/ opens the library when the first function is to be compiled.
//
// Both sides are built together and share the C++ standard library. Each has its own copy of ir, numeric and passes,
// which hold no state but the Python version; hence the argument below.

#include <cstdint>
#include <memory>
#include <string>

#include "codegen/kernel.h"

namespace gilmap::codegen {

struct Plugin {
  decltype(&codegen::compile) compile;
  decltype(&codegen::listing) listing;
  decltype(&codegen::lane_facts) lane_facts;
  decltype(&codegen::describe) describe;
};

}  // namespace gilmap::codegen

// `hexversion` goes to numeric::select_version(). To be called once.
extern "C" const gilmap::codegen::Plugin* gilmap_codegen_plugin(std::uint32_t hexversion);
