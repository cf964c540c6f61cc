"""Numba njit(parallel=True): a prange loop over the function compiled with njit; new dispatchers for each cell."""

import types

from bench.runners import NotExpressible, Runner
from bench.runners.by_hand import through_arrays

FLOATS = {
    "float_math",
    "black_scholes",
    "great_circle",
    "monte_carlo_pi",
    "newton_root",
    "logistic_map",
    "compound_interest",
    "checked_root",
}


def element(f):
    """The function with what it calls, itself perhaps, compiled by njit when first called."""
    import numba

    names = {}
    compiled = numba.njit(types.FunctionType(f.__code__, names, f.__name__))
    for name in f.__code__.co_names:
        value = f.__globals__.get(name)
        if isinstance(value, types.FunctionType):
            value = compiled if value is f else element(value)
        if value is not None:
            names[name] = value
    return compiled


class Njit(Runner):
    requires = ("numba", "numpy")
    kinds = ("list", "numpy", "arrow")
    why_kinds = ""

    def start(self):
        import numba

        self._numba = numba

    def prepare(self, workload, columns, kind):
        if workload.name == "initials":
            raise NotExpressible("neither its parallel loops nor its ufuncs return strings of any length")
        numba, f = self._numba, element(workload.function)
        import numpy as np

        dtype = np.float64 if workload.name in FLOATS else np.int64
        names = [f"x{k}" for k in range(len(columns))]
        source = (
            f"def loop({', '.join(names)}):\n    out = np.empty(x0.size, dtype)\n    for i in prange(x0.size):\n"
            f"        out[i] = f({', '.join(n + '[i]' for n in names)})\n    return out\n"
        )
        scope = {"np": np, "dtype": dtype, "prange": numba.prange, "f": f}
        exec(source, scope)
        run = through_arrays(kind, numba.njit(parallel=True)(scope["loop"]))
        return lambda: run(*columns)


RUNNERS = {"Numba njit": Njit}
