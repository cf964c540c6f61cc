"""Each builtin and method that is lifted, by edge values, called and mapped directly."""

import math

import pytest

from tests.differential.harness import check
from tests.differential.values import BIG_INTS, BOOLS, FLOAT_EDGES, INT_EDGES, NAN, cross, ints

FLOATS = [v for v in FLOAT_EDGES if v == v] + [NAN]
FEW = [0, 1, -1, 5, 2**53 + 1, -(2**63), 2**63 - 1]
FEW_FLOATS = [0.0, -0.0, 1.0, -1.0, 2.5, float(2**53), math.inf, -math.inf, NAN]


@pytest.mark.parametrize(
    "text",
    [
        "abs(a)", "round(a)", "int(a)", "float(a)", "bool(a)", "round(a, 0)", "round(a, 2)", "round(a, -1)", "round(a, None)",
        "a.real", "a.imag", "a.conjugate()", "int(float(a))", "float(int(a))", "int()+a", "float()+a", "bool() + a",
        "min(a, 0)", "max(a, 0)", "min(a, 0.0)", "max(0.0, a)", "max(a, -a)", "divmod(a, 3)[0]", "divmod(a, -2.5)[1]", "pow(a, 2)",
        "isinstance(a, int)", "isinstance(a, float)", "isinstance(a, bool)", "isinstance(a, (int, float))",
        "type(a) is int", "type(a) is float", "sum((a, 1))",
    ],
)  # fmt: skip
def test_builtin(text):
    compiled = None if "type" in text or "sum" in text or "None" in text else True
    f = eval(f"lambda a: {text}")
    for column in (INT_EDGES, FLOAT_EDGES, BOOLS):
        check(f, column, compiled=compiled)
    check(f, INT_EDGES[:5] + FLOAT_EDGES[:5] + BOOLS + BIG_INTS[:4] + [None, "x"])


