"""backend="arrow_kernel" against CPython: each operation that it takes, over edge values, and where it hands on."""

import gc
import itertools
import math
import re
import sys
import types
import weakref

import gilmap
import pytest
from gilmap import _gilmap

from tests.differential.outcomes import same
from tests.python.support import run_script

np = pytest.importorskip("numpy")
pa = pytest.importorskip("pyarrow")
pc = pytest.importorskip("pyarrow.compute")

TINY = sys.float_info.min
FLOATS = [
    *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.1, 3.0, 1e16, -1e16, 1e308, -1e308),
    *(math.nan, -math.nan, math.inf, -math.inf, TINY, -TINY, TINY / 2, 5e-324, -5e-324),
    *(2.0**53, 2.0**53 + 2, -(2.0**53) - 2, 2.0**62, 2.0**63, -(2.0**63), math.nextafter(2.0**63, 0.0)),
    *(math.nextafter(1.0, 2.0), math.nextafter(0.5, 0.0), 4503599627370495.5, -4503599627370495.5),
]
INTS = [
    *(0, 1, -1, 2, 3, -7, 10, 2**31, -(2**31), 2**32 + 1, 3037000499, 3037000500),
    *(2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**62, -(2**62), 2**63 - 1, -(2**63), -(2**63) + 1),
]

FLOAT_EXPRESSIONS = [
    lambda x: x * 2.0 + 1.0,
    lambda x: x - 0.1,
    lambda x: 0.1 - x,
    lambda x: x * x * x,
    lambda x: x / 3.0,
    lambda x: 1.0 / x,
    lambda x: -x,
    lambda x: -(x + 0.0),
    lambda x: 0.0 - x,
    lambda x: abs(x),
    lambda x: math.fabs(x - 1.5),
    lambda x: math.sqrt(x),
    lambda x: math.sqrt(x * x + 1.0),
    lambda x: math.floor(x),
    lambda x: math.ceil(x),
    lambda x: math.trunc(x),
    lambda x: int(x),
    lambda x: math.floor(x) * 2 + 1,
    lambda x: x > 1.0,
    lambda x: x >= 0.0,
    lambda x: x < -0.5,
    lambda x: x <= 2.5,
    lambda x: x == 0.0,
    lambda x: x != x,
    lambda x: math.isnan(x),
    lambda x: math.isinf(x),
    lambda x: math.isfinite(x),
    lambda x: not x > 1.0,
    lambda x: (x - 3.0) * (x + 2.0) / (x * x + 1.0) - 0.5 * x,
    lambda x: x + 1,
    lambda x: x * 3,
]
INT_EXPRESSIONS = [
    lambda n: n + 1,
    lambda n: n - 1,
    lambda n: n * 3 + 1,
    lambda n: n * n,
    lambda n: 5 - n,
    lambda n: -n,
    lambda n: abs(n),
    lambda n: abs(n) + 1,
    lambda n: ~n,
    lambda n: n & 255,
    lambda n: n | 1,
    lambda n: n ^ 0x5555,
    lambda n: n > 3,
    lambda n: n >= 2**53,
    lambda n: n == -1,
    lambda n: n != 7,
    lambda n: n < 0,
    lambda n: n <= 10,
    lambda n: n * 0.5 + 1.0,
    lambda n: n * 1.0,
    lambda n: float(n),
    lambda n: math.fabs(n),
    lambda n: math.sqrt(n),
    lambda n: (n + 1) * (n - 1) == n * n - 1,
    lambda n: (n > 3) + n,
]
TWO_COLUMNS = [
    lambda x, y: x + y,
    lambda x, y: x - y,
    lambda x, y: x * y,
    lambda x, y: x < y,
    lambda x, y: x == y,
    lambda x, y: math.sqrt(x * x + y * y),
]


def outcome_of(run, *arguments, **options):
    """("value", type of the array or of a list, its elements), or the exception's type, text and last line."""
    try:
        result = run(*arguments, **options)
    except Exception as error:
        last = error.__traceback__
        while last.tb_next is not None:
            last = last.tb_next
        return (
            "raised",
            type(error).__name__,
            str(error),
            last.tb_lineno if last.tb_frame.f_code.co_name == "<lambda>" else 0,
        )
    if type(result) is list:
        return "value", "list", result
    return "value", str(getattr(result, "dtype", None) or result.type), result.tolist()


def check(function, *columns, nan="bits"):
    """The same outcome as map's for lists, and for arrays as that of the interpreter."""
    expected = outcome_of(lambda f, *c: list(map(f, *c)), function, *columns)
    assert same(outcome_of(gilmap.map, function, *columns, backend="arrow_kernel"), expected, nan)
    for make in (np.array, pa.array):
        arrays = [make(c) for c in columns]
        wanted = outcome_of(gilmap.map, function, *arrays, backend="inline")
        assert same(outcome_of(gilmap.map, function, *arrays, backend="arrow_kernel"), wanted, nan)


