#include "ir/foreign.h"

namespace gilmap::ir {

namespace {

constexpr ForeignTypeInfo table[] = {
#define FOREIGN_TYPE(name, text, type, bits, is_signed) {text, Type::type, bits, is_signed},
#include "ir/foreign_types.def"
#undef FOREIGN_TYPE
};

}  // namespace

const ForeignTypeInfo& info(ForeignType t) { return table[static_cast<size_t>(t)]; }

std::optional<ForeignType> foreign_type(std::string_view text) {
  for (size_t i = 0; i < std::size(table); ++i)
    if (text == table[i].text) return static_cast<ForeignType>(i);
  return std::nullopt;
}

const char* text(ForeignAbi abi) {
  switch (abi) {
    case ForeignAbi::C:
      return "c";
    case ForeignAbi::Numba:
      return "numba";
  }
  return "?";
}

}  // namespace gilmap::ir
