"""Tuples as temporaries: swap, unpacking, divmod, returns of helpers, constant indices."""

import math

from tests.differential.cases import case
from tests.differential.values import floats, ints


@case(ints(-9, 9), floats(-9, 9), huge=True)
def swap(a, b):
    a, b = b, a
    return a - b


@case(ints(-9, 9), ints(-9, 9), ints(-9, 9), huge=True)
def rotate_three(a, b, c):
    a, b, c = b, c, a
    return a * 100 + b * 10 + c


@case(ints(-9, 9), ints(-9, 9), ints(-9, 9), huge=True)
def sort_three(a, b, c):
    if a > b:
        a, b = b, a
    if b > c:
        b, c = c, b
    if a > b:
        a, b = b, a
    return a * 10_000 + b * 100 + c


@case(ints(-30, 30), ints(-5, 5))
def divmod_both(a, b):
    q, r = divmod(a, b)
    return q * 1000 + r


@case(floats(-30, 30), floats(-5, 5), huge=True)
def divmod_floats(a, b):
    q, r = divmod(a, b)
    return q if r == 0 else r


@case(ints(-30, 30), ints(-5, 5))
def divmod_index(a, b):
    return divmod(a, b)[1] - divmod(a, b)[0]


def _min_max(a, b):
    return (a, b) if a <= b else (b, a)


@case(ints(-9, 9), floats(-9, 9))
def helper_returns_tuple(a, b):
    low, high = _min_max(a, b)
    return high - low


def _polar(x, y):
    return math.hypot(x, y), math.atan2(y, x)


@case(floats(-3, 3), floats(-3, 3))
def nested_unpacking(x, y):
    (r, phi), scale = _polar(x, y), 2
    return r * scale + phi


@case(ints(-9, 9))
def local_tuple(n):
    triple = (n, n * n, 0.5)
    return triple[0] + triple[1] * triple[-1]


@case(ints(-9, 9))
def tuple_length(n):
    pair = n, n
    return len(pair) + n


@case(ints(-9, 9), ints(-9, 9))
def tuple_comparison(a, b):
    return (a, b) < (b, 3)


@case(ints(-9, 9), ints(-9, 9))
def tuple_equality(a, b):
    return (a, b) == (b, a)


@case(ints(0, 40))
def matrix_power(n):
    a, b, c, d = 1, 0, 0, 1
    p, q, r, s = 1, 1, 1, 0
    while n:
        if n & 1:
            a, b, c, d = a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s
        p, q, r, s = p * p + q * r, p * q + q * s, r * p + s * r, r * q + s * s
        n >>= 1
    return b


def _complex_multiply(a, b):
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


@case(floats(-1, 1), floats(-1, 1), ints(0, 12), compiled=None)
def tuple_argument(re, im, n):
    z = (1.0, 0.0)
    for _ in range(n):
        z = _complex_multiply(z, (re, im))
    return z[0] + z[1]


@case(ints(0, 30), ints(0, 30), odd=False)
def extended_euclid(a, b):
    x0, y0, x1, y1 = 1, 0, 0, 1
    while b:
        q, a, b = a // b, b, a % b
        x0, x1 = x1, x0 - q * x1
        y0, y1 = y1, y0 - q * y1
    return a * 10**6 + x0 * 10**3 + y0


@case(ints(-9, 9), compiled=None)
def returns_tuple(n):
    return n, n / 2, n > 0, None


@case(ints(-30, 30), ints(-5, 5), compiled=None)
def returns_divmod(a, b):
    return divmod(a, b)


@case(ints(-9, 9), compiled=None)
def returns_nested(n):
    return (n, (n + 0.5, (n < 0,)), ())


@case(ints(-9, 9), compiled=None)
def loop_over_tuple(n):
    total = 0
    for weight in (1, 2.5, 4):
        total += weight * n
    return total


@case(ints(0, 4), compiled=None)
def variable_index(n):
    return (10, 20.5, 30)[n % 3]


@case(ints(-9, 9), compiled=None)
def starred_unpacking(n):
    first, *rest = n, n + 1, n + 2
    return first + sum(rest)


@case(floats(-100, 100), compiled=None)
def frexp_and_modf(x):
    mantissa, exponent = math.frexp(x)
    fraction, whole = math.modf(x)
    return mantissa + exponent + fraction * whole


@case(ints(-9, 9))
def min_of_many(n):
    return min(n, 3, -n, 2.0) + max(n, -n, 4)


@case(ints(-9, 9), compiled=None)
def min_of_tuple(n):
    return min((n, 3, -n)) + max((n, 2.5))
