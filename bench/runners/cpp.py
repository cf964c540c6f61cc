"""C++ at -O3 -march=native with a pool of threads, and with the checks that Python's numbers ask for.

bench/cpp has what is vectorised by hand, bench/simd.cpp plain loops. The compile is the start-up.
"""

import ctypes
import pathlib
import subprocess
import tempfile

from bench import machine
from bench.runners import NotExpressible, Runner
from bench.runners.chunks import CPUS
from bench.runners.numba_njit import FLOATS

BENCH = pathlib.Path(__file__).resolve().parents[1]
# The first that has a workload is taken. The report says how it is written.
SOURCES = {"cpp/users.cpp": "SIMD by hand", "cpp/six.cpp": "SIMD by hand", "simd.cpp": "plain loops"}
WAYS = {
    "count_primes": "SIMD by hand, each number once for all elements",
    "heavy_collatz": "SIMD by hand, the repeated walk once",
    "great_circle": "libm's functions",
    "black_scholes": "libm's functions",
    "digit_sum": "a table of four digits",
    "n_queens": "recursion",
    "float_math": "a loop that the compiler vectorises",
}
# No flag that changes a bit: no contraction; errno, which nobody reads, would keep square roots out of vectors.
FLAGS = ["-std=c++20", "-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-Wno-psabi"]


def compiled(folder):
    """{name of the source: library}, compiled at the same time."""
    compiler = machine.compiler()
    libraries = {name: pathlib.Path(folder) / pathlib.Path(name).with_suffix(".so").name for name in SOURCES}
    command = [compiler, *FLAGS, "-shared", "-fPIC", "-pthread"]
    running = [subprocess.Popen([*command, str(BENCH / name), "-o", str(to)]) for name, to in libraries.items()]
    if any([process.wait() for process in running]):
        raise RuntimeError(f"{compiler} does not compile one of {', '.join(SOURCES)}")
    return {name: ctypes.CDLL(str(library)) for name, library in libraries.items()}


def find(libraries, name):
    """How it is written, and the function; None if it is not."""
    for source, library in libraries.items():
        if hasattr(library, name):
            return WAYS.get(name, SOURCES[source]), library[name]
    return None


def declared(function):
    function.restype = ctypes.c_int64
    function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int]
    return function


def pointers(columns):
    return (ctypes.c_void_p * len(columns))(*(c.__array_interface__["data"][0] for c in columns))


def call(function, workload, columns, out, inputs=None):
    """Computes `out`; raises what map would, by asking Python about the first element that C++ could not compute."""
    stopped = function(inputs or pointers(columns), out.__array_interface__["data"][0], out.size, CPUS)
    if stopped:
        workload.function(*(c[stopped - 1].item() for c in columns))
        raise RuntimeError(f"C++ left element {stopped - 1} out")
    return out


class Cpp(Runner):
    requires = ("numpy",)
    kinds = ("numpy", "arrow")
    why_kinds = "no lists: it knows no Python objects, and what a list takes is CPython's boxing"

    def start(self):
        self._folder = tempfile.TemporaryDirectory()
        self._libraries = compiled(self._folder.name)

    def prepare(self, workload, columns, kind):
        import numpy as np

        if (found := find(self._libraries, workload.name)) is None:
            raise NotExpressible("not written in C++")
        self._way, function = found[0], declared(found[1])
        dtype = np.float64 if workload.name in FLOATS else np.int64
        new = lambda: np.empty(len(columns[0]), dtype)
        # Where the inputs are, a program in C++ knows. Arrow's are read in place; there are no nulls in the benchmarks.
        views = columns if kind == "numpy" else [c.to_numpy() for c in columns]
        inputs = pointers(views)
        run = lambda: call(function, workload, views, new(), inputs)
        if kind == "numpy":
            return run
        import pyarrow

        return lambda: pyarrow.array(run())  # shares the memory

    def describe(self):
        return self._way

    def stop(self):
        self._folder.cleanup()


RUNNERS = {"C++": Cpp}
