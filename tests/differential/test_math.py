"""Every function of `math`, bit for bit, by edge values and by random ones."""

import math
import random

import pytest

from tests.differential.harness import check
from tests.differential.values import BIG_INTS, BOOLS, FLOAT_EDGES, INT_EDGES, NAN, cross

FLOATS = [v for v in FLOAT_EDGES if v == v] + [NAN]
FEW = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e-310, 1e300, -1e17, math.inf, -math.inf, NAN]

ONE_FLOAT = [
    "acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "ceil", "cos", "cosh", "degrees", "erf", "erfc", "exp",
    "exp2", "expm1", "fabs", "floor", "gamma", "isfinite", "isinf", "isnan", "lgamma", "log", "log10", "log1p", "log2",
    "radians", "sin", "sinh", "sqrt", "tan", "tanh", "trunc", "ulp",
]  # fmt: skip
TWO_FLOATS = ["atan2", "copysign", "fmod", "hypot", "isclose", "log", "nextafter", "pow", "remainder"]
ONE_INT = {
    "factorial": list(range(-2, 30)),
    "isqrt": INT_EDGES,
    "perm": list(range(-2, 25)),
    "gcd": INT_EDGES,
    "lcm": INT_EDGES,
}
TWO_INTS = ["gcd", "lcm", "comb", "perm"]


