#include "interpreters/lost_at_fork.h"

#include <Python.h>
#include <dlfcn.h>
#include <pthread.h>

#include <cstddef>
#include <mutex>

namespace gilmap::interpreters {
namespace {

// The two pointers are near the beginning, in all versions that we know.
constexpr size_t words_to_search = 1024;
PyInterpreterState** runtime = nullptr;  // looked up before the fork: the child must not wait for the loader's lock

// In the child, within fork(): before any of CPython's code runs there.
void forget() {
  PyInterpreterState* head = PyInterpreterState_Head();
  PyInterpreterState* main = PyInterpreterState_Main();
  if (head == main) return;
  for (size_t i = 0; i < words_to_search; ++i) {
    if (runtime[i] != head || runtime[i + 1] != main) continue;
    runtime[i] = main;
    if (PyInterpreterState_Head() == main) return;
    runtime[i] = head;  // it was something else
  }
}

}  // namespace

void forget_lost_interpreters_in_children() {
  static std::once_flag once;
  std::call_once(once, [] {
    runtime = static_cast<PyInterpreterState**>(dlsym(RTLD_DEFAULT, "_PyRuntime"));
    if (runtime) pthread_atfork(nullptr, nullptr, forget);
  });
}

}  // namespace gilmap::interpreters
