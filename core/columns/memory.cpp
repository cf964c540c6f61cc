#include "columns/memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace gilmap::columns {

namespace {
constexpr size_t advise_from = 2 * huge_page;
constexpr size_t map_from = 16 * huge_page;  // below it, malloc keeps the memory for the next call

size_t round_up(size_t n, size_t to) { return (n + to - 1) / to * to; }
}  // namespace

char* map_huge(size_t bytes) {
  bytes = round_up(bytes, huge_page);
  // One huge page more than needed, so that an aligned run of the right length lies within; the rest is given back.
  void* p = mmap(nullptr, bytes + huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) {
    return nullptr;
  }
  char* start = static_cast<char*>(p);
  char* aligned = reinterpret_cast<char*>(round_up(reinterpret_cast<uintptr_t>(p), huge_page));
  if (aligned != start) {
    munmap(start, static_cast<size_t>(aligned - start));
  }
  munmap(aligned + bytes, huge_page - static_cast<size_t>(aligned - start));
  advise_huge(aligned, bytes);
  return aligned;
}

void advise_huge(void* data, size_t bytes) {
#ifdef MADV_HUGEPAGE
  const uintptr_t begin = round_up(reinterpret_cast<uintptr_t>(data), huge_page);
  const uintptr_t end = (reinterpret_cast<uintptr_t>(data) + bytes) / huge_page * huge_page;
  if (begin < end) {
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
  }
#else
  (void)data;
  (void)bytes;
#endif
}

std::shared_ptr<char> allocate(size_t bytes) {
  if (bytes >= map_from) {
    bytes = round_up(bytes, huge_page);
    char* p = map_huge(bytes);
    if (!p) {
      throw std::bad_alloc();
    }
    return {p, [bytes](char* q) { munmap(q, bytes); }};
  }
  void* p = std::aligned_alloc(64, round_up(bytes ? bytes : 1, 64));
  if (!p) {
    throw std::bad_alloc();
  }
  if (bytes >= advise_from) {
    advise_huge(p, bytes);
  }
  return {static_cast<char*>(p), [](char* q) { std::free(q); }};
}

}  // namespace gilmap::columns
