#pragma once
// Functions that numba.vectorize has made, which compute whole columns: python/gilmap/_foreign/whole_columns.py says
// which, and when.

#include <optional>
#include <string>

#include "router/call_state.h"

namespace gilmap::router {

bool is_vectorized_by_numba(PyObject* func);

// The result of a call whose result is an array, if its function can compute the columns; or null with an exception
// set. Not: nullopt, and `why`; nothing has happened.
std::optional<Ref> run_whole_columns(CallState& call, std::string& why);

}  // namespace gilmap::router
