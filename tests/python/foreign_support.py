"""What the tests of Numba's and C's functions share: values at the edges, and when two calls came to the same."""

import struct

import gilmap

INTS = [0, 1, -1, 2, -7, 100, 127, 128, 255, 256, 32767, 65536, 2**31 - 1, 2**31, -(2**31) - 1, 2**32 - 1, 2**40 + 5]
INTS += [2**53 + 1, 2**62, 2**63 - 1, -(2**63)]
FLOATS = [0.0, -0.0, 1.0, -1.5, 0.1, 3.7, 1e-300, 5e-324, 16777217.0, 2.0**31, 1e18, 1e300, -1e300]
FLOATS += [float("inf"), float("-inf"), float("nan")]
BOOLS = [True, False]


def _exact(value):
    if type(value) is float:
        return float, struct.pack("d", value) if value == value else "nan"
    return type(value), value


def outcome(run):
    """The types and bits of the list that run() gives, or its exception."""
    try:
        return [_exact(v) for v in run()]
    except Exception as error:
        return type(error), str(error), error.args


def check(func, *iterables, **options):
    """gilmap.map gives what list(map) gives; its elements are repeated so often that a chunk is full of them."""
    expected = outcome(lambda: map(func, *iterables))
    assert outcome(lambda: gilmap.map(func, *iterables, **options)) == expected
    return expected


def check_each(func, values, **options):
    """So does each value alone, where one that raises hides nothing."""
    for value in values:
        check(func, [value], **options)
    fine = [v for v in values if not isinstance(outcome(lambda v=v: [func(v)]), tuple)]
    check(func, fine * 50, **options)
    return fine
