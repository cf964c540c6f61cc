#pragma once
// Where the tables of passes/tabulate_loops.h and resume_loops.h lie in the memory that a kernel is given for them: the
// ways of all tables, a byte for each index, and behind them the values, 8 bytes each.
//
// Each has two entries more than indices. An index that is too large reads the first of them, which is never written,
// and writes the second, which is never read, so that there is nothing to branch on.

#include <cstddef>
#include <cstdint>

#include "ir/tables.h"

namespace gilmap::codegen {

struct Tables {
  static constexpr int64_t length = ir::table_length;
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
  const ir::TableCounts counts = ir::count_tables(f);
  Tables tables;
  tables.ways = counts.ways;
  tables.values = counts.values;
  return tables;
}

}  // namespace gilmap::codegen
