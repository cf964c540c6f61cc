// Which Input an object gets, and reading iterables that have none.

#include <Python.h>

#include <cstring>

#include "columns/arrow_input.h"
#include "columns/buffer_input.h"
#include "columns/list_input.h"
#include "columns/range_input.h"

namespace gilmap::columns {

namespace {

// A module, if it has been imported already: what is not imported has no instances.
Ref imported(const char* name) {
  Ref key = Ref::steal(PyUnicode_FromString(name));
  Ref module = key ? Ref::steal(PyImport_GetModule(key.get())) : Ref();
  PyErr_Clear();
  return module;
}

bool is_instance(PyObject* object, const Ref& module, const char* type) {
  if (!module) {
    return false;
  }
  Ref t = Ref::steal(PyObject_GetAttrString(module.get(), type));
  const bool yes = t && PyObject_IsInstance(object, t.get()) == 1;
  PyErr_Clear();
  return yes;
}

bool has_type(PyObject* object, const char* name) { return std::strcmp(Py_TYPE(object)->tp_name, name) == 0; }

void refuse_dtype(PyObject* array) {
  Ref dtype = Ref::steal(PyObject_GetAttrString(array, "dtype"));
  Ref ndim = dtype ? Ref::steal(PyObject_GetAttrString(array, "ndim")) : Ref();
  if (ndim) {
    PyErr_Format(PyExc_TypeError,
                 "gilmap.map does not take a NumPy array of dtype %S: it takes int8 to uint64, float16 to float64 and "
                 "bool. Pass a list instead: xs.%s()",
                 dtype.get(), PyLong_AsLong(ndim.get()) > 1 ? "ravel().tolist" : "tolist");
  }
}

// Null without an exception: iterate over it. An array of a subclass (of quantities with units, say) means more than
// its numbers, so that is what happens to it.
std::unique_ptr<Input> open_ndarray(PyObject* array, const Ref& numpy) {
  if (is_instance(array, imported("numpy.ma"), "MaskedArray")) {
    PyErr_SetString(PyExc_TypeError,
                    "gilmap.map does not take a masked NumPy array. Pass xs.filled(value) or xs.compressed() for an "
                    "array, or xs.tolist() for a list in which masked elements are None");
    return nullptr;
  }
  if (!has_type(array, "numpy.ndarray") && !is_instance(array, numpy, "memmap")) {
    return nullptr;
  }
  auto input = BufferInput::make(array, Container::Numpy);
  if (!input) {
    Ref ndim = Ref::steal(PyObject_GetAttrString(array, "ndim"));
    if (ndim && PyLong_AsLong(ndim.get()) > 0) {
      refuse_dtype(array);
    }
  }
  return input;
}

// The result of a buffer that is no NumPy array is one all the same, where NumPy is installed.
Container buffer_container() {
  Ref numpy = Ref::steal(PyImport_ImportModule("numpy"));
  PyErr_Clear();
  return numpy ? Container::Numpy : Container::List;
}

// Null without an exception: iterate over it.
std::unique_ptr<Input> open_direct(PyObject* object) {
  if (PyRange_Check(object)) {
    return RangeInput::make(Ref::borrow(object));
  }
  if (PyBytes_CheckExact(object)) {
    return BufferInput::make(object, Container::List);
  }
  if (PyByteArray_CheckExact(object)) {  // f may make it longer, which it could not while its buffer is in our hands
    const Ref copy = Ref::steal(PyBytes_FromObject(object));
    return copy ? BufferInput::make(copy.get(), Container::List) : nullptr;
  }
  if (PyAnySet_Check(object) || PyDict_Check(object) || PyUnicode_Check(object) || PyGen_Check(object)) {
    return nullptr;  // spares them the look-ups below
  }
  const Ref numpy = imported("numpy");
  if (is_instance(object, numpy, "ndarray")) {
    return open_ndarray(object, numpy);
  }
  if (auto input = ArrowInput::make(object); input || PyErr_Occurred()) {
    return input;
  }
  // An mmap iterates over bytes objects, whatever its buffer says.
  if (PyObject_CheckBuffer(object) && !has_type(object, "mmap.mmap")) {
    auto input = BufferInput::make(object, Container::List);
    if (input && buffer_container() == Container::Numpy) {
      return BufferInput::make(object, Container::Numpy);
    }
    return input;
  }
  return nullptr;
}

struct Opening {
  std::unique_ptr<Input> input;
  Ref sequence;  // a list or tuple of the caller
  Ref iterator;
  Ref read;  // what the iterator gave
};

// Appends the next item. False at the end, or with an exception set.
bool read_one(const Opening& o) {
  Ref item = Ref::steal(PyIter_Next(o.iterator.get()));
  return item && PyList_Append(o.read.get(), item.get()) == 0;
}

// Takes rows as map does: from each iterable in turn, until the first that has none left. False with an exception set.
bool read_rows(std::span<Opening> openings) {
  // A look at signals now and then, because an iterator written in C has none.
  constexpr int64_t look_each = 1 << 16;
  for (int64_t row = 0;; ++row) {
    if (row % look_each == 0 && PyErr_CheckSignals() != 0) {
      return false;
    }
    for (const Opening& o : openings) {
      const bool more = o.iterator ? read_one(o) : row < (o.input ? o.input->size() : Py_SIZE(o.sequence.get()));
      if (!more) {
        return !PyErr_Occurred();
      }
    }
  }
}

bool read_iterators(std::span<Opening> openings, std::span<PyObject* const> iterables) {
  // Alone, a set or a dict is copied in one go.
  if (openings.size() == 1 && (PyAnySet_CheckExact(iterables[0]) || PyDict_CheckExact(iterables[0]))) {
    openings[0].read = Ref::steal(PySequence_List(iterables[0]));
    return static_cast<bool>(openings[0].read);
  }
  bool any = false;
  for (Opening& o : openings) {
    if (o.iterator) {
      any = true;
      o.read = Ref::steal(PyList_New(0));
      if (!o.read) {
        return false;
      }
    }
  }
  return !any || read_rows(openings);
}

Ref shape_tuple(const Input& input) {
  const std::vector<int64_t> shape = input.shape();
  Ref tuple = Ref::steal(PyTuple_New(static_cast<Py_ssize_t>(shape.size())));
  for (size_t i = 0; tuple && i < shape.size(); ++i) {
    PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), PyLong_FromLongLong(shape[i]));
  }
  return tuple;
}

