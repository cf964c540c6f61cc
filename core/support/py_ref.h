#pragma once
// Ownership of Python objects in the type. Only for the folders that may include Python.h.

#include <Python.h>

#include <cxxabi.h>
#include <unistd.h>

#include <utility>

namespace gilmap {

// An owned reference, or null. Must be destroyed with the GIL held.
class Ref {
 public:
  Ref() = default;
  Ref(Ref&& other) noexcept : p_(std::exchange(other.p_, nullptr)) {}
  Ref(const Ref& other) : p_(Py_XNewRef(other.p_)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(p_, other.p_);
    return *this;
  }
  ~Ref() { Py_XDECREF(p_); }

  static Ref steal(PyObject* p) {  // takes over a new reference
    Ref r;
    r.p_ = p;
    return r;
  }
  static Ref borrow(PyObject* p) { return steal(Py_XNewRef(p)); }  // makes an owned one of a borrowed one

  PyObject* get() const { return p_; }
  PyObject* release() { return std::exchange(p_, nullptr); }
  explicit operator bool() const { return p_ != nullptr; }

 private:
  PyObject* p_ = nullptr;
};

// Runs something that may let go of the GIL. When the process ends, CPython ends a daemon thread that wants its GIL
// back by pthread_exit(), which unwinds our frames too; their destructors would then touch objects without the GIL.
// Such a thread stays here instead, until the process is gone.
template <class Call>
auto or_stay(Call call) {
  try {
    return call();
  } catch (abi::__forced_unwind&) {
    for (;;) pause();
  }
}

// PyEval_RestoreThread, for a thread that may be a daemon's.
inline void take_gil_back(PyThreadState* saved) {
  or_stay([saved] { PyEval_RestoreThread(saved); });
}

}  // namespace gilmap
