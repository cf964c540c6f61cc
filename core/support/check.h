#pragma once
// GILMAP_CHECK states an invariant of ours. A violation is our bug: it stops a debug or sanitizer
// build, and costs nothing in a release build (the library never aborts there).

#ifdef NDEBUG
#define GILMAP_CHECK(cond) ((void)sizeof(!(cond)))
#define GILMAP_UNREACHABLE() __builtin_unreachable()
#else
#include <cstdio>
#include <cstdlib>
#define GILMAP_CHECK(cond) \
  ((cond) ? (void)0        \
          : (std::fprintf(stderr, "%s:%d: internal check failed: %s\n", __FILE__, __LINE__, #cond), std::abort()))
#define GILMAP_UNREACHABLE() \
  (std::fprintf(stderr, "%s:%d: unreachable code reached\n", __FILE__, __LINE__), std::abort())
#endif