@pytest.mark.parametrize("function", FLOAT_EXPRESSIONS)
def test_floats_one_by_one(function):
    for x in FLOATS:
        check(function, [x])


@pytest.mark.parametrize("function", INT_EXPRESSIONS)
def test_ints_one_by_one(function):
    for n in INTS:
        check(function, [n])


@pytest.mark.parametrize("function", FLOAT_EXPRESSIONS + INT_EXPRESSIONS)
def test_many_chunks_with_few_that_are_handed_on(function):
    odd, usual = (FLOATS, [0.5, 7.25]) if function in FLOAT_EXPRESSIONS else (INTS, [3, 12])
    column = usual * 40_000
    check(function, column)
    for k, value in enumerate(odd):
        if outcome_of(lambda value: [function(value)], value)[0] == "value":
            column[1234 + 2311 * k] = value
    check(function, column)


@pytest.mark.parametrize("function", TWO_COLUMNS)
@pytest.mark.parametrize("left, right", [(FLOATS, FLOATS), (INTS, INTS), (INTS, FLOATS)], ids=["ff", "ii", "if"])
def test_two_columns(function, left, right):
    try:
        gilmap.map(function, left[1:2], right[1:2], backend="arrow_kernel")
    except ValueError as refusal:
        assert "arrow_kernel" in str(refusal)
        assert (left, right) == (INTS, FLOATS), "which are compared by a function of our own"
        return
    for a, b in itertools.product(left, right):
        check(function, [a], [b], nan="any")  # CPython itself gives either of two NaNs


def test_the_lowest_element_raises():
    column = [4.0] * 100_000
    column[70_001] = column[40_321] = -1.0
    column[40_322] = "text"
    with pytest.raises(ValueError, match="math domain error") as caught:
        gilmap.map(lambda x: math.sqrt(x), column, backend="arrow_kernel")
    assert caught.value.__traceback__.tb_next is not None


def test_lists_of_several_types_and_slices():
    column = [1.5, 2, True, 2**70, None, 3.25] * 3000
    f = lambda x: x if x is None else x
    g = lambda x: x == 2
    with pytest.raises(ValueError, match="arrow_kernel"):
        gilmap.map(f, column, backend="arrow_kernel")  # computes nothing
    with pytest.raises(ValueError, match="bools"):
        gilmap.map(g, column, backend="arrow_kernel")
    mixed = [1.5, 2, 2**70, -0.0] * 30_000
    h = lambda x: x * 2
    assert same(gilmap.map(h, mixed, backend="arrow_kernel"), list(map(h, mixed)))
    array = np.arange(200_000, dtype=np.int32)[::-3]
    assert gilmap.map(h, array, backend="arrow_kernel").tolist() == [2 * n for n in array.tolist()]
    with_nulls = pa.array([1.0, None, 2.5] * 20_000).slice(1)
    assert gilmap.map(h, with_nulls, backend="arrow_kernel").equals(gilmap.map(h, with_nulls, backend="inline"))


@pytest.mark.parametrize(
    "function, words",
    [
        (lambda x: x if x > 0 else -1.0 * x * x, "loop or branches"),
        (lambda x: x, "computes nothing"),
        (lambda x: 5, "computes nothing"),
        (lambda x: None, "None"),
        (lambda x: str(x), "str"),
        (lambda x: math.sin(x), "call_numeric"),
        (lambda x: sum(k * x for k in range(100)), "not one expression|loop"),
    ],
)
def test_refuses_with_the_reason(function, words):
    with pytest.raises(ValueError, match="arrow_kernel") as caught:
        gilmap.map(function, [1.0, 2.0], backend="arrow_kernel")
    assert re.search(words, str(caught.value))


def fresh(source="lambda x: x * 2.0 + 1.0"):
    return eval(source)


@pytest.mark.parametrize("make", [list, np.array, pa.array])
def test_a_new_function_begins_with_it(make, capfd):
    values = [k * 0.25 for k in range(300_000)]
    column, f = make(values), fresh()
    result = gilmap.map(f, column, debug=True)
    told = capfd.readouterr().err
    assert "pyarrow.compute" in told, told
    assert list(result if make is list else result.tolist()) == list(map(f, values))


@pytest.mark.parametrize("function", FLOAT_EXPRESSIONS, ids=str)
def test_no_expression_is_taken_for_something_else(function, capfd):
    """A look at the bytecode spares what is no expression the lifting, and must let all of these pass."""
    column = np.arange(1, 400_001) * 0.25
    f = types.FunctionType(function.__code__.replace(co_name="new"), function.__globals__)
    assert gilmap.map(f, column, debug=True).tolist() == list(map(function, column.tolist()))
    told = capfd.readouterr().err
    assert "pyarrow.compute" in told, told


