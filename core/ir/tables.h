#pragma once
// How large the tables are that elements share, how many a function has, and values of all tables.

#include <algorithm>
#include <cstdint>

#include "ir/function.h"

namespace gilmap::ir {

// Indices: their ways fit the first-level cache, and their values the second.
constexpr int64_t table_length = 1 << 15;

struct TableCounts {
  int ways = 0, values = 0;
};

inline TableCounts count_tables(const Function& f) {
  TableCounts counts;
  for (const Block& block : f.blocks) {
    for (ValueId v : block.body) {
      const auto count = static_cast<int>(f[v].imm) + 1;
      if (f[v].op == Op::SetTableWay || f[v].op == Op::TableWay) counts.ways = std::max(counts.ways, count);
      if (f[v].op == Op::SetTableValue || f[v].op == Op::TableValue) counts.values = std::max(counts.values, count);
    }
  }
  return counts;
}

}  // namespace gilmap::ir
