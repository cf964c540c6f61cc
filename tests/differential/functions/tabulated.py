"""Inner loops that come to the same in the same round of every element, and some that only seem to."""

import math

from tests.differential.cases import case
from tests.differential.values import ints


def is_prime(n):
    if n < 2:
        return False
    d = 2
    while d * d <= n:
        if n % d == 0:
            return False
        d += 1
    return True


def proper_divisors(n):
    total = 0
    for d in range(1, n):
        if n % d == 0:
            total += d
    return total


@case(ints(-3, 90), odd=False)
def sum_of_primes(n):
    total = 0
    for k in range(n):
        if is_prime(k):
            total += k
    return total


@case(ints(-2, 80), odd=False)
def amicable_below(n):
    """The second loop reads what the first has come to."""
    total = 0
    for a in range(2, n):
        b = proper_divisors(a)
        if b != a and proper_divisors(b) == a:
            total += a
        total += a == b
    return total


@case(ints(-2, 70), odd=False)
def longest_walk(n):
    best = where = 0
    for k in range(1, n):
        m, steps = k, 0
        while m != 1:
            m = m // 2 if m % 2 == 0 else 3 * m + 1
            steps += 1
        if steps > best:
            best, where = steps, k
    return where * 1000 + best


@case(ints(-2, 60), odd=False)
def mean_harmonic(n):
    total = 0.0
    for k in range(1, n):
        x = 0.0
        for j in range(1, k):
            x += 1.0 / j
        total += x / k
    return total


@case(ints(-2, 60), odd=False)
def bits_of_random_numbers(n):
    """The seed is a constant: state of the outer loop beside its counter."""
    seed, hits = 42, 0
    for _ in range(n):
        seed = (seed * 1103515245 + 12345) % 2**31
        x, bits = seed, 0
        while x > 0:
            bits += x & 1
            x >>= 1
        hits += bits > 15
    return hits


@case(ints(-2, 60), odd=False)
def state_beside(n):
    total, x = 0.0, 1.0
    for _ in range(n):
        x = x * 1.01 + 0.1
        y = x
        for _ in range(30):
            y = math.sqrt(y) + 0.5
        total += y
    return total


@case(ints(-2, 60), odd=False)
def state_by_branches(n):
    """Which way the state goes depends on the state alone; but not in the next function."""
    total, a = 0, 1
    for _ in range(n):
        a = a * 2 % 1009 if total % 5 == 0 else a + 1
        x, digits = a, 0
        while x > 0:
            digits += x % 3
            x //= 3
        total += digits
    return total


@case(ints(-2, 60), odd=False)
def state_by_the_argument(n):
    total, a = 0, 1
    for _ in range(40):
        a = a * 2 % 1009 if total < n else a + 1
        x, digits = a, 0
        while x > 0:
            digits += x % 3
            x //= 3
        total += digits
    return total


@case(ints(-2, 90), odd=False)
def broken_by_the_argument(n):
    total = 0
    for k in range(1, 40):
        q = k
        for j in range(1, 30):
            if j > n:
                break
            q += j
        while q > 0:
            total += q % 5
            q //= 5
    return total


@case(ints(-3, 900), odd=False)
def first_with(n):
    """Returned from between two loops."""
    for k in range(1, 200):
        total, m = 0, k
        while m:
            total += m % 10
            m //= 10
        if total * total > n:
            return k + total
    return -1


@case(ints(-3, 90), odd=False)
def returned_from_within(n):
    for i in range(2, 60):
        for j in range(2, i):
            if i * j == 1147:
                return i
        if i > n:
            return -i
    return 0


@case(ints(-2, 40), odd=False)
def leaves_64_bits(n):
    """Factorials: from a round on, all elements are left to CPython."""
    total = 0
    for k in range(1, n):
        product = 1
        for j in range(1, k):
            product *= j
        total += product % 1000
    return total


@case(ints(-2, 90), odd=False)
def raises_in_a_round(n):
    total = 0
    for k in range(n):
        rest, square = 50 - k, 0
        while square * square < 300:
            square += 3
            if k > 48:
                square += 100 // rest
        total += square
    return total


@case(ints(-2, 60), odd=False)
def none_or_float(n):
    for k in range(1, n):
        total, m = 0, k
        while m:
            total += (m % 10) ** 2
            m //= 10
        if total == 25:
            return None
        if total == 13:
            return 1.5
    return n


@case(ints(-25, 30), odd=False)
def from_below_zero(n):
    total = 0
    for i in range(-20, n):
        k, steps = i, 1
        while k * k > 2:
            k = k // 2 + 1 if k > 0 else k // 2 + 2
            steps += 1
            if steps > 40:
                break
        total += steps * i
    return total


@case(ints(-2, 12), odd=False)
def beyond_the_table(n):
    """Indices up to twice its length, and where both loops stand in another one."""
    total = 0
    for again in range(2):
        k = 1
        while k < n * 6000:
            m, ones = k, 0
            while m:
                ones += m & 1
                m >>= 1
            total += ones * (again + 1)
            k += 59
    return total


@case(ints(-2, 60), odd=False)
def beside_checks(n):
    """Lanes may be left to CPython in front of the inner loop, and leave it in different rounds: a table would be wrong."""
    total, a, b = 0, 1, 3
    for k in range(40):
        a = (a * 7 + 74) % 65537
        if n != 3:
            b = b * 2 % 1000
        v = abs((b ^ (n + a)) + (a // 13)) % 1000
        while v > 3:
            if v % 3 == 2:
                break
            v //= 3
        w = k
        for _ in range(15):
            w = (w + (k & 3)) % 1009
        total = (total * 2 + w + 1) % 1000003
        if n == 0:
            total += w
    return total
