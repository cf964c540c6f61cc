"""Twelve functions of the kind that users map, each as one would write it in plain Python.

This module runs under PyPy as well: no package is imported here.
"""

import math


def normal_cdf(x: float) -> float:
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


def black_scholes(spot: float, years: float) -> float:
    strike, rate, volatility = 100.0, 0.03, 0.25
    deviation = volatility * math.sqrt(years)
    d = (math.log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / deviation
    return spot * normal_cdf(d) - strike * math.exp(-rate * years) * normal_cdf(d - deviation)


def great_circle(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Kilometres, by the haversine formula."""
    p1, p2 = math.radians(lat1), math.radians(lat2)
    h = math.sin((p2 - p1) / 2) ** 2 + math.cos(p1) * math.cos(p2) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * 6371.0088 * math.asin(min(1.0, math.sqrt(h)))


def monte_carlo_pi(seed: int) -> float:
    state, hits = seed, 0
    for _ in range(500):
        state = (state * 1103515245 + 12345) % 2147483648
        x = state / 2147483648
        state = (state * 1103515245 + 12345) % 2147483648
        y = state / 2147483648
        if x * x + y * y <= 1.0:
            hits += 1
    return 4 * hits / 500


def newton_root(a: float, start: float) -> float:
    """The cube root."""
    x = start
    for _ in range(100):
        new = x - (x * x * x - a) / (3.0 * x * x)
        if abs(new - x) <= 1e-15 * abs(new):
            return new
        x = new
    return x


def julia(re: float, im: float) -> int:
    for i in range(200):
        if re * re + im * im > 4.0:
            return i
        re, im = re * re - im * im - 0.8, 2.0 * re * im + 0.156
    return 200


def logistic_map(r: float) -> float:
    x = 0.5
    for _ in range(300):
        x = r * x * (1.0 - x)
    return x


def digit_sum(n: int) -> int:
    total = 0
    while n > 0:
        total += n % 10
        n //= 10
    return total


def totient(n: int) -> int:
    count = 0
    for k in range(1, n + 1):
        if math.gcd(k, n) == 1:
            count += 1
    return count


def place_queens(full: int, columns: int, left: int, right: int) -> int:
    """How many ways there are to fill the other rows; each mask has the fields that are attacked."""
    if columns == full:
        return 1
    count = 0
    free = full & ~(columns | left | right)
    while free:
        queen = free & -free
        free ^= queen
        count += place_queens(full, columns | queen, (left | queen) << 1, (right | queen) >> 1)
    return count


def n_queens(start: int) -> int:
    """Solutions on a board of 8 by 8 with queens in the first two rows at start // 8 and start % 8."""
    a, b = 1 << (start // 8), 1 << (start % 8)
    left, right = a << 1, a >> 1
    if b & (a | left | right):
        return 0
    return place_queens(255, a | b, (left | b) << 1, (right | b) >> 1)


def compound_interest(principal: float, years: int) -> float:
    """Monthly, with a bonus for large balances, a fee for small ones, and tax on what is earned over an allowance."""
    balance, earned = principal, 0.0
    for month in range(12 * years):
        rate = 0.04 if balance >= 10000.0 else 0.025
        interest = balance * rate / 12
        earned += interest
        balance += interest
        if balance < 1000.0:
            balance -= 1.5
        if month % 12 == 11:
            if earned > 800.0:
                balance -= 0.25 * (earned - 800.0)
            earned = 0.0
    return balance


def initials(text: str) -> str:
    words = [word for word in text.replace("-", " ").split() if word]
    return ".".join(word[0].upper() for word in words) + ":" + text.strip().lower()[::-1]


def checked_root(x: float) -> float:
    """Raises ValueError where x is negative."""
    y = x * 0.5 + 1.0
    for _ in range(20):
        y = 0.5 * (y + math.sqrt(x) / (y + 1.0))
    return y
