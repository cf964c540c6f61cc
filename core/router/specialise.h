#pragma once
// Second kernels of a function, which compute many elements at once where that can be had (spmd/), and take for granted
// that its inputs are small numbers, as most are: without the overflow checks that cannot fire there. They are compiled
// in the background once a function has run for a while: first the one of many elements, then, if bounds save
// something, one of single elements. The general kernel runs until then and for blocks of rows that are not within
// bounds. Where many elements at once turn out to be no faster (runtime/kernel_choice.h), it is the one of single
// elements.

#include <memory>

#include "columns/columns.h"
#include "router/cache.h"
#include "runtime/job.h"

namespace gilmap::router {

// The class of bounds that a sample of each column lies in, and what is made of it for this function.
std::vector<ir::IntRange> classes_of(const columns::Group& group);
void use_usual_classes(std::vector<ir::IntRange>& ranges, const ir::Function& f);
// The kernel, ready or not, for these classes, or for wider ones where that is known to miss values. Null if the rows
// are of too many classes.
Specialised* specialised_for(Variant& variant, const columns::Group& group);

// Has it compiled in the background, unless that was done.
void request(Specialised& specialised, const Variant& variant);
// Compiles it, unless that was done. Releases the GIL.
void make_now(Specialised& specialised, const Variant& variant);

}  // namespace gilmap::router
