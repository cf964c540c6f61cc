"""How the benchmarks measure: runs in turns with their peer, medians, and one row for each figure."""

import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = str(pathlib.Path(__file__).resolve().parent.parent)


def seconds_of(run):
    """Seconds of one run, and its result."""
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def figure_of_process(code):
    """The number that a process of its own prints, which finds these benchmarks and the same gilmap."""
    path = os.pathsep.join(filter(None, (ROOT, os.environ.get("PYTHONPATH"))))
    env = {**os.environ, "PYTHONPATH": path}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
    run = subprocess.run([sys.executable, "-c", code], env=env, check=True, stdout=subprocess.PIPE)
    return float(run.stdout)


def in_turns(runs, repeats, pause=0.0):
    """Median seconds of each of several callables, taken in turns.

    pause: seconds before each run, where a peer's threads go on spinning for a while: those of OpenMP, which Numba
        uses, keep all CPUs busy for some milliseconds after a parallel loop. Each then runs once untimed, because CPUs
        that slept take some tenths of a millisecond to come back, which would be most of a short run.
    """
    seconds = [[] for _ in runs]
    for _ in range(repeats):
        for k, run in enumerate(runs):
            if pause:
                time.sleep(pause)
                run()
            seconds[k].append(seconds_of(run)[0])
    return [statistics.median(s) for s in seconds]


def fresh_in_turns(makers, repeats):
    """The same where each turn has a callable of its own, whose making is not timed."""
    seconds = [[] for _ in makers]
    for _ in range(repeats):
        for k, make in enumerate(makers):
            run = make()
            seconds[k].append(seconds_of(run)[0])
            if seconds[k][-1] > 1e-3:
                time.sleep(0.02)  # a compile that the run has begun must not slow its peer
    return [statistics.median(s) for s in seconds]


class Table:
    """The figures so far; each is printed as it comes."""

    def __init__(self):
        self.rows = []

    def at_least(self, name, value, target):
        self._add(name, value, f">= {target}", value >= target)

    def at_most(self, name, value, target):
        self._add(name, value, f"<= {target}", value <= target)

    def _add(self, name, value, target, reached):
        self.rows.append({"figure": name, "value": value, "target": target, "reached": bool(reached)})
        print(f"{name:<64}{value:>9.2f}   target {target:>8}   {'reached' if reached else 'NOT reached'}", flush=True)
