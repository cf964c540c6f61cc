"""Memory stays level; nothing that was passed in or compiled is kept alive."""

import gc
import sys
import weakref

import gilmap
import pytest

from tests.python.support import SANITIZER, resident_bytes

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

MB = 1 << 20


def growth(work, warm_up, rounds):
    """By how many bytes the process grows over `rounds` calls of work(k)."""
    if SANITIZER:
        pytest.skip("sanitizers keep what is freed")
    for k in range(warm_up):
        work(k)
    gc.collect()
    before = resident_bytes()
    for k in range(warm_up, warm_up + rounds):
        work(k)
    gc.collect()
    return resident_bytes() - before


def affine(x):
    return x * 3 + 1


def test_small_calls():
    column = [1, 2, 3]
    assert growth(lambda k: gilmap.map(affine, column), 2000, 50_000) < 2 * MB
    assert growth(lambda k: gilmap.map(affine, column, backend="jit"), 2000, 20_000) < 2 * MB


def test_mixed_lists_and_large_results():
    column = [1, 2.5, True, None, 2**70, "x"] * 500
    f = lambda x: x
    assert growth(lambda k: gilmap.map(f, column), 20, 300) < 4 * MB
    big = list(range(50_000))
    assert growth(lambda k: gilmap.map(affine, big), 10, 60) < 8 * MB


def test_exceptions():
    def f(x):
        return 10 // x

    def work(k):
        try:
            gilmap.map(f, [1, 2, 0, 4], backend="jit" if k % 2 else None)
        except ZeroDivisionError:
            pass

    assert growth(work, 1000, 10_000) < 2 * MB


def test_deopts():
    assert growth(lambda k: gilmap.map(lambda n: n * n, [2**40] * 50), 200, 2000) < 3 * MB


def test_refused_functions():
    def work(k):
        gilmap.map(eval("lambda x: str(x)"), [1, 2, 3])

    assert growth(work, 300, 3000) < 3 * MB


def test_many_lambdas():
    """The machine code of functions that are gone is freed."""

    def work(k):
        f = eval(f"lambda x: x * {k} + 1")
        assert gilmap.map(f, [1, 2], backend="jit") == [k + 1, 2 * k + 1]

    assert growth(work, 150, 450) < 12 * MB


def test_many_closures_of_one_code():
    def adder(k):
        return lambda x: x + k

    def work(k):
        assert gilmap.map(adder(k % 50), [1], backend="jit") == [1 + k % 50]

    assert growth(work, 200, 400) < 8 * MB


def test_changing_global():
    names = {"K": 0}
    exec("def f(x):\n    return x + K", names)

    def work(k):
        names["K"] = k
        assert gilmap.map(names["f"], [1], backend="jit") == [1 + k]

    assert growth(work, 150, 400) < 10 * MB


@pytest.mark.parametrize("backend", [None, "jit", "inline"])
def test_function_is_not_kept_alive(backend):
    class Token:
        pass

    def make():
        token = Token()
        helper = eval("lambda x: x + 1")
        f = eval("lambda helper, token: lambda x: helper(x) if token else 0")(helper, 1)
        f.token = token
        return f, weakref.ref(f), weakref.ref(helper), weakref.ref(token)

    f, *references = make()
    assert gilmap.map(f, list(range(2000)), backend=backend)[:2] == [1, 2]
    del f
    gilmap.shutdown_workers()  # waits for a compile in the background, which may hold the function
    gc.collect()
    assert [r() for r in references] == [None, None, None]


def test_code_and_globals_are_not_kept_alive():
    class Namespace(dict):
        pass

    names = Namespace(K=3)
    exec("def f(x):\n    return x * K", names)
    reference = weakref.ref(names)
    gilmap.map(names["f"], [1, 2], backend="jit")
    names.pop("f")
    del names
    gc.collect()
    assert reference() is None


def test_bound_object_is_not_kept_alive():
    class Scale:
        k = 3

        def __call__(self, x):
            return x * self.k

        def method(self, x):
            return x * self.k

    scale = Scale()
    reference = weakref.ref(scale)
    gilmap.map(scale.method, [1, 2], backend="jit")
    gilmap.map(scale, [1, 2])
    del scale
    gc.collect()
    assert reference() is None


def test_elements_and_results_are_not_kept_alive():
    class Thing:
        def __mul__(self, other):
            return Thing()

    things = [Thing() for _ in range(10)] + [1, 2.5]
    references = [weakref.ref(t) for t in things[:10]]
    results = gilmap.map(lambda x: x * 2, things)
    references += [weakref.ref(r) for r in results[:10]]
    del things, results
    gc.collect()
    assert all(r() is None for r in references)


def test_reference_counts_of_singletons_and_small_ints():
    """A count that drifts ends in a crash much later: immortal objects hide it, other constants do not."""
    value = 123456789
    names = {"K": value}
    exec("def f(x):\n    return K if x else None", names)
    before = sys.getrefcount(value)
    for backend in ("jit", "inline", None):
        for _ in range(50):
            gilmap.map(names["f"], [1, 0, 1, 2.5], backend=backend)
    assert abs(sys.getrefcount(value) - before) < 10


def test_memory_above_input_and_output():
    numpy = pytest.importorskip("numpy")
    array = numpy.ones(4_000_000)
    gilmap.map(affine, array[:1000], backend="jit")
    gilmap.map(affine, array, backend="jit")
    gc.collect()
    before = resident_bytes()
    result = gilmap.map(affine, array, backend="jit")
    assert resident_bytes() - before < result.nbytes + 32 * MB


def test_lambdas_that_differ_in_a_default():
    """Each would need a kernel of its own, that is used once: they are not worth it, nor the memory."""
    column = list(range(3000))

    def work(k):
        assert gilmap.map(lambda x: x * k + 1, column)[5] == 5 * k + 1
        assert gilmap.map(lambda x, k=k: x * k - 1, column)[5] == 5 * k - 1

    assert growth(work, 200, 1500) < 10 * MB
