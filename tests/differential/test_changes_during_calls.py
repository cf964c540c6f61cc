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


@pytest.mark.parametrize("change", ["del L[2500:]", "L.clear()", "L.append(X())", "L[3] = 7.0"])
def test_a_list_beside_an_array_is_what_it_was(change):
    """Whatever an element of it does, with a kernel at hand and without."""
    np = pytest.importorskip("numpy")

    class X:
        def __radd__(self, other):
            exec(change, {"L": column, "X": X})
            return 1.0

    def add(x, y):
        return x + y

    array = np.arange(5000.0)
    for _ in range(2):
        column = [X()] + [1.0] * 4999
        assert gilmap.map(add, array, column).tolist() == [1.0, *(x + 1.0 for x in range(1, 5000))]
        gilmap.map(add, array, [1.0] * 5000, backend="jit")


def test_a_handler_that_makes_a_list_shorter():
    import signal
    import time

    def f(x):
        return x * 3 % 1013 + 1

    def handler(*_):
        del column[2:]

    gilmap.map(f, [1, 2, 3], backend="jit")
    before = signal.signal(signal.SIGALRM, handler)
    try:
        for delay in (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016):
            column = list(range(2_500_000))
            signal.setitimer(signal.ITIMER_REAL, delay)
            got = gilmap.map(f, column)
            while len(column) > 2:
                time.sleep(0.001)
            assert got == [f(x) for x in range(len(got))]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
