// The Python module gilmap._gilmap: arguments in, results and errors out, nothing more.
//
// map() is a builtin of its own and not a nanobind function, because it is called for tiny inputs too, where converting
// arguments would cost more than the call.

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstdlib>

#include "interpreters/extensions.h"
#include "interpreters/run.h"
#include "loader/loader.h"
#include "numeric/functions.h"
#include "router/arrow/kernel.h"
#include "router/background.h"
#include "router/cache.h"
#include "router/call.h"
#include "router/explain.h"
#include "router/in_workers.h"
#include "runtime/kernel_choice.h"
#include "runtime/pool.h"

namespace nb = nanobind;
namespace interpreters = gilmap::interpreters;
namespace router = gilmap::router;
namespace ir = gilmap::ir;

namespace {

// backend=, workers=, debug=; false with a Python exception set.
bool read_option(PyObject* name, PyObject* value, router::Options& options) {
  if (PyUnicode_CompareWithASCIIString(name, "backend") == 0) {
    if (value == Py_None) return true;
    if (PyUnicode_Check(value)) {
      using router::Backend;
      for (Backend known : {Backend::Inline, Backend::ArrowKernel, Backend::Jit, Backend::NumbaNative,
                            Backend::NumbaCfunc, Backend::Subinterp}) {
        if (PyUnicode_CompareWithASCIIString(value, router::name_of(known)) != 0) continue;
        options.backend = known;
        return true;
      }
    }
    PyErr_Format(PyExc_ValueError,
                 "backend is None, \"inline\", \"arrow_kernel\", \"jit\", \"numba_native\", \"numba_cfunc\" or "
                 "\"subinterp\", not %R",
                 value);
    return false;
  }
  if (PyUnicode_CompareWithASCIIString(name, "workers") == 0) {
    if (value == Py_None) return true;
    long n = PyLong_Check(value) ? PyLong_AsLong(value) : -1;
    if (n < 1 || n > 4096) {
      PyErr_Clear();
      PyErr_Format(PyExc_ValueError, "workers is None or a number of threads from 1 to 4096, not %R", value);
      return false;
    }
    options.workers = static_cast<int>(n);
    return true;
  }
  if (PyUnicode_CompareWithASCIIString(name, "debug") == 0) {
    int truth = PyObject_IsTrue(value);
    if (truth < 0) return false;
    options.debug = options.debug || truth;
    return true;
  }
  PyErr_Format(PyExc_TypeError, "map() got an unexpected keyword argument '%U'", name);
  return false;
}

bool debug_by_default = false;

PyObject* map(PyObject*, PyObject* const* args, Py_ssize_t n, PyObject* kwnames) {
  router::Options options;
  options.debug = debug_by_default;
  Py_ssize_t keywords = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  for (Py_ssize_t k = 0; k < keywords; ++k) {
    if (!read_option(PyTuple_GET_ITEM(kwnames, k), args[n + k], options)) return nullptr;
  }
  if (n < 2) {
    PyErr_SetString(PyExc_TypeError, "map() needs a function and at least one iterable");
    return nullptr;
  }
  try {
    return router::map(args[0], {args + 1, static_cast<size_t>(n - 1)}, options).release();
  } catch (const std::bad_alloc&) {
    if (!PyErr_Occurred()) PyErr_NoMemory();
    return nullptr;
  }
}

PyMethodDef map_def = {
    "map", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(map)), METH_FASTCALL | METH_KEYWORDS,
    "map($module, func, /, *iterables, backend=None, workers=None, debug=False)\n--\n\n"
    "Exactly what list(map(func, *iterables)) gives, compiled and in parallel where the function allows it.\n\n"
    "func: any callable. Numeric functions are compiled for the types of their arguments.\n"
    "iterables: lists and other iterables give a list. A NumPy array (any numeric dtype and shape) gives an array of\n"
    "    the same shape: int64, float64 or bool. An Arrow array gives an Arrow array; nulls stay null. With several,\n"
    "    the first decides, and the shortest ends.\n"
    "backend: None decides by itself; \"inline\" runs in the calling interpreter; \"jit\" compiles, waiting for it;\n"
    "    \"arrow_kernel\" calls pyarrow.compute, for a function that is one expression;\n"
    "    \"numba_native\" calls the machine code that Numba has made of func; \"numba_cfunc\" that of a @cfunc or of\n"
    "    a ctypes function, on all threads, whatever it does;\n"
    "    \"subinterp\" runs in worker interpreters, one a core, each with its own copy of what func refers to.\n"
    "workers: threads at most; None is as many as CPUs are allowed.\n"
    "debug: tells on stderr what was done (also GILMAP_DEBUG=1).\n\n"
    "Raises what func raises for the first element that does. TypeError: func is not callable, or a column holds\n"
    "something other than numbers. OverflowError: an int does not fit an array's int64. ValueError: an unknown "
    "option,\n"
    "arrays of differing shapes, backend=\"jit\" where the function cannot be compiled, backend=\"numba_native\" or\n"
    "\"numba_cfunc\" where it is no such function, or backend=\"subinterp\"\n"
    "where it refers to something that cannot be copied. In worker interpreters an exception is raised as an instance\n"
    "of its own type and of RuntimeError.\n"};

