#include "runtime/kernel_tables.h"

#include <cstring>

#include "support/check.h"

namespace gilmap::runtime {

void* KernelTables::of(const codegen::Kernel& kernel, uint64_t job, bool* cleared) {
  if (kernel.tables.ways == 0) return nullptr;
  if (job != job_) {
    for (Memory& memory : memory_) memory.kernel = nullptr;
    job_ = job;
  }
  for (Memory& memory : memory_) {
    if (memory.kernel == &kernel) return memory.bytes.get();
    if (memory.kernel != nullptr) continue;
    if (memory.size < kernel.tables.bytes()) {
      memory.bytes = std::make_unique_for_overwrite<char[]>(kernel.tables.bytes());
      memory.size = kernel.tables.bytes();
    }
    std::memset(memory.bytes.get(), 0, kernel.tables.bytes_to_clear());
    memory.kernel = &kernel;
    *cleared = true;
    return memory.bytes.get();
  }
  GILMAP_UNREACHABLE();
}

}  // namespace gilmap::runtime
