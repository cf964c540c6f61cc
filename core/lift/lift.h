#pragma once
// A Python callable, specialised on the types of its arguments, becomes an IR module.
//
// Bytecode is interpreted abstractly: the state at an instruction is a type and an SSA value for each local and stack
// slot. Where paths join, a block is identified by the instruction and the types of all slots, so a block that is met
// with other types becomes another version of it (basic block versioning, Chevalier-Boisvert and Feeley, ECOOP 2015).
// Called Python functions are lifted in place; recursive ones become functions of the module.
//
// Lifting proves the absence of side effects: an instruction that could have one is not lifted, and the paths that are
// left to CPython are searched for one (left_paths.h). It runs no code of the user's. Cost: about 1 µs per instruction
// and version.

#include <Python.h>

#include <expected>
#include <span>
#include <vector>

#include "ir/function.h"
#include "lift/guards.h"
#include "support/diagnostics.h"

namespace gilmap::lift {

// What the callable itself is, where it is the function of another compiler.
struct ForeignCallable {
  bool is_one = false;
  ir::ForeignAbi abi = ir::ForeignAbi::C;
  bool pure = true;         // else its elements are computed in order, on the calling thread, each once
  bool may_repeat = false;  // an element may be left to CPython after the call: of no use where it is not pure
};

enum class ForeignKind : uint8_t { None, NumbaDispatcher, CtypesPointer };
// Of a callable, by its type.
ForeignKind foreign_kind(PyObject* callable);

// One of NumPy's own ufuncs, which give NumPy scalars for Python numbers. They are lifted for calls whose results are
// an array.
bool is_numpy_ufunc(PyObject* callable);

struct Lifted {
  ir::Module module;
  Guards guards;
  ForeignCallable foreign;
};

// Needs the GIL; leaves no Python exception set.
std::expected<Lifted, Unsupported> lift(PyObject* callable, std::span<const ir::Type> arg_types);

// The object whose lifetime compiled code of the callable should share: its code object, or the builtin itself. Null
// if there is none. Borrowed.
PyObject* cache_owner(PyObject* callable);

}  // namespace gilmap::lift
