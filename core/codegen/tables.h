#pragma once
// Where the tables of passes/tabulate_loops.h lie in the memory that a kernel is given for them: the ways of all
// tables, a byte for each index, and behind them the values, 8 bytes each.
//
// Each has two entries more than indices. An index that is too large reads the first of them, which is never written,
// and writes the second, which is never read, so that there is nothing to branch on.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "ir/function.h"

namespace gilmap::codegen {

struct Tables {
  static constexpr int64_t length =
      1 << 15;  // indices: their ways fit the first-level cache, and their values the second
  static constexpr int64_t unwritten = length, unread = length + 1;

  int ways = 0;    // how many tables
  int values = 0;  // of all tables

  static size_t offset_of_way(int table) { return static_cast<size_t>(table) * bytes_of_ways; }
  size_t offset_of_value(int value) const { return bytes_to_clear() + static_cast<size_t>(value) * bytes_of_values; }
  size_t bytes() const { return offset_of_value(values); }
  // From the front: what has to be 0 to begin with.
  size_t bytes_to_clear() const { return offset_of_way(ways); }

 private:
  static constexpr size_t bytes_of_ways = length + 64, bytes_of_values = 8 * (length + 8);
};

// Of all that is in the function.
inline Tables tables_of(const ir::Function& f) {
  Tables tables;
  for (const ir::Block& block : f.blocks) {
    for (ir::ValueId v : block.body) {
      const auto count = static_cast<int>(f[v].imm) + 1;
      if (f[v].op == ir::Op::SetTableWay) tables.ways = std::max(tables.ways, count);
      if (f[v].op == ir::Op::TableWay) tables.ways = std::max(tables.ways, count);
      if (f[v].op == ir::Op::SetTableValue) tables.values = std::max(tables.values, count);
      if (f[v].op == ir::Op::TableValue) tables.values = std::max(tables.values, count);
    }
  }
  return tables;
}

}  // namespace gilmap::codegen
