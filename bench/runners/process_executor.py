"""concurrent.futures.ProcessPoolExecutor: map over slices.

Its own chunks are lists of tuples, one for each element, even where a function takes one argument.
"""

import concurrent.futures
import functools

from bench.runners import Runner
from bench.runners.chunks import CPUS, Chunked, joined, map_chunk, slices


class Executor(Runner):
    interprets = True
    executor_class = "ProcessPoolExecutor"

    def start(self):
        self._executor = getattr(concurrent.futures, self.executor_class)(CPUS)
        list(self._executor.map(abs, range(CPUS)))

    def prepare(self, workload, columns, kind):
        call, executor = functools.partial(map_chunk, workload.function), self._executor

        def run(size):
            return joined(executor.map(call, *zip(*slices(columns, size))))

        return Chunked(run, len(columns[0]))

    def stop(self):
        self._executor.shutdown()


RUNNERS = {"ProcessPoolExecutor": Executor}
