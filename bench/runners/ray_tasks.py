"""Ray: remote tasks over batches, since its documentation warns of tasks that are too small."""

from bench.runners import Runner
from bench.runners.chunks import CPUS, Chunked, joined, map_chunk, slices


class Ray(Runner):
    requires = ("ray",)
    interprets = True

    def start(self):
        import ray

        self._ray = ray
        ray.init(num_cpus=CPUS, include_dashboard=False, log_to_driver=False, configure_logging=False)
        self._task = ray.remote(max_retries=0)(map_chunk)
        ray.get([self._task.remote(abs, [k]) for k in range(CPUS)])

    def prepare(self, workload, columns, kind):
        f, ray = self._ray.put(workload.function), self._ray

        def run(size):
            tasks = [self._task.remote(f, *part) for part in slices(columns, size)]
            try:
                return joined(ray.get(tasks))
            except ray.exceptions.RayTaskError as error:
                raise error.cause from None  # as its documentation says to get the function's own exception

        return Chunked(run, len(columns[0]))

    def stop(self):
        self._ray.shutdown()


RUNNERS = {"Ray": Ray}
