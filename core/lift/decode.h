#pragma once
// Bytecode of the running CPython → the normal instruction set. All that differs between versions is here.

#include <Python.h>

#include <cstdint>
#include <vector>

namespace gilmap::lift {

enum class Code : uint8_t {
#define INSTR(name) name,
#include "lift/instructions.def"
#undef INSTR
};

enum class BinaryKind : uint8_t {
  Add,
  And,
  FloorDiv,
  LShift,
  MatMul,
  Mul,
  Mod,
  Or,
  Pow,
  RShift,
  Sub,
  TrueDiv,
  Xor,
  Subscript,
};

enum class CompareKind : uint8_t { Lt, Le, Eq, Ne, Gt, Ge };

struct Instr {
  Code code = Code::Nop;
  bool flag = false;
  int arg = 0;
  int target = -1;          // index of the instruction jumped to
  PyObject* obj = nullptr;  // borrowed from the code object
  int offset = 0;           // in bytes, for positions
};

// Instructions in order; indices, not byte offsets, name places. Super-instructions are taken apart.
std::vector<Instr> decode(PyCodeObject* code);

// Name of the opcode at a byte offset of the code ("LOAD_BUILD_CLASS"), for messages.
const char* opcode_name(int opcode);

}  // namespace gilmap::lift
