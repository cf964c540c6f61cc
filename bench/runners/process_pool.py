"""multiprocessing.Pool: map with a chunk size; slices for several arguments, since starmap makes tuples of them."""

from bench.runners import Runner
from bench.runners.chunks import CPUS, Chunked, joined, map_chunk, slices


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

        def run(size):
            return joined(pool.starmap(map_chunk, [(f, *part) for part in slices(columns, size)], 1))

        return Chunked(run, len(columns[0]))

    def stop(self):
        self._pool.terminate()


RUNNERS = {"multiprocessing.Pool": Pool}
