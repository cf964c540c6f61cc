"""Never a loss: the functions of the tests and the workloads with SIMD and without, in three orders of their inputs.

Sorted: by what an element costs. Random. Adversarial: in each group of elements that a kernel computes at once, one
long one. Both run in processes of their own, in turns, since GILMAP_SIMD is read once; on one thread, and it is the
time of the CPU that counts, because a second thread that comes late would say nothing of kernels. What SIMD kernels
cost to compile is here as well.
"""

import math
import time
import types

import gilmap
import numpy as np
from gilmap import _gilmap

from bench.apart import Apart
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


# ---------------------------------------------------------------- in a process of its own

_known = {}
_ready = {}


def prepare(name, ranking, order, size, group):
    """Nanoseconds of an element. Each time the function is one of its own, of which gilmap knows nothing."""
    if not _known:
        _known.update(candidates())
    f, rows = _known[name]
    rng = np.random.default_rng(5)
    picked = np.array(ranking)[np.sort(rng.integers(0, len(ranking), size))]
    if order == "random":
        rng.shuffle(picked)
    if order == "adversarial":
        cheap = ranking[: max(1, len(ranking) // 4)]
        picked = rng.choice(cheap, size)
        first = np.arange(0, size - group + 1, group)
        picked[first + rng.integers(0, group, len(first))] = ranking[-1]
    columns = [np.array(column)[picked] for column in zip(*rows, strict=True)]
    f = never_seen(f)
    warmed(f, columns, seconds=0.015, workers=1)
    _ready["run"] = lambda: gilmap.map(f, *columns, workers=1)
    return min(run(1) for _ in range(5)) / size * 1e9


def run(calls):
    """Seconds of the CPU."""
    start = time.process_time()
    for _ in range(calls):
        _ready["run"]()
    return time.process_time() - start


# ---------------------------------------------------------------- figures


def _ratio(processes, name, ranking, order, size, calls, group, repeats):
    """Time with SIMD over that without."""
    for process in processes:
        process.ask(prepare, name, ranking, order, size, group)
    seconds = [[] for _ in processes]
    in_turns([lambda k=k, p=p: seconds[k].append(p.ask(run, calls)) for k, p in enumerate(processes)], repeats, 0.001)
    with_simd, without = (sorted(s)[len(s) // 4] for s in seconds)  # the worst of many medians would be of noise
    return with_simd / without


def never_a_loss(table, repeats):
    """With few repeats for a quarter of the functions; for all of them it takes a quarter of an hour."""
    step = 4 if repeats <= QUICK else 1
    measured = {}
    with Apart() as simd, Apart(GILMAP_SIMD="off") as off:
        for name, (f, rows) in list(candidates().items())[::step]:
            kernel = facts(f, rows)
            if kernel is None:
                continue
            ranking = by_cost(f, rows)
            for order in ORDERS:
                each_ns = off.ask(prepare, name, ranking, order, SIZES[0], kernel["lanes"])
                size = int(min(max(CALL * 1e9 / each_ns, SIZES[0]), SIZES[1]))
                calls = max(1, round(CALL * 1e9 / each_ns / size))
                args = (name, ranking, order, size, calls, kernel["lanes"])
                measured[name, order] = _ratio((simd, off), *args, min(repeats, 5)), args
        suspects = sorted((k for k in measured if measured[k][0] > SUSPECT), key=lambda k: -measured[k][0])
        for key in suspects[:MOST_SUSPECTS]:
            measured[key] = _ratio((simd, off), *measured[key][1], 15), measured[key][1]
    ratios = {key: ratio for key, (ratio, _) in measured.items()}
    for order in ORDERS:
        in_order = {name: ratio for (name, o), ratio in ratios.items() if o == order}
        for name in sorted(in_order, key=in_order.get)[-10:]:
            print(f"    {order}: {name} {in_order[name]:.2f}")
        worst = max(in_order, key=in_order.get)
        mean = math.exp(-sum(map(math.log, in_order.values())) / len(in_order))
        losses = sum(ratio > 1.05 for ratio in in_order.values())
        print(
            f"    {order}: {len(in_order)} functions, {losses} slower by over 5 %, speed-up {mean:.2f} (geometric mean)"
        )
        table.at_most(f"time with SIMD over without, {order}, worst ({worst})", in_order[worst], 1.05)


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
