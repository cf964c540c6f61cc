#include "router/whole_columns.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "columns/columns.h"
#include "columns/output.h"

namespace gilmap::router {
namespace {

// Rows that the function gets at once; a look at signals behind each.
constexpr int64_t piece_rows = 32768;
// Where a row of a piece is for CPython, it is taken again in pieces of so many.
constexpr int64_t small_piece_rows = 512;

const char* name_of(ir::Type type) { return type == ir::Type::I64 ? "int" : type == ir::Type::F64 ? "float" : "bool"; }

class WholeColumns {
 public:
  explicit WholeColumns(CallState& call) : call_(call) {}

  std::optional<Ref> run(std::string& why) {
    partition_ = columns::partition(call_.inputs, 0, call_.n);
    if (PyErr_Occurred()) return Ref();
    const bool uniform = partition_.groups.size() == 1 && partition_.groups[0].count == call_.n;
    if (!uniform) {
      why = "its columns have more than one type, or nulls";
      return std::nullopt;
    }
    if (!find(why)) return PyErr_Occurred() ? std::optional(Ref()) : std::nullopt;
    out_ = columns::Output::create(call_.first(), call_.n, {&result_, 1});
    if (!out_) return Ref();
    for (int64_t begin = 0; begin < call_.n; begin += piece_rows) {
      const int64_t end = std::min(begin + piece_rows, call_.n);
      if (!run_piece(begin, end, small_piece_rows) || !out_->complete(begin, end) || PyErr_CheckSignals() != 0)
        return Ref();
    }
    return out_->finish();
  }

 private:
  const columns::Group& group() const { return partition_.groups[0]; }

  // What computes a piece. False if there is none, or with an exception set.
  bool find(std::string& why) {
    Ref names = Ref::steal(PyTuple_New(static_cast<Py_ssize_t>(group().types.size())));
    for (size_t k = 0; names && k < group().types.size(); ++k)
      PyTuple_SET_ITEM(names.get(), static_cast<Py_ssize_t>(k), PyUnicode_FromString(name_of(group().types[k])));
    Ref module = names ? Ref::steal(PyImport_ImportModule("gilmap._foreign.whole_columns")) : Ref();
    Ref found = module ? Ref::steal(PyObject_CallMethod(module.get(), "find", "OO", call_.func, names.get())) : Ref();
    if (!found) return false;
    if (PyUnicode_Check(found.get())) {
      why = PyUnicode_AsUTF8(found.get());
      return false;
    }
    const char* type = PyUnicode_AsUTF8(PyTuple_GET_ITEM(found.get(), 0));
    result_ = std::strcmp(type, "float") == 0 ? ir::Type::F64
              : std::strcmp(type, "int") == 0 ? ir::Type::I64
                                              : ir::Type::Bool;
    piece_ = Ref::borrow(PyTuple_GET_ITEM(found.get(), 1));
    return true;
  }

  // False with an exception set.
  bool run_piece(int64_t begin, int64_t end, int64_t smaller) {
    Ref result = compute(begin, end);
    if (!result) return false;
    if (result.get() != Py_None) return write(result.get(), begin, end);
    if (end - begin > smaller) {
      for (int64_t from = begin; from < end; from += smaller) {
        if (!run_piece(from, std::min(from + smaller, end), smaller)) return false;
      }
      return true;
    }
    for (int64_t i = begin; i < end; ++i, ++call_.deopts) {
      Ref r = call_.interpreter.call(i);
      if (!r || !out_->set(i, std::move(r))) return false;
    }
    return PyErr_CheckSignals() == 0;
  }

  Ref compute(int64_t begin, int64_t end) {
    const int64_t count = end - begin;
    std::vector<std::vector<char>> copies(group().views.size());
    Ref buffers = Ref::steal(PyTuple_New(static_cast<Py_ssize_t>(group().views.size())));
    for (size_t k = 0; buffers && k < group().views.size(); ++k) {
      const columns::View& view = group().views[k];
      char* data = const_cast<char*>(view.data) + begin * 8;  // nobody writes through a read-only buffer
      if (!columns::is_canonical(view)) {
        copies[k].resize(static_cast<size_t>(count) * 8);
        columns::load(view, begin, count, copies[k].data());
        data = copies[k].data();
      }
      PyObject* memory = PyMemoryView_FromMemory(data, count * 8, PyBUF_READ);
      if (!memory) return {};
      PyTuple_SET_ITEM(buffers.get(), static_cast<Py_ssize_t>(k), memory);
    }
    return buffers ? Ref::steal(PyObject_Call(piece_.get(), buffers.get(), nullptr)) : Ref();
  }

  bool write(PyObject* array, int64_t begin, int64_t end) {
    Py_buffer from;
    if (PyObject_GetBuffer(array, &from, PyBUF_C_CONTIGUOUS) != 0) return false;
    const int width = out_->payload_width();
    const bool fits = from.len == (end - begin) * width;
    if (fits) std::memcpy(out_->payload() + begin * width, from.buf, static_cast<size_t>(from.len));
    PyBuffer_Release(&from);
    if (!fits) PyErr_SetString(PyExc_SystemError, "gilmap: a piece of a column has another length than its input");
    call_.native_rows += end - begin;
    return fits;
  }

  CallState& call_;
  columns::Partition partition_;
  ir::Type result_ = ir::Type::F64;
  Ref piece_;
  std::unique_ptr<columns::Output> out_;
};

}  // namespace

bool is_vectorized_by_numba(PyObject* func) {
  if (std::strcmp(Py_TYPE(func)->tp_name, "DUFunc") != 0) return false;
  const Ref module = Ref::steal(PyObject_GetAttrString(reinterpret_cast<PyObject*>(Py_TYPE(func)), "__module__"));
  const bool numbas = module && PyUnicode_Check(module.get()) &&
                      PyUnicode_CompareWithASCIIString(module.get(), "numba.np.ufunc.dufunc") == 0;
  PyErr_Clear();
  return numbas;
}

std::optional<Ref> run_whole_columns(CallState& call, std::string& why) { return WholeColumns(call).run(why); }

}  // namespace gilmap::router
