"""joblib with its default backend, loky, whose workers live on between calls; batches as its documentation advises.

Each call has a `Parallel` of its own: one that has raised may raise the same again in its next call.
"""

from bench.runners import Runner
from bench.runners.chunks import CPUS, Chunked, joined, map_chunk, slices


class Joblib(Runner):
    requires = ("joblib",)
    interprets = True

    def start(self):
        import joblib

        self._joblib = joblib
        joblib.Parallel(n_jobs=CPUS)(joblib.delayed(abs)(k) for k in range(CPUS))

    def prepare(self, workload, columns, kind):
        f, joblib, chunk = workload.function, self._joblib, self._joblib.delayed(map_chunk)

        def run(size):
            return joined(joblib.Parallel(n_jobs=CPUS)(chunk(f, *part) for part in slices(columns, size)))

        return Chunked(run, len(columns[0]))


RUNNERS = {"joblib": Joblib}
