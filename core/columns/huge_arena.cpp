// Problem: CPython takes memory for small objects in arenas of 1 MiB, fresh from the system. 10^6 floats in a new list
// cost 8,000 page faults, which is more than half of the time to make them.
// Method: while a large result is boxed, the arena allocator is ours (PyObject_SetArenaAllocator) and hands out pieces
// of a larger mapping that asked for huge pages. The default's `free` is left in place: it is munmap(), which takes
// pieces of a mapping one by one, so the arenas need no owner and live as long as their objects.
// Invariants:
//   The allocator is swapped only within a Use, under the GIL, with no Python code in between, and always restored.
//   It is process-wide, and an interpreter with a GIL of its own may ask for an arena meanwhile. Only the function
//   pointer differs while it is swapped (the context and `free` stay the default's), and on threads without a Use the
//   function passes the request on. So what the other thread reads is right whichever of the two it reads.
//   A tool that has set an arena allocator of its own is left alone.
// Cost: a float at 10^6 takes 5 ns instead of 15.

#include "columns/huge_arena.h"

#include <Python.h>
#include <sys/mman.h>

#include "columns/memory.h"

#if defined(__linux__) && defined(MADV_HUGEPAGE) && defined(WITH_PYMALLOC) && !defined(Py_GIL_DISABLED) && \
    !defined(Py_DEBUG)
#include <dlfcn.h>
#define GILMAP_HUGE_ARENAS 1
#else
#define GILMAP_HUGE_ARENAS 0
#endif

namespace gilmap::columns {

HugeArenas::~HugeArenas() {
  if (next_ != end_) {
    munmap(next_, static_cast<size_t>(end_ - next_));
  }
}

#if GILMAP_HUGE_ARENAS

namespace {

constexpr size_t mapping = size_t{32} << 20;

thread_local HugeArenas* in_use = nullptr;

// CPython's own allocator, or null functions if another one was set when we looked first. Its functions have no names
// that we could compare with; that they come from the same library as PyObject_Malloc tells as much.
const PyObjectArenaAllocator& default_allocator() {
  static const PyObjectArenaAllocator a = [] {
    PyObjectArenaAllocator now;
    PyObject_GetArenaAllocator(&now);
    Dl_info alloc, free, python;
    const bool own = dladdr(reinterpret_cast<void*>(now.alloc), &alloc) &&
                     dladdr(reinterpret_cast<void*>(now.free), &free) &&
                     dladdr(reinterpret_cast<void*>(&PyObject_Malloc), &python) &&
                     alloc.dli_fbase == python.dli_fbase && free.dli_fbase == python.dli_fbase && !now.ctx;
    return own ? now : PyObjectArenaAllocator{};
  }();
  return a;
}

}  // namespace

void* HugeArenas::allocate(void* context, size_t bytes) {
  HugeArenas* arenas = in_use;
  // Pieces must tile the huge pages. CPython's arenas are 1 MiB (256 KiB where it was built without its radix tree).
  if (!arenas || bytes == 0 || bytes > mapping || mapping % bytes != 0) {
    return default_allocator().alloc(context, bytes);
  }
  if (static_cast<size_t>(arenas->end_ - arenas->next_) < bytes) {
    char* fresh = map_huge(mapping);
    if (!fresh) {
      return default_allocator().alloc(context, bytes);
    }
    if (arenas->next_ != arenas->end_) {
      munmap(arenas->next_, static_cast<size_t>(arenas->end_ - arenas->next_));
    }
    arenas->next_ = fresh;
    arenas->end_ = fresh + mapping;
  }
  char* piece = arenas->next_;
  arenas->next_ += bytes;
  return piece;
}

bool HugeArenas::available() {
  return default_allocator().alloc != nullptr && PyInterpreterState_Get() == PyInterpreterState_Main();
}

HugeArenas::Use::Use(HugeArenas* arenas) : arenas_(arenas) {
  if (!arenas_) {
    return;
  }
  PyObjectArenaAllocator now;
  PyObject_GetArenaAllocator(&now);
  const PyObjectArenaAllocator& expected = default_allocator();
  if (now.alloc != expected.alloc || now.free != expected.free || now.ctx != expected.ctx) {
    arenas_ = nullptr;
    return;
  }
  in_use = arenas_;
  now.alloc = &HugeArenas::allocate;
  PyObject_SetArenaAllocator(&now);
}

HugeArenas::Use::~Use() {
  if (arenas_) {
    PyObjectArenaAllocator original = default_allocator();
    PyObject_SetArenaAllocator(&original);
    in_use = nullptr;
  }
}

#else

bool HugeArenas::available() { return false; }
HugeArenas::Use::Use(HugeArenas*) : arenas_(nullptr) {}
HugeArenas::Use::~Use() = default;

#endif

}  // namespace gilmap::columns