def test_what_is_no_expression_is_not_lifted_for_it(capfd):
    def distance(x):
        a = math.sin(x) ** 2 + math.cos(x) * math.cos(0.5) * math.sin(x / 2) ** 2
        return 2.0 * 6371.0 * math.atan2(math.sqrt(a), math.sqrt(1.0 - a)) if a < 1.0 else math.sin(x)

    def loop(x):
        while x > 1.0:
            x = x * 0.5
        return x

    for f in (distance, loop):
        column = [k * 0.001 for k in range(1500)]
        assert gilmap.map(f, column, debug=True) == list(map(f, column))
        assert "lift 0.000 ms" in capfd.readouterr().err


def test_the_kernel_takes_over(capfd):
    f, column = fresh(), np.arange(1_000_000, dtype=float)
    for _ in range(300):
        expected = column * 2.0 + 1.0
        assert np.array_equal(gilmap.map(f, column, debug=True), expected)
        if " compiled" in (told := capfd.readouterr().err):
            break
    assert " compiled" in told


def test_what_is_mostly_handed_on_goes_elsewhere():
    f = fresh("lambda x: x * 4 + 1")
    column = [2**62 + k for k in range(200_000)]
    assert gilmap.map(f, column) == list(map(f, column))
    g = lambda x: math.sqrt(x) + 1.0 / x
    column = [-1.0] * 100_000
    with pytest.raises(ValueError, match="math domain error"):
        gilmap.map(g, column)


def test_globals_are_seen():
    names = {}
    exec("K = 2.0\ndef f(x): return x * K", names)
    column = [1.0, 2.0, 3.0] * 10_000
    for k in (2.0, 5.0, 2, 7.5):
        names["K"] = k
        assert gilmap.map(names["f"], column) == list(map(names["f"], column))
        assert gilmap.map(names["f"], column, backend="arrow_kernel") == list(map(names["f"], column))


def test_functions_are_not_kept_alive():
    f = fresh()
    gilmap.map(f, np.arange(100_000, dtype=float))
    code, dead = weakref.ref(f.__code__), weakref.ref(f)
    before = _gilmap.cached_functions()
    del f
    gc.collect()
    assert dead() is None and code() is None and _gilmap.cached_functions() < before


def test_map_never_imports_pyarrow():
    source = """
import sys, gilmap
f = lambda x: x * 2.0 + 1.0
xs = [float(k) for k in range(300_000)]
assert gilmap.map(f, xs) == list(map(f, xs))
assert "pyarrow" not in sys.modules
assert gilmap.map(f, xs, backend="jit") == list(map(f, xs))  # lifted before pyarrow.compute is there
assert gilmap.map(f, xs, backend="arrow_kernel") == list(map(f, xs))
assert "pyarrow.compute" in sys.modules
"""
    run_script(source)


def test_explain_in_a_fresh_process():
    source = """
import sys, gilmap
answer = gilmap.explain(lambda x: x * 2.0 + 1.0)
assert (answer["backend"], answer["then"], answer["has_fast_path"]) == ("arrow_kernel", "jit", True)
assert "has imported pyarrow.compute" in answer["reason"] and "pyarrow" not in sys.modules
large = [1.0] * 100_000
assert gilmap.explain(lambda x: x * 2.0 + 1.0, large)["backend"] == "jit", "map imports nothing"
import pyarrow.compute
assert gilmap.explain(lambda x: x * 2.0 + 1.0, large)["backend"] == "arrow_kernel"
assert gilmap.explain(lambda x: x * 2.0 + 1.0, large[:10])["backend"] == "jit"
assert gilmap.explain(lambda x: x if x > 0 else 1.0 / x)["backend"] == "jit"
f = lambda x: x * 2.0 + 1.0
gilmap.map(f, large, backend="jit")
assert gilmap.explain(f, large)["backend"] == "jit", "the kernel is there"
"""
    run_script(source)


def test_debug_line_has_the_times(capfd):
    f = fresh()
    column = [float(k) for k in range(100_000)]
    column[77_000] = 2**70
    gilmap.map(f, column, backend="jit", debug=True)
    gilmap.map(f, column, backend="jit", debug=True)
    gilmap.map(lambda x: 1 // x if x else x, [1, 0, 5], backend="jit", debug=True)
    first, second, third = capfd.readouterr().err.splitlines()
    number = r"\d+\.\d+ ms"
    pattern = rf"lift ({number}), compile ({number}), run ({number}), boxing ({number})$"
    lift, compile_, run, boxing = (float(t.split()[0]) for t in re.search(pattern, first).groups())
    assert lift > 0 and compile_ > 0 and run > 0 and boxing > 0
    assert "99999 compiled" in first and "100000 elements" in first and first.startswith("gilmap: <lambda>")
    assert "lift 0.000 ms, compile 0.0 ms" in second, "which finds the kernel"
    assert re.search(pattern, third)


def test_debug_line_tells_the_first_reason(capfd):
    gilmap.map(lambda n: n * n, [3, 2**40, 5, 2**41], backend="jit", debug=True)
    assert "2 deopts (the first: an integer leaves 64 bits)" in capfd.readouterr().err
