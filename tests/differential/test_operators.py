"""Each operator over every pair of edge values of every pair of types."""

import math
import warnings

import gilmap
import pytest

from tests.differential.harness import check
from tests.differential.values import BIG_INTS, BOOLS, FLOAT_EDGES, INT_EDGES, NAN, NEGATIVE_NAN, cross

FLOATS = [v for v in FLOAT_EDGES if v == v] + [NAN]  # with two kinds of NaN CPython does not agree with itself
FEW_FLOATS = [0.0, -0.0, 1.0, -1.5, 2.5, 0.1, 5e-324, 2.0**53, 2.0**63, -1e200, 1e308, float("inf"), -float("inf"), NAN]
FEW_INTS = [0, 1, -1, 2, -3, 7, 63, 64, 2**31, -(2**53) - 1, 2**62, 2**63 - 1, -(2**63)]
SHIFTS = [0, 1, 2, 31, 32, 62, 63, 64, 65, 200, -1]
EXPONENTS = [0, 1, 2, 3, 5, 31, 40, 62, 63, 64, -1, -2, -1074]
BASES = [0, 1, -1, 2, -2, 3, -3, 10, -10, 2**31, 3037000500, 2**62, 2**63 - 1, -(2**63)]
FLOAT_EXPONENTS = [0.0, -0.0, 1.0, 2.0, 0.5, -0.5, -1.0, 3.0, 1 / 3, 1e3, -1e3, float("inf"), -float("inf"), NAN]

PAIRS = {
    "int_int": (INT_EDGES, INT_EDGES),
    "float_float": (FLOATS, FLOATS),
    "int_float": (FEW_INTS + [2**53, 2**63 - 513], FEW_FLOATS),
    "float_int": (FEW_FLOATS, FEW_INTS + [2**53, 2**63 - 513]),
    "bool_bool": (BOOLS, BOOLS),
    "bool_int": (BOOLS, INT_EDGES),
    "int_bool": (INT_EDGES, BOOLS),
    "float_bool": (FLOATS, BOOLS),
    "big_int": (BIG_INTS + [1, -7], FEW_INTS + BIG_INTS[:4]),
}

ARITHMETIC = ("+", "-", "*", "/", "//", "%")
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
BITWISE = ("&", "|", "^")


def make(text, arguments="a, b"):
    return eval(f"lambda {arguments}: {text}")


@pytest.mark.parametrize("kinds", PAIRS)
@pytest.mark.parametrize("operator", ARITHMETIC + COMPARISONS)
def test_binary(operator, kinds):
    compiled = None if kinds == "big_int" else True
    check(make(f"a {operator} b"), *cross(*PAIRS[kinds]), compiled=compiled)


@pytest.mark.parametrize("kinds", ["int_int", "bool_bool", "bool_int", "int_bool", "big_int"])
@pytest.mark.parametrize("operator", BITWISE)
def test_bitwise(operator, kinds):
    compiled = None if kinds == "big_int" else True
    check(make(f"a {operator} b"), *cross(*PAIRS[kinds]), compiled=compiled)


@pytest.mark.parametrize("kinds", ["float_float", "int_float", "float_int", "float_bool"])
@pytest.mark.parametrize("operator", (*BITWISE, "<<", ">>"))
def test_bitwise_of_floats_raises(operator, kinds):
    left, right = PAIRS[kinds]
    check(make(f"a {operator} b"), *cross(left[:5], right[:5]))


@pytest.mark.parametrize("operator", ["<<", ">>"])
def test_shifts(operator):
    f = make(f"a {operator} b")
    check(f, *cross(INT_EDGES, SHIFTS), compiled=True)
    check(f, *cross(INT_EDGES, BOOLS), compiled=True)
    check(f, *cross(BOOLS, SHIFTS), compiled=True)
    check(f, *cross(BIG_INTS, SHIFTS))


def test_right_shift_by_huge_counts():
    check(lambda a, b: a >> b, *cross(INT_EDGES, [2**31, 2**62, 2**63 - 1, 2**64, -(2**63)]))


@pytest.mark.parametrize(
    "left, right",
    [
        (BASES, EXPONENTS),
        (FLOATS, FLOAT_EXPONENTS),
        (FLOATS, EXPONENTS),
        (BASES, FLOAT_EXPONENTS),
        (BOOLS, EXPONENTS),
        (BASES, BOOLS),
        (FLOATS, BOOLS),
    ],
    ids=["int_int", "float_float", "float_int", "int_float", "bool_int", "int_bool", "float_bool"],
)
def test_power(left, right):
    check(lambda a, b: a**b, *cross(left, right), compiled=True)
    check(lambda a, b: pow(a, b), *cross(left, right), compiled=True)


