"""What it costs where machine code gives elements back to CPython."""

import gilmap

from bench.measure import in_turns
from bench.workloads import identical

COUNT = 200_000


def leaves_64_bits(x):
    return x * 1_000_000_000_000_000_000 * 10


def is_caught(x):
    try:
        return 7 // (x - x)
    except ZeroDivisionError:
        return x


def leaves_64_bits_late(x):
    total = 0
    for i in range(100):
        total = (total + i * x) % 1_000_003
    return (total + 1) * 10_000_000_000_000 * 1_000_000


def sometimes(x):
    return x * 3 + 1 if x >= 0 else x * 1_000_000_000_000_000_000 * 10


def all_deopt(table, repeats):
    for f, xs in (
        (leaves_64_bits, range(100, 100 + COUNT)),
        (is_caught, range(COUNT)),
        (leaves_64_bits_late, range(5000, 5000 + COUNT // 20)),
    ):
        plain, ours = _against_map(f, list(xs), repeats)
        table.at_most(f"{f.__name__}: every element deopts, time over list(map)", ours / plain, 1.1)


def some_deopt(table, repeats):
    """The time that deopts add to a call, over that of the same elements under map."""
    for every in (10, 100):
        count = COUNT // every
        mixed = [-k - 100 if k % every == 0 else k for k in range(COUNT)]
        clean = [abs(k) for k in mixed]
        deopting = [k for k in mixed if k < 0]
        for xs in (mixed, clean):
            _check(sometimes, xs)
        with_deopts, without, plain = in_turns(
            [
                lambda xs=mixed: gilmap.map(sometimes, xs),
                lambda xs=clean: gilmap.map(sometimes, xs),
                lambda xs=deopting: list(map(sometimes, xs)),
            ],
            3 * repeats,
        )
        each = (with_deopts - without) / count
        table.at_most(f"one element in {every} deopts: time of a deopt over map's element", each / (plain / count), 1.5)


def _check(f, xs):
    if not identical(list(map(f, xs)), gilmap.map(f, xs)):
        raise SystemExit(f"{f.__name__}: gilmap differs from map")
    gilmap.map(f, xs)


def _against_map(f, xs, repeats):
    _check(f, xs)
    return in_turns([lambda: list(map(f, xs)), lambda: gilmap.map(f, xs)], repeats)
