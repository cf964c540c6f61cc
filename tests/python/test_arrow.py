"""Arrow arrays and chunked arrays: nulls stay null and are not passed to f; slices and offsets are honoured."""

import gilmap
import pytest

from tests.differential.outcomes import same

pyarrow = pytest.importorskip("pyarrow")

BACKENDS = [None, "inline", "jit"]
NUMBERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float", "double"]


def typed(values, name):
    return pyarrow.array(values, type=pyarrow.type_for_alias(name))


def check(f, array, backends=BACKENDS):
    values = array.to_pylist()
    expected = [None if v is None else f(v) for v in values]
    kinds = {type(v) for v in expected if v is not None}
    names = {int: "int64", float: "double", bool: "bool"}
    for backend in backends:
        result = gilmap.map(f, array, backend=backend)
        assert isinstance(result, type(array)) or isinstance(result, pyarrow.Array) == isinstance(array, pyarrow.Array)
        result.validate(full=True)
        if len(kinds) == 1:
            assert str(result.type) == names[kinds.pop()] if backend is backends[0] else True
        assert same(expected, result.to_pylist()), backend


def affine(x):
    return x * 3 + 1


def half(x):
    return x / 2


def positive(x):
    return x > 0


FUNCTIONS = [affine, half, positive]


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", NUMBERS)
def test_number_types(name, f):
    check(f, typed([1, 0, 5, 100, 7], name))
    check(f, typed([1, None, 5, None, None, 7], name))


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_bools(f):
    bits = [k % 3 == 0 for k in range(75)]
    check(f, typed(bits, "bool"))
    check(f, typed(bits, "bool").slice(3, 61))
    check(f, typed([None if k % 5 == 0 else b for k, b in enumerate(bits)], "bool").slice(9))


def test_uint64_above_int64():
    check(half, typed([2**64 - 1, 1, None], "uint64"))
    with pytest.raises(OverflowError, match="0"):
        gilmap.map(lambda x: x, typed([2**64 - 1], "uint64"))


@pytest.mark.parametrize("offset", [0, 1, 3, 7, 8, 9, 63, 64, 65])
@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 64, 65, 100])
def test_slices(offset, length):
    ints = typed([None if k % 4 == 1 else k for k in range(200)], "int64").slice(offset, length)
    check(affine, ints)
    check(half, typed([k / 3 for k in range(200)], "double").slice(offset, length))
    check(positive, ints)


def test_slice_of_a_slice():
    array = typed([None if k % 3 == 1 else k for k in range(100)], "int32")
    check(affine, array.slice(5).slice(7, 50).slice(1))


def test_f_is_not_called_for_nulls():
    seen = []

    def f(x):
        seen.append(x)
        return x

    result = gilmap.map(f, typed([1, None, 2, None], "int64"))
    assert seen == [1, 2] and result.to_pylist() == [1, None, 2, None]


