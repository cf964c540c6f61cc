"""C++ at -O3 -march=native with threads, with the checks that Python's numbers ask for: bench/simd.cpp."""

import tempfile

from bench.runners import NotExpressible, Runner
from bench.runners.numba_njit import FLOATS


class Cpp(Runner):
    requires = ("numpy", "gilmap")
    kinds = ("numpy",)

    def start(self):
        from bench.simd import cpp_library

        self._folder = tempfile.TemporaryDirectory()
        self._library = cpp_library(self._folder.name)

    def prepare(self, workload, columns, kind):
        import numpy as np

        from bench.simd import cpp_loop

        if not hasattr(self._library, workload.name):
            raise NotExpressible("not written in C++ yet")
        dtype = np.float64 if workload.name in FLOATS else np.int64
        loop = cpp_loop(self._library, workload, dtype)
        return lambda: loop(*columns)

    def stop(self):
        self._folder.cleanup()


RUNNERS = {"C++": Cpp}
