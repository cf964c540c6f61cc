"""Loops of which every element runs the same rounds, some more of them than others; and some that only seem to be."""

import math

from tests.differential.cases import case
from tests.differential.values import ints

# Around the round from which on a row of the table stands for several rounds.
rounds = [*ints(-3, 60), 1022, 1023, 1024, 1025, 2047, 2048, 2049, 3071, 3072, 3073, 5000, 4999, 5001, 17, 5000]


@case(rounds, odd=False)
def harmonic(n):
    total = 0.0
    for k in range(1, n + 1):
        total += 1.0 / k
    return total


@case(rounds, odd=False)
def leibniz(n):
    total, sign = -0.0, 1.0
    for k in range(n):
        total += sign / (2 * k + 1)
        sign = -sign
    return 4 * total


@case([*ints(-2, 100), 91, 92, 93, 5, 1000], odd=False)
def fibonacci(n):
    """From the 92nd on, elements are left to CPython."""
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


@case([*ints(-2, 100), 91, 92, 93, 5, 1000], odd=False)
def fibonacci_counting_down(n):
    a, b = 0, 1
    while n > 0:
        a, b = b, a + b
        n -= 1
    return a


@case(rounds, odd=False)
def random_after_steps(n):
    x = 12345
    n = abs(n)
    while n:
        x = (1103515245 * x + 12345) % 2**31
        n -= 1
    return x


@case(rounds, odd=False)
def at_least_two(n):
    x = 3
    while n >= 2:
        x = x * 5 % 1009
        n -= 1
    return x * n


@case(rounds, odd=False)
def tested_at_the_end(n):
    """One round is run whatever the argument."""
    k, total = 0, 0.5
    while True:
        k += 1
        total = total * 0.99 + k
        if k > n:
            break
    return total


@case(rounds, odd=False)
def odd_numbers(n):
    k, total = -7, 0
    while k <= n:
        total += k * k % 11
        k += 4
    return total - k


@case(rounds, odd=False)
def large_steps(n):
    total = 0
    for k in range(5, 8 * n, 8):
        total ^= k
    return total


@case(rounds, odd=False)
def steps_of_three(n):
    total = 0
    for k in range(1, n, 3):
        total = (total * 31 + k) % 65521
    return total


@case(rounds, odd=False)
def backwards(n):
    """The counter begins with the argument, so nothing is the same."""
    total = 0
    for k in range(n, 0, -1):
        total = (total * 31 + k) % 65521
    return total


@case(rounds, odd=False)
def skips(n):
    total = 0
    for k in range(n):
        if k % 3 == 1:
            continue
        total += k ^ (k >> 2)
    return total


@case(rounds, odd=False)
def leaves_by_other_ways(n):
    total = 1
    for k in range(1, n):
        total = (total * 75 + 74) % 65537
        if total % 1000 == 999:
            return -k
        if total == 12:
            break
    else:
        return total / 2
    return None


@case(rounds, odd=False)
def raises_in_a_round(n):
    total = 0
    for k in range(n):
        total += 100 // (2047 - k)
    return total


@case([*rounds, 20_000, 30_000, 29_999], odd=False)
def raises_late(n):
    total = 0.0
    for k in range(n):
        if k == 29_500:
            raise ValueError(k)
        total += math.sqrt(k)
    return total


@case(rounds, odd=False)
def argument_in_the_state(n):
    total = n & 1
    for k in range(n):
        total = (total + k) % 1009
    return total


@case(rounds, odd=False)
def argument_tells_the_way(n):
    total = 0
    for k in range(60):
        total = (total * 3 + k) % 1009
        if total == n:
            break
    return total


@case(rounds, odd=False)
def argument_in_a_check(n):
    """An element raises in a round that others pass."""
    total = 0
    for k in range(n):
        total += 5040 // (n - 17 - k % 2)
    return total


@case(rounds, odd=False)
def same_for_all(n):
    total = 1.0
    for k in range(1, 2000):
        total += math.sin(k) / k
    return total * n


@case(ints(-2, 90), odd=False)
def within_another(n):
    total = 0.0
    for k in range(n):
        x = 0.5
        for j in range(k % 40):
            x = x * 1.25 + j
        total += x
    return total


@case(ints(-2, 90), odd=False)
def within_one_of_the_argument(n):
    """The outer loop is each element's own; the inner one goes on where it got to in another round."""
    total = n
    for k in range(n):
        x = 1
        for j in range(k * total % 50):
            x = (x * 75 + j) % 65537
        total = (total + x) % 1000003
    return total


@case(ints(-2, 90), odd=False)
def flips(n):
    up, total = False, 0
    for k in range(n):
        up = not up
        if up:
            total += k & 7
    return total if up else -total


@case(ints(-2, 300), odd=False)
def divisors_up_to(n):
    total = 0
    for k in range(1, n):
        d = 1
        while d * d <= k:
            if k % d == 0:
                total += d + (k // d if d * d < k else 0)
            d += 1
    return total


@case(ints(-2, 90), ints(0, 91), odd=False)
def two_arguments(n, m):
    a, b = 0.0, 1.0
    for k in range(n + m):
        a, b = b, a + b / (k + 1)
    return a if n > m else b
