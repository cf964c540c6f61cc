#include "spmd/lanes.h"

namespace gilmap::spmd {

std::optional<ir::Module> to_lanes(const ir::Module& module, std::string* why) {
  if (module.functions.size() > 1) {
    *why = "recursive functions run one element at a time";
    return std::nullopt;
  }
  *why = "not done yet";
  return std::nullopt;
}

}  // namespace gilmap::spmd
