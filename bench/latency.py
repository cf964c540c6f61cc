"""What a call costs beside its elements: the first call of a function, calls of few elements, the import."""

import subprocess
import sys
import types

import gilmap
import numpy as np

from bench.measure import fresh_in_turns, in_turns, seconds_of
from bench.throughput import dtype_of_result, numba_loop
from bench.workloads import WORKLOADS, identical

SIZES = (0, 1, 3, 10, 30, 100, 1000)
LONGEST_CALL = 1.0  # seconds under map; longer ones say nothing about small calls


def never_seen(f):
    """The function again with a code object of its own, so that nothing is known of it."""
    return types.FunctionType(f.__code__.replace(), f.__globals__, f.__name__, f.__defaults__, f.__closure__)


def first_calls(table, repeats):
    for name in ("quick_collatz", "float_math", "medium_compute", "mandelbrot_iters"):
        f, values, _ = WORKLOADS[name]
        values = values[:100_000]
        xs = np.array(values)
        if not identical(list(map(f, values[:1000])), gilmap.map(never_seen(f), xs)[:1000].tolist()):
            raise SystemExit(f"{name}: the first call differs from map")

        def theirs(f=f, xs=xs, name=name):
            loop = numba_loop(never_seen(f), dtype_of_result(name))
            return lambda: loop(xs)

        def ours(f=f, xs=xs):
            fresh = never_seen(f)
            return lambda: gilmap.map(fresh, xs)

        numba, gil = fresh_in_turns([theirs, ours], max(3, repeats // 3))
        table.at_least(f"{name}: first call, {len(values)} elements, over numba's", numba / gil, 15)


def small_calls(table, repeats):
    """The worst size of each workload, for a function that is known and for one that was never seen."""
    for name, (f, values, _) in WORKLOADS.items():
        for temperature, make in (("warm", lambda f: f), ("cold", never_seen)):
            worst, at = max(_excess_by_size(name, f, values, make, repeats))
            table.at_most(f"{name}: {temperature} small calls, µs over 1.05 map ({at})", worst, 2)


def _excess_by_size(name, f, values, make, repeats):
    for n in SIZES:
        xs = values[:n]
        once, expected = seconds_of(lambda xs=xs: list(map(f, xs)))
        if once > LONGEST_CALL or len(xs) < n:
            return
        if not identical(expected, gilmap.map(make(f), xs)):
            raise SystemExit(f"{name}: gilmap differs from map")

        def plain(xs=xs):
            fresh = make(f)
            return lambda: list(map(fresh, xs))

        def ours(xs=xs):
            fresh = make(f)
            return lambda: gilmap.map(fresh, xs)

        rounds = int(min(20 * repeats, max(3, repeats * 0.1 / max(once, 1e-6))))
        plain_seconds, our_seconds = fresh_in_turns([plain, ours], rounds)
        yield (our_seconds - 1.05 * plain_seconds) * 1e6, f"{n} elements, {plain_seconds * 1e6:.1f} µs"


def overheads(table, repeats):
    """Microseconds of a warm call over list(map(…)), of a function that was called before and of one with a kernel."""
    calls = 1000
    for state in ("known", "with a kernel"):
        f = never_seen(WORKLOADS["float_math"][0])
        if state == "with a kernel":
            gilmap.map(f, [1.0] * 1000, backend="jit")
        worst = 0.0
        for n in (0, 1, 3, 10, 30, 100):
            xs = [float(k) for k in range(n)]
            plain, ours = in_turns(
                [
                    lambda f=f, xs=xs: [list(map(f, xs)) for _ in range(calls)],
                    lambda f=f, xs=xs: [gilmap.map(f, xs) for _ in range(calls)],
                ],
                repeats,
            )
            over = (ours - plain) / calls * 1e6
            worst = max(worst, over)
            if n == 1:
                table.at_most(f"{state}: one element, µs over list(map)", over, 1.5)
        table.at_most(f"{state}: 0 to 100 elements, worst µs over list(map)", worst, 2)


def import_time(table, repeats):
    def run(code):
        return lambda: subprocess.run([sys.executable, "-c", code], check=True)

    bare, ours = in_turns([run("pass"), run("import gilmap")], max(11, repeats))
    table.at_most("import gilmap, ms over bare Python", (ours - bare) * 1e3, 15)
