#pragma once
// Memory of columns. Large blocks lie on huge pages where the system has them: a fresh 8 MB column otherwise costs
// 2,000 page faults, which is as much as filling it.

#include <cstddef>
#include <cstdint>
#include <memory>

namespace gilmap::columns {

constexpr size_t huge_page = size_t{2} << 20;

// Uninitialised, aligned to 64 bytes or better. Throws std::bad_alloc. Needs no GIL, nor does freeing it.
std::shared_ptr<char> allocate(size_t bytes);

// Address space for `bytes`, aligned to huge pages and asking for them, or null. For munmap().
char* map_huge(size_t bytes);

// Asks for huge pages for memory that somebody else allocated and nobody has touched. A hint: never fails.
void advise_huge(void* data, size_t bytes);

}  // namespace gilmap::columns
