"""Arguments for test_numeric_reference.py: edge values, random ones, and some from where a function can go wrong."""

from __future__ import annotations

import itertools
import math
import struct

I64_MIN, I64_MAX = -(2**63), 2**63 - 1


def from_bits(bits):
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


_HALF_INTS = [0.5, 1.5, 2.5, 0.49999999999999994, 4503599627370495.5, 4503599627370496.5]
_POWERS = [2.0**k for k in (-1074, -1073, -1030, -1022, -53, -1, 1, 31, 52, 53, 62, 63, 64, 511, 512, 1022, 1023)]
_OTHERS = [1.0, 3.0, 0.1, 1e-20, 1e22, 1e23, 170.6, 171.7, 200.0, 201.5, 709.78, 710.5, 745.2, 9.5e307, 1e308, 5.05]
_OTHERS += [math.pi, math.pi / 2, math.e, 23.0, 24.0, 5e-309, 2.675, 1.005, 0.285]
_OTHERS += [2.2250738585072014e-308, 2.225073858507201e-308, 1.7976931348623157e308]
_POSITIVE = _HALF_INTS + _POWERS + _OTHERS
_POSITIVE += [math.nextafter(x, math.inf) for x in _POSITIVE] + [math.nextafter(x, 0.0) for x in _POSITIVE]
_SPECIAL = [0.0, math.inf, math.nan, from_bits(0x7FF8000000000123), -0.0, -math.inf, from_bits(0xFFF8000000000456)]
FLOAT_EDGES = _SPECIAL + [x for p in _POSITIVE if math.isfinite(p) for x in (p, -p)]
FLOAT_CORE = [*_SPECIAL, 1.0, -1.0, 2.0, 3.0, -3.0, 0.5]

_INTS = [0, 1, 2, 3, 5, 10, 20, 21, 63, 64, 65, 100, 1000, 2**31, 2**32, 2**53, 2**54, 2**62]
_INTS += [10**18, 5 * 10**18, 3037000499**2, I64_MAX]
_NEAR_INTS = {sign * v + d for v in _INTS for sign in (1, -1) for d in (-1, 0, 1)} | {I64_MIN}
INT_EDGES = sorted(v for v in _NEAR_INTS if I64_MIN <= v <= I64_MAX)


def random_float(rng):
    kind = rng.randrange(9)
    if kind == 0:
        return from_bits(rng.getrandbits(64) & ~(0x7FF << 52) | rng.randrange(2047) << 52)  # any finite one
    if kind == 1:
        return rng.uniform(-10, 10)
    if kind == 2:
        return rng.uniform(-1000, 1000)
    if kind == 3:
        return float(rng.randrange(-300, 300))
    if kind == 4:
        return round(rng.uniform(-1000, 1000), rng.randrange(6))
    if kind == 5:
        return rng.randrange(-(2**20), 2**20) / 64
    if kind == 6:
        return rng.choice((-1, 1)) * 10.0 ** rng.uniform(-25, 25)
    if kind == 7:
        return rng.uniform(-1, 1) * 2.0 ** rng.randrange(-1074, 1023)
    return rng.choice(FLOAT_EDGES)


def clamp(value):
    return max(I64_MIN, min(I64_MAX, value))


def random_int(rng):
    kind = rng.randrange(5)
    if kind == 0:
        return rng.randrange(-12, 70)
    if kind == 1:
        return rng.randrange(-1000, 1000)
    if kind == 2:
        return rng.getrandbits(rng.randrange(1, 64)) * rng.choice((-1, 1))
    if kind == 3:
        return clamp(rng.choice((-1, 1)) * 2 ** rng.randrange(64) + rng.randrange(-3, 4))
    return rng.choice(INT_EDGES)


def near(rng, x):
    """A double within a few units of the last place, or the int x as a float."""
    x = float(x)
    return math.nextafter(x, rng.choice((-math.inf, math.inf))) if rng.randrange(3) else x


