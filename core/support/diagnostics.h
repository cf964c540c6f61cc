#pragma once
// What we say about Python code that is not compiled. A value, never a Python exception:
// the function still runs, in the interpreter.

#include <string>

namespace gilmap {

// Where in the user's source something stands. Lines and columns count from 1; 0 means unknown.
struct SourcePosition {
  std::string file;
  std::string function;
  int line = 0;
  int column = 0;      // in bytes of UTF-8
  int end_column = 0;  // behind it, if it ends on the same line
};

// One obstacle: what stands in the way, in a plain sentence, and where.
struct Unsupported {
  SourcePosition where;
  std::string what;
  bool side_effect = false;  // the obstacle writes to something shared

  std::string message() const { return where.line > 0 ? "line " + std::to_string(where.line) + ": " + what : what; }
};

}  // namespace gilmap
