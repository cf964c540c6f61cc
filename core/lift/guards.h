#pragma once
// What a compiled function took for granted: values of globals, closure cells, defaults, attributes and the code
// of called functions. Compared before each call of gilmap.map, not watched.
//
// A guard is a path from the mapped callable, so that compiled code belongs to a code object and not to one
// function: two closures of the same code with the same captured values share it, and no function is held alive.

#include <Python.h>

#include <cstdint>
#include <string>
#include <vector>

#include "support/py_ref.h"

namespace gilmap::lift {

class Guards {
 public:
  enum class Source : uint8_t {
    Root,         // the mapped callable
    Global,       // global or builtin `name` of the function that is the parent
    Cell,         // content of closure cell `index` of the parent
    Default,      // default `index` of the parent
    KwDefault,    // keyword-only default `name` of the parent
    ModuleAttr,   // attribute `name` of the module that is the parent
    Attr,         // attribute `name` of an object that is the parent, plain lookup
    BoundSelf,    // __self__ of the bound method that is the parent
    BoundFunc,    // __func__ of it
    PartialFunc,  // .func of the functools.partial that is the parent
    PartialArg,   // .args[index] of it
    PartialKw,    // .keywords[name] of it
    ArgCount,     // the parent itself; checks that a partial's args and keywords have the same shape
    CallMethod,   // __call__ of the parent's type
    Module,       // sys.modules[name]
    Item,         // the value under the key `name`, any object, of the dict that is the parent
  };
  enum class Check : uint8_t { None, Number, Identity, FunctionCode, SameAs, TypeIs, Missing };

  static constexpr int root = 0;

  Guards();
  // Returns the node for the path, and its present value (null without an exception if there is none). The same path
  // twice is one node.
  int add(int parent, Source source, PyObject* name, int index, PyObject* callable, Ref* value);
  // Chooses the check by the value's type. Returns the node that stands for the value from now on: a function that
  // another path has led to already, as in recursion, keeps that path, and this one is checked to lead to the same.
  int expect(int node, PyObject* value);

  void expect_type(int node, PyTypeObject* type);  // for what is not compared itself but taken apart

  // True if every path still leads to what was seen. Never raises.
  bool hold(PyObject* callable) const;
  size_t size() const { return nodes_.size(); }

 private:
  struct Node {
    int parent = -1;
    Source source = Source::Root;
    Check check = Check::None;
    Ref name;
    int index = 0;
    bool ran_code = false;               // code of the user's, to read an attribute
    Ref expected;                        // Identity, and FunctionCode (the code object)
    const void* expected_raw = nullptr;  // FunctionCode of the root: not held, the cache entry dies with it
    const void* seen = nullptr;          // the function itself while lifting; later only an address
    int same_as = 0;                     // SameAs
    PyTypeObject* number_type = nullptr;
    int64_t bits = 0;
  };
  std::vector<Node> nodes_;

  static Ref evaluate(const Node& node, PyObject* parent, PyObject* callable);
  static bool passes(const Node& node, PyObject* value);
};

}  // namespace gilmap::lift
