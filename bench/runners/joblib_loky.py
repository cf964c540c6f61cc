"""joblib with its default backend, loky, in one `Parallel` for all calls and in batches, as its documentation advises.

A call that raises ends the workers, and its `Parallel` may raise the same again in the next call, whatever that one
is; so there is a new one after it. The new workers start within the timing, since they do so for every user.
"""

from bench.runners import Runner
from bench.runners.chunks import CPUS, Chunked, joined, map_chunk, slices


class Joblib(Runner):
    requires = ("joblib",)
    interprets = True

    def start(self):
        import joblib

        self._joblib = joblib
        self._enter()
        self._parallel(joblib.delayed(abs)(k) for k in range(CPUS))

    def _enter(self):
        self._parallel = self._joblib.Parallel(n_jobs=CPUS)
        self._parallel.__enter__()

    def prepare(self, workload, columns, kind):
        f, chunk = workload.function, self._joblib.delayed(map_chunk)
        self._restarts = False

        def run(size):
            try:
                return joined(self._parallel(chunk(f, *part) for part in slices(columns, size)))
            except Exception:
                self._restarts = True
                self.stop()
                self._enter()
                raise

        return Chunked(run, len(columns[0]))

    def describe(self):
        return "its workers start anew in each call, since each raises" if self._restarts else ""

    def stop(self):
        self._parallel.__exit__(None, None, None)


RUNNERS = {"joblib": Joblib}
