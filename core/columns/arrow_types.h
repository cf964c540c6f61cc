#pragma once
// Types of Arrow columns.

#include <optional>
#include <string>

#include "columns/arrow_abi.h"
#include "columns/columns.h"

namespace gilmap::columns {

// How the elements are stored, or nullopt for a type that we do not take. The null type has no elements: see
// is_null_type().
std::optional<Stored> stored_type(const ArrowSchema& schema);
bool is_null_type(const ArrowSchema& schema);

// The type in pyarrow's words, for an error message.
std::string arrow_type_name(const ArrowSchema& schema);

}  // namespace gilmap::columns
