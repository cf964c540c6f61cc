#pragma once
// Functions of other compilers that a module calls by their address: those of Numba and of C.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/types.h"

namespace gilmap::ir {

// What the other compiler calls the type, and the type of ours that it travels as.
enum class ForeignType : uint8_t {
#define FOREIGN_TYPE(name, text, type, bits, is_signed) name,
#include "ir/foreign_types.def"
#undef FOREIGN_TYPE
};

struct ForeignTypeInfo {
  const char* text;
  Type type;       // None travels as a bool that is false
  int bits;        // in memory
  bool is_signed;  // an integer that is sign-extended
};

const ForeignTypeInfo& info(ForeignType t);
std::optional<ForeignType> foreign_type(std::string_view text);

enum class ForeignAbi : uint8_t {
  C,      // result = f(args…)
  Numba,  // int32 status = f(result*, excinfo**, args…); a status other than 0 asks for the caller's interpreter
};

const char* text(ForeignAbi abi);

// An argument is cut down to its type: an int keeps its low bits, a float is rounded. A result is widened.
struct Foreign {
  std::string name;
  ForeignAbi abi = ForeignAbi::C;
  std::vector<ForeignType> params;
  ForeignType result = ForeignType::None;
  uint64_t address = 0;  // whoever has the module keeps the code there alive
};

}  // namespace gilmap::ir