@pytest.mark.parametrize("text", ["-a", "+a", "not a", "abs(a)", "a ** 2", "a ** 3", "a ** -1", "a ** 0.5", "a ** 0", "2 ** a if -70 < a < 70 else 0"])  # fmt: skip
def test_unary(text):
    f = make(text, "a")
    for column in (INT_EDGES, FLOAT_EDGES, BOOLS):
        check(f, column, compiled=True)
    check(f, BIG_INTS[:-1])


def test_invert():
    check(lambda a: ~a, INT_EDGES, compiled=True)


def test_invert_of_bool_warns():
    """It is deprecated; as an error the warning must be raised as by map."""

    def f(a):
        return ~a

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for backend in (None, "inline"):
            with pytest.raises(DeprecationWarning):
                gilmap.map(f, [True, False] * 50, backend=backend)
        if gilmap.explain(f, [True])["backend"] == "jit":
            with pytest.raises(DeprecationWarning):
                gilmap.map(f, [True, False] * 50, backend="jit")


@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "//", "%", "**", "&", "|", "^", "<<", ">>"])
def test_in_place(operator):
    names = {}
    exec(f"def f(a, b):\n    c = a\n    c {operator}= b\n    return c - a", names)
    check(names["f"], *cross([0, 1, -1, 7, 2**62, -(2**63)], [0, 1, 2, 5, 31, 63, -1]), compiled=True)
    if operator not in ("&", "|", "^", "<<", ">>"):
        check(names["f"], *cross(FEW_FLOATS, FEW_FLOATS[:8]), compiled=True)
        check(names["f"], *cross(FEW_INTS, FEW_FLOATS[:8]), compiled=True)


@pytest.mark.parametrize("constant", ["0", "1", "-1", "2", "3", "7", "-7", "10", "256", "2**31", "2**62", "2**63 - 1", "2**63", "0.0", "-0.0", "0.5", "-1.5", "3.0", "1e308", "True"])  # fmt: skip
@pytest.mark.parametrize("operator", ARITHMETIC)
def test_with_constants(operator, constant):
    """Constants are what optimisers look at: multiplication by a power of two, division by a constant, x - 0."""
    for text in (f"a {operator} {constant}", f"{constant} {operator} a"):
        check(make(text, "a"), INT_EDGES)
        check(make(text, "a"), FLOATS, compiled=None if "2**63" == constant else True)


@pytest.mark.parametrize("constant", ["0", "-1", "1", "5", "2**53", "2**53 + 1", "2**63", "-2**63", "10**30", "0.0", "0.5", "2.0**53", "1e19", "float('inf')", "True"])  # fmt: skip
@pytest.mark.parametrize("operator", COMPARISONS)
def test_comparison_with_constants(operator, constant):
    value = eval(constant)
    f = eval(f"lambda a: (a {operator} K, K {operator} a, 1 if a {operator} K else 2)", {"K": value})
    check(f, INT_EDGES)
    check(f, FLOAT_EDGES)
    check(f, BOOLS)
    check(eval(f"lambda a: a {operator} K", {"K": value}), INT_EDGES + FLOAT_EDGES + BOOLS + BIG_INTS)


@pytest.mark.parametrize(
    "text",
    [
        "a is None", "a is not None", "a is True", "a == True", "a is not False", "(a and b) is None", "a and b", "a or b",
        "not a or b", "a and not b", "a if b else -a", "(a or 3) + (b and 5)", "a < b < 3", "a == b == 0", "a < b > a != b",
        "a in (1, 2, 3)", "a in (0.0, 7)", "a in (1, b)", "a not in (b, -1)", "a in range(10)", "a in range(-5, 20, 5)", "a in range(20, -5, -5)",
        "a in range(b, 9) if isinstance(b, int) else 0", "a in (None, 1)", "a == None", "a != None",
    ],
)  # fmt: skip
def test_logic(text):
    compiled = None if "None" in text or "True" in text else True
    f = make(text)
    check(f, *cross([0, 1, -1, 2, 7, 15], [0, 1, 5, -3]), compiled=compiled)
    check(f, *cross([0.0, -0.0, 1.0, 2.5, 15.0, NAN, 1e300], [0.0, 1.0, -3.5, NAN]), compiled=compiled)
    check(f, *cross(BOOLS, BOOLS), compiled=compiled)
    check(f, *cross([0, 1.0, True, None, 2**70, 7, NAN], [None, 1, 0.0, False]))


