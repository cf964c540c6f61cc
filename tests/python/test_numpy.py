"""NumPy arrays: every dtype, shape and stride; the result has the same shape and is int64, float64 or bool."""

import gilmap
import pytest

from tests.differential.outcomes import same

numpy = pytest.importorskip("numpy")

INT_TYPES = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
BACKENDS = [None, "inline", "jit"]


def expected_dtype(values):
    return {int: "int64", float: "float64", bool: "bool"}[type(values[0])]


def check(f, array, backends=BACKENDS, shape=None):
    """The result for an array, against map over its .tolist()."""
    flat = array.ravel().tolist() if array.ndim else [array.item()]
    expected = list(map(f, flat))
    before = array.copy()
    for backend in backends:
        result = gilmap.map(f, array, backend=backend)
        assert isinstance(result, numpy.ndarray), (backend, type(result))
        assert result.shape == array.shape
        if expected:
            assert result.dtype == expected_dtype(expected), backend
        assert same(expected, result.ravel().tolist() if result.ndim else [result.item()]), backend
        assert numpy.array_equal(array, before, equal_nan=array.dtype.kind == "f"), "the input was changed"
        assert result.flags.writeable and result.flags.owndata or result.base is not None


def affine(x):
    return x * 3 + 1


def half(x):
    return x / 2


def is_small(x):
    return x < 5


FUNCTIONS = [affine, half, is_small]


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", INT_TYPES)
def test_int_dtypes(dtype, f):
    info = numpy.iinfo(dtype)
    values = [0, 1, 5, 100, min(info.max, 2**63 - 1) // 4, info.min // 4, 7]
    check(f, numpy.array(values, dtype))
    check(lambda x: x, numpy.array([info.min, info.max if info.max < 2**63 else 2**63 - 1, 0], dtype))
    check(lambda x: x % 7 - 3, numpy.array([info.min, info.max, 0], dtype))


def test_uint64_above_int64():
    array = numpy.array([1, 2**64 - 1, 2**63, 5], "uint64")
    check(lambda x: x % 1000, array)
    check(lambda x: x / 3, array)
    check(lambda x: x > 2**63, array)
    for backend in BACKENDS:
        with pytest.raises(OverflowError, match="1"):
            gilmap.map(lambda x: x, array, backend=backend)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", ["float32", "float64", "bool"])
def test_other_dtypes(dtype, f):
    check(f, numpy.array([0.0, -0.0, 1.5, 0.1, -3.25, 1e30, numpy.inf, -numpy.inf, numpy.nan], dtype))


def test_floats_keep_their_bits():
    bits = numpy.array([0x7FF8000000000123, 0xFFF8000000000000, 0x8000000000000000, 1, 0x7FEFFFFFFFFFFFFF], "uint64")
    for backend in BACKENDS:
        result = gilmap.map(lambda x: x, bits.view("float64"), backend=backend)
        assert result.view("uint64").tolist() == bits.tolist()


def test_float32_is_widened_exactly():
    array = numpy.array([0.1, 1e-45, 3.4028235e38, 16777217.0], "float32")
    check(lambda x: x, array)
    check(lambda x: x * 3.0, array)


@pytest.mark.parametrize("shape", [(0,), (1,), (7,), (3, 4), (2, 3, 4), (1, 1, 1, 5), (0, 3), (3, 0)])
def test_shapes(shape):
    size = int(numpy.prod(shape))
    check(affine, numpy.arange(size, dtype="int64").reshape(shape))
    check(half, numpy.arange(size, dtype="float64").reshape(shape))


def test_strides():
    base = numpy.arange(60, dtype="int32").reshape(6, 10)
    views = [
        base[:, 3], base[2], base[::2], base[:, ::3], base[::-1], base[:, ::-2], base.T, base[1:4, 2:9].T,
        base[::-1, ::-1], numpy.asfortranarray(base), numpy.broadcast_to(base[0], (4, 10)), numpy.broadcast_to(numpy.int64(7), (3, 3)),
        base.ravel()[5:50:7], base.reshape(3, 4, 5).transpose(2, 0, 1),
    ]  # fmt: skip
    for view in views:
        check(affine, view)
        check(half, view.astype("float64"))
        check(affine, view[..., None])


def test_order_of_the_result_is_by_index():
    """Not by memory: f(array)[i, j] is f(array[i, j])."""
    array = numpy.asfortranarray(numpy.arange(12).reshape(3, 4))
    result = gilmap.map(affine, array)
    assert all(result[i, j] == affine(int(array[i, j])) for i in range(3) for j in range(4))


def test_read_only_array():
    array = numpy.arange(10)
    array.flags.writeable = False
    check(affine, array)


@pytest.mark.parametrize("dtype", [">i2", ">i4", ">i8", ">u4", ">f4", ">f8", "<i4"])
def test_byte_order(dtype):
    check(affine, numpy.array([1, 2, 300, 70], dtype))


def test_unaligned():
    raw = numpy.zeros(81, "uint8")
    array = raw[1:].view("float64")
    array[:] = numpy.arange(10) / 3
    assert not array.flags.aligned
    check(half, array)


def test_packed_record_field():
    records = numpy.zeros(9, dtype=[("tag", "u1"), ("value", "f8"), ("count", "i4")])
    records["value"] = numpy.arange(9) * 0.5
    records["count"] = numpy.arange(9) - 4
    check(half, records["value"])
    check(affine, records["count"])


def test_subclass_and_memmap(tmp_path):
    path = tmp_path / "values"
    numpy.arange(20, dtype="float64").tofile(path)
    check(half, numpy.memmap(path, dtype="float64", mode="r"))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "array, name",
    [
        (numpy.array([1, "a", None], object), "object"),
        (numpy.array(["a", "b"]), "U|str"),
        (numpy.array([b"a", b"b"]), "S|bytes"),
        (numpy.array(["2024-01-01"], "datetime64[D]"), "datetime64"),
        (numpy.array([5], "timedelta64[s]"), "timedelta64"),
        (numpy.array([1 + 2j]), "complex"),
        (numpy.zeros(2, dtype=[("a", "i4"), ("b", "f8")]), "a|void|struct|record"),
    ],
    ids=["object", "str", "bytes", "datetime", "timedelta", "complex", "record"],
)
def test_types_that_are_not_taken(array, name, backend):
    calls = []
    with pytest.raises(TypeError, match=name):
        gilmap.map(lambda x: calls.append(x), array, backend=backend if backend != "jit" else None)
    with pytest.raises(TypeError, match=name):
        gilmap.map(affine, array, backend=backend)
    assert calls == []


