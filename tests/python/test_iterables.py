"""Lists, tuples, ranges, generators and everything else that can be iterated; buffers that are not NumPy's."""

import array
import collections
import itertools

import gilmap
import pytest

from tests.python.support import SANITIZER, run_script

BACKENDS = [None, "inline", "jit"]


def affine(x):
    return x * 3 + 1


def list_result(make, f=affine):
    expected = list(map(f, make()))
    for backend in BACKENDS:
        result = gilmap.map(f, make(), backend=backend)
        assert type(result) is list
        assert result == expected and list(map(type, result)) == list(map(type, expected))


ITERABLES = {
    "list": lambda: [1, 2, 3],
    "tuple": lambda: (1, 2.5, True),
    "range": lambda: range(10),
    "negative range": lambda: range(10, -10, -3),
    "huge range": lambda: range(2**63 - 2, 2**63 + 2),
    "empty range": lambda: range(0),
    "set": lambda: {3, 1, 2},
    "frozenset": lambda: frozenset((5, 6)),
    "dict": lambda: {1: "a", 2: "b"},
    "dict keys": lambda: {1: "a", 2: "b"}.keys(),
    "dict values": lambda: {"a": 1, "b": 2.5}.values(),
    "generator": lambda: (k * k for k in range(20)),
    "iterator": lambda: iter([1, 2, 3]),
    "map": lambda: map(abs, [-1, 2]),
    "filter": lambda: filter(None, [0, 1, 2]),
    "reversed": lambda: reversed([1, 2, 3]),
    "chain": lambda: itertools.chain([1], (2.0,), range(3)),
    "deque": lambda: collections.deque([1, 2, 3]),
    "Counter": lambda: collections.Counter({1: 2, 3: 4}),
    "islice of count": lambda: itertools.islice(itertools.count(), 50),
    "long generator": lambda: (k / 2 if k % 2 else k for k in range(5000)),
}


@pytest.mark.parametrize("name", ITERABLES)
def test_iterables(name):
    list_result(ITERABLES[name])


@pytest.mark.parametrize("iterable", [[], (), range(0), set(), {}, iter([]), "", (x for x in ())])
def test_empty(iterable):
    for backend in (None, "inline"):
        result = gilmap.map(affine, iterable, backend=backend)
        assert result == [] and type(result) is list


def test_strings_are_iterables_too():
    list_result(lambda: "abc", lambda c: c.upper())
    assert gilmap.map(len, ["x", "yy"]) == [1, 2]


def test_list_and_tuple_subclasses():
    class Odd(list):
        def __iter__(self):
            return iter([7, 8, 9])

    class Pair(collections.namedtuple("Pair", "a b")):
        pass

    list_result(lambda: Odd([1, 2]))
    list_result(lambda: Pair(1, 2.5))


def test_old_sequence_protocol():
    class Squares:
        def __getitem__(self, k):
            if k >= 6:
                raise IndexError
            return k * k

    list_result(Squares)


def test_lying_length():
    class Liar:
        def __init__(self, says):
            self.says = says

        def __len__(self):
            return self.says

        def __iter__(self):
            return iter(range(5))

    for says in (0, 3, 1000):
        list_result(lambda says=says: Liar(says))


def test_iterator_that_raises():
    def broken():
        yield 1
        yield 2
        raise LookupError("in the iterator")

    for backend in BACKENDS:
        with pytest.raises(LookupError, match="in the iterator"):
            gilmap.map(affine, broken(), backend=backend)
        with pytest.raises(LookupError, match="in the iterator"):
            gilmap.map(lambda x, y: x + y, [1, 2, 3], broken(), backend=backend)


def append_some(xs):
    def f(x):
        if len(xs) < 5000:
            xs.append(x + 1)
        return x

    return f, [xs]


def pop_one(xs):
    def f(x):
        xs.pop()
        return x

    return f, [xs]


def clear(xs):
    def f(x):
        xs.clear()
        return x

    return f, [xs]


def replace_the_last(xs):
    def f(x):
        xs[-1] = ("last", x)
        return x

    return f, [xs]


def shorten_the_second(xs):
    ys = list(range(200))

    def f(x, y):
        if len(xs) < 150:
            xs.append(7)
        if y == 4:
            del ys[120:]
        return x, y

    return f, [xs, ys]


def append_beside_a_range(xs):
    def f(x, y):
        xs.append(1)
        return x + y

    return f, [xs, range(500)]


def remove_beside_a_tuple(xs):
    def f(x, y):
        xs.pop(0)
        return x, y

    return f, [tuple(range(90)), xs]


