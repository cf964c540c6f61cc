#include "lift/code_info.h"

#include <algorithm>

#include "support/py_ref.h"

namespace gilmap::lift {
namespace {

bool ends_path(Code c) {
  return c == Code::ReturnValue || c == Code::ReturnConst || c == Code::Raise || c == Code::Jump;
}

bool writes_local(const Instr& in) {
  return in.code == Code::StoreFast || in.code == Code::DeleteFast || in.code == Code::LoadFastAndClear ||
         in.code == Code::StoreDeref || in.code == Code::MakeCell;
}

bool reads_local(const Instr& in) {
  return in.code == Code::LoadFast || in.code == Code::LoadFastAndClear || in.code == Code::LoadDeref ||
         in.code == Code::LoadClosure || in.code == Code::MakeCell || in.code == Code::StoreDeref;
}

}  // namespace

CodeInfo::CodeInfo(PyCodeObject* c) : code(c), instrs(decode(c)), local_count(c->co_nlocalsplus) {
  size_t n = instrs.size();
  auto locals = static_cast<size_t>(local_count);
  join.assign(n + 1, false);
  must_raise.assign(n + 1, false);
  loop_end.assign(n + 1, -1);
  live.assign((n + 1) * locals, false);
  stores.assign(locals, 0);

  std::vector<int> entries(n + 1, 0);
  for (size_t i = 0; i < n; ++i) {
    const Instr& in = instrs[i];
    if (in.target >= 0) {
      ++entries[static_cast<size_t>(in.target)];
      if (in.target <= static_cast<int>(i)) {
        int& end = loop_end[static_cast<size_t>(in.target)];
        end = std::max(end, static_cast<int>(i));
      }
    }
    if (!ends_path(in.code)) ++entries[i + 1];
    if (writes_local(in) && in.arg < local_count) ++stores[static_cast<size_t>(in.arg)];
  }
  for (size_t i = 0; i <= n; ++i) join[i] = entries[i] > 1;
  int arguments =
      c->co_argcount + c->co_kwonlyargcount + ((c->co_flags & CO_VARARGS) != 0) + ((c->co_flags & CO_VARKEYWORDS) != 0);
  for (int k = 0; k < arguments && k < local_count; ++k) ++stores[static_cast<size_t>(k)];

  // Both analyses run backwards to a fixpoint; two or three sweeps do.
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = n; i-- > 0;) {
      const Instr& in = instrs[i];
      bool falls = !ends_path(in.code);
      bool jumps = in.target >= 0;
      bool raise = in.code == Code::Raise || ((falls || jumps) && (!falls || must_raise[i + 1]) &&
                                              (!jumps || must_raise[static_cast<size_t>(in.target)]));
      if (raise != must_raise[i]) {
        must_raise[i] = raise;
        changed = true;
      }
      for (size_t k = 0; k < locals; ++k) {
        bool l = (falls && live[(i + 1) * locals + k]) || (jumps && live[static_cast<size_t>(in.target) * locals + k]);
        auto touches = static_cast<size_t>(in.arg) == k;
        if (touches && writes_local(in)) l = false;
        if (touches && reads_local(in)) l = true;
        if (l != live[i * locals + k]) {
          live[i * locals + k] = l;
          changed = true;
        }
      }
    }
  }
  // A cell lives as long as its function: inner functions read it unseen.
  for (int k = 0; k < local_count; ++k) {
    auto kind = static_cast<unsigned char>(PyBytes_AS_STRING(c->co_localspluskinds)[k]);
    if (kind & (0x40 | 0x80)) {  // CO_FAST_CELL, CO_FAST_FREE
      for (size_t i = 0; i <= n; ++i) live[i * locals + static_cast<size_t>(k)] = true;
    }
  }
}

bool CodeInfo::stored_between(int local, int first, int last) const {
  for (int i = first; i <= last && i < static_cast<int>(instrs.size()); ++i) {
    if (writes_local(instrs[static_cast<size_t>(i)]) && instrs[static_cast<size_t>(i)].arg == local) return true;
  }
  return false;
}

int CodeInfo::line(int instr) const {
  if (instr < 0 || instr >= static_cast<int>(instrs.size())) return code->co_firstlineno;
  return PyCode_Addr2Line(code, instrs[static_cast<size_t>(instr)].offset);
}

SourcePosition CodeInfo::position(int instr) const {
  SourcePosition where;
  if (const char* s = PyUnicode_AsUTF8(code->co_filename)) where.file = s;
  if (const char* s = PyUnicode_AsUTF8(code->co_qualname)) where.function = s;
  PyErr_Clear();
  if (instr >= 0 && instr < static_cast<int>(instrs.size())) {
    int line = 0, column = 0, end_line = 0, end_column = 0;
    PyCode_Addr2Location(code, instrs[static_cast<size_t>(instr)].offset, &line, &column, &end_line, &end_column);
    where.line = line;
    where.column = column + 1;
    where.end_column = end_line == line ? end_column + 1 : 0;
  }
  return where;
}

std::string CodeInfo::local_name(int local) const {
  PyObject* name = PyTuple_GET_ITEM(code->co_localsplusnames, local);
  const char* s = PyUnicode_AsUTF8(name);
  if (!s) PyErr_Clear();
  return s ? s : "?";
}

}  // namespace gilmap::lift
