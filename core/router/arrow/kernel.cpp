#include "router/arrow/kernel.h"

#include <bit>
#include <cstring>
#include <initializer_list>
#include <span>
#include <vector>

namespace gilmap::router::arrow {
namespace {

// Objects of pyarrow. Never freed: the interpreter may be gone by then.
struct Pyarrow {
  Ref get_function, unsafe_cast, any, cast;
  Ref foreign_buffer, from_buffers, scalar;
  Ref float64, int64, boolean;

  PyObject* type(ir::Type t) const {
    return t == ir::Type::F64 ? float64.get() : t == ir::Type::I64 ? int64.get() : boolean.get();
  }
};

Pyarrow* loaded = nullptr;

Ref attribute(const Ref& of, const char* name) {
  return of ? Ref::steal(PyObject_GetAttrString(of.get(), name)) : Ref();
}
Ref called(const Ref& f) { return f ? Ref::steal(PyObject_CallNoArgs(f.get())) : Ref(); }

// False if something is missing: a module that is being imported now. An exception is set.
bool open(const Ref& pyarrow, const Ref& compute) {
  auto p = std::make_unique<Pyarrow>();
  p->get_function = attribute(compute, "get_function");
  if (!p->get_function) return false;
  p->unsafe_cast = attribute(attribute(compute, "CastOptions"), "unsafe");
  p->any = Ref::steal(PyObject_CallFunction(p->get_function.get(), "s", "any"));
  p->cast = p->any ? Ref::steal(PyObject_CallFunction(p->get_function.get(), "s", "cast")) : Ref();
  if (!p->cast) return false;
  p->foreign_buffer = attribute(pyarrow, "foreign_buffer");
  p->from_buffers = attribute(attribute(pyarrow, "Array"), "from_buffers");
  p->scalar = attribute(pyarrow, "scalar");
  p->float64 = called(attribute(pyarrow, "float64"));
  p->int64 = called(attribute(pyarrow, "int64"));
  p->boolean = called(attribute(pyarrow, "bool_"));
  for (const Ref* r :
       {&p->unsafe_cast, &p->foreign_buffer, &p->from_buffers, &p->scalar, &p->float64, &p->int64, &p->boolean}) {
    if (!*r) return false;
  }
  loaded = p.release();
  return true;
}

Ref module_if_imported(const char* name) {
  Ref key = Ref::steal(PyUnicode_FromString(name));
  return key ? Ref::steal(PyImport_GetModule(key.get())) : Ref();
}

Ref call(PyObject* function, std::initializer_list<PyObject*> args) {
  return Ref::steal(PyObject_Vectorcall(function, args.begin(), args.size(), nullptr));
}

Ref constant(const Step& step) {
  Ref value;
  switch (step.type) {
    case ir::Type::F64:
      value = Ref::steal(PyFloat_FromDouble(std::bit_cast<double>(step.bits)));
      break;
    case ir::Type::I64:
      value = Ref::steal(PyLong_FromLongLong(step.bits));
      break;
    case ir::Type::Bool:
    case ir::Type::Void:
      value = Ref::steal(PyBool_FromLong(static_cast<long>(step.bits)));
      break;
  }
  return value ? call(loaded->scalar.get(), {value.get(), loaded->type(step.type)}) : Ref();
}

// Of a pyarrow function object: call([args], options).
Ref compute(PyObject* function, std::span<const Ref> args, PyObject* options = nullptr) {
  Ref list = Ref::steal(PyList_New(static_cast<Py_ssize_t>(args.size())));
  if (!list) return {};
  for (size_t k = 0; k < args.size(); ++k)
    PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(k), Ref::borrow(args[k].get()).release());
  static PyObject* const name = PyUnicode_InternFromString("call");
  PyObject* all[] = {function, list.get(), options};
  return Ref::steal(or_stay([&] { return PyObject_VectorcallMethod(name, all, options ? 3 : 2, nullptr); }));
}

}  // namespace

bool is_loaded() {
  if (loaded) return true;
  const Ref compute = module_if_imported("pyarrow.compute");
  const Ref pyarrow = compute ? module_if_imported("pyarrow") : Ref();
  if (pyarrow && open(pyarrow, compute)) return true;
  PyErr_Clear();  // not there, or not yet
  return false;
}

bool load() {
  if (loaded) return true;
  const Ref compute = Ref::steal(PyImport_ImportModule("pyarrow.compute"));
  const Ref pyarrow = compute ? Ref::steal(PyImport_ImportModule("pyarrow")) : Ref();
  return pyarrow && open(pyarrow, compute);
}

std::unique_ptr<Kernel> Kernel::make(Program program) {
  std::unique_ptr<Kernel> kernel(new Kernel(std::move(program)));
  for (const Step& step : kernel->program_.steps) {
    Ref r;
    switch (step.kind) {
      case Step::Kind::Constant:
        r = constant(step);
        break;
      case Step::Kind::Call:
        r = Ref::steal(PyObject_CallFunction(loaded->get_function.get(), "s", step.function));
        break;
      case Step::Kind::Cast:
        r = call(loaded->unsafe_cast.get(), {loaded->type(step.type)});
        break;
      case Step::Kind::HandOn:
        r = Ref::borrow(loaded->any.get());
        break;
    }
    if (!r) return nullptr;
    kernel->callables_.push_back(std::move(r));
  }
  return kernel;
}

