#pragma once
// Facts about one code object that do not depend on types: where paths join, which locals live on, where every
// path ends in a raise.

#include <Python.h>

#include <string>
#include <vector>

#include "lift/decode.h"
#include "support/diagnostics.h"

namespace gilmap::lift {

class CodeInfo {
 public:
  explicit CodeInfo(PyCodeObject* code);

  PyCodeObject* code;  // borrowed
  std::vector<Instr> instrs;
  int local_count;               // locals, cells and free variables
  std::vector<bool> join;        // more than one path leads here, so states meet
  std::vector<bool> must_raise;  // every path from here ends in a raise
  // live[i * local_count + k]: local k may be read at or after instruction i before it is written.
  std::vector<bool> live;
  std::vector<int> stores;  // how often a local is written, its argument counted
  // For a loop header: the last instruction that jumps back to it; else -1.
  std::vector<int> loop_end;

  bool is_live(int instr, int local) const {
    return live[static_cast<size_t>(instr) * static_cast<size_t>(local_count) + static_cast<size_t>(local)];
  }
  bool stored_between(int local, int first, int last) const;
  int line(int instr) const;
  SourcePosition position(int instr) const;
  std::string local_name(int local) const;
};

}  // namespace gilmap::lift
