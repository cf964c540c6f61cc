"""map and the comprehension. A user with an array converts it, there and back."""

from bench.runners import Runner


def in_kind(kind, run):
    """The list that `run` makes of lists, as an array where the input was one."""
    if kind == "numpy":
        import numpy

        return lambda *columns: numpy.array(run(*(c.tolist() for c in columns)))
    if kind == "arrow":
        import pyarrow

        return lambda *columns: pyarrow.array(run(*(c.to_pylist() for c in columns)))
    return run


class Map(Runner):
    kinds = ("list", "numpy", "arrow")
    why_kinds = ""
    interprets = True

    def prepare(self, workload, columns, kind):
        f = workload.function
        run = in_kind(kind, lambda *lists: list(map(f, *lists)))
        return lambda: run(*columns)


class Comprehension(Map):
    def prepare(self, workload, columns, kind):
        f = workload.function
        if len(columns) == 1:
            run = in_kind(kind, lambda xs: [f(x) for x in xs])
        else:
            run = in_kind(kind, lambda *lists: [f(*row) for row in zip(*lists)])
        return lambda: run(*columns)


RUNNERS = {"map": Map, "comprehension": Comprehension}
