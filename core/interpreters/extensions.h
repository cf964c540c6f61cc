#pragma once
// Which extension modules may be loaded in a worker. Asked before one is loaded, because afterwards is too late: a
// module that refuses has run its initialisation by then, and some end the process.

#include <Python.h>

#include <optional>
#include <string>

namespace gilmap::interpreters {

// Notes an extension module that is loaded in the main interpreter. Not for workers. Modules of Python code are none of
// ours.
void note_extension(const std::string& name, PyObject* module);

// Empty: may be loaded. Else why not. nullopt: not loaded in the main interpreter (yet), where it must be loaded first.
std::optional<std::string> extension_verdict(const std::string& name);

}  // namespace gilmap::interpreters
