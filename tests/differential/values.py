"""Columns of test values: edges of every type, ranges, and the odd things that lists contain.

Everything here is deterministic, so that a failure can be repeated.
"""

import math
import random
import struct
from fractions import Fraction

SIZES = (0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 1000)

SMALL_INTS = [0, 1, -1, 2, -2, 3, -3, 5, 7, -7, 10, 12, 16, 31, 63, 64, 65, 97, 100, -100]

INT_EDGES = [
    *SMALL_INTS,
    *(sign * (2**31 + d) for sign in (1, -1) for d in (-1, 0, 1)),
    2**32 - 1, 2**32, 2**32 + 1,
    *(sign * (2**53 + d) for sign in (1, -1) for d in (-1, 0, 1)),
    3037000499, 3037000500,                       # isqrt(2**63 - 1) and the next
    2**62 - 1, 2**62, 2**62 + 1, -(2**62), -(2**62) - 1,
    2**63 - 2, 2**63 - 1, -(2**63), -(2**63) + 1,
]  # fmt: skip

BIG_INTS = [2**63, -(2**63) - 1, 2**64 - 1, 2**64, -(2**64), 2**100, -(3**80), 10**400]


def float_from_bits(bits):
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


NAN = float_from_bits(0x7FF8000000000000)
NEGATIVE_NAN = float_from_bits(0xFFF8000000000000)

FLOAT_EDGES = [
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 3.0, 0.1, -0.3, 2.675, 10.0, 100.0, -7.25,
    1 / 3, math.pi, -math.e, math.nextafter(1.0, 2.0), math.nextafter(1.0, 0.0), 0.49999999999999994,
    5e-324, -5e-324, 1e-310, 2.2250738585072014e-308, -2.225073858507201e-308, 1e-200, 1e-20,
    1e15 + 0.5, 4503599627370497.5, 2.0**53 - 1, 2.0**53, 2.0**53 + 2, -(2.0**53),
    2.0**62, 2.0**63, -(2.0**63), math.nextafter(2.0**63, 0), 2.0**64, 1e16, 1e22, 1e100, -1e200,
    1.7976931348623157e308, -1.7976931348623157e308, 709.78, -745.2,
    math.inf, -math.inf, NAN, NEGATIVE_NAN,
]  # fmt: skip

BOOLS = [True, False]


class Counted(int):
    """A subclass of int that gilmap must hand to the function as it is."""

    def __mul__(self, other):
        return ("counted", int(self), other)


class Celsius(float):
    """A subclass of float, without behaviour of its own."""


ODD = [
    True, None, "abc", 3, 2.5, -0.0, Counted(5), Celsius(1.5), Fraction(7, 2), False, (1, 2), NAN, 1 + 2j,
]  # fmt: skip


class Spread(list):
    """Values in no order that matters: columns of them are shuffled and repeated to one length (`pair`)."""


def ints(low, high, count=40):
    """About `count` ints from low to high, both included, dense near zero and the ends."""
    if high - low < count:
        return Spread(range(low, high + 1))
    near = [v for v in (0, 1, 2, 3, -1, -2, low, low + 1, high - 1, high) if low <= v <= high]
    rng = random.Random(low * 31 + high)
    spread = [rng.randint(low, high) for _ in range(count - len(near))]
    return Spread(list(dict.fromkeys(near)) + spread)


def floats(low, high, count=40):
    """About `count` floats from low to high: whole numbers, halves, tenths and arbitrary ones."""
    rng = random.Random(repr((low, high)))
    near = [v for v in (0.0, -0.0, 1.0, 0.5, 2.0, -1.0, low, high, 0.1) if low <= v <= high]
    spread = [low + (high - low) * rng.random() for _ in range(max(1, count - len(near) - 5))]
    rounded = [round(v, k) for k, v in enumerate(spread[:5])]
    return Spread(float(v) for v in near + spread + [v for v in rounded if low <= v <= high])


def bools(count=8):
    return Spread(k % 3 == 1 for k in range(count))


def pair(columns):
    """Columns of one length, in which equal ranges do not meet as equal values."""
    length = max(map(len, columns), default=0)
    paired = []
    for place, column in enumerate(columns):
        if isinstance(column, Spread):
            values = list(column)
            if place:
                random.Random(place).shuffle(values)
            column = [values[k % len(values)] for k in range(length)]
        paired.append(column)
    return paired


def cross(*columns):
    """Every combination of the values of several columns, again as columns."""
    rows = [()]
    for column in columns:
        rows = [(*row, value) for row in rows for value in column]
    return [list(column) for column in zip(*rows)]


def with_odd_values(columns):
    """The columns again, with each odd value in each place, and rows of odd values only."""
    rows = list(zip(*columns))[:6]
    rows = rows or [(1,) * len(columns)]
    result = list(rows)
    for k, value in enumerate(ODD):
        base = rows[k % len(rows)]
        for place in range(len(columns)):
            result.append((*base[:place], value, *base[place + 1 :]))
        result.append(tuple(ODD[(k + 4 * place) % len(ODD)] for place in range(len(columns))))
    return [list(column) for column in zip(*result)]


def with_huge_values(columns):
    """Edge values of the types that the columns have, paired by rotation, big ints included."""
    pools = [FLOAT_EDGES if any(type(v) is float for v in column) else INT_EDGES + BIG_INTS for column in columns]
    length = max(map(len, pools))
    return [[pool[(k * (2 * place + 1)) % len(pool)] for k in range(length)] for place, pool in enumerate(pools)]