def tailored(name, rng):
    """Arguments in the region where this function has something to get wrong; None where there is no such region."""
    if name in ("math_gamma", "math_lgamma"):
        return (rng.uniform(-190, 175),)
    if name in ("float_pow", "math_pow"):
        x = rng.uniform(0, 50) if rng.randrange(2) else near(rng, 1.0 + rng.uniform(-1e-3, 1e-3))
        target = rng.uniform(-1080, 1030) if rng.randrange(2) else rng.uniform(-1076, -1020)
        y = target / math.log2(x) if x > 0 and x != 1.0 else 2.0
        if rng.randrange(3) == 0:
            return -x, float(round(y))
        return x, rng.choice((y, float(round(y)), float(rng.randrange(-5, 12)), 0.5))
    if name in ("math_exp", "math_exp2", "math_expm1", "math_sinh", "math_cosh"):
        return (rng.uniform(-1080, 1030),)
    if name in ("float_floordiv", "float_mod", "math_fmod", "math_remainder"):
        y = random_float(rng)
        if not math.isfinite(y) or abs(y) > 1e290:
            y = 0.1
        x = y * rng.randrange(-1000, 1000) if rng.randrange(2) else y * (rng.randrange(-50, 50) + 0.5)
        return (near(rng, x) if rng.randrange(2) and math.isfinite(x) else x), y
    if name == "float_round_digits":
        kind = rng.randrange(8)
        if kind == 0:
            return rng.uniform(-1000, 1000), rng.randrange(0, 12)
        if kind == 1:  # ties and near ties in decimal
            n = rng.randrange(0, 17)
            return near(rng, (rng.randrange(-(10**6), 10**6) + 0.5) / 10.0**n), n
        if kind == 2:  # at the border between a rounded value and x itself
            n = rng.choice((rng.randrange(0, 23), rng.randrange(-5, 323)))
            x = rng.choice((-1, 1)) * 2.0 ** rng.uniform(49, 57)
            return (x / 10.0 ** min(n, 308) / 10.0 ** max(0, n - 308) if n >= 0 else x), n
        if kind == 3:  # to tens, hundreds
            n = rng.randrange(-310, 1)
            x = (rng.randrange(-1000, 1000) + rng.choice((0.0, 0.5, 0.1))) * 10.0 ** min(-n, 305)
            return near(rng, x), n
        if kind == 4:
            return float(rng.getrandbits(63)), -rng.randrange(0, 22)
        if kind == 5:  # true ties of large numbers
            k = rng.randrange(18, 23)
            return float((2 * rng.randrange(-50, 50) + 1) * 5 * 10 ** (k - 1)), -k
        if kind == 6:  # a little more than a tie
            k = rng.randrange(1, 12)
            return rng.randrange(-50, 50) * 10**k + 5 * 10 ** (k - 1) + rng.choice((0.0, 0.25)), -k
        return random_float(rng), rng.randrange(-330, 340)
    if name in ("float_round", "float_floor", "float_ceil", "float_to_int"):
        x = rng.randrange(-(2**20), 2**20) / 2 if rng.randrange(2) else rng.uniform(-1, 1) * 2.0**64
        return (near(rng, x),)
    if name.startswith("int_") and name.endswith("_float"):
        a = random_int(rng)
        return a, near(rng, a)
    if name == "int_pow":
        return rng.randrange(-20, 20), rng.randrange(0, 40)
    if name == "int_pow_mod":
        return random_int(rng), rng.randrange(-30, 10**6), rng.choice((random_int(rng), rng.randrange(-50, 50)))
    if name == "int_truediv":
        b = rng.getrandbits(rng.randrange(1, 63)) + 1
        q = rng.getrandbits(54) | 1  # quotients halfway between two doubles, and beside
        a = clamp(q * rng.randrange(1, 1024) + rng.randrange(-1, 2))
        return rng.choice((a, rng.getrandbits(63))), rng.choice((b, -b, 2 ** rng.randrange(63), rng.randrange(1, 1024)))
    if name in ("int_comb", "int_perm"):
        n = rng.choice((rng.randrange(0, 70), rng.getrandbits(rng.randrange(1, 63))))
        return n, rng.choice((rng.randrange(0, 40), max(0, n - rng.randrange(40))))
    if name == "int_round_digits":
        n = -rng.randrange(0, 22)
        tie = clamp((2 * rng.randrange(-500, 500) + 1) * (10**-n // 2))
        return rng.choice((random_int(rng), tie)), n
    if name == "int_isqrt":
        return (clamp(rng.getrandbits(rng.randrange(1, 32)) ** 2 + rng.randrange(-1, 2)),)
    if name in ("int_shift_left", "int_shift_right"):
        return random_int(rng), rng.randrange(-2, 70)
    if name == "math_ldexp":
        return random_float(rng), rng.randrange(-2200, 2200)
    if name.startswith(("math_hypot", "math_dist")):
        e = rng.randrange(-1074, 1024)
        count = {"t_2": 2, "t_3": 3, "t_4": 4}[name[-3:]] * (2 if "dist" in name else 1)
        exponents = (max(-1074, min(1022, e + rng.randrange(-30, 30))) for _ in range(count))
        return tuple(rng.uniform(-2, 2) * 2.0**exponent for exponent in exponents)
    if name == "math_isclose":
        a, r = rng.uniform(-10, 10), 10.0 ** rng.uniform(-12, 0)
        t = rng.choice((0.0, 10.0 ** rng.uniform(-12, 0), -1.0))
        return a, a * (1 + r * rng.choice((0.5, 0.999999, 1.0, 1.000001, 2))), r, t
    if name == "math_log_base":
        x = rng.choice((float(2 ** rng.randrange(60)), rng.uniform(0, 100)))
        return x, rng.choice((2.0, 10.0, 3.0, rng.uniform(0, 10)))
    if name in ("math_asin", "math_acos", "math_atanh"):
        return (rng.uniform(-1.01, 1.01),)
    if name == "math_fma":
        x, y = rng.uniform(-10, 10), rng.uniform(-10, 10)
        return x, y, near(rng, -x * y)
    return None


def arguments(name, codes, count, rng):
    """Every combination of edge values, or where these are too many of a few and some of all, then random values."""
    edges = [FLOAT_EDGES if code == "f" else INT_EDGES for code in codes]
    if math.prod(map(len, edges)) <= 4 * count:
        yield from itertools.product(*edges)
    else:
        few = [FLOAT_CORE if code == "f" else (0, 1, -1) for code in codes]
        yield from itertools.islice(itertools.product(*few), count)
        for _ in range(2 * count):
            yield tuple(rng.choice(values) for values in edges)
    for i in range(count):
        special = tailored(name, rng) if i % 2 else None
        if special is None:
            special = tuple(random_float(rng) if code == "f" else random_int(rng) for code in codes)
        yield special
