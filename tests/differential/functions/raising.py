"""raise, assert, try, and the exceptions that arithmetic brings."""

import math

from tests.differential.cases import case
from tests.differential.values import floats, ints


@case(ints(-3, 10), huge=True)
def raise_with_message(n):
    if n < 0:
        raise ValueError(f"expected a non-negative number, got {n!r}")
    return n


class DomainError(ArithmeticError):
    def __init__(self, value, low):
        super().__init__(value, low)
        self.value = value


@case(ints(-3, 10), huge=True)
def raise_own_class(n):
    if n < 0:
        raise DomainError(n, 0)
    return n + 1


@case(ints(-3, 10))
def raise_class_only(n):
    if n == 5:
        raise LookupError
    return n


@case(ints(-3, 10))
def raise_typeerror_for_floats(n):
    if not isinstance(n, int):
        raise TypeError("ints only")
    return n * n


@case(ints(-3, 10))
def assert_with_message(n):
    assert n != 4, f"four is unlucky ({n})"
    return 1 / (n + 20)


@case(ints(-3, 10))
def assert_plain(n):
    assert n
    return n


@case(ints(-3, 10))
def divides_by_zero(n):
    return 10 // n + 10 % n + 10 / n


@case(floats(-3, 3), huge=True)
def float_division(x):
    return 1.0 / x


@case(ints(-3, 10))
def deep_in_a_helper(n):
    return _helper(n) + 1


def _helper(n):
    for k in range(20):
        if n == k:
            return _check(k)
    return 0


def _check(k):
    if k == 7:
        raise KeyError(k)
    return k


@case(floats(-3, 3), huge=True)
def math_domain(x):
    return math.sqrt(x) + math.log(x)


@case(floats(-3, 3), huge=True)
def math_range(x):
    return math.exp(x * 1000)


@case(floats(-3, 3), huge=True)
def negative_base(x):
    return x**0.5


@case(ints(-3, 70))
def negative_shift(n):
    return 1 << n


@case(ints(-3, 3))
def zero_to_negative(n):
    return n**-2


@case(floats(-3, 3), huge=True)
def int_of_infinity(x):
    return int(x * math.inf)


@case(ints(-3, 10))
def raise_in_loop(n):
    total = 0
    for k in range(n):
        total += k
        if total > 20:
            raise OverflowError("total", total)
    return total


@case(ints(-3, 10), compiled=None)
def try_except(n):
    try:
        return 12 // n
    except ZeroDivisionError:
        return None


@case(ints(-3, 10), compiled=None)
def try_finally(n):
    total = 0
    try:
        total += 10 % n
    finally:
        total += 1
    return total


@case(ints(-3, 10), compiled=None)
def try_else_reraise(n):
    try:
        x = 1 / n
    except ZeroDivisionError as error:
        raise ValueError("n must not be zero") from error
    else:
        return x


@case(ints(-3, 10), compiled=None)
def raise_from_none(n):
    try:
        return 100 // n
    except ZeroDivisionError:
        raise ArithmeticError("hidden") from None


@case(ints(-3, 10), compiled=None)
def exception_as_control_flow(n):
    total = 0
    for k in range(5):
        try:
            total += 10 // (n - k)
        except ZeroDivisionError:
            total += 100
            continue
    return total


@case(ints(-3, 10))
def unknown_name(n):
    if n > 8:
        return no_such_name  # noqa: F821
    return n


@case(ints(-3, 10))
def unknown_attribute(n):
    if n > 8:
        return math.no_such_function(n)
    return n


@case(ints(-3, 10))
def wrong_argument_count(n):
    if n > 8:
        return _helper(n, n)
    return n


@case(ints(-3, 10), compiled=None)
def raises_instead_of_returning(n):
    raise NotImplementedError(n)


@case(ints(-3, 10), compiled=None)
def adds_text_sometimes(n):
    if n == 8:
        return n + "text"
    return n