@pytest.mark.parametrize("dtype", ["float16", "longdouble"])
def test_unusual_floats_are_right_or_refused(dtype):
    array = numpy.array([0.5, 1.5, -2.0], dtype)
    try:
        result = gilmap.map(half, array)
    except TypeError as error:
        assert "float" in str(error) or "double" in str(error)
    else:
        assert result.tolist() == [0.25, 0.75, -1.0]


def test_result_that_does_not_fit():
    array = numpy.array([1, 2, 2**40, 3, 2**41])
    for backend in BACKENDS:
        with pytest.raises(OverflowError, match=r"\b2\b"):
            gilmap.map(lambda x: x * x, array, backend=backend)


@pytest.mark.parametrize("backend", [None, "inline"])
@pytest.mark.parametrize("wrong", ["text", (1, 2), None, [1]])
def test_result_that_an_array_cannot_hold(wrong, backend):
    array = numpy.arange(100)
    with pytest.raises((TypeError, ValueError), match=r"\b61\b") as caught:
        gilmap.map(lambda x: wrong if x == 61 else x, array, backend=backend)
    assert "list" in str(caught.value)


def test_ints_and_floats_mixed():
    for backend in BACKENDS:
        result = gilmap.map(lambda x: x / 2 if x % 2 else x, numpy.arange(20), backend=backend)
        assert result.dtype == "float64"
        assert result.tolist() == [x / 2 if x % 2 else x for x in range(20)]
    array = numpy.array([1, 2, 2**53 + 1, 3])
    for backend in BACKENDS:
        with pytest.raises((TypeError, ValueError, OverflowError), match=r"\b2\b"):
            gilmap.map(lambda x: x if x > 3 else x / 2, array, backend=backend)


def test_exception_comes_before_a_result_that_does_not_fit():
    array = numpy.array([1, 0, 2**62])
    for backend in BACKENDS:
        with pytest.raises(ZeroDivisionError):
            gilmap.map(lambda x: x * (4 // x), array, backend=backend)


def test_several_arrays():
    a, b = numpy.arange(10), numpy.arange(10) / 4
    add = lambda x, y: x + y
    for backend in BACKENDS:
        result = gilmap.map(add, a, b, backend=backend)
        assert isinstance(result, numpy.ndarray) and result.tolist() == [x + y for x, y in zip(a.tolist(), b.tolist())]
        result = gilmap.map(add, a.reshape(2, 5), b.reshape(2, 5), backend=backend)
        assert result.shape == (2, 5)
        result = gilmap.map(add, a, b.tolist(), backend=backend)
        assert isinstance(result, numpy.ndarray) and result.dtype == "float64"
        result = gilmap.map(add, a.tolist(), b, backend=backend)
        assert type(result) is list and type(result[3]) is float


def test_several_dtypes():
    a, b = numpy.arange(8, dtype="uint8"), numpy.arange(8, dtype="float32")[::-1]
    c = numpy.arange(8) % 2 == 0
    for backend in BACKENDS:
        result = gilmap.map(lambda x, y, z: x * y + z, a, b, c, backend=backend)
        assert result.tolist() == [x * y + z for x, y, z in zip(a.tolist(), b.tolist(), c.tolist())]


def test_shapes_that_do_not_match():
    for backend in BACKENDS:
        with pytest.raises(ValueError):
            gilmap.map(lambda x, y: x + y, numpy.zeros((2, 3)), numpy.zeros((3, 2)), backend=backend)


def test_arrays_of_different_length_are_never_misread():
    """Stopping at the shortest or refusing are both documented behaviour; anything else is wrong."""
    try:
        result = gilmap.map(lambda x, y: x + y, numpy.arange(5), numpy.arange(3))
    except ValueError:
        return
    assert result.tolist() == [0, 2, 4]


def test_result_does_not_share_memory():
    array = numpy.arange(10)
    result = gilmap.map(lambda x: x, array)
    assert not numpy.shares_memory(array, result)
    result[0] = 99
    assert array[0] == 0


def test_input_array_is_released():
    import sys

    array = numpy.arange(1000)
    before = sys.getrefcount(array)
    for _ in range(20):
        gilmap.map(affine, array)
        gilmap.map(affine, array, backend="jit")
    assert sys.getrefcount(array) == before
    array.resize(10)  # fails while a buffer is exported


def test_large_array():
    array = numpy.arange(1_000_000) % 1000 - 500
    result = gilmap.map(lambda x: x * x - x, array)
    assert numpy.array_equal(result, array * array - array)


def test_empty_arrays_keep_the_kind():
    for dtype in ("int32", "float64", "bool"):
        result = gilmap.map(lambda x: x, numpy.array([], dtype))
        assert isinstance(result, numpy.ndarray) and result.shape == (0,)
        assert result.dtype in ("int64", "float64", "bool")
