"""Functions that Numba has compiled, against Numba's own parallel loop over them."""

import math

import gilmap
import numba
import numpy as np

from bench.measure import in_turns

COUNT = 1_000_000


@numba.njit
def polynomial(x):
    return ((x * 0.5 - 1.25) * x + 3.0) * x - 0.125


@numba.njit
def waves(x):
    return math.sin(x) * math.exp(-x * 1e-6) + math.sqrt(x)


@numba.njit
def collatz(n):
    steps = 0
    while n > 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def _loop_over(f):
    @numba.njit(parallel=True)
    def loop(xs):
        out = np.empty(xs.size, dtype=xs.dtype)
        for i in numba.prange(xs.size):
            out[i] = f(xs[i])
        return out

    return loop


def numba_functions(table, repeats):
    """A million elements. Results are those of the loop, and of the dispatcher for some of the elements."""
    for f, xs in (
        (polynomial, np.arange(COUNT) / 7),
        (waves, np.arange(COUNT) / 7),
        (collatz, np.arange(1, COUNT + 1)),
    ):
        loop = _loop_over(f)
        ours = gilmap.map(f, xs, backend="numba_native")
        if ours.tobytes() != loop(xs).tobytes():
            raise SystemExit(f"{f.__name__}: gilmap differs from Numba's loop")
        some = xs[::997].tolist()
        if ours[::997].tolist() != list(map(f, some)):
            raise SystemExit(f"{f.__name__}: gilmap differs from map")
        for _ in range(5):
            gilmap.map(f, xs)
        theirs, here = in_turns([lambda: loop(xs), lambda: gilmap.map(f, xs)], repeats, pause=0.05)
        table.at_least(f"{f.__name__}: njit(parallel=True) loop's time over ours", theirs / here, 1.0)
