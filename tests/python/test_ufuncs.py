"""NumPy's ufuncs: NumPy scalars in a list, compiled over arrays; warnings come as they do with map."""

import itertools
import warnings

import gilmap
import pytest

from tests.python.foreign_support import BOOLS, FLOATS, INTS

np = pytest.importorskip("numpy")

UNARY = "sqrt square absolute fabs negative positive floor ceil trunc rint isnan isinf isfinite sin sign".split()
BINARY = "add subtract multiply divide maximum power".split()


def told(run):
    """What run() gives, element by element with types and bits, and the warnings on the way; or what it raises."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            values = [(type(v), v.dtype, v.tobytes()) if hasattr(v, "dtype") else (type(v), v) for v in run()]
        except (TypeError, ValueError, FloatingPointError, OverflowError) as error:
            values = type(error), str(error)
    return values, [str(w.message) for w in seen]


def over_array(f, *columns):
    """An array's result: the Python numbers that the elements come to, and how many warnings there were."""
    expected, warned = told(lambda: map(f, *(c.tolist() for c in columns)))
    if isinstance(expected, tuple):
        return
    plain = [np.frombuffer(bits, dtype)[0] for _, dtype, bits in expected]
    kinds = {p.dtype for p in plain}
    if not kinds <= {np.dtype("f8"), np.dtype("i8"), np.dtype("?")} or len(kinds) != 1:
        return
    result = []
    compiled = gilmap.explain(f, *columns)["backend"] == "jit"
    _, warned_here = told(lambda: result.append(gilmap.map(f, *columns, backend="jit" if compiled else None)) or [])
    assert result[0].dtype == plain[0].dtype
    assert result[0].tobytes() == np.array(plain).tobytes() or np.array_equal(result[0], plain, equal_nan=True)
    assert sorted(warned_here) == sorted(warned)


@pytest.mark.parametrize("name", UNARY)
def test_unary(name):
    f = getattr(np, name)
    for values in (INTS, FLOATS, [*FLOATS, 2.0] * 30):
        assert told(lambda v=values: gilmap.map(f, v)) == told(lambda v=values: map(f, v))
        array = np.array(values)
        for column in (array, array[::-1], array[:6].astype("f4")):
            over_array(f, column)
    assert told(lambda: gilmap.map(f, BOOLS)) == told(lambda: map(f, BOOLS))


@pytest.mark.parametrize("name", BINARY)
def test_binary(name):
    f = getattr(np, name)
    for left, right in itertools.product((INTS, FLOATS), repeat=2):
        rows = list(itertools.product(left, right))
        x, y = (list(column) for column in zip(*rows, strict=True))
        assert told(lambda x=x, y=y: gilmap.map(f, x, y)) == told(lambda x=x, y=y: map(f, x, y))
        over_array(f, np.array(x), np.array(y))


@pytest.mark.parametrize("state", ["warn", "raise", "ignore"])
def test_flags_are_numpys(state):
    big = np.full(200_000, 2.0)
    for f, special in [(np.sqrt, -1.0), (np.square, 1e300), (np.square, 1e-300), (np.square, float("inf"))]:
        for column in (big, big.copy()):
            column[100_000] = special
            with np.errstate(all=state):
                expected = told(lambda f=f, c=column: map(f, c.tolist()))
                got = []
                kept = told(lambda f=f, c=column, g=got: g.append(gilmap.map(f, c)) or [])
                assert kept[1] == expected[1]
                if isinstance(expected[0], tuple):
                    assert kept[0] == expected[0]
                else:
                    assert [v.tobytes() for v in got[0]] == [bits for _, _, bits in expected[0]]


def test_is_compiled_over_arrays():
    xs = np.arange(1_000_000.0)
    assert gilmap.map(np.sqrt, xs, backend="jit").tobytes() == np.sqrt(xs).tobytes()
    assert gilmap.map(np.add, xs, xs, backend="jit").tobytes() == (xs + xs).tobytes()
    assert gilmap.explain(np.sqrt, xs)["backend"] == "jit"
    assert gilmap.explain(np.sqrt, [1.0])["backend"] == "inline"
    with pytest.raises(ValueError, match="NumPy scalars"):
        gilmap.map(np.sqrt, [1.0, 2.0], backend="jit")
    pa = pytest.importorskip("pyarrow")
    assert gilmap.map(np.sqrt, pa.array([4.0, None, 9.0]), backend="jit").to_pylist() == [2.0, None, 3.0]


def test_what_is_not_numpys_own():
    f = np.frompyfunc(lambda x: x + 1, 1, 1)
    assert gilmap.map(f, [1, 2.5]) == [2, 3.5]
    assert gilmap.map(lambda x: np.sqrt(x) * 2, [4.0, 9.0]) == [4.0, 6.0]
    assert type(gilmap.map(lambda x: np.sqrt(x), [4.0] * 5000)[-1]) is np.float64


def test_vectorize_of_numba():
    numba = pytest.importorskip("numba")
    f = numba.vectorize(lambda x: x * 2 + 1)
    g = numba.vectorize(["float64(float64)", "int32(int32)"])(lambda x: x * 2)
    for func in (f, g):
        for values in ([1, 2, 3] * 1000, [1.5, -0.0] * 1000, [True, False]):
            assert told(lambda func=func, v=values: gilmap.map(func, v)) == told(
                lambda func=func, v=values: map(func, v)
            )
    assert gilmap.map(f, np.arange(3000)).tolist() == [2 * x + 1 for x in range(3000)]
    assert gilmap.map(f, np.arange(3000)).dtype == np.int64
