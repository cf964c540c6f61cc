#pragma once
// The memory for kernels' tables (codegen/tables.h): one thread's, for the kernels of one job at a time.

#include <array>
#include <cstdint>
#include <memory>

#include "codegen/kernel.h"

namespace gilmap::runtime {

class KernelTables {
 public:
  // Cleared where the kernel has not had it in this job; `cleared` is then set. Null for a kernel without tables.
  void* of(const codegen::Kernel& kernel, uint64_t job, bool* cleared);

 private:
  struct Memory {
    const codegen::Kernel* kernel = nullptr;
    std::unique_ptr<char[]> bytes = nullptr;
    size_t size = 0;
  };

  uint64_t job_ = 0;
  std::array<Memory, 3> memory_;  // a job has three kernels at most: the general one, the second, and that one's single
};

}  // namespace gilmap::runtime
