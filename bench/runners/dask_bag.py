"""Dask: a bag in partitions, with the scheduler of processes that its documentation names for pure Python.

A partition is mapped as a whole: Bag.map over several bags makes a tuple and a dict for each element.
"""

import concurrent.futures
import functools

from bench.runners import Runner
from bench.runners.chunks import CPUS, Chunked, map_chunk


class Dask(Runner):
    requires = ("dask", "dask.bag")
    interprets = True

    def start(self):
        import dask.bag

        self._bag = dask.bag
        self._pool = concurrent.futures.ProcessPoolExecutor(CPUS)
        self._compute = {"scheduler": "processes", "pool": self._pool}
        dask.bag.from_sequence(range(CPUS)).map(abs).compute(**self._compute)

    def prepare(self, workload, columns, kind):
        call = functools.partial(map_chunk, workload.function)

        def run(size):
            bags = [self._bag.from_sequence(c, partition_size=size) for c in columns]
            return self._bag.map_partitions(call, *bags).compute(**self._compute)

        return Chunked(run, len(columns[0]))

    def stop(self):
        self._pool.shutdown()


RUNNERS = {"Dask": Dask}
