"""The router against the best single backend, and against list(map): functions, sizes, cold and warm, lists and arrays.

Each cell's result is compared with list(map)'s. Cells that would take map longer than a second are left out.
"""

import itertools
import random
import statistics

import gilmap
import numpy as np
from gilmap import _gilmap

from bench.measure import seconds_of
from bench.workloads import ALL, identical
from tests.differential import cases
from tests.differential.outcomes import cold_copy

SIZES = (0, 1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
LONGEST = 1.0  # seconds under map
FUNCTIONS_OF_TESTS = 40
BACKENDS = ("inline", "arrow_kernel", "jit")


def functions():
    """(name, function, columns): the workloads whose results are numbers and none raises, and functions of the
    tests, evenly over all that are compiled.
    """
    for name, workload in ALL.items():
        columns = workload.columns(workload.sizes[0])
        if _is_plain(workload.function, columns):
            yield name, workload.function, columns
    known = [
        c
        for c in cases.load()[0]
        if c.compiled and c.columns[0] and type(c.function).__name__ == "function" and _is_plain(c.function, c.columns)
    ]
    for c in known[:: max(1, len(known) // FUNCTIONS_OF_TESTS)][:FUNCTIONS_OF_TESTS]:
        yield c.name, c.function, c.columns


def _is_plain(f, columns):
    """Does it return a number of one type for each row, so that an array can have the results?"""
    try:
        results = list(map(f, *columns))
    except Exception:
        return False
    one_type = all(len({type(v) for v in column}) == 1 and type(column[0]) in (int, float) for column in columns)
    return one_type and len({type(r) for r in results}) == 1 and all(map(_fits_array, results))


def _fits_array(r):
    return type(r) in (float, bool) or (type(r) is int and -(2**63) <= r < 2**63)


def cells(table, repeats):
    against_best, against_map = [], []
    for name, f, columns in functions():
        for n in SIZES:
            lists = [list(itertools.islice(itertools.cycle(c), n)) for c in columns]
            seconds, expected = seconds_of(lambda f=f, lists=lists: list(map(f, *lists)))
            if seconds > LONGEST:
                break
            for kind in ("list", "array"):
                xs = lists if kind == "list" else [np.array(c) for c in lists]
                for state in ("cold", "warm"):
                    cell = f"{name} {n} {kind} {state}"
                    ours, best, plain = _measure(cell, f, xs, lists, expected, state, _rounds(seconds, repeats))
                    against_best.append((cell, ours, best))
                    if kind == "list":
                        against_map.append((cell, ours, plain))
    within = [ours <= 1.15 * best + 5e-6 for _, ours, best in against_best]
    table.at_least(f"% of {len(within)} cells within 1.15 times + 5 µs of the best", 100 * statistics.fmean(within), 95)
    _worst(table, "above 1.5 times + 50 µs of the best", against_best, 1.5, 50e-6)
    _worst(table, "above 1.05 times + 2 µs of list(map)", against_map, 1.05, 2e-6)


def _rounds(seconds, repeats):
    return int(min(5 * repeats, max(3, repeats * 0.05 / max(seconds, 1e-6))))


def _worst(table, what, rows, factor, more):
    """How many cells are above the limit; the worst few are printed."""
    above = sorted(((ours - factor * peer - more) * 1e6, cell, ours, peer) for cell, ours, peer in rows)
    count = sum(over > 0 for over, *_ in above)
    table.at_most(f"cells of {len(rows)} {what}", count, 0)
    for over, cell, ours, peer in above[-min(count, 5) :] if count else []:
        print(f"    {cell}: {ours * 1e6:.1f} µs, limit {ours * 1e6 - over:.1f}, peer {peer * 1e6:.1f}")


def _measure(cell, f, xs, lists, expected, state, rounds):
    """Median seconds of gilmap's choice, of the best forced backend, of list(map); in turns."""
    fresh = (lambda: cold_copy(f)) if state == "cold" else (lambda: f)
    runs = [lambda g: gilmap.map(g, *xs), lambda g: list(map(g, *lists))]
    for backend in BACKENDS:
        try:
            gilmap.map(f, *xs, backend=backend)
        except ValueError:
            continue  # not for this function
        runs.append(lambda g, backend=backend: gilmap.map(g, *xs, backend=backend))
    result = gilmap.map(f, *xs)
    if len(expected) and not identical(expected, result if type(result) is list else result.ravel().tolist()):
        raise SystemExit(f"{cell}: gilmap differs from map")
    seconds = [[] for _ in runs]
    order = random.Random(cell)
    for _ in range(rounds):
        # In no fixed order: what comes behind a compile finds the caches full of LLVM.
        for k in order.sample(range(len(runs)), len(runs)):
            g = fresh()
            _settle(state, xs)
            seconds[k].append(seconds_of(lambda g=g, k=k: runs[k](g))[0])
    ours, plain, *forced = map(statistics.median, seconds)
    return ours, min(forced), plain


def _settle(state, xs):
    """A compile that another run has begun must not slow the next; nor should a CPU that slept, or cold caches."""
    if state == "cold":
        _gilmap.finish_compiles()
        few = [x[:10] for x in xs]
        for _ in range(100):
            list(map(_other, *few))
            gilmap.map(_other, *few)


def _other(*row):
    return 1.0