Ref Kernel::column(const columns::Group& group, size_t k, int64_t begin, int64_t count,
                   std::vector<char>& scratch) const {
  const columns::View& view = group.views[k];
  const char* data = view.data;
  if (columns::is_canonical(view)) {
    data += begin * 8;
  } else {
    scratch.resize(static_cast<size_t>(count) * 8);
    columns::load(view, begin, count, scratch.data());
    data = scratch.data();
  }
  Ref address = Ref::steal(PyLong_FromVoidPtr(const_cast<char*>(data)));
  Ref size = Ref::steal(PyLong_FromLongLong(count * 8));
  Ref length = Ref::steal(PyLong_FromLongLong(count));
  Ref buffer = address && size ? call(loaded->foreign_buffer.get(), {address.get(), size.get()}) : Ref();
  Ref buffers = buffer ? Ref::steal(PyList_New(2)) : Ref();
  if (!buffers || !length) return {};
  PyList_SET_ITEM(buffers.get(), 0, Ref::borrow(Py_None).release());
  PyList_SET_ITEM(buffers.get(), 1, buffer.release());
  return call(loaded->from_buffers.get(), {loaded->type(group.types[k]), length.get(), buffers.get()});
}

bool Kernel::write(PyObject* result, const columns::Group& group, int64_t begin, int64_t count, char* payload,
                   int width, uint8_t* tags) const {
  Ref buffers = Ref::steal(PyObject_CallMethod(result, "buffers", nullptr));
  Ref data = buffers ? Ref::steal(PySequence_GetItem(buffers.get(), 1)) : Ref();
  Ref address = data ? Ref::steal(PyObject_GetAttrString(data.get(), "address")) : Ref();
  Ref offset = address ? Ref::steal(PyObject_GetAttrString(result, "offset")) : Ref();
  if (!offset) return false;
  const auto* from = static_cast<const char*>(PyLong_AsVoidPtr(address.get()));
  const int64_t first = PyLong_AsLongLong(offset.get());
  if (PyErr_Occurred()) return false;
  const bool bits = program_.result_type == ir::Type::Bool;
  if (!bits && group.positions.empty()) {
    std::memcpy(payload + group.position(begin) * 8, from + first * 8, static_cast<size_t>(count) * 8);
  } else {
    for (int64_t i = 0; i < count; ++i) {
      int64_t value = 0;
      if (bits)
        value = from[(first + i) >> 3] >> ((first + i) & 7) & 1;
      else
        std::memcpy(&value, from + (first + i) * 8, 8);
      char* to = payload + group.position(begin + i) * width;
      if (width == 1)
        *to = static_cast<char>(value);
      else
        std::memcpy(to, &value, 8);
    }
  }
  if (tags) {
    const auto tag = static_cast<uint8_t>(ir::tag_of(program_.result_type));
    for (int64_t i = 0; i < count; ++i) tags[group.position(begin + i)] = tag;
  }
  return true;
}

Kernel::Outcome Kernel::run(const columns::Group& group, int64_t begin, int64_t count, char* payload, int width,
                            uint8_t* tags, ir::DeoptReason* reason) {
  std::vector<std::vector<char>> scratch(static_cast<size_t>(program_.columns));
  std::vector<Ref> slots;
  for (size_t k = 0; k < scratch.size(); ++k) {
    Ref c = column(group, k, begin, count, scratch[k]);
    if (!c) return Outcome::Failed;
    slots.push_back(std::move(c));
  }
  for (size_t k = 0; k < program_.steps.size(); ++k) {
    const Step& step = program_.steps[k];
    std::vector<Ref> args;
    for (int a : step.args) args.push_back(Ref::borrow(slots[static_cast<size_t>(a)].get()));
    Ref r;
    switch (step.kind) {
      case Step::Kind::Constant:
        r = Ref::borrow(callables_[k].get());
        break;
      case Step::Kind::Call:
      case Step::Kind::HandOn:
        r = compute(callables_[k].get(), args);
        break;
      case Step::Kind::Cast:
        r = compute(loaded->cast.get(), args, callables_[k].get());
        break;
    }
    if (!r) {
      // ArrowInvalid, which is a ValueError: a checked sum that overflows.
      if (!PyErr_ExceptionMatches(PyExc_ValueError)) return Outcome::Failed;
      PyErr_Clear();
      *reason = step.reason;
      return Outcome::HandedOn;
    }
    if (step.kind == Step::Kind::HandOn) {
      Ref truth = Ref::steal(PyObject_CallMethod(r.get(), "as_py", nullptr));
      if (!truth) return Outcome::Failed;
      if (truth.get() == Py_True) {
        *reason = step.reason;
        return Outcome::HandedOn;
      }
    }
    slots.push_back(std::move(r));
  }
  PyObject* result = slots[static_cast<size_t>(program_.result)].get();
  return write(result, group, begin, count, payload, width, tags) ? Outcome::Done : Outcome::Failed;
}

}  // namespace gilmap::router::arrow
