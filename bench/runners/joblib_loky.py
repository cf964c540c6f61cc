"""joblib with its default backend, loky, whose workers live on between calls; batches as its documentation advises."""

from bench.runners import Runner
from bench.runners.chunks import CPUS, Chunked, batches, call_chunk


class Joblib(Runner):
    requires = ("joblib",)
    interprets = True

    def start(self):
        import joblib

        self._joblib = joblib
        self._parallel = joblib.Parallel(n_jobs=CPUS)
        self._parallel(joblib.delayed(abs)(k) for k in range(CPUS))

    def prepare(self, workload, columns, kind):
        f, chunk = workload.function, self._joblib.delayed(call_chunk)

        def run(size):
            results = self._parallel(chunk(f, rows) for rows in batches(list(zip(*columns)), size))
            return [y for ys in results for y in ys]

        return Chunked(run, len(columns[0]))


RUNNERS = {"joblib": Joblib}