@pytest.mark.parametrize(
    "builtin, columns",
    [
        (abs, (INT_EDGES, FLOAT_EDGES, BOOLS)),
        (int, (INT_EDGES, FLOAT_EDGES, BOOLS)),
        (float, (INT_EDGES, FLOAT_EDGES, BOOLS)),
        (bool, (INT_EDGES, FLOAT_EDGES, BOOLS)),
        (round, (INT_EDGES, FLOAT_EDGES, BOOLS)),
        (math.sqrt, (INT_EDGES, FLOAT_EDGES, BOOLS)),
        (math.floor, (INT_EDGES, FLOAT_EDGES, BOOLS)),
        (math.isqrt, (INT_EDGES, BOOLS)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_mapped_directly(builtin, columns):
    for column in columns:
        check(builtin, column, compiled=True)
    check(builtin, INT_EDGES[:5] + FLOAT_EDGES[:5] + BOOLS + BIG_INTS + [None, "12", "x"])


@pytest.mark.parametrize("builtin", [max, min, pow, divmod, math.atan2, math.hypot, math.gcd, math.copysign])
def test_mapped_directly_two_columns(builtin):
    if builtin is not math.gcd:
        check(builtin, *cross(FEW_FLOATS, FEW_FLOATS))
    check(builtin, *cross([0, 1, -7, 12, 40], [0, 1, -3, 8]))


@pytest.mark.parametrize("builtin", [repr, str, len, type, hash, list, print, ord, sum, sorted])
def test_other_builtins_mapped_directly(builtin, capsys):
    if builtin is print:
        check(print, [1, 2.5, None])
        assert capsys.readouterr().out.startswith("1\n2.5\nNone\n1\n")
        return
    check(builtin, [1, 2, 3])
    check(builtin, ["a", "b", "c"])


@pytest.mark.parametrize("digits", [-400, -20, -3, -2, -1, 0, 1, 2, 3, 5, 10, 15, 17, 22, 23, 30, 308, 324, 400])
def test_round_to_digits(digits):
    f = eval(f"lambda a: round(a, {digits})")
    ties = [
        0.5,
        1.5,
        2.5,
        0.125,
        0.375,
        2.675,
        1.005,
        1.115,
        5e-5,
        12345.5,
        1e15 + 0.5,
        25.0,
        35.0,
        150.0,
        -2.675,
        -0.05,
        1e22,
        1e23,
        0.285,
    ]
    check(f, FLOATS + ties, compiled=True if -23 < digits < 23 else None)
    check(f, INT_EDGES + [5, 15, 25, 35, -15, -25, 49, 50, 51, 150, 250], compiled=True if -18 < digits < 23 else None)
    check(f, BOOLS)


def test_round_with_digits_of_a_column():
    check(
        lambda a, n: round(a, n),
        *cross([2.675, -1.005, 0.5, 1e16, 12345.6789, -0.0, NAN, math.inf], list(range(-6, 24))),
        compiled=True,
    )
    check(lambda a, n: round(a, n), *cross([15, 25, -35, 1249, 1250, 2**63 - 1], list(range(-20, 4))), compiled=True)


def test_round_ties_at_random():
    """Decimal ties that are not ties in binary, and the reverse."""
    values = (
        [k / 1000 + 0.0005 for k in range(-300, 300)] + [k / 8 for k in range(-80, 80)] + [k * 0.05 for k in range(200)]
    )
    for digits in (0, 1, 2, 3):
        check(eval(f"lambda a: round(a, {digits})"), values, compiled=True)
    check(lambda a: round(a), values, compiled=True)


def test_pow_with_three_arguments():
    f = lambda a, b, m: pow(a, b, m)
    check(
        f,
        *cross(
            [0, 1, 2, -3, 7, 10**9, -(2**62), 2**63 - 1],
            [0, 1, 2, 5, 64, 10**9, -1, -2],
            [1, -1, 2, 7, -7, 97, 10**9 + 7, 2**62 + 1, 2**63 - 1, 0],
        ),
        compiled=True,
    )


def test_min_and_max_keep_the_first_of_equals():
    """Type, sign of zero and NaN order are those of the first of equals."""
    for text in ("min(a, b)", "max(a, b)", "min(a, b, 1)", "max(1.0, a, b)", "min(a, min(b, 0.0))"):
        f = eval(f"lambda a, b: {text}")
        check(f, *cross([*FEW_FLOATS, 0, 1, True, False, 2**53 + 1], [*FEW_FLOATS, 0, 1, True, False, 2**53]))
        check(f, *cross(FEW_FLOATS, FEW_FLOATS), compiled=True)
        check(f, *cross(FEW, FEW), compiled=True)


def test_min_and_max_with_key_and_default():
    check(lambda a, b: max(a, b, key=lambda v: -v), *cross(FEW, FEW))
    check(lambda n: min((k for k in range(n)), default=None), [0, 1, 5])
    check(lambda n: max(k for k in range(n)), [3, 0, 5])


@pytest.mark.parametrize(
    "text", ["n.bit_length()", "n.bit_count()", "(n + 1).bit_length()", "abs(n).bit_length() - 1", "int.bit_length(n)"]
)
def test_int_methods(text):
    f = eval(f"lambda n: {text}")
    compiled = None if text.startswith("int.") else True
    check(f, INT_EDGES, compiled=compiled)
    check(f, BOOLS)
    check(f, BIG_INTS)
    check(f, [1.5, 2.0])


def test_float_methods():
    check(lambda x: x.is_integer(), FLOAT_EDGES, compiled=True)
    check(lambda x: x.is_integer(), INT_EDGES)  # ints have it since 3.12
    check(lambda x: x.real + x.imag, FLOAT_EDGES, compiled=True)
    check(lambda x: x.as_integer_ratio(), [0.5, 2.0, math.inf])
    check(lambda x: x.hex(), [0.5, 2.0])


def test_int_attributes():
    check(lambda n: n.numerator - n.denominator, INT_EDGES)
    check(lambda n: n.no_such_attribute, [1, 2])


@pytest.mark.parametrize(
    "text", ["int(a)", "math.floor(a)", "math.ceil(a)", "math.trunc(a)", "round(a)", "a // 1", "int(a * 2)", "int(-a)"]
)
def test_float_to_int(text):
    """Exact beyond 2**63, ValueError for NaN, OverflowError for infinities."""
    near = [
        s * math.nextafter(v, d) for v in (2.0**63, 2.0**53, 2.0**31, 0.5, 1.0) for s in (1, -1) for d in (0, math.inf)
    ]
    check(eval(f"lambda a: {text}", {"math": math}), FLOATS + near, compiled=True)


@pytest.mark.parametrize(
    "text",
    [
        "len(range(a))",
        "len(range(a, b))",
        "len(range(a, b, 3))",
        "sum(range(a, b))",
        "sum(range(b, a, -2))",
        "len(range(0, b, a))",
    ],
)
def test_range_objects(text):
    compiled = None if "sum" in text else True
    check(eval(f"lambda a, b: {text}"), *cross([0, 1, -5, 7], [0, 3, -4, 100]), compiled=compiled)


def test_ranges_with_bools_and_floats():
    check(lambda a: sum(i for i in range(a)), [True, False], compiled=True)
    check(lambda a: sum(i for i in range(a)), [1.0, 2])
    check(lambda a: sum(i for i in range(0, 10, a)), [1, 2, 3, 0, -1, 20, True])


def test_sum_is_compensated():
    names = {}
    exec("def f(x, n):\n    return sum(x for _ in range(n))", names)
    f = names["f"]
    check(f, *cross([0.1, 1e16, -0.0, 1e308, math.inf, NAN, 1 / 3], [0, 1, 2, 3, 10, 30]), compiled=True)
    check(f, *cross([1, 2**62, -(2**63), True], [0, 1, 2, 3, 10]), compiled=True)
    alternating = lambda n: sum((1e16 if i % 3 == 0 else 1.0 if i % 3 == 1 else -1e16) for i in range(n))
    check(alternating, list(range(25)), compiled=True)
    check(lambda n: sum((2**53 + 1 if i == 3 else 0.5) for i in range(n)), list(range(10)), compiled=True)
    check(lambda n: sum(((i > 2) if i < 5 else 0.1 * i) for i in range(n)), list(range(10)), compiled=True)
    check(lambda n: sum((-0.0 for _ in range(n)), -0.0), [0, 1, 2], compiled=True)
    check(lambda n: sum((-0.0 for _ in range(n))), [0, 1, 2], compiled=True)
    check(lambda n: sum([0.1] * n), list(range(12)))
    check(lambda n: sum(i * 0.1 for i in range(n)) - sum([i * 0.1 for i in range(n)]), list(range(30)), compiled=True)


def test_prod():
    check(
        lambda x, n: math.prod(x for _ in range(n)),
        *cross([0.1, 3.0, -0.0, 1e200, NAN], [0, 1, 2, 5, 9]),
        compiled=True,
    )
    check(lambda x, n: math.prod(x for _ in range(n)), *cross([3, -1, 0, 2**31, True], [0, 1, 2, 5, 40]), compiled=True)
    check(lambda n: math.prod((i if i < 4 else 0.5) for i in range(1, n)), list(range(12)), compiled=True)


@pytest.mark.parametrize("wrap", ["[{}]", "({})"])
def test_any_and_all(wrap):
    for name in ("any", "all"):
        for body in ("x > k for k in range(n)", "x * k for k in range(1, n)", "k for k in range(n) if k > x"):
            f = eval(f"lambda x, n: {name}({wrap.format(body)})")
            check(f, *cross([-1, 0, 2, 5], [0, 1, 3, 8]), compiled=True)
            check(f, *cross([-0.0, 1.5, NAN], [0, 1, 3, 8]), compiled=True)


def test_hash_and_identity_are_not_guessed():
    check(lambda a: hash(a), [0, 1, -1, 2**61 - 1, 2**61, 2.5, -1.0, True, None])
    check(lambda a: a is a, INT_EDGES + FLOAT_EDGES)
    check(lambda a, b: a is b, ints(0, 5), ints(0, 5))
