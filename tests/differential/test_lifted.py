"""One small function for each row of what is lifted, as an index: each must compile for ints and for floats.

The operators, builtins and math functions with all their edge values are in files of their own.
"""

import textwrap

import pytest

from tests.differential.harness import check
from tests.differential.values import BOOLS, ODD, SIZES, cross

pytestmark = pytest.mark.filterwarnings("ignore:Bitwise inversion:DeprecationWarning")

INTS = cross([0, 1, -1, 2, 5, 9, -13, 2**31, 2**62, -(2**63)], [0, 1, 3, -2, 7])
SMALL = cross([0, 1, -1, 2, 5, 9, -13, 30], [0, 1, 3, -2, 7])
FLOATS = cross([0.0, -0.0, 1.0, -1.5, 7.25, 1e300, float("inf"), float("nan")], [0.0, 1.0, 3.5, -2.0])

GENERAL = {  # for ints, floats and bools
    "local changes from int to float": "s = 0\nfor k in range(5):\n    s += a * 0.5\nreturn s",
    "local changes from bool to int": "s = False\nfor k in range(3):\n    s += k\nreturn s + a",
    "local is None at first": "best = None\nfor k in range(4):\n    if best is None or k * b > best:\n        best = k * b\nreturn best",
    "local may be None at the end": "r = None\nif a > b:\n    r = a\nreturn r",
    "chained comparison": "return a < b <= 5 != a",
    "boolean operators": "return (a and b) or (not b and 3)",
    "conditional expression": "return a if a > b else b - 1",
    "nested conditional": "return 1 if a > b else 2.0 if a < b else None",
    "if and elif": "if a > b:\n    return 1\nelif a == b:\n    return 2\nelse:\n    return 3",
    "early return without value": "if a > b:\n    return\nreturn a",
    "falling off the end": "if a > b:\n    return a",
    "while": "n = 0\nwhile n < 6 and n * b < 12:\n    n += 1\nreturn n + a",
    "while with break": "n = 0\nwhile True:\n    n += 1\n    if n > 5 or n > b:\n        break\nreturn n",
    "while with continue": "n = s = 0\nwhile n < 9:\n    n += 1\n    if n % 3 == 0:\n        continue\n    s += n\nreturn s - a",
    "while with else": "n = 0\nwhile n < 5:\n    if n == b:\n        break\n    n += 1\nelse:\n    n = 100\nreturn n",
    "for with negative step": "s = 0\nfor k in range(9, -4, -3):\n    s = s * 2 + k\nreturn s + a",
    "for with else": "for k in range(5):\n    if k == b:\n        break\nelse:\n    return -1\nreturn k",
    "nested loops": "s = 0\nfor i in range(4):\n    for j in range(i, 5):\n        if (i + j) % 3 == 0:\n            break\n        s += j\n    else:\n        s += 10\nreturn s + a",
    "loop without a body": "for k in range(3):\n    pass\nreturn k + a",
    "tuple packing and unpacking": "t = (a, b, 2)\nx, y, z = t\nreturn x - y * z",
    "swap": "a, b = b, a\nreturn a - b",
    "nested unpacking": "(x, y), z = (a, b), 3\nreturn x + y - z",
    "constant index": "t = (a, b)\nreturn t[0] - t[1] + t[-1]",
    "divmod": "q, r = divmod(a, 3)\nreturn q + r - b",
    "walrus": "if (s := a + b) > 3:\n    return s\nreturn -s",
    "assert": "assert a != 5, 'five'\nreturn a",
    "raise": "if a == 5:\n    raise ValueError(f'{a} is not allowed')\nreturn b",
    "isinstance": "return 1 if isinstance(a, int) else 2 if isinstance(a, float) else 3",
    "isinstance of a tuple": "return isinstance(a, (int, float)) and not isinstance(b, bool)",
    "is None": "return a is None or b is not None",
    "in constant tuple": "return a in (0, 1, 5) and b not in (3, 7)",
    "in range": "return (a in range(6)) + 2 * (b in range(-2, 9, 3))",
    "augmented assignment": "a += b\na *= 2\na -= 1\nreturn a",
    "del": "c = a\ndel a\nreturn c + b",
    "min and max": "return min(a, b) - max(a, b, 1)",
    "abs and round": "return abs(a) if a < 0 else b",
    "bool and float": "return bool(a) + float(b)",
    "sum of a generator": "return sum(k * b for k in range(4)) + a",
    "sum of a comprehension": "return sum([k * b for k in range(4) if k != 2])",
    "any and all": "return any(k == a for k in range(6)) + 2 * all(k < b for k in range(3))",
    "min and max of a generator": "return min(k * b for k in range(1, 4)) + max([k - a for k in range(3)])",
    "len of a comprehension": "return len([k for k in range(9) if k > b])",
    "len of a list": "return len(list(k for k in range(9) if k > a))",
    "prod": "return math.prod(k + b for k in range(1, 4))",
    "math constants": "return a * math.pi - math.e",
    "real, imag and conjugate": "return a.real + b.imag - b.conjugate()",
    "helper with keyword arguments": "return mix(b, weight=2) + mix(k=a)",
    "helper with a default": "return mix(a)",
    "mutual helpers": "return outer(a) - outer(b)",
    "global constant": "return a * K + HALF",
    "pass and docstring": "'a docstring'\npass\nreturn a",
    "annotations": "c: float = a + b\nreturn c",
    "multiple targets": "c = d = a + 1\nreturn c + d",
    "parenthesised tuple comparison": "return (a, b) == (b, a)",
}

