"""Warm calls: arrays against Numba's unchecked parallel loop, lists against list(map), all threads against one."""

import math
import statistics

import gilmap
import numpy as np

from bench.measure import in_turns
from bench.workloads import WORKLOADS, identical

# How often the inputs are repeated to compare all threads with one: heavy_collatz takes less than a millisecond, since
# its inner loop is run once.
HEAVY = {"count_primes": 1, "heavy_collatz": 64, "mandelbrot_iters": 1, "medium_compute": 1}


def geometric_mean(ratios):
    return math.exp(statistics.fmean(map(math.log, ratios)))


def numba_loop(f, dtype):
    import numba

    element = numba.njit(f)

    @numba.njit(parallel=True)
    def loop(xs):
        out = np.empty(xs.size, dtype)
        for i in numba.prange(xs.size):
            out[i] = element(xs[i])
        return out

    return loop


def dtype_of_result(name):
    return np.float64 if name == "float_math" else np.int64


def arrays(table, repeats):
    ratios = {}
    for name, (f, values, plain_count) in WORKLOADS.items():
        xs = np.array(values)
        loop = numba_loop(f, dtype_of_result(name))
        result = gilmap.map(f, xs)
        if not identical(list(map(f, values[:plain_count])), result[:plain_count].tolist()):
            raise SystemExit(f"{name}: gilmap differs from map")
        if not np.array_equal(loop(xs), result):
            raise SystemExit(f"{name}: numba differs from gilmap")
        gilmap.map(f, xs)
        theirs, ours = in_turns([lambda: loop(xs), lambda: gilmap.map(f, xs)], repeats, pause=0.02)
        ratios[name] = theirs / ours
        table.at_least(f"{name}: speed over numba parallel", ratios[name], 0.8)
        if name in HEAVY:
            many = np.tile(xs, HEAVY[name])
            ours, one = in_turns([lambda: gilmap.map(f, many), lambda: gilmap.map(f, many, workers=1)], repeats)
            table.at_least(f"{name}: all threads over one", one / ours, 1.9)
    table.at_least("geometric mean over numba parallel", geometric_mean(ratios.values()), 1.0)
    del ratios["heavy_collatz"]  # whose inner loop gilmap runs once instead of 1000 times
    table.at_least("the same without heavy_collatz", geometric_mean(ratios.values()), 1.0)


def lists(table, repeats):
    for name in ("float_math", "quick_collatz"):
        f, xs, _ = WORKLOADS[name]
        if not identical(list(map(f, xs)), gilmap.map(f, xs)):
            raise SystemExit(f"{name}: gilmap differs from map")
        gilmap.map(f, xs)
        plain, ours = in_turns([lambda: list(map(f, xs)), lambda: gilmap.map(f, xs)], repeats)
        table.at_least(f"{name}: list to list, over list(map)", plain / ours, 3)
