"""Functions that cannot be compiled: worker interpreters against list(map) and against pools of processes."""

import concurrent.futures
import multiprocessing
import os

import gilmap

from bench.measure import figure_of_process, in_turns, seconds_of
from bench.workloads import identical

CHUNK_SIZES = (1, 10, 100, 1_000, 10_000)


def count_words(n):
    """Strings and a dict, some 100 µs."""
    counts = {}
    for k in range(200):
        word = "w" + str(n * k % 97)
        counts[word] = counts.get(word, 0) + 1
    return ",".join(f"{word}={count}" for word, count in sorted(counts.items()) if count > 1)


def spell(n):
    """Strings, some 2 µs."""
    return "-".join(["a" if c in "02468" else "b" for c in str(n * 7919)])


def trivial(x):
    return x + 1


LARGE = list(range(10_000))
SMALL = list(range(100_000))
MANY = list(range(10**6))


def started_pools():
    """Pools of processes by their names, each as (map with a chunk size, how to end it)."""
    processes = len(os.sched_getaffinity(0))
    pool = multiprocessing.Pool(processes)
    executor = concurrent.futures.ProcessPoolExecutor(processes)
    return {
        "multiprocessing.Pool": (lambda f, xs, size: pool.map(f, xs, size), pool.terminate),
        "ProcessPoolExecutor": (lambda f, xs, size: list(executor.map(f, xs, chunksize=size)), executor.shutdown),
    }


def _best_chunk_size(pool_map, f, xs):
    """The chunk size that is quickest for this function: each is tried once, after one run that warms up."""
    expected = list(map(f, xs))
    times = {}
    for size in CHUNK_SIZES:
        if size * 2 <= len(xs):
            times[size], result = seconds_of(lambda size=size: pool_map(f, xs, size))
            if not identical(expected, result):
                raise SystemExit(f"{f.__name__}: the pool differs from map")
    return min(times, key=times.get)


def _ours(f, xs, **options):
    expected = list(map(f, xs))
    for _ in range(2):
        if not identical(expected, gilmap.map(f, xs, **options)):
            raise SystemExit(f"{f.__name__}: gilmap differs from map")
    return lambda: gilmap.map(f, xs, **options)


def not_compiled(table, repeats):
    """Started pools, warm."""
    pools = started_pools()  # before there are threads of ours
    runs = {}
    for f, xs in ((count_words, LARGE), (spell, SMALL)):
        for name, (pool_map, _) in pools.items():
            size = _best_chunk_size(pool_map, f, xs)
            runs[f, name] = lambda pool_map=pool_map, f=f, xs=xs, size=size: pool_map(f, xs, size)
    for f, xs, over_map, over_pools in ((count_words, LARGE, 1.9, 1.0), (spell, SMALL, None, 3.0)):
        itself, forced, plain, *theirs = in_turns(
            [_ours(f, xs), _ours(f, xs, backend="subinterp"), lambda f=f, xs=xs: list(map(f, xs))]
            + [runs[f, name] for name in pools],
            repeats,
        )
        each = f"{f.__name__} ({plain / len(xs) * 1e6:.1f} µs)"
        if over_map:
            table.at_least(f"{each}: {len(xs)} elements, by itself, over list(map)", plain / itself, over_map)
            table.at_least(f"{each}: {len(xs)} elements, forced, over list(map)", plain / forced, over_map)
        else:
            table.at_least(f"{each}: {len(xs)} elements, by itself, over list(map)", plain / itself, 0.95)
        for name, seconds in zip(pools, theirs, strict=True):
            table.at_least(f"{each}: forced, over {name}", seconds / forced, over_pools)
    for _, end in pools.values():
        end()


def many_ints(table, repeats):
    ours, plain = in_turns([_ours(trivial, MANY, backend="subinterp"), lambda: list(map(trivial, MANY))], repeats)
    table.at_most("10^6 ints through a trivial function, forced, time over list(map)", ours / plain, 1.0)


# The lists of this module are no part of a first call: a collection that goes through them would be timed.
FIRST = """
import gc, time, gilmap
from bench.interpreters import spell
gc.collect()
expected = list(map(spell, range(8)))
start = time.perf_counter()
result = gilmap.map(spell, range(8), backend="subinterp")
seconds = time.perf_counter() - start
if result != expected:
    raise SystemExit("gilmap differs from map")
print(seconds)
"""

FIRST_OF_A_POOL = """
import gc, multiprocessing, time
from bench.interpreters import spell
gc.collect()
if __name__ == "__main__":
    context = multiprocessing.get_context({method!r})
    start = time.perf_counter()
    with context.Pool(2) as pool:
        result = pool.map(spell, range(8))
        print(time.perf_counter() - start)
"""

MEMORY = """
import gc, gilmap
from bench.interpreters import spell
from tests.python.support import resident_bytes

def functions(count):
    names = {}
    for k in range(count):
        exec(f"def f{k}(x):\\n    return str(x + {k})", names)
        yield names.pop(f"f{k}")

def calls(count, distinct):
    for f in functions(distinct):
        for _ in range(count // distinct):
            if gilmap.map(f, [1, 2, 3], backend="subinterp") != [f(1), f(2), f(3)]:
                raise SystemExit("gilmap differs from map")

calls(2_000, 400)
gc.collect()
before = resident_bytes()
calls(10_000, 1_000)
gc.collect()
print((resident_bytes() - before) / 1e6)
"""


def first_call(table, repeats):
    runs = max(3, repeats // 2)
    figure_of_process(FIRST)
    ours = sorted(figure_of_process(FIRST) for _ in range(runs))[runs // 2]
    table.at_most("first call with the start of the interpreters, ms", ours * 1e3, 40)
    for method in ("fork", "forkserver"):
        theirs = sorted(figure_of_process(FIRST_OF_A_POOL.format(method=method)) for _ in range(runs))[runs // 2]
        print(f"    the same with multiprocessing.Pool, {method}: {theirs * 1e3:.0f} ms")


def memory(table, _repeats):
    table.at_most("memory after 10^4 calls and 10^3 functions, MB", figure_of_process(MEMORY), 2)


def all_figures(table, repeats):
    not_compiled(table, repeats)
    many_ints(table, repeats)
    first_call(table, repeats)
    memory(table, repeats)
