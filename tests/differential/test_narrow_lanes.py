"""Functions whose integers fit in 32 bits as long as their inputs are small: at the edges of the classes of inputs that
kernels are compiled for (router/specialise.cpp), beyond them, and with arrays that leave their class on the way."""

import math

import gilmap
import numpy as np
import pytest
from gilmap import _gilmap

from tests.differential.outcomes import same, show

BITS = (7, 8, 15, 16, 20, 24, 30, 31, 32, 52, 53)
EDGES = [sign * (2**bits + d) for bits in BITS for d in (-1, 0, 1) for sign in (1, -1)]
SMALL = [0, 1, -1, 2, -2, 3, 5, 7, 9, 10, 11, 63, 64, 97, 100, -100, 127, 255, 1000, 4095, 999_983]


def reversed_digits(n):
    n, result = abs(n), 0
    while n > 0:
        result = result * 10 + n % 10
        n //= 10
    return result


def smallest_divisor(n):
    n = abs(n) % 100_003
    d = 2
    while d * d <= n:
        if n % d == 0:
            return d
        d += 1
    return n


def euclid(a, b):
    while b:
        a, b = b, a % b
    return a


def quotients(a, b):
    total = 0
    for _ in range(40):
        if b == 0:
            return total, a
        a, b = b, a - a // b * b // 3
        total ^= a
    return total


def first_of_quotients(a, b):
    result = quotients(a, b)
    return result if isinstance(result, int) else result[1]


def weighted(n):
    """Products by a counter: they fit for numbers below 2^24."""
    s = 0
    for k in range(60):
        s = (s + k * n) % 1_000_003
    return s


def by_constants(n):
    x = 0
    while n not in (0, -1):
        x += n // 7 - n % 13 + n // -5 + n % -11 + n // 8 + n % 16 + n // 1_000_003
        n //= 3
    return x


def shifts(n):
    bits = 0
    while n not in (0, -1):
        bits = (bits << 1 ^ (n & 5) ^ (n >> 3)) & 0xFFFF
        n >>= 2
    return ~bits | (n & 1)


def overflows_late(n):
    """Leaves 32 bits for numbers that do not, and 64 for large ones."""
    s = 1
    while n > 1:
        s = s * (n % 97 + 1)
        n //= 2
    return s


def counts(n):
    """A counter without bound, and a comparison with what is large."""
    n, steps = abs(n), 0
    while n:
        n &= n - 1
        steps += 1
    return steps * 2**33 if steps > 3 else steps.bit_length() - steps


def mixed(n):
    """Floats beside ints."""
    x, k = 0.5, 0
    while n > 0 and x < 1e9:
        x = x * 1.5 + n % 10
        n //= 10
        k += 1
    return x + k


def is_smooth(n):
    if n <= 0:
        return False
    for factor in (2, 3, 5):
        while n % factor == 0:
            n //= factor
    return n == 1


def coprimes(n):
    n = abs(n) % 61
    return sum(math.gcd(k, n) == 1 for k in range(1, n + 1))


def roots(n):
    n = abs(n)
    root = math.isqrt(n)
    return (
        root - math.isqrt(n - root) + math.isqrt(n & 0xFFFF) + math.isqrt(root * root) + math.isqrt(root * root + root)
    )


def divisors_in_common(a, b):
    return 3 * math.gcd(a, b) - math.gcd(a, 360) + math.gcd(b - 1, a, 84)


def multiples_in_common(a, b):
    return math.lcm(a % 4096, b) - math.lcm(a, 48) + math.lcm(a & b, a & 15)


def raises_for_multiples(n):
    k = 0
    while k < 20:
        if (n + k) % 1009 == 0:
            raise ValueError(n)
        k += 1 + (n & 1)
    return k


def quotient_and_rest(n):
    return 10**6 // (n - 77) + n % 13


