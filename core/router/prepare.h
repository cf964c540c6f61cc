#pragma once
// From a callable and types to a variant: lifted at once, compiled on a thread of its own.

#include <Python.h>

#include <memory>
#include <span>

#include "router/cache.h"

namespace gilmap::router {

// The known variant, or a new one: lifted here (with the GIL, some 0.1 ms), compiled in the background.
std::shared_ptr<Variant> prepare(Entry& entry, PyObject* callable, std::span<const ir::Type> types);

// Waits until the variant is compiled, the GIL released, signals served. False with a Python exception set.
bool await(const Variant& variant);

}  // namespace gilmap::router