std::vector<ir::Type> types_of(const std::vector<std::string>& names) {
  std::vector<ir::Type> types;
  for (const std::string& name : names) {
    if (name == "int")
      types.push_back(ir::Type::I64);
    else if (name == "float")
      types.push_back(ir::Type::F64);
    else if (name == "bool")
      types.push_back(ir::Type::Bool);
    else
      throw nb::value_error("a column is 'int', 'float' or 'bool'");
  }
  return types;
}

std::vector<ir::IntRange> ranges_of(const std::vector<std::pair<int64_t, int64_t>>& bounds) {
  std::vector<ir::IntRange> ranges;
  for (auto [lo, hi] : bounds) ranges.push_back({lo, hi});
  return ranges;
}

std::vector<std::string> names_of(const std::vector<ir::Type>& types) {
  std::vector<std::string> names;
  for (ir::Type t : types) {
    names.emplace_back(t == ir::Type::I64    ? "int"
                       : t == ir::Type::F64  ? "float"
                       : t == ir::Type::Bool ? "bool"
                                             : "None");
  }
  return names;
}

}  // namespace

NB_MODULE(_gilmap, m) {
  m.doc() = "The compiled part of gilmap.";
  if (!gilmap::loader::is_installed()) {
    throw nb::import_error(("gilmap is not completely installed: " + gilmap::loader::library_path() +
                            " is missing. Installing gilmap again should help.")
                               .c_str());
  }
  gilmap::numeric::select_version(PY_VERSION_HEX);
  gilmap::runtime::install_fork_handlers();
  const char* debug = std::getenv("GILMAP_DEBUG");
  debug_by_default = debug && *debug && *debug != '0';

  nb::object module_name = nb::str("gilmap");
  m.attr("map") = nb::steal(PyCFunction_NewEx(&map_def, nullptr, module_name.ptr()));
  m.def(
      "shutdown_workers",
      [] {
        nb::gil_scoped_release release;
        router::finish_compiles();
        gilmap::runtime::shutdown_workers();
        interpreters::shutdown();
      },
      "Ends the worker threads and interpreters; the next call starts them again. Done at exit by itself.");
  m.def("at_exit", [] {
    nb::gil_scoped_release release;
    router::finish_compiles();
    gilmap::runtime::shutdown_workers();
    return interpreters::close();
  });
  m.def("before_fork", [] {
    nb::gil_scoped_release release;
    interpreters::before_fork();
  });
  m.def("after_fork_in_parent", &interpreters::after_fork_in_parent);
  m.def("after_fork_in_child", &interpreters::after_fork_in_child);
  m.def("note_extension",
        [](const std::string& name, nb::object module) { interpreters::note_extension(name, module.ptr()); });
  m.def("extension_verdict", [](const std::string& name) { return interpreters::extension_verdict(name); });
  using Bounds = std::vector<std::pair<int64_t, int64_t>>;
  m.def("explain_types", [](nb::object f, const std::vector<std::string>& names, const Bounds& bounds) {
    router::Explanation e = router::explain(f.ptr(), types_of(names), ranges_of(bounds));
    nb::dict d;
    d["columns"] = names_of(e.columns);
    d["compiled"] = e.compiled;
    d["native"] = !e.foreign.is_one                        ? nb::object(nb::none())
                  : e.foreign.abi == ir::ForeignAbi::Numba ? nb::object(nb::str("numba_native"))
                                                           : nb::object(nb::str("numba_cfunc"));
    d["in_order"] = !e.foreign.pure;
    d["results"] = names_of(e.results);
    nb::list checks;
    for (const router::Check& check : e.checks) {
      nb::dict c;
      c["what"] = check.words;
      c["count"] = check.count;
      c["lines"] = std::vector<int>(check.lines.begin(), check.lines.end());
      checks.append(c);
    }
    d["checks"] = checks;
    d["shared_lines"] = std::vector<int>(e.shared_lines.begin(), e.shared_lines.end());
    if (e.compiled) {
      nb::dict simd;
      simd["possible"] = e.lanes.has_value();
      if (e.lanes) {
        simd["lanes"] = e.lanes->lanes;
        simd["vectors"] = e.lanes->vectors;
        simd["refill"] = e.lanes->refills;
        simd["one_by_one"] = e.lanes->one_by_one;
      } else {
        simd["reason"] = e.why_no_lanes;
      }
      d["simd"] = simd;
    }
    d["instructions"] = e.instructions;
    d["loops"] = e.loops;
    d["arrow"] = e.arrow;
    d["why_no_arrow"] = e.why_no_arrow;
    d["ready"] = e.ready;
    if (!e.compiled) {
      d["what"] = e.why.what;
      d["side_effect"] = e.why.side_effect;
      d["file"] = e.why.where.file;
      d["function"] = e.why.where.function;
      d["line"] = e.why.where.line;
      d["column"] = e.why.where.column;
      d["end_column"] = e.why.where.end_column;
    }
    return d;
  });
  m.def(
      "ir_text",
      [](nb::object f, const std::vector<std::string>& names, bool optimised) {
        return router::ir_text(f.ptr(), types_of(names), optimised);
      },
      nb::arg("func"), nb::arg("columns"), nb::arg("optimised") = true);
  m.def(
      "listing",
      [](nb::object f, const std::vector<std::string>& names, bool assembly, const Bounds& bounds, bool lanes) {
        using gilmap::codegen::Listing;
        return router::listing(f.ptr(), types_of(names), ranges_of(bounds),
                               assembly ? Listing::Assembly : Listing::OptimisedLlvmIr, lanes);
      },
      nb::arg("func"), nb::arg("columns"), nb::arg("assembly") = true, nb::arg("bounds") = Bounds(),
      nb::arg("lanes") = false);
  m.def(
      "lane_kernel_facts",
      [](nb::object f, const std::vector<std::string>& names, const Bounds& bounds) -> nb::object {
        const auto facts = router::lane_kernel_facts(f.ptr(), types_of(names), ranges_of(bounds));
        if (!facts) return nb::none();
        nb::dict d;
        d["lanes"] = facts->lanes;
        d["passes_ms"] = facts->passes_ms;
        d["compile_ms"] = facts->compile_ms;
        d["code_bytes"] = facts->code_bytes;
        return d;
      },
      nb::arg("func"), nb::arg("columns"), nb::arg("bounds") = Bounds());
  m.def("column_types", [](nb::args iterables) {
    std::vector<PyObject*> items;
    for (nb::handle h : iterables) items.push_back(h.ptr());
    auto types = router::column_types(items);
    if (PyErr_Occurred()) throw nb::python_error();
    return names_of(types);
  });
  m.def("column_bounds", [](nb::args iterables) {
    std::vector<PyObject*> items;
    for (nb::handle h : iterables) items.push_back(h.ptr());
    Bounds bounds;
    for (ir::IntRange r : router::column_bounds(items)) bounds.emplace_back(r.lo, r.hi);
    if (PyErr_Occurred()) throw nb::python_error();
    return bounds;
  });
  m.def("describe_codegen", [] {
    std::string error;
    const auto d = gilmap::loader::describe(&error);
    nb::dict facts;
    if (d) {
      facts["llvm"] = d->llvm_version;
      facts["cpu"] = d->cpu;
      facts["simd"] = d->simd;
    } else {
      facts["error"] = error;
    }
    return facts;
  });
  m.def(
      "finish_compiles",
      [] {
        nb::gil_scoped_release release;
        router::finish_compiles();
      },
      "Waits for compiles in the background.");
  m.def("is_arrow_kernel_loaded", &router::arrow::is_loaded);
  m.def("available_cpus", &gilmap::runtime::available_cpus);
  m.def("cached_functions", &router::entry_count);
  m.def("rests_from_workers", [](nb::handle callable) { return router::rests_from_workers(callable.ptr()); });
  m.def("count_losses", &router::count_losses, nb::arg("count"));
  m.def(
      "use_lanes",
      [](const std::string& when) {
        using gilmap::runtime::LaneUse;
        if (when == "measured")
          gilmap::runtime::set_lane_use(LaneUse::Measured);
        else if (when == "always")
          gilmap::runtime::set_lane_use(LaneUse::Always);
        else if (when == "never")
          gilmap::runtime::set_lane_use(LaneUse::Never);
        else
          throw nb::value_error("lanes are used 'always', 'never', or as 'measured'");
      },
      nb::arg("when"));
}