// Arrays of several axes have rows only together with arrays of the same shape.
bool check_shapes(std::span<const std::unique_ptr<Input>> inputs) {
  const Input* grid = nullptr;
  for (const auto& input : inputs) {
    if (!grid && input->shape().size() > 1) {
      grid = input.get();
    }
  }
  for (const auto& input : inputs) {
    if (!grid) {
      return true;
    }
    const bool array = input->container() == Container::Numpy || input->shape().size() > 1;
    if (array && input->shape() != grid->shape()) {
      Ref a = shape_tuple(*inputs[0]);
      Ref b = shape_tuple(inputs[0].get() == grid ? *input : *grid);
      PyErr_Format(PyExc_ValueError,
                   "gilmap.map takes arrays of several dimensions only with arrays of the same shape, not %S with %S",
                   a.get(), b.get());
      return false;
    }
    if (grid == inputs[0].get() && input->size() < grid->size()) {
      Ref a = shape_tuple(*grid);
      PyErr_Format(PyExc_ValueError,
                   "gilmap.map cannot give an array of shape %S: another iterable has only %lld elements", a.get(),
                   static_cast<long long>(input->size()));
      return false;
    }
  }
  return true;
}

}  // namespace

std::vector<std::unique_ptr<Input>> open_all(std::span<PyObject* const> iterables) {
  std::vector<Opening> openings(iterables.size());
  for (size_t k = 0; k < iterables.size(); ++k) {
    Opening& o = openings[k];
    PyObject* object = iterables[k];
    if (PyList_CheckExact(object) || PyTuple_CheckExact(object)) {
      o.sequence = Ref::borrow(object);
      continue;
    }
    o.input = open_direct(object);
    if (!o.input && !PyErr_Occurred()) {
      o.iterator = Ref::steal(PyObject_GetIter(object));
    }
    if (!o.input && !o.iterator) {
      return {};
    }
  }
  if (!read_iterators(openings, iterables)) {
    return {};
  }
  std::vector<std::unique_ptr<Input>> inputs;
  for (Opening& o : openings) {
    if (!o.input) {
      o.input = o.sequence ? ListInput::make(std::move(o.sequence), ListInput::Owner::Caller)
                           : ListInput::make(std::move(o.read), ListInput::Owner::Us);
    }
    if (!o.input) {
      return {};
    }
    inputs.push_back(std::move(o.input));
  }
  if (!check_shapes(inputs)) {
    return {};
  }
  return inputs;
}

}  // namespace gilmap::columns
