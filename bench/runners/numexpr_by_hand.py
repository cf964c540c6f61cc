"""numexpr: one expression over arrays, with its threads."""

from bench.runners import NotExpressible, Runner
from bench.runners.chunks import CPUS

_RAD = "0.017453292519943295"
EXPRESSIONS = {
    "quick_collatz": (("x",), "where(x % 2 == 0, x // 2, 3 * x + 1)"),
    "float_math": (("x",), "x * 1.5 + 0.5"),
    "great_circle": (
        ("a", "b", "c", "d"),
        f"12742.0176 * arcsin(sqrt(sin((c * {_RAD} - a * {_RAD}) / 2) ** 2"
        f" + cos(a * {_RAD}) * cos(c * {_RAD}) * sin((d - b) * {_RAD} / 2) ** 2))",
    ),
}


class Numexpr(Runner):
    requires = ("numexpr",)
    kinds = ("numpy",)

    def start(self):
        import numexpr

        numexpr.set_num_threads(CPUS)
        self._evaluate = numexpr.evaluate

    def prepare(self, workload, columns, kind):
        if workload.name not in EXPRESSIONS:
            raise NotExpressible("it has no loops")
        names, text = EXPRESSIONS[workload.name]
        inputs = dict(zip(names, columns))
        return lambda: self._evaluate(text, inputs)


RUNNERS = {"numexpr": Numexpr}
