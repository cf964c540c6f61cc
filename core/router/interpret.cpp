#include "router/interpret.h"

namespace gilmap::router {

Ref Interpreter::call(int64_t i) const {
  constexpr size_t few = 8;
  size_t n = inputs_.size();
  Ref small[few];
  std::vector<Ref> large;
  Ref* args = small;
  if (n > few) {
    large.resize(n);
    args = large.data();
  }
  PyObject* small_raw[few + 1];
  std::vector<PyObject*> large_raw;
  PyObject** raw = small_raw;
  if (n > few) {
    large_raw.resize(n + 1);
    raw = large_raw.data();
  }
  for (size_t k = 0; k < n; ++k) {
    args[k] = inputs_[k]->item(i);
    if (!args[k]) return {};
    raw[k + 1] = args[k].get();
  }
  raw[0] = nullptr;  // room that a bound method may use for its self
  return Ref::steal(PyObject_Vectorcall(func_, raw + 1, n | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr));
}

}  // namespace gilmap::router
