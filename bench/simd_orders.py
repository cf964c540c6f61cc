"""Never a loss: the functions of the tests and the workloads with SIMD and without, in three orders of their inputs.

Sorted: by what an element costs. Random. Adversarial: in each group of elements that a kernel computes at once, one
long one. Both run in one process, in turns, because a call of some microseconds depends on where its memory comes from;
on one thread, and it is the time of the CPU that counts, because a second thread that comes late would say nothing of
kernels. What SIMD kernels cost to compile is here as well.
"""

import math
import time
import types

import gilmap
import numpy as np
from gilmap import _gilmap

from bench.measure import in_turns, seconds_of
from bench.simd import ROWS, warmed
from bench.workloads import WORKLOADS
from tests.differential import cases

ORDERS = ("sorted", "random", "adversarial")
MOST_ROWS = 200  # different ones
SIZES = (4096, 1 << 16)  # beyond, it is the memory for the result that counts
CALL = 2e-3  # seconds without SIMD that are aimed at, of a call or of several
QUICK = 3  # repeats
SUSPECT = 1.03  # a ratio that is measured anew
MOST_SUSPECTS = 100


def candidates():
    """Plain functions, and rows for them that raise nothing and stay within small integers, by name."""
    found = {}
    for case in cases.load()[0]:
        if case.compiled and isinstance(case.function, types.FunctionType):
            found[case.name] = case.function, list(zip(*case.columns, strict=True))
    for name, row in ROWS.items():
        columns = row.columns()
        picked = np.linspace(0, len(columns[0]) - 1, MOST_ROWS).astype(int)
        found.setdefault(
            f"workloads.{row.name}", (row.function, list(zip(*(c[picked].tolist() for c in columns), strict=True)))
        )
    return {name: (f, kept) for name, (f, rows) in found.items() if (kept := _rows(f, rows))}


