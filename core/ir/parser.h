#pragma once
// Reads the text form described in printer.h. Says what is wrong with the text, not with the program:
// that is the verifier's part. Function names, comments and blank lines aside, print(parse(text)) == text.

#include <expected>
#include <string>
#include <string_view>

#include "ir/function.h"
#include "ir/numeric_table.h"

namespace gilmap::ir {

struct ParseError {
  int line = 0;  // both count from 1
  int column = 0;
  std::string message;

  std::string text() const { return std::to_string(line) + ":" + std::to_string(column) + ": " + message; }
};

std::expected<Module, ParseError> parse(std::string_view text, NumericTable numeric = {});

// A double as print_double writes it, or in any other decimal form; false if the text is something else.
bool parse_double(std::string_view text, double* x);

}  // namespace gilmap::ir