INTEGERS = {  # for ints
    "for over range": "s = 0\nfor k in range(a % 20):\n    s += k * b\nreturn s",
    "for over range with start": "s = 0\nfor k in range(b, a % 20):\n    s += k\nreturn s",
    "for over range with step": "s = 0\nfor k in range(a % 20, -5, -2):\n    s += k ^ b\nreturn s",
    "step of a column": "s = 0\nfor k in range(0, 20, b):\n    s += k\nreturn s",
    "bitwise operators": "return (a & b) | (a ^ 5) | ~b",
    "shifts": "return (a << (b & 7)) - (a >> (b & 3))",
    "power": "return (a % 10) ** (b % 5)",
    "power with negative exponent": "return (a % 10 + 1) ** -(b % 3)",
    "pow with modulus": "return pow(a, b % 9, 97)",
    "recursion": "return fib(a % 12) + b",
    "bit_length and bit_count": "return a.bit_length() * b.bit_count()",
    "gcd, lcm, isqrt": "return math.gcd(a, b) + math.lcm(a % 100, b) + math.isqrt(abs(a))",
    "comb, perm, factorial": "return math.comb(a % 20, 3) + math.perm(b % 8, 2) + math.factorial(a % 15)",
    "digits": "s = 0\na = abs(a)\nwhile a:\n    a, d = divmod(a, 10)\n    s += d\nreturn s",
    "true division": "return a / (b * b + 1)",
    "bool arithmetic": "return (a > b) + (a == b) * 2 + (a < b and 4)",
    "round to tens": "return round(a, -1) + round(b, 2)",
    "range in a generator": "return sum(i * j for i in range(a % 7) for j in range(i))",
    "generator with two conditions": "return sum(i for i in range(30) if i % 2 if i > b)",
}

REALS = {  # for floats
    "is_integer": "return a.is_integer() or (b * 2).is_integer()",
    "round": "return round(a, 2) + round(b * 1.37, 1)",
    "int of float": "return int(b) + math.floor(b / 2) + math.ceil(b / 2) + math.trunc(b)",
    "hypot and dist": "return math.hypot(a, b) + math.dist((a, b), (1.0, 2.0))",
    "libm": "return math.sin(b) * math.exp(-abs(b)) + math.atan2(a, b) + math.copysign(1.0, a)",
    "predicates": "return math.isnan(a) + 2 * math.isinf(a) + 4 * math.isfinite(b) + 8 * math.isclose(a, b)",
    "power": "return abs(b) ** 0.5 + b**2",
    "floor division and modulo": "return b // 0.3 + b % 0.3 if a == a else 0",
    "float loop": "x, n = abs(b), 0\nwhile x > 0.01 and n < 50:\n    x *= 0.7\n    n += 1\nreturn n",
}

NAMES = """
import math
K = 3
HALF = 0.5
def mix(k, weight=10):
    return k * weight + 1
def inner(x):
    return x + 1 if x > 0 else x - 1
def outer(x):
    return inner(x) * 2
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
"""


def make(body):
    names = {}
    exec(f"{NAMES}\ndef f(a, b):\n{textwrap.indent(body, '    ')}", names)
    return names["f"]


@pytest.mark.parametrize("row", GENERAL)
def test_general(row):
    f = make(GENERAL[row])
    check(f, *INTS, compiled=True, sizes=SIZES)
    check(f, *FLOATS, compiled=True, sizes=SIZES)
    check(f, *cross(BOOLS, BOOLS), compiled=True)
    check(f, *cross([1, 5], [2.5, -1.0]), compiled=True)
    check(f, *cross(ODD, [1, 2.5]))


@pytest.mark.parametrize("row", INTEGERS)
def test_integers(row):
    f = make(INTEGERS[row])
    check(f, *INTS, compiled=True, sizes=SIZES)
    check(f, *SMALL, compiled=True)
    check(f, *cross(BOOLS, BOOLS))
    check(f, *cross([2, 7.5, None, 2**64, True], [1, 2, 3.5]))


@pytest.mark.parametrize("row", REALS)
def test_reals(row):
    f = make(REALS[row])
    check(f, *FLOATS, compiled=True, sizes=SIZES)
    check(f, *cross([0.5, 7, None, True], [1.5, 2, 0.25]))
