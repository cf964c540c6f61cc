#include "loader/loader.h"

#include <dlfcn.h>
#include <unistd.h>

#include <filesystem>

#include "codegen/plugin.h"
#include "numeric/functions.h"

namespace gilmap::loader {

namespace {

struct Opened {
  const codegen::Plugin* plugin = nullptr;
  std::string error;
};

Opened open_library() {
  const std::string& path = library_path();
  // Local: its symbols must not meet those of another LLVM in the process.
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  const char* why = library ? nullptr : dlerror();
  void* entry = library ? dlsym(library, "gilmap_codegen_plugin") : nullptr;
  if (library && !entry) why = dlerror();
  if (!entry) return {nullptr, "gilmap's code generator cannot be loaded: " + std::string(why ? why : path)};
  return {reinterpret_cast<decltype(&gilmap_codegen_plugin)>(entry)(numeric::selected_version()), {}};
}

// Never closed: kernels may live as long as the process.
const Opened& opened() {
  static const Opened library = open_library();
  return library;
}

}  // namespace

const std::string& library_path() {
  static const std::string path = [] {
    Dl_info self;
    std::string here;
    if (dladdr(reinterpret_cast<const void*>(&library_path), &self) != 0 && self.dli_fname) here = self.dli_fname;
    const size_t slash = here.rfind('/');
    const std::string folder = slash == std::string::npos ? std::string() : here.substr(0, slash + 1);
    return std::filesystem::absolute(folder + GILMAP_CODEGEN_LIBRARY).string();  // also true after a chdir
  }();
  return path;
}

bool is_installed() { return access(library_path().c_str(), R_OK) == 0; }

std::shared_ptr<codegen::Kernel> compile(const ir::Module& module, const codegen::CompileOptions& options,
                                         std::string* error) {
  const Opened& library = opened();
  if (library.plugin) return library.plugin->compile(module, options, error);
  if (error) *error = library.error;
  return nullptr;
}

std::optional<codegen::LaneFacts> lane_facts(const ir::Module& module, std::string* error) {
  const Opened& library = opened();
  if (library.plugin) return library.plugin->lane_facts(module, error);
  *error = library.error;
  return std::nullopt;
}

std::optional<codegen::Description> describe(std::string* error) {
  const Opened& library = opened();
  if (library.plugin) return library.plugin->describe();
  *error = library.error;
  return std::nullopt;
}

std::string listing(const ir::Module& module, codegen::Listing what, const codegen::CompileOptions& options) {
  const Opened& library = opened();
  return library.plugin ? library.plugin->listing(module, what, options) : library.error;
}

}  // namespace gilmap::loader
