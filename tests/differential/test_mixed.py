"""Lists of mixed types are partitioned and put together again in order; several columns of different lengths."""

import itertools
import random
from fractions import Fraction

import gilmap
import pytest

from tests.differential.harness import check
from tests.differential.values import BIG_INTS, BOOLS, FLOAT_EDGES, INT_EDGES, ODD, SIZES, Celsius, Counted


def shuffled(*pools, seed=0, size=300):
    rng = random.Random(seed)
    pool = [value for values in pools for value in values]
    return [rng.choice(pool) for _ in range(size)]


def double(x):
    return x * 2


def plus_half(x):
    return x + 0.5


def truth(x):
    return not x


def same_back(x):
    return x


FUNCTIONS = [double, plus_half, truth, same_back]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_mixed_column(f, seed):
    check(f, shuffled(INT_EDGES, FLOAT_EDGES, BOOLS, seed=seed))
    check(f, shuffled(INT_EDGES, FLOAT_EDGES, BOOLS, BIG_INTS[:-1], ODD, seed=seed))


@pytest.mark.parametrize("seed", range(4))
def test_two_mixed_columns(seed):
    pools = INT_EDGES, FLOAT_EDGES[:-1], BOOLS, BIG_INTS[:-1], [None, Fraction(1, 3)]
    a, b = shuffled(*pools, seed=seed), shuffled(*pools, seed=seed + 100)
    check(lambda x, y: x - y, a, b)
    check(lambda x, y: x if x == y else y, a, b)
    check(lambda x, y: (x < y, x == y) if x is not None and y is not None else None, a, b)


def test_three_columns_with_a_constant_one():
    check(lambda x, y, z: x * y + z, INT_EDGES[:20], FLOAT_EDGES[:20], [7] * 20, compiled=True)
    check(lambda x, y, z: x * y + z, INT_EDGES[:20], BOOLS * 10, FLOAT_EDGES[:20], compiled=True)


def test_many_columns():
    columns = [[k + j for k in range(30)] for j in range(9)]
    check(lambda a, b, c, d, e, f, g, h, i: a + b * c - d + e * f - g + h // (i + 1), *columns, compiled=True)


@pytest.mark.parametrize("size", SIZES)
def test_alternating_types(size):
    pattern = itertools.cycle([1, 2.5, True, 7, None, -0.0, 2**64, False])
    column = list(itertools.islice(pattern, size))
    check(same_back, column)
    check(lambda x: x + 1 if x is not None else None, column)


def test_subclasses_keep_their_behaviour():
    column = [Counted(3), 3, Celsius(1.5), 1.5, True, Counted(0)] * 30
    check(double, column)
    check(same_back, column)
    result = gilmap.map(same_back, column)
    assert all(new is old for new, old in zip(result, column) if type(old) in (Counted, Celsius))


def test_identity_of_objects_is_kept():
    values = [object(), None, "text", Fraction(1, 2), 10**30, (1,)]
    assert all(new is old for new, old in zip(gilmap.map(same_back, values * 50), values * 50))


def test_enum_and_index_types():
    import enum

    class Level(enum.IntEnum):
        LOW = 1
        HIGH = 5

    class Index:
        def __index__(self):
            return 3

    check(lambda x: sum(i for i in range(x)), [Level.LOW, 4, Level.HIGH, Index(), True])
    check(lambda x: x + 1, [Level.LOW, 4, Level.HIGH, 0.5])


def test_numpy_scalars_in_a_list():
    numpy = pytest.importorskip("numpy")
    column = [numpy.float64(1.5), 1.5, numpy.int64(3), 3, numpy.bool_(True), True, numpy.float32(0.1)] * 20
    check(double, column)
    check(same_back, column)


def test_nan_payloads_pass_through():
    import struct

    payloads = [
        struct.unpack("<d", struct.pack("<Q", bits))[0]
        for bits in (0x7FF8000000000001, 0xFFF8DEADBEEF0000, 0x7FF80000FFFFFFFF)
    ]
    check(same_back, payloads, compiled=True)
    check(lambda x: -x, payloads, compiled=True)
    check(lambda x: abs(x), payloads, compiled=True)
    check(lambda x: x * 1.0 + 2.0 - 1.0, payloads, compiled=True)
    check(lambda x: x if x != x else 0.0, payloads, compiled=True)


def unequal(f, *columns):
    expected = list(map(f, *columns))
    for backend in (None, "inline", "jit"):
        assert gilmap.map(f, *columns, backend=backend) == expected


def test_lengths_differ():
    add = lambda a, b: a + b
    unequal(add, [1, 2, 3], [10, 20])
    unequal(add, [1], [10, 20, 30])
    unequal(add, range(100), range(7))
    unequal(lambda a, b, c: a - b * c, range(50), [1.5] * 20, (2,) * 30)
    assert gilmap.map(add, [1, 2], []) == []
    assert gilmap.map(add, [], [1, 2]) == []


def test_the_longer_column_may_hold_anything():
    unequal(lambda a, b: a + b, [1, 2], [1, 2, "never seen", None])


def test_wrong_number_of_columns():
    check(lambda a, b: a + b, [1, 2, 3])
    check(lambda a: a, [1, 2, 3], [4, 5, 6])
    check(lambda: 0, [1])
