#pragma once
// What CPython runs of an element that is left to it, beyond what was lifted: `except` blocks, and the way to a raise.

#include <Python.h>

#include "lift/lifter.h"

namespace gilmap::lift {

// Proves that the paths of a function which are not lifted have no side effects either, and guards what the proof
// rests on. Such a path runs for some elements only and after others that kernels have computed, so that what it
// writes would be seen too late, or read from a baked constant. What is not known to be harmless counts as an effect.
//
// The proof is by instruction, without types: nothing is stored but in locals, and everything that is loaded and may be
// called is harmless, or a Python function for which the same holds. An operator of a user's class is trusted.
// Cost: about 10 ns per instruction of such paths; most functions have none.
class LeftPaths {
 public:
  explicit LeftPaths(ModuleLifter& module) : m_(module) {}
  // Throws LiftError. `function_node` is the guard path of the function, or -1.
  void check(const CodeInfo& info, int function_node);

 private:
  enum class Extent : uint8_t { Left, All, Initialiser };  // Initialiser: all, and `self.x = …` is no effect

  void scan(const CodeInfo& info, int function_node, Extent extent);
  void scan_instr(const CodeInfo& info, int i, int function_node, Extent extent);
  void scan_global(const CodeInfo& info, int i, int function_node, Extent extent);
  void scan_method(const CodeInfo& info, int i, int function_node, Extent extent);
  void scan_object(const CodeInfo& info, int i, PyObject* object, int node);
  void scan_class(const CodeInfo& info, int i, PyTypeObject* type);
  [[noreturn]] void effect(const CodeInfo& info, int i, const std::string& what);

  ModuleLifter& m_;
};

}  // namespace gilmap::lift
