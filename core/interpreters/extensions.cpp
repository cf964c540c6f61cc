#include "interpreters/extensions.h"

#include <cstring>
#include <mutex>
#include <unordered_map>

namespace gilmap::interpreters {
namespace {

struct Table {
  std::mutex mutex;
  std::unordered_map<std::string, std::string> verdicts;
};

Table& table() {
  static auto* t = new Table;  // never destroyed: a worker may outlast static destruction
  return *t;
}

// What CPython's own check says, in PyModule_FromDefAndSpec2() and
// _PyImport_CheckSubinterpIncompatibleExtensionAllowed.
const char* judge(const PyModuleDef* def) {
  if (!def->m_slots) return "it has single-phase initialisation, which does not support sub-interpreters";
  for (const PyModuleDef_Slot* slot = def->m_slots; slot->slot != 0; ++slot) {
    if (slot->slot != Py_mod_multiple_interpreters) continue;
    if (slot->value == Py_MOD_PER_INTERPRETER_GIL_SUPPORTED) return "";
    if (slot->value == Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED) return "it does not support sub-interpreters";
  }
  return "it does not support sub-interpreters with their own GIL";
}

}  // namespace

void note_extension(const std::string& name, PyObject* module) {
  if (!PyModule_Check(module)) return;
  const PyModuleDef* def = PyModule_GetDef(module);
  if (!def) {
    PyErr_Clear();
    return;
  }
  std::lock_guard lock(table().mutex);
  table().verdicts[name] = judge(def);
}

std::optional<std::string> extension_verdict(const std::string& name) {
  std::lock_guard lock(table().mutex);
  auto found = table().verdicts.find(name);
  if (found == table().verdicts.end()) return std::nullopt;
  return found->second;
}

}  // namespace gilmap::interpreters