def test_value_under_a_null_does_not_matter():
    """The value of a null slot is arbitrary: it must not divide by zero, raise or overflow."""
    values = pyarrow.py_buffer(bytes(8 * 8))
    validity = pyarrow.py_buffer(bytes([0b10101010]))
    array = pyarrow.Array.from_buffers(pyarrow.int64(), 8, [validity, values])
    assert array.null_count == 4
    ones = typed([None, 5] * 4, "int64")
    for backend in BACKENDS:
        assert gilmap.map(lambda x: 10 // x, ones, backend=backend).to_pylist() == [None, 2] * 4
        with pytest.raises(ZeroDivisionError):
            gilmap.map(lambda x: 10 // x, array, backend=backend)


def test_all_null_and_empty():
    check(affine, typed([None, None, None], "int64"))
    check(half, typed([None] * 100, "double"))
    for name in (*NUMBERS, "bool"):
        result = gilmap.map(affine, typed([], name))
        assert isinstance(result, pyarrow.Array) and len(result) == 0


def test_none_results_become_null():
    for backend in BACKENDS:
        result = gilmap.map(lambda x: x if x % 3 else None, typed(list(range(30)), "int64"), backend=backend)
        assert result.to_pylist() == [x if x % 3 else None for x in range(30)]
        assert str(result.type) == "int64"


def test_ints_and_floats_mixed():
    for backend in BACKENDS:
        result = gilmap.map(lambda x: x / 2 if x % 2 else x, typed([1, 2, None, 3], "int64"), backend=backend)
        assert str(result.type) == "double" and result.to_pylist() == [0.5, 2.0, None, 1.5]


@pytest.mark.parametrize(
    "chunks", [[[1, 2], [3]], [[], [1], [], [2, 3, None]], [[]], [list(range(100)), [None] * 5, list(range(70))]]
)
def test_chunked(chunks):
    array = pyarrow.chunked_array([typed(chunk, "int64") for chunk in chunks])
    for f in FUNCTIONS:
        check(f, array)
    for backend in BACKENDS:
        assert isinstance(gilmap.map(affine, array, backend=backend), pyarrow.ChunkedArray)


def test_chunked_without_chunks():
    result = gilmap.map(affine, pyarrow.chunked_array([], type=pyarrow.int64()))
    assert isinstance(result, pyarrow.ChunkedArray) and len(result) == 0


def test_chunked_slices():
    array = pyarrow.chunked_array([typed(list(range(k, k + 10)), "int64") for k in range(0, 100, 10)])
    for start, length in ((0, 100), (5, 10), (9, 2), (95, 5), (30, 0)):
        check(affine, array.slice(start, length))


@pytest.mark.parametrize(
    "array, name",
    [
        (["a", "b"], "string"),
        ([b"a"], "binary"),
        ([[1, 2]], "list"),
        ([{"a": 1}], "struct"),
    ],
    ids=["string", "binary", "list", "struct"],
)
def test_types_that_are_not_taken(array, name):
    for data in (pyarrow.array(array), pyarrow.chunked_array([pyarrow.array(array)])):
        for backend in BACKENDS:
            with pytest.raises(TypeError, match=name):
                gilmap.map(affine, data, backend=backend)


def test_dates_decimals_and_dictionaries_are_not_taken():
    import datetime
    import decimal

    columns = {
        "date": pyarrow.array([datetime.date(2024, 1, 1)]),
        "timestamp": pyarrow.array([datetime.datetime(2024, 1, 1)]),
        "duration": pyarrow.array([datetime.timedelta(1)]),
        "decimal": pyarrow.array([decimal.Decimal("1.5")]),
        "dictionary": pyarrow.array([1, 2, 1]).dictionary_encode(),
    }
    for name, array in columns.items():
        with pytest.raises(TypeError, match=name):
            gilmap.map(affine, array)


def test_half_floats_are_right_or_refused():
    numpy = pytest.importorskip("numpy")
    array = pyarrow.array(numpy.array([0.5, 1.5], "float16"))
    try:
        result = gilmap.map(half, array)
    except TypeError as error:
        assert "float" in str(error)
    else:
        assert result.to_pylist() == [0.25, 0.75]


def test_overflow_names_the_index():
    array = pyarrow.chunked_array([typed([1, None], "int64"), typed([2, 2**40, 3], "int64")])
    for backend in BACKENDS:
        with pytest.raises(OverflowError, match=r"\b3\b"):
            gilmap.map(lambda x: x * x, array, backend=backend)


def test_result_that_arrow_cannot_hold():
    with pytest.raises((TypeError, ValueError), match=r"\b2\b") as caught:
        gilmap.map(lambda x: str(x) if x == 3 else x, typed([1, 2, 3], "int64"))
    assert "list" in str(caught.value)


def test_exception_in_an_element():
    array = typed([None, 1, 0, None, 2], "int64")
    for backend in BACKENDS:
        with pytest.raises(ZeroDivisionError):
            gilmap.map(lambda x: 1 // x, array, backend=backend)


def test_several_columns():
    a = typed([1, None, 3, 4], "int64")
    b = typed([0.5, 0.25, None, 2.0], "double")
    add = lambda x, y: x + y
    for backend in BACKENDS:
        result = gilmap.map(add, a, b, backend=backend)
        assert isinstance(result, pyarrow.Array) and result.to_pylist() == [1.5, None, None, 6.0]
        chunked = pyarrow.chunked_array([b.slice(0, 1), b.slice(1)])
        assert gilmap.map(add, a, chunked, backend=backend).to_pylist() == [1.5, None, None, 6.0]
        assert gilmap.map(add, a, [1, 2, 3, 4], backend=backend).to_pylist() == [2, None, 6, 8]


class Capsules:
    """An object of another library: nothing but the Arrow C data interface."""

    def __init__(self, array):
        self.array = array

    def __arrow_c_array__(self, requested_schema=None):
        return self.array.__arrow_c_array__(requested_schema)


class Stream:
    def __init__(self, chunked):
        self.chunked = chunked

    def __arrow_c_stream__(self, requested_schema=None):
        return self.chunked.__arrow_c_stream__(requested_schema)


def test_any_object_with_the_interface():
    array = typed([1, None, 3], "int64")
    for backend in BACKENDS:
        result = gilmap.map(affine, Capsules(array), backend=backend)
        assert isinstance(result, pyarrow.Array) and result.to_pylist() == [4, None, 10]
        result = gilmap.map(affine, Stream(pyarrow.chunked_array([array, array])), backend=backend)
        assert isinstance(result, pyarrow.ChunkedArray) and result.to_pylist() == [4, None, 10] * 2


def test_interface_that_raises():
    class Broken:
        def __arrow_c_array__(self, requested_schema=None):
            raise RuntimeError("disk on fire")

    with pytest.raises(RuntimeError, match="disk on fire"):
        gilmap.map(affine, Broken())

    class Nonsense:
        def __arrow_c_array__(self, requested_schema=None):
            return 1, 2

    with pytest.raises((TypeError, ValueError)):
        gilmap.map(affine, Nonsense())


def test_memory_comes_back():
    array = typed(list(range(10_000)), "int64")
    gilmap.map(affine, array)
    before = pyarrow.total_allocated_bytes()
    for _ in range(50):
        gilmap.map(affine, array)
        gilmap.map(affine, pyarrow.chunked_array([array, array]), backend="jit")
    assert pyarrow.total_allocated_bytes() <= before + 1_000_000


def test_result_outlives_the_input():
    result = gilmap.map(affine, typed(list(range(1000)), "int64"))
    assert result.to_pylist() == [x * 3 + 1 for x in range(1000)]
    assert (
        pyarrow.compute.sum(result).as_py() == sum(x * 3 + 1 for x in range(1000))
        if hasattr(pyarrow, "compute")
        else True
    )


def test_large_array():
    array = pyarrow.array(range(500_000)).slice(5)
    result = gilmap.map(lambda x: x % 1000 + 0.5, array)
    assert result.to_pylist() == [x % 1000 + 0.5 for x in range(5, 500_000)]


@pytest.mark.parametrize("backend", [None, "inline", "jit"])
def test_a_null_beside_a_list_becomes_none(backend):
    result = gilmap.map(lambda a, b: a + b, [1, 2, 3], pyarrow.array([1, None, 3]), backend=backend)
    assert result == [2, None, 6]


@pytest.mark.parametrize("stream", [False, True])
def test_data_that_was_released_is_refused(stream):
    class Spent:
        pass

    def spend_array(self, requested_schema=None):
        pair = pyarrow.array([1]).__arrow_c_array__()
        pyarrow.Array._import_from_c_capsule(*pair)
        return pair

    def spend_stream(self, requested_schema=None):
        capsule = pyarrow.table({"a": [1]}).__arrow_c_stream__()
        pyarrow.RecordBatchReader._import_from_c_capsule(capsule)
        return capsule

    if stream:
        Spent.__arrow_c_stream__ = spend_stream
    else:
        Spent.__arrow_c_array__ = spend_array
    with pytest.raises(ValueError, match="released already"):
        gilmap.map(lambda x: x, Spent())
