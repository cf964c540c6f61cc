#include "router/interpret.h"

namespace gilmap::router {
namespace {
constexpr size_t few = 4;  // arguments that need no allocation
}

Ref Interpreter::call(int64_t i) const {
  if (inputs_.size() == 1) {
    Ref item = inputs_[0]->item(i);
    if (!item) return {};
    // The first place is room that a bound method may use for its self.
    PyObject* args[] = {nullptr, item.get()};
    return Ref::steal(
        or_stay([&] { return PyObject_Vectorcall(func_, args + 1, 1 | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr); }));
  }
  if (inputs_.size() <= few) {
    Ref items[few];
    PyObject* args[few + 1];
    return call(i, items, args);
  }
  std::vector<Ref> items(inputs_.size());
  std::vector<PyObject*> args(inputs_.size() + 1);
  return call(i, items.data(), args.data());
}

Ref Interpreter::call(int64_t i, Ref* items, PyObject** args) const {
  args[0] = nullptr;
  for (size_t k = 0; k < inputs_.size(); ++k) {
    items[k] = inputs_[k]->item(i);
    if (!items[k]) return {};
    args[k + 1] = items[k].get();
  }
  return Ref::steal(or_stay(
      [&] { return PyObject_Vectorcall(func_, args + 1, inputs_.size() | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr); }));
}

}  // namespace gilmap::router
