#include "interpreters/keyword_names.h"

#include <Python.h>

#include "support/py_ref.h"

namespace gilmap::interpreters {

#if PY_VERSION_HEX < 0x030D0000

namespace {

void make_immortal(PyObject* o) {
  if (!_Py_IsImmortal(o)) o->ob_refcnt = _Py_IMMORTAL_REFCNT;
}

}  // namespace

void keep_keyword_names() {
  static const char* const keywords[] = {"keyword", nullptr};
  auto* ours = new _PyArg_Parser{};  // in the chain for ever
  ours->format = "|O:gilmap";
  ours->keywords = keywords;
  Ref no_arguments = Ref::steal(PyTuple_New(0));
  PyObject* unused = nullptr;
  if (!no_arguments || !_PyArg_ParseTupleAndKeywordsFast(no_arguments.get(), nullptr, ours, &unused)) {
    PyErr_Clear();
    return;
  }
  for (const _PyArg_Parser* parser = ours; parser != nullptr; parser = parser->next) {
    if (parser->kwtuple == nullptr) continue;
    make_immortal(parser->kwtuple);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(parser->kwtuple); ++i) {
      make_immortal(PyTuple_GET_ITEM(parser->kwtuple, i));
    }
  }
}

#else

void keep_keyword_names() {}

#endif

}  // namespace gilmap::interpreters
