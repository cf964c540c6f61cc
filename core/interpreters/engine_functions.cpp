// What worker.py calls: functions of the engine, given to each worker's module. They know their worker by a capsule.

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "interpreters/extensions.h"
#include "interpreters/pool.h"
#include "interpreters/worker.h"

namespace gilmap::interpreters {
namespace {

Worker* worker_of(PyObject* self) { return static_cast<Worker*>(PyCapsule_GetPointer(self, nullptr)); }

PyObject* emit(PyObject* self, PyObject* args) {
  int stream;
  PyObject* text;
  if (!PyArg_ParseTuple(args, "iU", &stream, &text)) return nullptr;
  // Lone surrogates too must reach the program's stream.
  Ref bytes = Ref::steal(PyUnicode_AsEncodedString(text, "utf-8", "surrogatepass"));
  if (!bytes) return nullptr;
  worker_of(self)->pool->print(
      stream, std::string(PyBytes_AS_STRING(bytes.get()), static_cast<size_t>(PyBytes_GET_SIZE(bytes.get()))));
  Py_RETURN_NONE;
}

PyObject* verdict(PyObject*, PyObject* name) {
  const char* text = PyUnicode_AsUTF8(name);
  if (!text) return nullptr;
  auto known = extension_verdict(text);
  if (!known) Py_RETURN_NONE;
  return PyUnicode_FromStringAndSize(known->data(), static_cast<Py_ssize_t>(known->size()));
}

PyObject* block(PyObject* self, PyObject* args) {
  const char *name, *reason;
  if (!PyArg_ParseTuple(args, "sz", &name, &reason)) return nullptr;
  worker_of(self)->block(name, reason ? reason : "");
  Py_RETURN_NONE;
}

PyObject* sleep_until_woken(PyObject* self, PyObject* seconds) {
  const double s = PyFloat_AsDouble(seconds);
  if (s == -1 && PyErr_Occurred()) return nullptr;
  Interrupts& interrupts = worker_of(self)->interrupts;
  PyThreadState* saved = PyEval_SaveThread();
  interrupts.sleep(s);
  PyEval_RestoreThread(saved);
  Py_RETURN_NONE;
}

// One worker at a time initialises an extension module: some have static types that all interpreters share. Recursive,
// because a module may import others meanwhile.
struct ImportLock {
  std::mutex mutex;
  std::condition_variable free;
  std::thread::id owner;
  int depth = 0;
};

ImportLock& imports() {
  static auto* lock = new ImportLock;
  return *lock;
}

PyObject* lock_imports(PyObject*, PyObject*) {
  PyThreadState* saved = PyEval_SaveThread();
  {
    ImportLock& l = imports();
    std::unique_lock lock(l.mutex);
    l.free.wait(lock, [&] { return l.depth == 0 || l.owner == std::this_thread::get_id(); });
    l.owner = std::this_thread::get_id();
    ++l.depth;
  }
  PyEval_RestoreThread(saved);
  Py_RETURN_NONE;
}

PyObject* unlock_imports(PyObject*, PyObject*) {
  ImportLock& l = imports();
  std::lock_guard lock(l.mutex);
  --l.depth;
  l.free.notify_one();
  Py_RETURN_NONE;
}

PyMethodDef functions[] = {
    {"_emit", emit, METH_VARARGS, nullptr},
    {"_verdict", verdict, METH_O, nullptr},
    {"_block", block, METH_VARARGS, nullptr},
    {"_sleep", sleep_until_woken, METH_O, nullptr},
    {"_lock_imports", lock_imports, METH_NOARGS, nullptr},
    {"_unlock_imports", unlock_imports, METH_NOARGS, nullptr},
};

}  // namespace

bool add_engine_functions(PyObject* module, Worker* worker) {
  Ref self = Ref::steal(PyCapsule_New(worker, nullptr, nullptr));
  if (!self) return false;
  for (PyMethodDef& def : functions) {
    Ref function = Ref::steal(PyCFunction_NewEx(&def, self.get(), nullptr));
    if (!function || PyObject_SetAttrString(module, def.ml_name, function.get()) != 0) return false;
  }
  return true;
}

}  // namespace gilmap::interpreters
