"""Hypothesis looks for values on which gilmap and CPython differ, for functions that stand for many."""

import math
import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.differential.functions import (
    bits,
    calendars,
    callables,
    control,
    early_returns,
    finance,
    geodesy,
    geometry,
    numerical,
    physics,
    puzzles,
    recursion,
    reductions,
    simulation,
    statistics,
    tuples,
    units,
)
from tests.differential.harness import check
from tests.differential.values import BIG_INTS, FLOAT_EDGES, INT_EDGES, ODD

settings.register_profile(
    "suite",
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("search", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

int64 = st.integers(-(2**63), 2**63 - 1)
any_int = st.one_of(st.integers(-100, 100), st.sampled_from(INT_EDGES), int64)
any_float = st.one_of(st.floats(), st.sampled_from(FLOAT_EDGES), st.floats(-1e3, 1e3), st.integers(-50, 50).map(float))
number = st.one_of(any_int, any_float, st.booleans())
anything = st.one_of(number, st.sampled_from(BIG_INTS), st.sampled_from(ODD))
small = st.integers(-30, 300)
natural = st.integers(0, 500)
angle = st.floats(-720, 720)
unit = st.floats(0, 1)

FUNCTIONS = [
    (bits.popcount_method, any_int),
    (bits.reverse_bits_32, any_int),
    (bits.mix_64, any_int),
    (bits.sign_and_masks, any_int, any_int),
    (calendars.is_leap, any_int),
    (calendars.days_from_civil_inverse, st.integers(-(10**12), 10**12)),
    (callables.calls_with_keywords, any_int, any_float),
    (control.chained, number),
    (control.in_range, any_int, st.integers(-40, 40)),
    (control.short_circuits, number, number),
    (early_returns.by_isinstance, anything),
    (early_returns.larger, number, number),
    (early_returns.and_chain, number, number),
    (finance.compound_interest, any_float, any_float, st.integers(-50, 50)),
    (geodesy.haversine, angle, angle, angle, angle),
    (geometry.distance_by_dist, any_float, any_float),
    (geometry.heron, any_float, any_float, any_float),
    (numerical.exp_series, any_float),
    (numerical.quadratic_roots_sum_of_squares, any_float, any_float, any_float),
    (physics.lorentz_factor, number),
    (puzzles.reverse_integer, any_int),
    (recursion.power, any_float, st.integers(0, 40)),
    (reductions.compensated_float_sum, any_float, st.integers(-2, 40)),
    (reductions.sum_of_mixed_magnitudes, natural, any_float),
    (simulation.lcg_64, any_int),
    (statistics.logistic, number),
    (statistics.median_of_three, number, number, number),
    (tuples.divmod_both, any_int, any_int),
    (tuples.divmod_floats, any_float, any_float),
    (units.round_to, any_float, st.integers(-30, 30)),
    (units.to_int_and_back, number),
]


def rows_of(strategies, most=16):
    return st.lists(st.tuples(*strategies), min_size=1, max_size=most)


@pytest.mark.parametrize(
    "function, strategies", [(f, s) for f, *s in FUNCTIONS], ids=lambda v: getattr(v, "__name__", "")
)
def test_values(function, strategies):
    @given(rows_of(strategies))
    def compare(rows):
        check(function, *map(list, zip(*rows)))

    compare()


OPERATORS = [
    "a + b",
    "a - b",
    "a * b",
    "a / b",
    "a // b",
    "a % b",
    "a < b",
    "a == b",
    "a >= b",
    "min(a, b)",
    "max(a, b)",
    "divmod(a, b)[0]",
    "divmod(a, b)[1]",
]


def fits_into_memory(row):
    """Whether the product does: a string or tuple may be repeated some billion times. Which numbers Hypothesis tries
    depends on the modules that are loaded, because it takes constants from those."""
    sequences = [len(x) for x in row if isinstance(x, (str, tuple))]
    return not sequences or all(not isinstance(x, int) or x * max(sequences) < 10**6 for x in row)


@pytest.mark.parametrize("text", OPERATORS)
def test_operators(text):
    function = eval(f"lambda a, b: {text}")
    rows = st.tuples(anything, anything)
    if text == "a * b":
        rows = rows.filter(fits_into_memory)

    @given(st.lists(rows, min_size=1, max_size=20))
    def compare(rows):
        check(function, *map(list, zip(*rows)))

    compare()


@pytest.mark.parametrize(
    "name",
    ["sin", "cos", "tan", "exp", "log", "sqrt", "atan", "gamma", "lgamma", "erf", "cbrt", "log2", "expm1", "floor"],
)
def test_math(name):
    function = eval(f"lambda x: math.{name}(x)", {"math": math})

    @given(rows_of([any_float], 30))
    def compare(rows):
        check(function, *map(list, zip(*rows)))

    compare()


@given(st.lists(any_float, min_size=1, max_size=12), unit)
def test_compensated_sum_of_given_values(values, x):
    """The values become constants of a function: sum() over a generator that yields them."""
    picks = " ".join(f"V{k} if i == {k} else" for k in range(len(values)))
    names = {f"V{k}": value for k, value in enumerate(values)}
    check(eval(f"lambda x: sum({picks} x for i in range({len(values)}))", names), [x, 0.5, -0.0])


@given(st.lists(anything, max_size=40))
def test_mixed_lists_pass_through(column):
    check(lambda x: x, column)
