"""Results of several types, None on some paths, locals that change type, odd truthiness."""

import math

from tests.differential.cases import case
from tests.differential.values import FLOAT_EDGES, INT_EDGES, floats, ints

MIXED = [3, 2.5, True, -1, 0, -0.0, False, 7.0, 10, 0.0, 2**53 + 1, -2.5, 1]


@case(MIXED, huge=True)
@case(INT_EDGES)
@case(FLOAT_EDGES)
def describe_sign(x):
    if x > 0:
        return 1
    if x < 0:
        return -1
    if x == 0:
        return 0
    return None


@case(ints(-20, 20))
def half_if_even(n):
    if n % 2 == 0:
        return n / 2
    return n


@case(ints(-20, 20))
def nothing_for_negatives(n):
    if n >= 0:
        return math.sqrt(n)


@case(floats(-5, 5), huge=True)
def always_none(x):
    x * 2


@case(MIXED, huge=True)
def identity(x):
    return x


@case(MIXED, huge=True)
def constant(x):
    return 42


@case(ints(-8, 8))
def four_types(n):
    if n < -4:
        return None
    if n < 0:
        return True
    if n < 4:
        return n
    return float(n)


@case(ints(0, 12))
def grows_a_float(n):
    s = 0
    for i in range(n):
        if i == 5:
            s = s + 0.5
        s += i
    return s


@case(ints(0, 12))
def becomes_int_again(n):
    x = n / 2
    for _ in range(n):
        x = int(x) + 1
        if x % 3 == 0:
            x = x * 1.5
    return x


@case(MIXED, huge=True)
def or_default(x):
    return x or 99


@case(MIXED, MIXED[::-1], huge=True)
def and_chain(x, y):
    return x and y and x + y


@case(MIXED, huge=True)
def not_not(x):
    return not not x


@case(MIXED, huge=True)
def bool_of(x):
    return bool(x) + 1 if x else False


@case(MIXED, MIXED[3:] + MIXED[:3], huge=True)
def larger(x, y):
    return max(x, y)


@case(MIXED, MIXED[3:] + MIXED[:3], huge=True)
def smaller_of_three(x, y):
    return min(x, 1, y)


@case(MIXED, huge=True)
def by_isinstance(x):
    if isinstance(x, bool):
        return 0
    if isinstance(x, int):
        return x // 2
    if isinstance(x, float):
        return x / 2
    return None


@case(MIXED, huge=True)
def isinstance_of_several(x):
    return isinstance(x, (int, float)) and not isinstance(x, bool)


@case(ints(-5, 30), ints(0, 5))
def first_match(n, k):
    found = None
    for candidate in range(n):
        if candidate * candidate % 7 == k:
            found = candidate
            break
    return found


@case(ints(-5, 30))
def optional_arithmetic(n):
    limit = None if n < 10 else n - 10
    if limit is None:
        return -1
    return limit * 2 if limit is not None and limit > 3 else limit


@case(ints(-5, 5), compiled=None)
def none_compares(n):
    value = None if n % 2 else n
    return value == None, value is None


@case(ints(-3, 10))
def raises_on_none(n):
    value = None
    if n > 3:
        value = n
    return value + 1


@case(ints(-3, 10))
def unbound_local(n):
    if n > 3:
        value = n
    return value


@case(floats(-3, 3), huge=True)
def negative_zero(x):
    return -x if x == 0 else 0.0 * x


@case(floats(-3, 3), huge=True)
def keeps_nan(x):
    return x if x != x else x - 1


@case(ints(-10, 10))
def deleted_local(n):
    x = n + 1
    y = x * 2
    del x
    return y


@case(INT_EDGES, huge=True)
def int_becomes_float_on_division(n):
    half = n / 2
    return half if half != n // 2 else n // 2


@case([True, False, True], [1, 2, 0])
def bool_or_int(flag, n):
    return flag if n == 1 else flag + n if n else not flag
