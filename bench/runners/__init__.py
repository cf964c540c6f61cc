"""The peers, one file each, written as the documentation of each recommends.

A file defines `RUNNERS`, a dict of names to classes with
    requires    modules that must be there
    kinds       containers that it takes
    why_kinds   why not the others; "" where it takes all
    interprets  whether CPython runs the elements, so that it cannot beat map by more than the number of CPUs
    start()     imports and pools; timed as the start-up
    prepare(workload, columns, kind)   a callable without arguments, whose first call is timed as such;
                `NotExpressible` says why there is none. What needs tuning (chunk sizes) is `tune()`, untimed.
    stop()
    describe()  what the report is to say of this cell beside the time; asked after the warm-up
Inputs in `columns` are already of the kind, and no conversion of theirs is left out of the timing.
"""

import importlib

FILES = {
    "map": "plain",
    "comprehension": "plain",
    "gilmap": "gilmap_backends",
    "gilmap jit": "gilmap_backends",
    "gilmap subinterp": "gilmap_backends",
    "gilmap inline": "gilmap_backends",
    "multiprocessing.Pool": "process_pool",
    "ProcessPoolExecutor": "process_executor",
    "ThreadPoolExecutor": "thread_executor",
    "InterpreterPoolExecutor": "interpreter_executor",
    "joblib": "joblib_loky",
    "Ray": "ray_tasks",
    "Dask": "dask_bag",
    "NumPy by hand": "numpy_by_hand",
    "numexpr": "numexpr_by_hand",
    "pyarrow.compute": "arrow_by_hand",
    "Numba vectorize": "numba_vectorize",
    "Numba njit": "numba_njit",
    "PyPy": "pypy",
    "gilmap 0.1.0 (Rust)": "rust_gilmap",
    "C++": "cpp",
}


class NotExpressible(Exception):
    """This peer cannot express this workload; the text says why."""


# A pool hands out what the function is to be called with, and its elements must be map's: Python's own numbers.
POOL_KINDS = (
    "lists only: of an array, functions would get NumPy's or Arrow's scalars, which are other values to Python; so its "
    "user calls tolist() first, and the cell would be the list's with what map pays for converting"
)


class Runner:
    requires = ()
    kinds = ("list",)
    why_kinds = POOL_KINDS
    interprets = False

    def start(self):
        pass

    def describe(self):
        return ""

    def stop(self):
        pass


def find(name):
    module = importlib.import_module("bench.runners." + FILES[name])
    return module.RUNNERS[name]


def containers():
    """{why: names of the runners that take some containers only}, for the report; workloads have `why_kinds`, too."""
    found = {}
    for name in FILES:
        if why := find(name).why_kinds:
            found.setdefault(why, []).append(name)
    return found
