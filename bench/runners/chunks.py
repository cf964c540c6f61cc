"""How the pools get their elements: in slices of the columns, of the size that suits them best.

A slice is made and pickled as it is. Rows of arguments would be a tuple for each element, which costs more than many a
function. The sizes are tried on the input itself, after a run that warms up.
"""

import itertools
import os
import time

CPUS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
# Chunks a CPU, and how many seconds a call may take for them to be tried: of long calls there is no time for many, and
# what a chunk costs counts for less.
TRIED = {1: 0.5, 4: 3.0, 16: 3.0, 64: 0.5}


class Chunked:
    """A callable whose chunk size can be tuned; `run(size)` is one whole call."""

    def __init__(self, run, count):
        self._run, self._first = run, None
        self._seconds = {}  # by chunk size
        for parts, most in TRIED.items():
            size = max(1, -(-count // (CPUS * parts)))
            self._seconds[size] = max(most, self._seconds.get(size, 0.0))
        self.size = sorted(self._seconds)[len(self._seconds) // 2]

    def __call__(self):
        if self._first is not None:
            return self._run(self.size)
        began = time.perf_counter()
        try:
            return self._run(self.size)
        finally:
            self._first = time.perf_counter() - began

    def tune(self):
        took = self._first or 0.0
        sizes = [size for size, most in self._seconds.items() if took < most]
        times = {size: self._time(size) for size in sizes} if len(sizes) > 1 else {}
        self.size = min(times, key=times.get, default=self.size)

    def _time(self, size):
        best = float("inf")
        # Short calls twice: the second of a noisy pair tells.
        for _ in range(2 if (self._first or 0.0) < 0.05 else 1):
            began = time.perf_counter()
            try:
                self._run(size)
            except Exception:  # one of the workloads raises; a run that does is as long as any
                pass
            best = min(best, time.perf_counter() - began)
        return best


def map_chunk(f, *columns):
    return list(map(f, *columns))


def slices(columns, size):
    """The arguments of each chunk: a slice of each column."""
    return [[c[k : k + size] for c in columns] for k in range(0, len(columns[0]), size)]


def joined(results):
    return list(itertools.chain.from_iterable(results))
