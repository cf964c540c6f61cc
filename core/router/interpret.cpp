#include "router/interpret.h"

namespace gilmap::router {

Interpreter::Interpreter(PyObject* func, std::span<const std::unique_ptr<columns::Input>> inputs)
    : func_(func), inputs_(inputs) {
  if (inputs_.size() > few) return;
  for (size_t k = 0; k < inputs_.size(); ++k) {
    objects_[k] = inputs_[k]->objects();
    if (!objects_[k]) {
      objects_[0] = nullptr;
      return;
    }
  }
}

Ref Interpreter::map_from(int64_t from) const {
  std::vector<Ref> iterators;
  std::vector<PyObject*> args{func_};
  for (const auto& input : inputs_) {
    PyObject* sequence = input->sequence();
    if (!sequence) return {};
    Ref iterator = Ref::steal(PyObject_GetIter(sequence));
    if (!iterator) return {};
    if (from > 0 && !Ref::steal(PyObject_CallMethod(iterator.get(), "__setstate__", "n", Py_ssize_t{from}))) return {};
    args.push_back(iterator.get());
    iterators.push_back(std::move(iterator));
  }
  return Ref::steal(PyObject_Vectorcall(reinterpret_cast<PyObject*>(&PyMap_Type), args.data(), args.size(), nullptr));
}

Ref Interpreter::call(int64_t i) const {
  PyObject* args[few + 1];
  if (objects_[0]) {
    for (size_t k = 0; k < inputs_.size(); ++k) args[k + 1] = objects_[k][i];
    return call(args);
  }
  if (inputs_.size() == 1) {
    Ref item;
    return call(i, &item, args);
  }
  if (inputs_.size() <= few) {
    Ref items[few];
    return call(i, items, args);
  }
  std::vector<Ref> items(inputs_.size());
  std::vector<PyObject*> many(inputs_.size() + 1);
  return call(i, items.data(), many.data());
}

Ref Interpreter::call(int64_t i, Ref* items, PyObject** args) const {
  for (size_t k = 0; k < inputs_.size(); ++k) {
    items[k] = inputs_[k]->item(i);
    if (!items[k]) return {};
    args[k + 1] = items[k].get();
  }
  return call(args);
}

Ref Interpreter::call(PyObject** args) const {
  args[0] = nullptr;  // room that a bound method may use for its self
  return Ref::steal(or_stay(
      [&] { return PyObject_Vectorcall(func_, args + 1, inputs_.size() | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr); }));
}

}  // namespace gilmap::router
