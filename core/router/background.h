#pragma once
// Compile work on threads of its own.

#include <functional>

namespace gilmap::router {

// Runs the work on a thread. finish_compiles() and a fork wait for it, so it must end by itself, soon.
void in_background(std::function<void()> work);

// Waits until `done`, which some work brings about; the GIL is released meanwhile and signals are served. False with a
// Python exception set.
bool wait_for_background(const std::function<bool()>& done);

// Waits for compiles that are under way; for the end of the process.
void finish_compiles();

}  // namespace gilmap::router
