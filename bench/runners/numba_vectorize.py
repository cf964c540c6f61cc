"""Numba vectorize(target="parallel") with the signature that this target asks for."""

from bench.runners import NotExpressible
from bench.runners.by_hand import dtype_of, through_arrays
from bench.runners.numba_njit import FLOATS, Njit, element


class Vectorize(Njit):
    def prepare(self, workload, columns, kind):
        if workload.name == "initials":
            raise NotExpressible("neither its parallel loops nor its ufuncs return strings of any length")
        numba, f = self._numba, element(workload.function)
        types = [dtype_of(kind, c) for c in columns]
        result = "float64" if workload.name in FLOATS else "int64"
        names = ", ".join(f"x{k}" for k in range(len(columns)))
        scope = {"f": f}
        exec(f"def element({names}):\n    return f({names})\n", scope)
        made = []

        def run():  # the first call compiles, as it does with a signature
            if not made:
                signature = f"{result}({', '.join(types)})"
                ufunc = numba.vectorize([signature], target="parallel")(scope["element"])
                made.append(through_arrays(kind, ufunc))
            return made[0](*columns)

        return run


RUNNERS = {"Numba vectorize": Vectorize}
