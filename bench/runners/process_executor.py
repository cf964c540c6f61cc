"""concurrent.futures.ProcessPoolExecutor: map with a chunk size."""

import concurrent.futures

from bench.runners import Runner
from bench.runners.chunks import CPUS, Chunked


class Executor(Runner):
    interprets = True
    executor_class = "ProcessPoolExecutor"

    def start(self):
        self._executor = getattr(concurrent.futures, self.executor_class)(CPUS)
        list(self._executor.map(abs, range(CPUS)))

    def prepare(self, workload, columns, kind):
        f, executor = workload.function, self._executor
        return Chunked(lambda size: list(executor.map(f, *columns, chunksize=size)), len(columns[0]))

    def stop(self):
        self._executor.shutdown()


RUNNERS = {"ProcessPoolExecutor": Executor}
