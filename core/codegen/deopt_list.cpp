#include "codegen/deopt_list.h"

#include <algorithm>
#include <utility>

namespace gilmap::codegen {

void close_deopts(KernelArgs* args, int64_t count, int64_t limit) {
  const int64_t first = args->deopt_count;
  std::vector<std::pair<int64_t, uint8_t>> entries;
  for (int64_t i = first; i < count; ++i) {
    if (args->deopts[i] < limit) entries.emplace_back(args->deopts[i], args->deopt_reasons[i]);
  }
  std::ranges::sort(entries);
  int64_t end = first;
  for (auto [index, reason] : entries) {
    args->deopts[end] = index;
    args->deopt_reasons[end++] = reason;
  }
  // Release: whoever acquires the count sees the entries.
  __atomic_store_n(&args->deopt_count, end, __ATOMIC_RELEASE);
}

}  // namespace gilmap::codegen