CHANGES = [
    append_some,
    pop_one,
    clear,
    replace_the_last,
    shorten_the_second,
    append_beside_a_range,
    remove_beside_a_tuple,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("backend", [None, "inline"])
@pytest.mark.parametrize("n", [1, 2, 100, 200_000])
def test_list_changed_by_the_function(change, backend, n):
    """map takes each element from the list as it is by then, and so do we."""

    def outcome(call):
        xs = list(range(n))
        f, iterables = change(xs)
        try:
            return call(f, *iterables), xs
        except IndexError as error:
            return str(error), xs

    assert outcome(lambda f, *its: gilmap.map(f, *its, backend=backend)) == outcome(lambda f, *its: list(map(f, *its)))


def test_list_changed_by_an_element():
    """A value with behaviour of its own takes the list away while it is being read."""
    numbers = []

    class Mine:
        def __mul__(self, other):
            numbers.clear()
            return 5

    numbers += [1, 2, Mine(), 3, 4] + list(range(500))
    result = gilmap.map(affine, numbers)
    assert result[:3] == [4, 7, 6]


def test_several_iterables():
    def three(a, b, c):
        return a * b - c

    columns = [range(20), [k / 2 for k in range(15)], (k for k in range(30))]
    expected = [three(a, b, c) for a, b, c in zip(range(20), columns[1], range(30))]
    for backend in BACKENDS:
        columns[2] = (k for k in range(30))
        assert gilmap.map(three, *columns, backend=backend) == expected


def test_the_same_iterator_twice():
    pairs = list(map(lambda a, b: a - b, *[iter(range(10))] * 2))
    for backend in BACKENDS:
        assert gilmap.map(lambda a, b: a - b, *[iter(range(10))] * 2, backend=backend) == pairs


@pytest.mark.skipif(bool(SANITIZER), reason="limits the address space, of which sanitizers reserve terabytes")
def test_endless_iterator_beside_a_short_list():
    source = """
import itertools, resource, gilmap
resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
f = lambda a, b: a + b
print(gilmap.map(f, [1, 2, 3], itertools.count()))
print(gilmap.map(f, itertools.repeat(5), [1, 2, 3]))
print(gilmap.map(f, itertools.count(), (k for k in range(3)), backend="jit"))
"""
    assert run_script(source, timeout=20).split("\n")[:3] == ["[1, 3, 5]", "[6, 7, 8]", "[0, 2, 4]"]


def test_input_list_is_not_changed_nor_kept():
    import sys

    column = [1, 2.5, None, "x", 2**70, True]
    copy = list(column)
    big = column[4]
    before = sys.getrefcount(column), sys.getrefcount(big)
    for backend in BACKENDS[:2]:
        gilmap.map(lambda x: x, column, backend=backend)
    assert column == copy and all(a is b for a, b in zip(column, copy))
    assert (sys.getrefcount(column), sys.getrefcount(big)) == before


@pytest.mark.parametrize("code", list("bBhHiIlLqQfd"))
def test_array_module(code):
    numpy = pytest.importorskip("numpy")
    data = array.array(code, [1, 2, 3, 100])
    for backend in BACKENDS:
        result = gilmap.map(affine, data, backend=backend)
        assert isinstance(result, numpy.ndarray)
        assert result.tolist() == [affine(x) for x in data]
        assert result.dtype == ("float64" if code in "fd" else "int64")


def test_array_of_characters_is_refused():
    with pytest.raises(TypeError):
        gilmap.map(affine, array.array("u", "abc"))


def test_memoryview():
    numpy = pytest.importorskip("numpy")
    data = array.array("d", [k / 2 for k in range(12)])
    views = [
        memoryview(data), memoryview(data)[3:9], memoryview(data)[::2], memoryview(data)[::-1],
        memoryview(bytes(range(12))), memoryview(data).cast("B").cast("d", [3, 4]),
        memoryview(bytes([0, 1, 1])).cast("?"),
    ]  # fmt: skip
    for view in views:
        nested = view.tolist()
        for backend in BACKENDS:
            result = gilmap.map(affine, view, backend=backend)
            assert isinstance(result, numpy.ndarray) and result.shape == view.shape
            flat = nested if view.ndim == 1 else [x for row in nested for x in row]
            assert result.ravel().tolist() == [affine(x) for x in flat]


def test_bytes():
    for data in (b"\x00\x01\xff", bytearray(b"abc")):
        for backend in BACKENDS:
            assert list(gilmap.map(affine, data, backend=backend)) == [affine(x) for x in data]


def test_a_bytearray_that_f_makes_longer():
    data = bytearray(b"abc")

    def f(x):
        data.append(x)
        return x

    assert gilmap.map(f, data) == [97, 98, 99]
    assert data == b"abcabc"
    assert gilmap.map(affine, bytearray(range(256)), backend="jit") == [affine(x) for x in range(256)]


def test_released_memoryview():
    view = memoryview(b"abc")
    view.release()
    with pytest.raises(ValueError):
        gilmap.map(affine, view)


def test_buffer_is_released():
    data = array.array("q", range(100))
    gilmap.map(affine, data, backend="jit")
    data.append(1)  # BufferError while a buffer is exported
    with pytest.raises(ZeroDivisionError):
        gilmap.map(lambda x: 1 // x, data)
    data.append(2)


def test_one_million_elements():
    n = 1_000_000
    assert gilmap.map(lambda x: x * 3 + 1, range(n)) == list(range(1, 3 * n, 3))
