#pragma once
// Lane functions against the element functions that they were made of, lane by lane.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "ir/interpreter.h"
#include "ir/lane_interpreter.h"
#include "ir/printer.h"
#include "passes/numeric_table.h"

namespace gilmap::filetests {

// Which mask an element is in first is not laid down, only that it is left to CPython.
inline bool same_but_for_reason(ir::Outcome a, ir::Outcome b) {
  a.reason = b.reason = {};
  return a == b;
}

// The outcome of each row, in groups of `lanes` rows, or with all rows in one group, for 0 lanes. `backwards` has the
// last row in the first lane.
inline std::vector<ir::Outcome> run_in_lanes(const ir::Module& module, std::vector<std::vector<uint64_t>> rows,
                                             size_t lanes, bool backwards, ir::InterpreterOptions options) {
  if (lanes == 0) lanes = std::max<size_t>(rows.size(), 1);
  options.max_steps *= static_cast<int64_t>(4 * lanes);  // one path may follow the other
  if (backwards) std::ranges::reverse(rows);
  std::vector<ir::Outcome> outcomes;
  for (size_t begin = 0; begin < rows.size(); begin += lanes) {
    const std::span group(rows.begin() + static_cast<std::ptrdiff_t>(begin), std::min(lanes, rows.size() - begin));
    std::ranges::move(interpret_lanes(module, group, options), std::back_inserter(outcomes));
  }
  if (backwards) std::ranges::reverse(outcomes);
  return outcomes;
}

// What is wrong with `lanes`, made of `element`; "" if nothing is. Rows that are endless or broken, one element at a
// time, are left out.
inline std::string check_lanes(const ir::Module& element, const ir::Module& lanes,
                               const std::vector<std::vector<uint64_t>>& rows, const ir::InterpreterOptions& options) {
  std::vector<std::vector<uint64_t>> args;
  std::vector<ir::Outcome> expected;
  for (const std::vector<uint64_t>& row : rows) {
    ir::Outcome outcome = interpret(element, 0, row, options);
    if (outcome.kind != ir::Outcome::Kind::Returned && outcome.kind != ir::Outcome::Kind::Deopt) continue;
    args.push_back(row);
    expected.push_back(std::move(outcome));
  }
  for (size_t width : {1, 2, 8, 0}) {
    for (bool backwards : {false, true}) {
      const std::vector<ir::Outcome> outcomes = run_in_lanes(lanes, args, width, backwards, options);
      for (size_t i = 0; i < args.size(); ++i) {
        if (same_but_for_reason(outcomes[i], expected[i])) continue;
        std::string what = "arguments";
        for (uint64_t a : args[i]) what += " " + std::to_string(static_cast<int64_t>(a));
        const auto text = [](const ir::Outcome& o) {
          return "kind " + std::to_string(static_cast<int>(o.kind)) + " " +
                 (o.bits.empty() ? o.what : std::to_string(static_cast<int64_t>(o.bits[0])));
        };
        return what + ", row " + std::to_string(i) + (backwards ? ", backwards" : "") + ", groups of " +
               std::to_string(width) + ": " + text(outcomes[i]) + ", not " + text(expected[i]) + "\n" +
               print(lanes, {.numeric = passes::numeric_table()});
      }
    }
  }
  return "";
}

}  // namespace gilmap::filetests
