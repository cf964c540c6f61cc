"""What a function reads changes while a call goes on: rows behind the change see it, as in map."""

import gilmap
import pytest

from tests.differential.test_guards import module_with

BACKENDS = [None, "inline", "jit"]
PLACE = 40_000


class Changes:
    """An element that changes something when it is multiplied."""

    def __init__(self, change):
        self.change = change

    def __mul__(self, other):
        self.change()
        return -1.0


def both(make, n=100_000):
    """(function, change) twice: what map gives, and gilmap by each backend, with one such element in the column."""
    for backend in BACKENDS:
        results = []
        for run in (lambda f, c: list(map(f, c)), lambda f, c: gilmap.map(f, c, backend=backend)):
            function, change = make()
            column = [float(k) for k in range(n)]
            column[PLACE] = Changes(change)
            results.append(run(function, column))
        assert results[0] == results[1], backend
        assert len(set(results[0][PLACE - 1 : PLACE + 2])) == 3


def test_global():
    def make():
        m = module_with("K = 2.0\ndef f(x):\n    return x * K")
        return m.f, lambda: setattr(m, "K", 5.0)

    both(make)


def test_cell():
    def make():
        k = 2.0

        def f(x):
            return x * k

        def change():
            nonlocal k
            k = 5.0

        return f, change

    both(make)


def test_default():
    def make():
        def f(x, k=2.0):
            return x * k

        return f, lambda: setattr(f, "__defaults__", (5.0,))

    both(make)


def test_code():
    def make():
        def f(x):
            return x * 2.0

        return f, lambda: setattr(f, "__code__", (lambda x: x * 5.0).__code__)

    both(make)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_function_of_the_same_name_is_another_one(backend):
    """As in a notebook whose cell is run again."""
    names = {}
    column = [float(k) for k in range(50_000)]
    for k in (2.0, 3.0, 2.0):
        exec(f"def f(x): return x * {k}", names)
        assert gilmap.map(names["f"], column, backend=backend) == list(map(names["f"], column))
