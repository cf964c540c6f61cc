"""Divisors, primes, residues, digits: loops over ints with early exits."""

import math

from tests.differential.cases import case
from tests.differential.values import INT_EDGES, ints


@case(ints(-20, 60), ints(0, 100), odd=False)
@case(INT_EDGES, INT_EDGES[::-1], odd=False)
def euclid(a, b):
    while b:
        a, b = b, a % b
    return abs(a)


@case(ints(-5, 120))
def is_prime(n):
    if n < 2:
        return False
    if n % 2 == 0:
        return n == 2
    d = 3
    while d * d <= n:
        if n % d == 0:
            return False
        d += 2
    return True


@case(ints(-3, 90))
def count_primes_below(n):
    count = 0
    for k in range(2, n):
        for d in range(2, int(k**0.5) + 1):
            if k % d == 0:
                break
        else:
            count += 1
    return count


@case(ints(0, 400))
def divisor_count(n):
    total = 0
    i = 1
    while i * i <= n:
        if n % i == 0:
            total += 1 if i * i == n else 2
        i += 1
    return total


@case(ints(-2, 300))
def sum_of_divisors(n):
    total = 0
    for d in range(1, n + 1):
        if n % d == 0:
            total += d
    return total


@case(ints(0, 500))
def totient(n):
    result = n
    p = 2
    while p * p <= n:
        if n % p == 0:
            while n % p == 0:
                n //= p
            result -= result // p
        p += 1
    if n > 1:
        result -= result // n
    return result


@case(ints(1, 400), odd=False)
def moebius(n):
    sign = 1
    p = 2
    while n > 1:
        if n % p == 0:
            n //= p
            if n % p == 0:
                return 0
            sign = -sign
        p += 1
    return sign


@case(ints(2, 5000, 60))
def largest_prime_factor(n):
    factor = 1
    d = 2
    while n > 1:
        while n % d == 0:
            factor = d
            n //= d
        d += 1
        if d * d > n > 1:
            return n
    return factor


@case(ints(0, 30))
def nth_prime(n):
    if n < 1:
        return None
    found = 0
    candidate = 1
    while found < n:
        candidate += 1
        if all(candidate % d for d in range(2, math.isqrt(candidate) + 1)):
            found += 1
    return candidate


@case(ints(-30, 120), ints(1, 97), odd=False)
def inverse_mod(a, m):
    old_r, r = a, m
    old_s, s = 1, 0
    while r:
        q = old_r // r
        old_r, r = r, old_r - q * r
        old_s, s = s, old_s - q * s
    if old_r not in (1, -1):
        raise ValueError(f"{a} has no inverse modulo {m}")
    return old_s * old_r % m


@case(ints(0, 50), ints(0, 64), ints(1, 10**9))
def power_mod(base, exponent, modulus):
    result = 1 % modulus
    base %= modulus
    while exponent > 0:
        if exponent & 1:
            result = result * base % modulus
        base = base * base % modulus
        exponent >>= 1
    return result


@case(ints(-3, 2000, 60))
def fermat_probable_prime(n):
    return n > 3 and pow(2, n - 1, n) == 1 and pow(3, n - 1, n) == 1


@case(ints(-10, 60), ints(1, 99), odd=False)
def jacobi(a, n):
    if n <= 0 or n % 2 == 0:
        return None
    a %= n
    result = 1
    while a:
        while a % 2 == 0:
            a //= 2
            if n % 8 in (3, 5):
                result = -result
        a, n = n, a
        if a % 4 == 3 and n % 4 == 3:
            result = -result
        a %= n
    return result if n == 1 else 0


@case(ints(2, 120), ints(1, 60))
def multiplicative_order(a, n):
    if math.gcd(a, n) != 1:
        raise ValueError("not coprime")
    order, value = 1, a % n
    while value != 1 % n:
        value = value * a % n
        order += 1
    return order


@case(ints(1, 3000, 60), odd=False)
def collatz_length(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


@case(ints(1, 2000, 50), odd=False)
def collatz_peak(n):
    peak = n
    while n > 1:
        if n & 1:
            n += (n << 1) + 1
        else:
            n >>= 1
        peak = max(peak, n)
    return peak


@case(ints(-10, 400))
def digital_root(n):
    n = abs(n)
    while n > 9:
        s = 0
        while n:
            n, digit = divmod(n, 10)
            s += digit
        n = s
    return n


@case(ints(0, 1000))
def is_armstrong(n):
    digits = 0
    m = n
    while m > 0:
        m //= 10
        digits += 1
    total, m = 0, n
    while m > 0:
        total += (m % 10) ** digits
        m //= 10
    return total == n


@case(ints(1, 300), odd=False)
def is_happy(n):
    slow = fast = n
    while True:
        slow = _square_digits(slow)
        fast = _square_digits(_square_digits(fast))
        if slow == fast:
            return slow == 1


def _square_digits(n):
    total = 0
    while n > 0:
        total += (n % 10) ** 2
        n //= 10
    return total


@case(ints(1, 200))
def harshad(n):
    s, m = 0, n
    while m > 0:
        s += m % 10
        m //= 10
    return n % s == 0


@case(ints(-4, 200))
def goldbach_ways(n):
    if n < 4 or n % 2:
        return 0
    return sum(1 for p in range(2, n // 2 + 1) if is_prime(p) and is_prime(n - p))


@case(ints(0, 93))
@case(ints(80, 110))  # leaves 64 bits on the way
def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


@case(ints(2, 60))
def pisano_period(m):
    a, b = 0, 1
    for k in range(m * m + 1):
        a, b = b, (a + b) % m
        if a == 0 and b == 1:
            return k + 1
    return None


@case(ints(0, 10**6, 60))
def is_perfect_square(n):
    if n < 0:
        return False
    x = n
    y = (x + 1) // 2
    while y < x:
        x = y
        y = (x + n // x) // 2
    return x * x == n


@case(ints(2, 5000, 60))
def perfect_power(n):
    """The largest k with n = b**k, or None."""
    best = None
    b = 2
    while b * b <= n:
        value, k = b, 1
        while value < n:
            value *= b
            k += 1
        if value == n and (best is None or k > best):
            best = k
        b += 1
    return best


@case(ints(1, 1500, 60))
def abundance(n):
    """-1, 0 or 1: deficient, perfect, abundant."""
    s = sum(d for d in range(1, n // 2 + 1) if n % d == 0)
    return (s > n) - (s < n)


@case(ints(0, 200))
def sum_of_two_squares(n):
    for a in range(math.isqrt(n) + 1):
        b = math.isqrt(n - a * a)
        if a * a + b * b == n:
            return True
    return False


@case(ints(2, 61), odd=False)
def lucas_lehmer(p):
    """Whether 2**p - 1 is prime, for odd primes p."""
    if p == 2:
        return True
    m = (1 << p) - 1
    s = 4
    for _ in range(p - 2):
        s = (s * s - 2) % m
    return s == 0


@case(ints(1, 5000, 60))
def is_carmichael(n):
    if n < 3 or is_prime(n):
        return False
    for a in range(2, min(n, 40)):
        if math.gcd(a, n) == 1 and pow(a, n - 1, n) != 1:
            return False
    return True
