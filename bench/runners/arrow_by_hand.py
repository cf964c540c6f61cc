"""pyarrow.compute: kernels called by hand."""

from bench.runners import NotExpressible, Runner


def _formulas(pc):
    def quick_collatz(n):
        half = pc.divide(n, 2)
        even = pc.equal(pc.subtract(n, pc.multiply(half, 2)), 0)
        return pc.if_else(even, half, pc.add_checked(pc.multiply_checked(n, 3), 1))

    return {"float_math": lambda x: pc.add(pc.multiply(x, 1.5), 0.5), "quick_collatz": quick_collatz}


class Arrow(Runner):
    requires = ("pyarrow",)
    kinds = ("arrow",)

    def start(self):
        import pyarrow.compute

        self._formulas = _formulas(pyarrow.compute)

    def prepare(self, workload, columns, kind):
        if workload.name not in self._formulas:
            raise NotExpressible("no kernels for it, or no loops")
        return lambda: self._formulas[workload.name](*columns)


RUNNERS = {"pyarrow.compute": Arrow}