def _rows(f, rows):
    """Those whose columns and results are of one type each, as arrays are."""
    kept = []
    kinds = None
    for row in rows:
        if any(type(x) not in (int, float, bool) or (type(x) is int and abs(x) >= 2**31) for x in row):
            continue
        try:
            result = f(*row)
        except Exception:
            continue
        if type(result) not in (int, float, bool) or (type(result) is int and abs(result) >= 2**62):
            continue
        kinds = kinds or tuple(map(type, (*row, result)))
        if tuple(map(type, (*row, result))) == kinds:
            kept.append(row)
    step = max(1, len(kept) // MOST_ROWS)
    return kept[::step][:MOST_ROWS] if len(kept) >= 8 else None


def facts(f, rows):
    """Of the kernel that a call with these rows would get, or None if it has none."""
    bounds = []
    for column in zip(*rows, strict=True):
        negative = any(x < 0 for x in column) if type(column[0]) is int else True
        integral = type(column[0]) is int
        bounds.append((-(2**31) if negative else 0, 2**31 - 1) if integral else (-(2**63), 2**63 - 1))
    return _gilmap.lane_kernel_facts(f, [type(x).__name__ for x in rows[0]], bounds)


def by_cost(f, rows):
    """The numbers of the rows, cheapest first, as the interpreter sees them."""
    cost = [min(seconds_of(lambda row=row: f(*row))[0] for _ in range(4)) for row in rows]
    return sorted(range(len(rows)), key=cost.__getitem__)


def never_seen(f):
    copy = types.FunctionType(f.__code__.replace(), f.__globals__, f.__name__, f.__defaults__, f.__closure__)
    copy.__kwdefaults__ = f.__kwdefaults__
    return copy


def in_order(ranking, order, size, group):
    """Numbers of rows, so many, from those of a ranking by cost; some may come often and others not."""
    rng = np.random.default_rng(5)
    picked = np.array(ranking)[np.sort(rng.integers(0, len(ranking), size))]
    if order == "random":
        rng.shuffle(picked)
    if order == "adversarial":
        cheap = ranking[: max(1, len(ranking) // 4)]
        picked = rng.choice(cheap, size)
        first = np.arange(0, size - group + 1, group)
        picked[first + rng.integers(0, group, len(first))] = ranking[-1]
    return picked


class Contest:
    """A function with SIMD and without, on the same columns; each a copy, of which gilmap knew nothing before."""

    def __init__(self, f, rows, ranking, order, group):
        self._contestants = [("measured", never_seen(f)), ("never", never_seen(f))]
        self._make_columns = lambda size: [
            np.array(column)[in_order(ranking, order, size, group)] for column in zip(*rows, strict=True)
        ]
        self._columns = self._make_columns(SIZES[0])
        self._calls = 1
        for k in (0, 1):
            self._warm(k)
        each = min(self._run(1) for _ in range(5)) / SIZES[0]
        size = int(min(max(CALL / max(each, 1e-12), SIZES[0]), SIZES[1]))
        self._columns = self._make_columns(size)
        for k in (0, 1):
            self._warm(k)
        self._calls = max(1, round(CALL / max(each, 1e-12) / size))

    def _warm(self, k):
        use, f = self._contestants[k]
        _gilmap.use_lanes(use)
        warmed(f, self._columns, seconds=0.015, workers=1)

    def _run(self, k):
        """Seconds of the CPU."""
        use, f = self._contestants[k]
        _gilmap.use_lanes(use)
        start = time.process_time()
        for _ in range(self._calls):
            gilmap.map(f, *self._columns, workers=1)
        return time.process_time() - start

    def ratio(self, repeats):
        """Time with SIMD over that without: of the quarter of the runs that was least disturbed."""
        seconds = [[], []]
        try:
            in_turns([lambda k=k: seconds[k].append(self._run(k)) for k in (0, 1)], repeats)
        finally:
            _gilmap.use_lanes("measured")
        with_simd, without = (sorted(s)[len(s) // 4] for s in seconds)
        return with_simd / without


# ---------------------------------------------------------------- figures


def never_a_loss(table, repeats):
    """With few repeats for a quarter of the functions; for all of them it takes some minutes."""
    step = 4 if repeats <= QUICK else 1
    measured = {}
    for name, (f, rows) in list(candidates().items())[::step]:
        kernel = facts(f, rows)
        if kernel is None:
            continue
        ranking = by_cost(f, rows)
        for order in ORDERS:
            contest = Contest(f, rows, ranking, order, kernel["lanes"])
            measured[name, order] = contest.ratio(min(repeats, 5)), contest
    suspects = sorted((k for k in measured if measured[k][0] > SUSPECT), key=lambda k: -measured[k][0])
    for key in suspects[:MOST_SUSPECTS]:
        contest = measured[key][1]
        measured[key] = contest.ratio(15), contest
    ratios = {key: ratio for key, (ratio, _) in measured.items()}
    for order in ORDERS:
        of_order = {name: ratio for (name, o), ratio in ratios.items() if o == order}
        for name in sorted(of_order, key=of_order.get)[-10:]:
            print(f"    {order}: {name} {of_order[name]:.2f}")
        worst = max(of_order, key=of_order.get)
        mean = math.exp(-sum(map(math.log, of_order.values())) / len(of_order))
        losses = sum(ratio > 1.05 for ratio in of_order.values())
        print(
            f"    {order}: {len(of_order)} functions, {losses} slower by over 5 %, speed-up {mean:.2f} (geometric mean)"
        )
        table.at_most(f"time with SIMD over without, {order}, worst ({worst})", of_order[worst], 1.05)


def compile_times(table, _repeats):
    """Those of the second of two compiles: the first one also starts LLVM."""
    times = {}
    for name, (f, rows) in candidates().items():
        kernels = [facts(f, rows) for _ in range(3)]
        if kernels[0]:
            times[name] = min(k["passes_ms"] + k["compile_ms"] for k in kernels)
    for row in {row.name: row for row in ROWS.values()}.values():
        if ms := times.pop(f"workloads.{row.name}", None):
            table.at_most(
                f"{row.name}: passes and compile of the SIMD kernel, ms", ms, 10 if row.name in WORKLOADS else 25
            )
    for name in sorted(times, key=times.get)[-5:]:
        print(f"    {name} {times[name]:.1f} ms")
    worst = max(times, key=times.get)
    table.at_most(f"the same of {len(times)} functions of the tests, worst ({worst})", times[worst], 25)