@pytest.mark.parametrize(
    "text",
    [
        "a + b - a", "(a + b) + 1.0 - b", "a * b / b", "a - b - b - b", "(a * 0.1 + b) * 3", "a * b + a", "a * b - a * b",
        "a / b * b", "-(a - b)", "0.0 - a", "0 - a", "-a * b", "a * -1", "a + 0.0", "a + -0.0", "a - 0.0", "a * 1.0", "a * 0.0", "a / 1", "1 / (1 / a)",
    ],
)  # fmt: skip
def test_floats_as_written(text):
    """No fused multiply-add, no reassociation, no fast-math; the sign of zero stays."""
    check(make(text), *cross(FLOATS, FEW_FLOATS), compiled=True)
    check(make(text), *cross(FEW_INTS, FEW_FLOATS), compiled=True)


def test_sign_of_nan_from_invalid_operations():
    """inf - inf has its sign bit set on x86; folding it at compile time often loses that."""
    names = {"INF": float("inf")}
    for text in (
        "INF - INF + a",
        "INF * 0.0 * a",
        "(a - a) * INF",
        "a * INF - a * INF",
        "INF / INF",
        "INF % 2.0",
        "-(INF - INF)",
        "abs(INF - INF)",
    ):
        f = eval(f"lambda a: {text}", names)
        check(f, [1.0, 0.0, -2.5, 3.0], compiled=True)
        check(f, [1, 0, -2], compiled=True)


@pytest.mark.parametrize("k", [1, 2, 3, 7, 10, 1000, 2**20, 2**31 - 1, 2**32, 10**9 + 7, 2**62])
def test_division_by_positive_and_negative_constants(k):
    for divisor in (k, -k):
        f = eval(f"lambda n: n // {divisor} * 3 + n % {divisor}")
        check(f, INT_EDGES, compiled=True)
        check(eval(f"lambda n: divmod(n, {divisor})[0] - divmod(n, {divisor})[1]"), INT_EDGES, compiled=True)


def test_true_division_is_correctly_rounded():
    big = [2**53 + 1, 2**54 + 3, 2**62 + 1, 2**63 - 1, -(2**63), -(2**53) - 1, 9007199254740993, 6004799503160661]
    check(lambda a, b: a / b, *cross(big, [1, 3, 7, -3, 10, 2**53 + 1, 2**62 - 1, 2**63 - 1, 0]), compiled=True)


def test_overflow_in_between():
    """The intermediate value leaves 64 bits although the result does not."""
    check(lambda a: (a * a - 1) // a if a else 0, INT_EDGES, compiled=True)
    check(lambda a: a + 1 - 1, INT_EDGES, compiled=True)
    check(lambda a: -a + a, INT_EDGES, compiled=True)
    check(lambda a: abs(a) - 1, INT_EDGES, compiled=True)
    check(lambda a: (a << 1) >> 1, INT_EDGES, compiled=True)
    check(lambda a: a // -1, INT_EDGES, compiled=True)
    check(lambda a: a % -1, INT_EDGES, compiled=True)


@pytest.mark.parametrize(
    "text",
    [
        "-(a * a)", "-(a * b)", "-(a / b)", "-(b / a)", "-(a - b)", "-(b - a)", "-(a + b)", "-a - b", "b - -a", "-a * -b", "-a / b", "b + -a", "a * -b",
        "a * -1.0", "a / -1.0", "a - -0.0", "-0.0 - a", "abs(a * b)", "abs(-a)", "-abs(a)", "a * 2.0 - a", "a ** 2", "-(a ** 3)", "a ** -1", "b - a * b",
        "a % b", "b % a", "a // b", "min(a, b)", "max(-a, b)", "a if a < b else -a", "round(a, 2)", "math.copysign(a, b)", "math.copysign(b, a)",
        "math.sqrt(a)", "math.sin(-a)", "-math.log(a)", "math.hypot(a, b)", "math.atan2(a, b)", "math.fmod(a, b)", "sum(a for _ in range(3))",
        "(-1 if b < 0 else 1) * a", "a * (-1.0 if b < 0 else 1.0)", "a / (-1 if b < 0 else 1)", "(1 - 2 * (b < 0)) * a", "(-1) ** int(b > 2) * a",
        "(-1.0 if b < 0 else 1.0 if b < 2 else 0.0) * a", "((b > 0) - (b < 0)) * a", "a * (True if b < 0 else -1)",
        "sum((-1) ** k * a for k in range(int(abs(b)) if b == b else 2))", "math.copysign(1, b) * a", "(-1 if b < 0 else 1) * -a",
    ],
)  # fmt: skip
def test_sign_of_nan(text):
    """One kind of NaN at a time: then CPython is sure of the sign, and optimisers like to turn it."""
    f = eval(f"lambda a, b: {text}", {"math": math})
    for nan in (NAN, NEGATIVE_NAN):
        check(f, *cross([nan, 1.5, -2.0], [1.5, -2.0, 3.0]), compiled=True)
        check(f, [nan, nan], [2, -3])
