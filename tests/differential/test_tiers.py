"""Long columns: the interpreter starts, machine code takes over, and no element is lost, doubled or changed."""

import types

import gilmap
import pytest

from tests.differential.harness import MODES
from tests.differential.outcomes import same

SIZES = [1, 300, 1024, 4097, 20_000]
LIST_MODES = [mode for mode in MODES if not mode.container.typed]


def line(x):
    return x * 2 + 1


def polynomial(x):
    return x * 1.5 + 0.5 if x % 3 else x


def leaves_64_bits(n):
    return n * n * n * 1_000_003 + n


def busy(n):
    s = 0
    for k in range(n % 50):
        s = (s + k * n) % 1_000_003
    return s


def rarely_raises(n):
    if n == 77_777:
        raise ValueError("here")
    return n // 2


def sometimes_none(n):
    return None if n % 1000 == 999 else n


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("f", [line, polynomial, leaves_64_bits, busy, sometimes_none], ids=lambda f: f.__name__)
def test_long_columns(f, size):
    column = list(range(size))
    expected = list(map(f, column))
    for mode in LIST_MODES:
        if mode.name != "inline":
            assert same(expected, gilmap.map(f, column, **mode.options)), mode.name


@pytest.mark.parametrize("f", [line, sometimes_none], ids=lambda f: f.__name__)
def test_very_long_columns(f):
    test_long_columns(f, 100_003)


def test_cold_functions_at_growing_sizes():
    """A function never seen before at each size, so that each call starts in the interpreter."""
    for k in range(14):
        f = eval(f"lambda x: (x * {k + 3} + 7) % 1013 / 3")
        column = list(range(3**k % 60_000))
        assert gilmap.map(f, column) == list(map(f, column))


def test_exception_far_inside():
    column = list(range(100_000))
    for mode in LIST_MODES:
        with pytest.raises(ValueError, match="here"):
            gilmap.map(rarely_raises, column, **mode.options)
        assert gilmap.map(rarely_raises, column[:77_777], **mode.options) == [n // 2 for n in range(77_777)]


def test_types_mixed_over_a_long_column():
    column = [k if k % 3 == 0 else k / 2 if k % 3 == 1 else bool(k % 2) for k in range(30_000)]
    column[5000] = 2**80
    column[15_000] = None
    f = lambda x: x * 3 - 1 if x is not None else x
    expected = list(map(f, column))
    for mode in LIST_MODES:
        assert same(expected, gilmap.map(f, column, **mode.options)), mode.name


def test_types_change_in_the_middle():
    """The first half looks like ints only."""
    column = list(range(20_000)) + [k + 0.5 for k in range(20_000)] + ["x"] * 3
    f = lambda x: x * 2
    expected = list(map(f, column))
    for mode in LIST_MODES:
        assert same(expected, gilmap.map(f, column, **mode.options)), mode.name


def test_uneven_elements():
    """A few elements cost thousands of times as much as the others."""

    def f(n):
        s = 0
        for k in range(200_000 if n % 5000 == 17 else 3):
            s += k ^ n
        return s

    column = list(range(10_000))
    expected = list(map(f, column))
    for mode in LIST_MODES:
        if mode.name != "inline":
            assert gilmap.map(f, column, **mode.options) == expected, mode.name


def test_every_element_deopts():
    f = lambda n: n * 2**62
    column = list(range(2, 5000))
    for mode in LIST_MODES:
        assert gilmap.map(f, column, **mode.options) == [n * 2**62 for n in column]


def test_every_element_is_foreign():
    column = [str(k) for k in range(5000)]
    f = lambda s: s + "!"
    assert gilmap.map(f, column) == [s + "!" for s in column]
    column = [None] * 5000
    assert gilmap.map(lambda x: x is None, column) == [True] * 5000


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_number_of_workers_changes_nothing(workers):
    column = list(range(5000))
    expected = list(map(busy, column))
    for backend in (None, "jit"):
        assert gilmap.map(busy, column, workers=workers, backend=backend) == expected


def total(n):
    s = 0
    for k in range(abs(n)):
        s = (s + k * k) % 1_000_003
    if n < 0:
        raise ValueError("negative")
    return s


def test_single_costly_elements_get_a_kernel(capfd):
    for _ in range(100):
        assert gilmap.map(total, [100_000], debug=True) == [total(100_000)]
        if "1 compiled" in (told := capfd.readouterr().err):
            break
    assert "1 compiled" in told


def test_calls_that_raise_get_a_kernel(capfd):
    f = types.FunctionType(total.__code__.replace(co_name="again"), globals())
    column = [200] * 20 + [-200] + [200] * 20
    for _ in range(400):
        with pytest.raises(ValueError, match="negative"):
            gilmap.map(f, column, debug=True)
        if " compiled" in (told := capfd.readouterr().err):
            break
    assert " compiled" in told


@pytest.mark.parametrize("first", [["a"] * 20, [None], ["a"] * 5000], ids=["few", "one", "many"])
def test_numbers_behind_what_is_none_get_the_kernel(first, capfd):
    def f(x):
        return 0 if x is None or isinstance(x, str) else x * x % 7 + 1

    column = first + list(range(400_000))
    gilmap.map(f, column[-1000:], backend="jit")
    assert gilmap.map(f, column, debug=True) == list(map(f, column))
    assert " compiled" in capfd.readouterr().err
