#include "codegen/plugin.h"

#include "numeric/functions.h"

extern "C" __attribute__((visibility("default"))) const gilmap::codegen::Plugin* gilmap_codegen_plugin(
    std::uint32_t hexversion) {
  gilmap::numeric::select_version(hexversion);
  static constexpr gilmap::codegen::Plugin plugin = {&gilmap::codegen::compile, &gilmap::codegen::listing,
                                                     &gilmap::codegen::lane_facts, &gilmap::codegen::describe};
  return &plugin;
}
