"""Counting: factorials, binomials, partitions, lattice paths. Many results leave 64 bits."""

import math

from tests.differential.cases import case
from tests.differential.values import ints


@case(ints(0, 20))
@case(ints(-2, 30))
def factorial_loop(n):
    result = 1
    for k in range(2, n + 1):
        result *= k
    return result


@case(ints(0, 15))
def factorial_recursive(n):
    return 1 if n <= 1 else n * factorial_recursive(n - 1)


@case(ints(-3, 25))
def double_factorial(n):
    if n < -1:
        raise ValueError("undefined")
    result = 1
    while n > 1:
        result *= n
        n -= 2
    return result


@case(ints(0, 40), ints(0, 40))
def binomial(n, k):
    if k < 0 or k > n:
        return 0
    k = min(k, n - k)
    result = 1
    for i in range(k):
        result = result * (n - i) // (i + 1)
    return result


@case(ints(0, 30), ints(0, 12))
def binomial_by_math(n, k):
    return math.comb(n, k) - math.perm(n, min(k, 3))


@case(ints(0, 36))
def catalan(n):
    return math.comb(2 * n, n) // (n + 1)


@case(ints(0, 18))
def derangements(n):
    if n == 0:
        return 1
    a, b = 1, 0
    for k in range(2, n + 1):
        a, b = b, (k - 1) * (a + b)
    return b


@case(ints(0, 9), ints(0, 6))
def stirling_second(n, k):
    if n == k:
        return 1
    if k == 0 or k > n:
        return 0
    return k * stirling_second(n - 1, k) + stirling_second(n - 1, k - 1)


@case(ints(0, 8), ints(0, 8))
def partitions(n, largest):
    if n == 0:
        return 1
    if n < 0 or largest == 0:
        return 0
    return partitions(n - largest, largest) + partitions(n, largest - 1)


@case(ints(0, 10))
def bell_number(n):
    """By the explicit sum over Stirling numbers of the second kind."""
    total = 0
    for k in range(n + 1):
        inner = 0
        for j in range(k + 1):
            term = math.comb(k, j) * (k - j) ** n
            inner += term if j % 2 == 0 else -term
        total += inner // math.factorial(k)
    return total


@case(ints(0, 6), ints(0, 6))
def delannoy(m, n):
    return sum(math.comb(m, k) * math.comb(n, k) * 2**k for k in range(min(m, n) + 1))


@case(ints(0, 12), ints(1, 6))
def surjections(n, k):
    return sum((-1) ** i * math.comb(k, i) * (k - i) ** n for i in range(k + 1))


@case(ints(0, 60))
def change_ways(amount):
    """Ways to pay an amount with 1, 5, 10 and 25."""
    ways = 0
    for quarters in range(amount // 25 + 1):
        rest = amount - 25 * quarters
        for dimes in range(rest // 10 + 1):
            ways += (rest - 10 * dimes) // 5 + 1
    return ways


@case(ints(0, 24))
def climbing_stairs(n):
    one, two = 1, 1
    while n > 1:
        one, two = one + two, one
        n -= 1
    return one


@case(ints(1, 12), ints(1, 12))
def lattice_paths(rows, columns):
    result = 1
    for k in range(1, min(rows, columns) + 1):
        result = result * (rows + columns - k + 1) // k
    return result


@case(ints(0, 10), ints(0, 10), ints(0, 10))
def multinomial(a, b, c):
    return math.factorial(a + b + c) // (math.factorial(a) * math.factorial(b) * math.factorial(c))


@case(ints(1, 10))
def necklaces(n):
    """Two-coloured necklaces of n beads, by Burnside's lemma."""
    return sum(2 ** math.gcd(k, n) for k in range(1, n + 1)) // n


@case(ints(0, 100), ints(2, 13), odd=False)
def factorial_valuation(n, p):
    count = 0
    while n:
        n //= p
        count += n
    return count


@case(ints(0, 40))
def tribonacci(n):
    a, b, c = 0, 0, 1
    for _ in range(n):
        a, b, c = b, c, a + b + c
    return a
