"""Functions of numba.vectorize over arrays: called with whole columns, to the bit what calls one by one give."""

import math
import warnings

import gilmap
import numpy as np
import pytest

numba = pytest.importorskip("numba")
pa = pytest.importorskip("pyarrow")

SIZES = [1, 31, 32, 511, 513, 32_768, 33_000]
EDGES = [
    *(0.0, -0.0, 1.0, -1.0, 0.1, 2.0**31, 2.0**53 + 2, -(2.0**63), 1e308, -1e308),
    *(math.nan, math.inf, -math.inf, 5e-324, 2.2250738585072014e-308),
]
INT_EDGES = [0, 1, -1, 2**31, -(2**31), 2**53 + 1, 2**62, 2**63 - 1, -(2**63)]


@numba.vectorize
def line(x):
    return x * 2 + 1


@numba.vectorize(["float64(float64)", "int64(int64)"])
def square(x):
    return x * x


@numba.vectorize
def is_large(x):
    return x > 10


@numba.vectorize
def far(x, y):
    return math.sqrt(x * x + y * y)


@numba.vectorize
def root(x):
    if x < 0:
        raise ValueError("negative")
    return math.sqrt(x)


@numba.vectorize
def inverse(x):
    return 1.0 / x


@numba.vectorize
def steps(x):
    count = 0
    while x > 1.0 and count < 100:
        x *= 0.5
        count += 1
    return count


@numba.vectorize(["float32(float64)"])
def single(x):
    return x * x


@numba.vectorize(fastmath=True)
def hasty(x):
    return x * 3.0 / 7.0 + x


@numba.vectorize(["float64(float64)"], target="parallel")
def parallel(x):
    return x * 3.0


@numba.guvectorize(["void(float64,float64[:])"], "()->()")
def generalised(x, out):
    out[0] = x * 3.0


@numba.vectorize
def loud(x):
    print(x)
    return x


def outcome(call):
    """What a call gives: bits, type, warnings, or its exception."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            got = call()
        except Exception as error:
            got = (type(error), error.args)
    told = [(w.category, str(w.message)) for w in caught]
    if isinstance(got, list):
        got = np.array(got) if got else np.empty(0)
    return (got.dtype, got.tobytes(), told) if isinstance(got, np.ndarray) else (got, told)


def check(function, *columns, **options):
    expected = outcome(lambda: list(map(function, *(c.tolist() for c in columns))))
    assert outcome(lambda: gilmap.map(function, *columns, **options)) == expected


@pytest.mark.parametrize("size", SIZES)
def test_sizes(size, capfd):
    for function in (line, square, is_large, steps):
        check(function, np.arange(size) * 0.5 - 3.0)
        check(function, np.arange(size) - 3)
    check(far, np.arange(size) * 0.5, np.arange(size))
    gilmap.map(line, np.arange(size) * 0.5, debug=True)
    assert ("on whole columns" in capfd.readouterr().err) == (size >= 32)


@pytest.mark.parametrize("function", [line, square, inverse, root, is_large, steps], ids=lambda f: f.__name__)
def test_edge_values_with_their_warnings(function):
    for place, value in enumerate(EDGES):
        column = np.full(600, 1.5)
        column[37 * place] = value
        check(function, column)
    check(function, np.array(EDGES * 4))
    for value in INT_EDGES:
        column = np.arange(1, 601)
        column[599] = value
        check(function, column)


def test_the_lowest_element_raises():
    column = np.full(70_000, 4.0)
    column[[40_000, 69_000]] = -1.0
    check(root, column)
    column[20_000] = 0.0
    check(inverse, column)
    assert gilmap.map(root, np.full(100, 4.0)).tolist() == [2.0] * 100


@pytest.mark.parametrize("setting", ["ignore", "warn", "raise"])
def test_numpys_own_way_with_flags(setting):
    column = np.full(1000, 2.0)
    column[500] = 0.0
    with np.errstate(all=setting):
        check(inverse, column)


@pytest.mark.parametrize("dtype", [np.int8, np.uint32, np.int64, np.float32, np.float64, np.bool_])
def test_dtypes_and_strides(dtype):
    column = (np.arange(3000) % 100).astype(dtype)
    for part in (column, column[::3], column[::-1], column[1:]):
        expected = list(map(line, part.tolist()))
        got = gilmap.map(line, part)
        assert got.tolist() == [v.item() for v in expected]
        assert got.dtype == expected[0].dtype


def test_what_is_called_one_by_one(capfd):
    column = np.arange(100) * 0.5
    for function in (single, hasty, parallel, generalised):
        expected = gilmap.map(function, column, backend="inline")
        got = gilmap.map(function, column, debug=True)
        assert got.dtype == expected.dtype and got.tobytes() == expected.tobytes()
        assert "in the interpreter" in capfd.readouterr().err
    assert gilmap.map(loud, column[:40]).tolist() == column[:40].tolist()
    assert capfd.readouterr().out.split() == [str(x) for x in column[:40].tolist()]
    many = np.array([2**63 + 1] * 40, dtype=np.uint64)
    assert outcome(lambda: gilmap.map(line, many)) == outcome(lambda: gilmap.map(line, many, backend="inline"))


def test_arrow():
    values = [k * 0.5 for k in range(1000)]
    assert gilmap.map(line, pa.array(values)).to_pylist() == [2 * v + 1 for v in values]
    assert gilmap.map(line, pa.array([*values, None])).to_pylist() == [*(2 * v + 1 for v in values), None]


def test_forced():
    assert gilmap.map(line, np.array([1.0, 2.0]), backend="numba_native").tolist() == [3.0, 5.0]
    for function, column in ((single, np.array([1.0])), (loud, np.array([1.0])), (line, np.array([True]))):
        with pytest.raises(ValueError, match="whole columns"):
            gilmap.map(function, column, backend="numba_native")
    with pytest.raises(ValueError, match="numba_native"):
        gilmap.map(line, [1.0], backend="numba_native")


def test_explain():
    answer = gilmap.explain(line, np.arange(10.0))
    assert answer["backend"] == "numba_native" and answer["has_fast_path"]
    assert "whole columns" in answer["reason"]
    assert gilmap.explain(line, [1.0])["backend"] != "numba_native"
    assert gilmap.explain(loud, np.arange(10.0))["backend"] != "numba_native"
