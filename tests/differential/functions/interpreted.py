"""Functions that are not compiled (yet): the result has to be right all the same.

`compiled=False` says so on purpose: whoever teaches the engine one of them changes the flag here.
"""

import itertools
import random
from collections import Counter, deque
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.differential.cases import case
from tests.differential.values import floats, ints


@case(ints(-9, 300), compiled=False)
def digits_of(n):
    return str(n)


@case(ints(0, 300), compiled=False)
def digit_sum_by_text(n):
    return sum(int(c) for c in str(n))


@case(ints(0, 300), compiled=False)
def is_palindrome(n):
    text = str(n)
    return text == text[::-1]


@case(floats(-9, 9), compiled=False)
def formatted(x):
    return f"{x:.3f}"


@case(ints(0, 60), compiled=False)
def sieve(n):
    flags = [True] * (n + 1)
    primes = []
    for p in range(2, n + 1):
        if flags[p]:
            primes.append(p)
            for multiple in range(p * p, n + 1, p):
                flags[multiple] = False
    return primes


@case(ints(0, 30), compiled=False)
def pascal_row(n):
    row = [1]
    for _ in range(n):
        row = [1] + [a + b for a, b in zip(row, row[1:])] + [1]
    return row


@case(ints(0, 30), compiled=False)
def memo_in_dict(n):
    memo = {0: 0, 1: 1}

    def f(k):
        if k not in memo:
            memo[k] = f(k - 1) + f(k - 2)
        return memo[k]

    return f(n)


@case(ints(1, 200), compiled=False)
def factor_dict(n):
    factors = {}
    d = 2
    while d * d <= n:
        while n % d == 0:
            factors[d] = factors.get(d, 0) + 1
            n //= d
        d += 1
    if n > 1:
        factors[n] = factors.get(n, 0) + 1
    return factors


@case(ints(0, 50), compiled=False, odd=False)
def most_common_digit(n):
    return Counter(str(n * 1234567)).most_common(1)[0][0]


@case(ints(1, 12), compiled=False)
def permutations_count(n):
    return len(list(itertools.combinations(range(n), 2)))


@case(ints(0, 30), compiled=False)
def queue_rotation(n):
    d = deque(range(5))
    d.rotate(n)
    return d[0]


@case(ints(1, 40), compiled=False)
def exact_fraction(n):
    return sum((Fraction(1, k) for k in range(1, n)), Fraction(0))


@case(ints(1, 40), compiled=False)
def decimal_price(n):
    return Decimal(n) / Decimal(100)


@case(ints(1, 28), compiled=False)
def weekday_of(day):
    return date(2024, 2, day).isoweekday()


@case(ints(0, 255), compiled=False)
def to_bytes(n):
    return n.to_bytes(2, "big")


@case(ints(0, 255), compiled=False)
def hex_text(n):
    return hex(n) + bin(n)


@case(ints(0, 20), compiled=False, odd=False)
def seeded_random(n):
    return random.Random(n).random()


@case(ints(0, 20), compiled=False)
def returns_a_function(n):
    return lambda x: x + n


@case(ints(0, 20), compiled=False)
def complex_result(n):
    return complex(n, -n) ** 2


@case(ints(0, 20), compiled=False)
def a_generator_of_its_own(n):
    def count():
        k = 0
        while k < n:
            yield k
            k += 2

    return list(count())


class Account:
    def __init__(self, balance):
        self.balance = balance

    def deposit(self, amount):
        self.balance += amount
        return self


@case(ints(0, 20), compiled=False)
def makes_objects(n):
    return Account(n).deposit(5).balance


@case(ints(0, 20), compiled=False)
def with_statement(n):
    import contextlib

    with contextlib.suppress(ZeroDivisionError):
        return 10 // n
    return None


@case(ints(0, 20), compiled=False)
def dynamic_code(n):
    return eval("n + 1")


@case(ints(0, 20), compiled=False)
def looks_at_locals(n):
    m = n + 1
    return sorted(locals().items())
