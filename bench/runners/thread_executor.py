"""ThreadPoolExecutor. Its map ignores chunk sizes, so batches are submitted: one task an element costs more."""

import concurrent.futures

from bench.runners import Runner
from bench.runners.chunks import CPUS, Chunked, batches, call_chunk


class Threads(Runner):
    interprets = True

    def start(self):
        self._executor = concurrent.futures.ThreadPoolExecutor(CPUS)
        list(self._executor.map(abs, range(CPUS)))

    def prepare(self, workload, columns, kind):
        f, executor = workload.function, self._executor

        def run(size):
            chunks = batches(list(zip(*columns)), size)
            return [y for ys in executor.map(call_chunk, [f] * len(chunks), chunks) for y in ys]

        return Chunked(run, len(columns[0]))

    def stop(self):
        self._executor.shutdown()


RUNNERS = {"ThreadPoolExecutor": Threads}
