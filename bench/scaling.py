"""How gilmap scales: with the number of elements, of threads, of deopts, and of the function's size.

Each is a chart: title, names of the axes, and series of points that the report draws.
"""

import os
import statistics
import time

import gilmap
import numpy as np

from bench.deopts import sometimes
from bench.latency import never_seen
from bench.measure import in_turns, seconds_of
from bench.simd import warmed
from bench.workloads import ALL, identical

ROOM = 3.0  # seconds that map may take for a point


def _differs(expected, result):
    if not identical(expected, result.tolist()):
        raise SystemExit("gilmap differs from map")


def elements(repeats, quick):
    """10^8 where memory allows: two arrays of that size and room to spare."""
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    series = {}
    for name in ("float_math", "medium_compute"):
        f = ALL[name].function
        ours, plain = [], []
        for exponent in range(6 if quick else 9):
            n = 10**exponent
            if 40 * n > free or (name == "medium_compute" and n > 10**6):
                break
            xs = np.arange(n, dtype=np.float64 if name == "float_math" else np.int64)
            head = xs[: 10**5].tolist()
            warmed(f, [xs])
            once, result = seconds_of(lambda xs=xs: gilmap.map(f, xs))
            _differs(list(map(f, head)), result[: len(head)])
            del result
            ours.append((n, in_turns([lambda xs=xs: gilmap.map(f, xs)], repeats if once < 1 else 1)[0]))
            if n <= 10**6 and (n < 10**5 or name == "float_math"):
                values = xs.tolist()
                plain.append((n, in_turns([lambda values=values: list(map(f, values))], repeats)[0]))
        series |= {f"{name}, gilmap": ours, f"{name}, map": plain}
    return {"title": "Time against the number of elements (arrays)", "x": "elements", "y": "seconds", "series": series}


def threads(repeats, quick):
    """Numbers of threads: 1, 2, 4 … and all."""
    cpus = len(os.sched_getaffinity(0))
    counts = sorted({2**k for k in range(10) if 2**k < cpus} | {cpus})
    series = {}
    for name, size in (("medium_compute", 10**5), ("count_primes", 128), ("float_math", 10**6)):
        f, xs = ALL[name].function, np.array(ALL[name].columns(size if not quick else size // 10)[0])
        warmed(f, [xs])
        times = in_turns([lambda n=n: gilmap.map(f, xs, workers=n) for n in counts], repeats)
        series[name] = [(n, times[0] / seconds) for n, seconds in zip(counts, times, strict=True)]
    return {"title": "Threads: speed over one thread", "x": "threads", "y": "times one thread", "series": series}


def deopts(repeats, quick):
    count = 20_000 if quick else 200_000
    ours, plain = [], []
    for percent in (0, 1, 2, 5, 10, 20, 50, 100):
        xs = [-k - 100 if k % 100 < percent else k for k in range(count)]
        expected = list(map(sometimes, xs))
        f = never_seen(sometimes)
        for _ in range(3):
            if not identical(expected, gilmap.map(f, xs)):
                raise SystemExit("gilmap differs from map")
        a, b = in_turns([lambda xs=xs: gilmap.map(f, xs), lambda xs=xs: list(map(f, xs))], repeats)
        ours.append((max(percent, 0.1), a))
        plain.append((max(percent, 0.1), b))
    title = "Share of elements that deopt (0 stands at 0.1)"
    return {"title": title, "x": "percent", "y": "seconds", "series": {"gilmap": ours, "map": plain}}


def first_calls(repeats, quick):
    """The call that waits for its kernel, and the time until a call runs on it, by the size of the function."""
    series = {"first jit call": []}
    for statements in (1, 3, 10, 30, 100) if not quick else (1, 10):
        lines = [f"    x = x * {k + 2} % 1000003 + {k}" for k in range(statements)]
        source = "def f(x):\n" + "\n".join(lines) + "\n    return x\n"
        xs = np.arange(1000)
        times = []
        for _ in range(max(3, repeats)):
            names = {}
            exec(source, names)
            seconds, result = seconds_of(lambda names=names: gilmap.map(names["f"], xs, backend="jit"))
            _differs(list(map(names["f"], xs.tolist())), result)
            times.append(seconds)
            time.sleep(0.05)  # the compile in the background of a second kernel belongs to this function
        series["first jit call"].append((statements, statistics.median(times)))
    return {"title": "First call by the size of the function", "x": "statements", "y": "seconds", "series": series}


def charts(repeats=5, quick=False):
    return [part(repeats, quick) for part in (elements, threads, deopts, first_calls)]
