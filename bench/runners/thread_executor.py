"""ThreadPoolExecutor. Its map ignores chunk sizes, so slices are submitted: one task an element costs more."""

import concurrent.futures

from bench.runners import Runner
from bench.runners.chunks import CPUS, Chunked, joined, map_chunk, slices


class Threads(Runner):
    interprets = True

    def start(self):
        self._executor = concurrent.futures.ThreadPoolExecutor(CPUS)
        list(self._executor.map(abs, range(CPUS)))

    def prepare(self, workload, columns, kind):
        f, executor = workload.function, self._executor

        def run(size):
            return joined(executor.map(lambda part: map_chunk(f, *part), slices(columns, size)))

        return Chunked(run, len(columns[0]))

    def stop(self):
        self._executor.shutdown()


RUNNERS = {"ThreadPoolExecutor": Threads}