ONE = [reversed_digits, smallest_divisor, weighted, by_constants, shifts, overflows_late, counts, mixed, is_smooth]
ONE += [coprimes, roots]
TWO = [euclid, first_of_quotients, divisors_in_common, multiples_in_common]


def agrees(function, *columns, calls=1):
    expected = list(map(function, *columns))
    for _ in range(calls):
        result = gilmap.map(function, *columns, backend="jit")
        assert len(result) == len(expected)
        for k, (is_, should) in enumerate(zip(result, expected, strict=True)):
            assert same(should, is_), f"{[c[k] for c in columns]}: {show(is_)}, not {show(should)}"


@pytest.fixture(autouse=True, params=["always", "measured"])
def lanes(request):
    _gilmap.use_lanes(request.param)
    yield
    _gilmap.use_lanes("measured")


def within(bits, signed):
    return [v for v in SMALL + EDGES if (-(2**bits) if signed else 0) <= v < 2**bits]


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("function", ONE)
def test_each_class(function, signed):
    for bits in BITS:
        agrees(function, within(bits, signed) * 3)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("function", TWO)
def test_each_class_of_pairs(function, signed):
    for bits in BITS:
        values = within(bits, signed)
        agrees(function, [a for a in values for _ in values], values * len(values))


@pytest.mark.parametrize("function", ONE)
def test_sizes_next_to_those_of_vectors(function):
    values = within(20, signed=True)
    for lanes in (2, 4, 8, 16, 32, 48, 64, 128):
        for size in (lanes - 1, lanes, lanes + 1):
            agrees(function, (values * 5)[:size])


@pytest.mark.parametrize("step", [95, 6000])
@pytest.mark.parametrize("bits", [20, 24, 30, 31, 52, 62])
@pytest.mark.parametrize("function", ONE)
def test_values_that_leave_the_class(function, bits, step):
    """One, or some in every block between the places that are sampled, so that in the end a wider class is used."""
    rng = np.random.default_rng(bits)
    values = rng.integers(0, 1 << 19, 6000).tolist()
    for outlier in (1 << bits, -(1 << bits) - 1):
        for place in range(50, len(values), step):
            values[place] = outlier
        agrees(function, values, calls=7)


def test_values_that_leave_the_class_beside_elements_that_raise():
    """No loops: the kernel notices after the block, when the elements that raise in it have been noted, too."""
    rng = np.random.default_rng(7)
    usual = rng.integers(100, 1 << 19, 30_000).tolist()
    for raises, outlier in ((20_000, 20_100), (20_100, 20_000), (20_001, 20_000), (29_999, 0), (0, 29_999), (None, 5)):
        for value in (1 << 20, -1, 1 << 60, -(2**63), 2**63 - 1):
            values = list(usual)
            values[outlier] = value
            agrees(quotient_and_rest, values, calls=3)
            if raises is None:
                continue
            values[raises] = 77
            for column in (values, np.array(values)):
                with pytest.raises(ZeroDivisionError):
                    gilmap.map(quotient_and_rest, column, backend="jit")


def test_numpy_arrays_of_short_integers():
    for dtype in (np.int8, np.int16, np.int32, np.uint16, np.uint32):
        info = np.iinfo(dtype)
        column = np.array([info.min, info.max, 0, 1, info.max // 3, info.min // 7] * 40, dtype)
        for function in ONE:
            expected = list(map(function, column.tolist()))
            if max(map(abs, expected)) >= 2**63:
                continue
            assert gilmap.map(function, column, backend="jit").tolist() == expected


def test_the_first_exception():
    values = [v * 1009 + 500 for v in range(400)]
    values[313] = 1009 * 7 - 3
    values[317] = 1009 * 9
    with pytest.raises(ValueError) as expected:
        list(map(raises_for_multiples, values))
    with pytest.raises(ValueError) as caught:
        gilmap.map(raises_for_multiples, values, backend="jit")
    assert caught.value.args == expected.value.args