def random_floats(seed, count=400):
    rng = random.Random(seed)
    uniform = [rng.uniform(-1, 1) * 10.0 ** rng.randint(-3, 3) for _ in range(count // 2)]
    wide = [math.ldexp(rng.uniform(-1, 1), rng.randint(-1070, 1020)) for _ in range(count // 4)]
    unit = [rng.random() for _ in range(count - len(uniform) - len(wide))]
    return uniform + wide + unit


@pytest.mark.parametrize("name", ONE_FLOAT)
def test_of_one_float(name):
    f = eval(f"lambda x: math.{name}(x)", {"math": math})
    check(f, FLOATS, compiled=True)
    check(f, random_floats(name), compiled=True)
    check(getattr(math, name), FLOATS)


@pytest.mark.parametrize("name", ONE_FLOAT)
def test_of_ints_and_bools(name):
    f = eval(f"lambda x: math.{name}(x)", {"math": math})
    check(f, INT_EDGES, compiled=True)
    check(f, BOOLS)
    check(f, BIG_INTS + [1, 0.5, None, "x"])


@pytest.mark.parametrize("name", TWO_FLOATS)
def test_of_two_floats(name):
    f = eval(f"lambda x, y: math.{name}(x, y)", {"math": math})
    check(f, *cross(FEW, FEW), compiled=True)
    check(f, random_floats(name), random_floats(name + "2"), compiled=True)
    check(f, *cross([0, 1, -3, 2**53 + 1, 2**63 - 1], FEW), compiled=True)
    check(f, *cross([0, 1, -3, 10], [1, 2, -2]), compiled=True)
    check(f, [2**70, True, None], [1.5, 2, 3])


@pytest.mark.parametrize("name", ONE_INT)
def test_of_one_int(name):
    f = eval(f"lambda n: math.{name}(n)", {"math": math})
    check(f, ONE_INT[name], compiled=True)
    check(f, BOOLS)
    check(f, [2.0, 1.5, 2**70 if name != "factorial" and name != "perm" else 3, None])


@pytest.mark.parametrize("name", TWO_INTS)
def test_of_two_ints(name):
    f = eval(f"lambda a, b: math.{name}(a, b)", {"math": math})
    small = [0, 1, 2, 5, 12, 30, 61, 62, 66, 67, -1]
    check(f, *cross(small, small), compiled=True)
    if name in ("gcd", "lcm"):
        check(f, *cross(INT_EDGES, [0, 1, -6, 2**62, -(2**63), 2**63 - 1]), compiled=True)
    check(f, [True, 5, 2**70], [True, 2.0, 1])


def test_gcd_and_lcm_of_several():
    check(lambda a, b: math.gcd(a, b, 12) + math.gcd() + math.gcd(a), *cross([0, 4, -18], [6, 0, 27]), compiled=True)
    check(lambda a, b: math.lcm(a, b, 4) + math.lcm(), *cross([0, 4, -18], [6, 0, 27]), compiled=True)


def test_ldexp():
    f = lambda x, n: math.ldexp(x, n)
    check(f, *cross(FEW, [0, 1, -1, 52, 1023, -1074, -1080, 2000, -3000, 2**40, -(2**63)]), compiled=True)
    check(f, [1.5, 2.0], [1.0, 2])


@pytest.mark.parametrize("base", ["2", "10", "math.e", "0.5", "1", "-1", "0", "3", "2**70", "math.inf"])
def test_log_to_a_base(base):
    f = eval(f"lambda x: math.log(x, {base})", {"math": math})
    check(f, FLOATS, compiled=None if base == "2**70" else True)
    check(f, INT_EDGES, compiled=None if base == "2**70" else True)


def test_fma():
    if not hasattr(math, "fma"):
        pytest.skip("math.fma is new in 3.13")
    columns = cross(FEW[:9] + [0.1, 1 / 3], FEW[:6] + [0.1, 10.0], [0.0, -0.0, -0.01, 1e300, math.inf])
    check(lambda a, b, c: math.fma(a, b, c), *columns, compiled=True)
    check(lambda a, b, c: math.fma(a, b, c), *cross([1, 3], [2, 2.5], [-6, 0.5]), compiled=True)


def test_hypot_of_several():
    """CPython's own compensated algorithm, not libm's."""
    check(lambda x: math.hypot(x), FLOATS)
    check(lambda x: math.hypot() + x, FLOATS)
    check(lambda x, y: math.hypot(x, y, 0.1), random_floats("h3"), random_floats("h3b"), compiled=True)
    check(lambda x, y: math.hypot(x, y, x + 1, 2), *cross(FEW, FEW), compiled=True)
    check(lambda x, y: math.hypot(x, y), *cross([3, 0, 2**53 + 1, 2**63 - 1, True], [4, 0, -5]))


def test_dist():
    check(lambda x, y: math.dist((x, y), (0.1, -0.3)), random_floats("d"), random_floats("d2"), compiled=True)
    check(lambda x, y: math.dist((x, y, 1), (y, x, 0.5)), *cross(FEW, FEW), compiled=True)
    check(lambda x: math.dist((x,), (1.0, 2.0)), [1.0, 2.0])


def test_isclose():
    check(lambda a, b: math.isclose(a, b, rel_tol=1e-3), *cross(FEW, [*FEW, 1.0005, 3.003]), compiled=True)
    check(lambda a, b: math.isclose(a, b, abs_tol=0.1, rel_tol=0.0), *cross(FEW, FEW), compiled=True)
    check(lambda a, b: math.isclose(a, b, rel_tol=b), *cross([1.0, 2.0], [0.5, -1.0]), compiled=True)


def test_nextafter_with_steps():
    check(
        lambda x, n: math.nextafter(x, math.inf, steps=n), *cross([0.0, 1.0, -1.0, math.inf, NAN], [0, 1, 2, 1000, -1])
    )


def test_constants():
    check(lambda x: x * math.pi + math.e - math.tau, FLOATS, compiled=True)
    check(lambda x: math.inf if x > 0 else math.nan if x < 0 else -math.inf, FLOATS, compiled=True)


@pytest.mark.parametrize("text", ["math.frexp(x)[0]", "math.frexp(x)[1]", "math.modf(x)[0]", "math.modf(x)[1]"])
def test_of_two_results(text):
    check(eval(f"lambda x: {text}", {"math": math}), FLOATS)


def test_of_sequences():
    check(lambda n: math.fsum(0.1 * k for k in range(n)), list(range(20)))
    check(lambda n: math.sumprod([0.1 * k for k in range(n)], list(range(n))), list(range(20)))
    check(lambda a, b: math.prod((a, b, 2)), *cross([1, 2.5], [3, 0.1]))


def test_imported_by_name():
    names = {}
    exec(
        "from math import sqrt, floor as down, pi\nfrom math import log as ln\ndef f(x):\n    return sqrt(x * x) + down(x) * pi + ln(x * x + 1)",
        names,
    )
    check(names["f"], [0.5, -2.0, 10.0, 1e10], compiled=True)


def test_keyword_arguments_that_math_does_not_take():
    check(lambda x: math.sqrt(x=x), [1.0, 2.0])
    check(lambda x: math.sqrt(x, x), [1.0, 2.0])
    check(lambda x: math.sqrt(), [1.0, 2.0])


def test_compositions():
    """Sums and products of many calls, where one wrong last bit shows."""

    def f(x):
        s = 0.0
        for k in range(1, 9):
            s += math.sin(k * x) / k + math.exp(-k * abs(x)) * math.cos(x / k) + math.log1p(abs(x) / k)
        return s

    check(f, [v for v in random_floats("c") if abs(v) < 1e6], compiled=True)
