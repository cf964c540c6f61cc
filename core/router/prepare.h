#pragma once
// From a callable and types to a variant: lifted at once, compiled on a thread of its own.

#include <Python.h>

#include <memory>
#include <span>

#include "router/cache.h"

namespace gilmap::router {

// The known variant, or a new one, lifted here (with the GIL, 10 µs for an expression, some 0.1 ms for a page of code).
std::shared_ptr<Variant> lifted(Entry& entry, PyObject* callable, std::span<const ir::Type> types);
// Has it compiled in the background, unless that was done, or cannot be.
void begin_compile(Entry& entry, Variant& variant);
// Both.
std::shared_ptr<Variant> prepare(Entry& entry, PyObject* callable, std::span<const ir::Type> types);

// What a compile takes on this machine: the mean of the last ones of this process.
double usual_compile_ns();

// What computes the variant until its kernel is ready, if pyarrow.compute was imported and can. Null: no such thing. No
// exception is set.
arrow::Kernel* arrow_kernel(Variant& variant);

// Waits until the variant is compiled, the GIL released, signals served. False with a Python exception set.
bool await(const Variant& variant);

}  // namespace gilmap::router
