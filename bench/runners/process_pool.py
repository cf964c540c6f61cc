"""multiprocessing.Pool: map with a chunk size, starmap for several arguments."""

from bench.runners import Runner
from bench.runners.chunks import CPUS, Chunked


class Pool(Runner):
    interprets = True

    def start(self):
        import multiprocessing

        self._pool = multiprocessing.Pool(CPUS)
        self._pool.map(abs, range(CPUS))

    def prepare(self, workload, columns, kind):
        f, pool = workload.function, self._pool
        if len(columns) == 1:
            return Chunked(lambda size: pool.map(f, columns[0], size), len(columns[0]))
        return Chunked(lambda size: pool.starmap(f, zip(*columns), size), len(columns[0]))

    def stop(self):
        self._pool.terminate()


RUNNERS = {"multiprocessing.Pool": Pool}
