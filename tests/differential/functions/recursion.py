"""Recursion: plain, mutual, with accumulators, too deep."""

from tests.differential.cases import case
from tests.differential.values import floats, ints


@case(ints(0, 17))
def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


@case(ints(0, 300), ints(0, 300))
def gcd(a, b):
    return a if b == 0 else gcd(b, a % b)


@case(ints(-5, 60))
def sum_to(n):
    return 0 if n <= 0 else n + sum_to(n - 1)


@case(ints(-5, 60))
def is_even(n):
    return True if n <= 0 else is_odd(n - 1)


def is_odd(n):
    return False if n <= 0 else is_even(n - 1)


@case(ints(-3, 40))
def hofstadter_female(n):
    return 1 if n <= 0 else n - hofstadter_male(hofstadter_female(n - 1)) if n < 12 else n // 2


def hofstadter_male(n):
    return 0 if n <= 0 else n - hofstadter_female(hofstadter_male(n - 1))


@case(floats(-3, 3), ints(0, 20))
def power(x, n):
    if n == 0:
        return 1
    half = power(x, n // 2)
    return half * half * x if n % 2 else half * half


@case(ints(0, 60))
def mccarthy_91(n):
    return n - 10 if n > 100 else mccarthy_91(mccarthy_91(n + 11))


@case(ints(0, 20), ints(1, 20))
def accumulate(n, step, total=0):
    if n <= 0:
        return total
    return accumulate(n - 1, step, total + n * step)


@case(ints(0, 6), ints(0, 6))
def grid_paths(row, column):
    if row == 0 or column == 0:
        return 1
    return grid_paths(row - 1, column) + grid_paths(row, column - 1)


@case(ints(0, 2000))
def digit_sum(n):
    return n if n < 10 else n % 10 + digit_sum(n // 10)


@case(ints(0, 12), ints(0, 20))
def subset_sums(k, target):
    """Subsets of {1, …, k} with a given sum."""
    if target == 0:
        return 1
    if target < 0 or k == 0:
        return 0
    return subset_sums(k - 1, target - k) + subset_sums(k - 1, target)


@case(floats(0, 3), ints(0, 6))
def adaptive_area(upper, depth):
    return _adaptive(0.0, upper, depth)


def _adaptive(low, high, depth):
    middle = (low + high) / 2
    if depth <= 0 or high - low < 1e-3:
        return (high - low) * middle * middle
    return _adaptive(low, middle, depth - 1) + _adaptive(middle, high, depth=depth - 1)


@case(ints(0, 8), compiled=None)
def always_too_deep(n):
    return always_too_deep(n + 1) + 1


@case([0, 5, 20, 3000, 100, -1, 10**6])
def sometimes_too_deep(n):
    return 0 if n == 0 else 1 + sometimes_too_deep(n - 1) if n > 0 else -1


@case(ints(0, 25))
def type_changes_on_the_way(n):
    """Int at the bottom, float above."""
    return 1 if n == 0 else type_changes_on_the_way(n - 1) * 1.5 if n % 3 == 0 else type_changes_on_the_way(n - 1) + 1


@case(ints(0, 30), ints(2, 9))
def none_at_the_bottom(n, base):
    if n == 0:
        return None
    below = none_at_the_bottom(n // base, base)
    return 1 if below is None else below + 1
