"""The router against the best single backend, and against list(map): functions, sizes, cold and warm, lists and arrays.

Each cell's result is compared with list(map)'s. Cells that would take map longer than a second are left out.
"""

import itertools
import statistics
import time

import gilmap
import numpy as np

from bench.measure import seconds_of
from bench.workloads import WORKLOADS, identical
from tests.differential import cases
from tests.differential.outcomes import cold_copy

SIZES = (0, 1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
LONGEST = 1.0  # seconds under map
FUNCTIONS_OF_TESTS = 40
BACKENDS = ("inline", "arrow_kernel", "jit")


def functions():
    """(name, function, columns): the workloads, and functions of the tests, evenly over all that are compiled."""
    for name, (f, values, _) in WORKLOADS.items():
        yield name, f, [values]
    known = [
        c
        for c in cases.load()[0]
        if c.compiled and c.columns[0] and type(c.function).__name__ == "function" and _is_plain(c)
    ]
    for c in known[:: max(1, len(known) // FUNCTIONS_OF_TESTS)][:FUNCTIONS_OF_TESTS]:
        yield c.name, c.function, c.columns


def _is_plain(c):
    """Does it return a number of one type for each row, so that an array can have the results?"""
    try:
        kinds = {type(c.function(*row)) for row in zip(*c.columns, strict=True)}
    except Exception:
        return False
    one_type = all(len({type(v) for v in column}) == 1 and type(column[0]) in (int, float) for column in c.columns)
    return one_type and len(kinds) == 1 and kinds <= {int, float, bool}


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
    for _ in range(rounds):
        for k, run in enumerate(runs):
            g = fresh()
            seconds[k].append(seconds_of(lambda g=g, run=run: run(g))[0])
            if state == "cold" and seconds[k][-1] > 1e-3:
                time.sleep(0.01)  # a compile that was begun must not slow the next
    ours, plain, *forced = map(statistics.median, seconds)
    return ours, min(forced), plain
