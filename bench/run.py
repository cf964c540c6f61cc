"""Ratios against Numba's unchecked parallel loop, against list(map), and of two threads to one.

Every result is compared with list(map)'s in the same run; a difference ends the benchmark. Runs are taken in turns with
the peer, and medians are printed, because machines are noisy.

usage: run.py [--quick] [--json FILE]
"""

import argparse
import json
import math
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import gilmap
import numpy as np

from bench.workloads import WORKLOADS, identical


def in_turns(runs, repeats):
    """Median seconds of each of several callables, taken in turns."""
    seconds = [[] for _ in runs]
    for _ in range(repeats):
        for k, run in enumerate(runs):
            start = time.perf_counter()
            run()
            seconds[k].append(time.perf_counter() - start)
    return [statistics.median(s) for s in seconds]


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


def figure(table, name, value, target, reached):
    table.append({"figure": name, "value": value, "target": target, "reached": reached})
    print(f"{name:<52}{value:>10.2f}   target {target:>8}   {'reached' if reached else 'NOT reached'}", flush=True)


def against_numba(table, repeats):
    ratios = []
    for name, (f, values, plain_count) in WORKLOADS.items():
        xs = np.array(values)
        loop = numba_loop(f, np.float64 if name == "float_math" else np.int64)
        start = time.perf_counter()
        loop(xs)
        numba_first = time.perf_counter() - start
        result = gilmap.map(f, xs)
        if not identical(list(map(f, values[:plain_count])), result[:plain_count].tolist()):
            raise SystemExit(f"{name}: gilmap differs from map")
        if not np.array_equal(loop(xs), result):
            raise SystemExit(f"{name}: numba differs from gilmap")
        gilmap.map(f, xs)
        theirs, ours, one = in_turns(
            [lambda: loop(xs), lambda: gilmap.map(f, xs), lambda: gilmap.map(f, xs, workers=1)], repeats
        )
        ratios.append(theirs / ours)
        figure(table, f"{name}: speed over numba parallel", theirs / ours, ">= 0.8", theirs / ours >= 0.8)
        if name in ("count_primes", "heavy_collatz", "mandelbrot_iters", "medium_compute"):
            figure(table, f"{name}: all threads over one", one / ours, ">= 1.9", one / ours >= 1.9)
        if name == "quick_collatz":
            fresh = {}
            exec("def f(n):\n    return n // 2 if n % 2 == 0 else 3 * n + 7", fresh)
            start = time.perf_counter()
            first = gilmap.map(fresh["f"], xs[:100_000])
            ours_first = time.perf_counter() - start
            if first.tolist() != list(map(fresh["f"], values[:100_000])):
                raise SystemExit("first call differs from map")
            figure(
                table,
                "first call, 10^5 elements, over numba's",
                numba_first / ours_first,
                ">= 15",
                numba_first / ours_first >= 15,
            )
    mean = math.exp(statistics.fmean(map(math.log, ratios)))
    figure(table, "geometric mean over numba parallel", mean, ">= 1.0", mean >= 1.0)


def lists(table, repeats):
    for name in ("float_math", "quick_collatz"):
        f, xs, _ = WORKLOADS[name]
        if not identical(list(map(f, xs)), gilmap.map(f, xs)):
            raise SystemExit(f"{name}: gilmap differs from map")
        gilmap.map(f, xs)
        plain, ours = in_turns([lambda: list(map(f, xs)), lambda: gilmap.map(f, xs)], repeats)
        figure(table, f"{name}: list to list, over list(map)", plain / ours, ">= 3", plain / ours >= 3)


def small_calls(table, repeats):
    for name, (f, values, plain_count) in WORKLOADS.items():
        for n in (0, 1, 3, 10, 30, 100, 1000):
            if n > plain_count or (n > 10 and name in ("count_primes", "heavy_collatz")):
                continue
            xs = values[:n]
            if not identical(list(map(f, xs)), gilmap.map(f, xs)):
                raise SystemExit(f"{name}: gilmap differs from map")
            rounds = max(repeats, 101 if n <= 100 else repeats)
            rounds = 5 if name in ("count_primes", "heavy_collatz") else rounds
            plain, ours = in_turns([lambda: list(map(f, xs)), lambda: gilmap.map(f, xs)], rounds)
            excess = (ours - 1.05 * plain) * 1e6
            figure(table, f"{name}: {n} warm elements, µs over 1.05 map", excess, "<= 2", excess <= 2)


def import_time(table, repeats):
    def run(code):
        return lambda: subprocess.run([sys.executable, "-c", code], check=True)

    bare, ours = in_turns([run("pass"), run("import gilmap")], max(11, repeats))
    figure(table, "import gilmap, ms over bare Python", (ours - bare) * 1e3, "<= 15", (ours - bare) * 1e3 <= 15)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    parser.add_argument("--json", help="file for the figures")
    args = parser.parse_args()
    repeats = 3 if args.quick else 11
    table = []
    against_numba(table, repeats)
    lists(table, repeats)
    small_calls(table, repeats)
    import_time(table, repeats)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
