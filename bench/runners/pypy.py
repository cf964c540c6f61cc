"""PyPy where it is installed: map in a process of its interpreter, over a list."""

import os
import shutil

from bench.runners import Runner


class PyPy(Runner):
    executable = os.environ.get("GILMAP_BENCH_PYPY") or shutil.which("pypy3")
    missing = None if executable else "no pypy3 on PATH, nor in GILMAP_BENCH_PYPY"
    why_kinds = "lists only: NumPy and Arrow are not installed in it"

    def prepare(self, workload, columns, kind):
        f = workload.function
        return lambda: list(map(f, *columns))


RUNNERS = {"PyPy": PyPy}
