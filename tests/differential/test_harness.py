"""The harness itself: it must notice every kind of difference, so each is made on purpose here."""

import math
import types

import pytest

from tests.differential import harness, outcomes
from tests.differential.harness import Mismatch, check
from tests.differential.outcomes import Raised, nan_is_ambiguous, same
from tests.differential.values import NAN, NEGATIVE_NAN


class Faulty:
    """gilmap.map with one fault: `change` gets the list of results and gives what is returned instead."""

    def __init__(self, change=lambda results: results, compiled=False):
        self.change = change
        self.compiled = compiled

    def map(self, function, *columns, backend=None, workers=None):
        if backend == "jit" and not self.compiled:
            raise ValueError("not compiled")
        lists = [
            c.tolist() if hasattr(c, "dtype") else c.to_pylist() if hasattr(c, "to_pylist") else c for c in columns
        ]
        results = self.change(list(map(function, *lists)))
        if hasattr(columns[0], "dtype"):
            return harness.numpy.array(results)
        return harness.pyarrow.array(results) if hasattr(columns[0], "to_pylist") else results

    def explain(self, function, *columns):
        return {"backend": "jit" if self.compiled else "inline", "reason": "made up"}


divide = eval(compile("lambda x: 12 / x", "<mapped>", "eval"))


@pytest.fixture(autouse=True)
def frames_of_the_mapped_function_only(monkeypatch):
    """Faulty stands in for gilmap, whose own frames do not count."""
    monkeypatch.setattr(outcomes, "_is_plumbing", lambda filename: filename != "<mapped>")


def text_of_sign(x):
    return -0.0 if x < 0 else 0.0


def test_a_right_engine_passes(monkeypatch):
    for compiled in (True, False):
        monkeypatch.setattr(harness, "gilmap", Faulty(compiled=compiled))
        check(divide, [1, 0, 2.5, None, True], compiled=None)
        check(divide, [1, 2], compiled=compiled, sizes=(0, 1, 17))
        check(lambda x, y: (x, [y]), [1, 2], [3.0, NAN])


FAULTS = {
    "value": lambda r: [v + 1 for v in r],
    "last bit": lambda r: [math.nextafter(v, 9e9) for v in r],
    "type": lambda r: [int(v) for v in r],
    "order": lambda r: r[::-1],
    "one missing": lambda r: r[:-1],
    "one more": lambda r: [*r, 0.0],
    "one element": lambda r: [*r[:-1], None],
    "tuple": tuple,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_wrong_results_are_noticed(monkeypatch, fault):
    monkeypatch.setattr(harness, "gilmap", Faulty(FAULTS[fault]))
    with pytest.raises(Mismatch):
        check(divide, [1, 4])


def test_sign_of_zero_and_bool_are_noticed(monkeypatch):
    monkeypatch.setattr(harness, "gilmap", Faulty(lambda r: [0.0 * v * v for v in r]))
    with pytest.raises(Mismatch):
        check(text_of_sign, [1, -1])
    monkeypatch.setattr(harness, "gilmap", Faulty(lambda r: [int(v) for v in r]))
    with pytest.raises(Mismatch):
        check(lambda x: x > 1, [1, 2])


def raising(error):
    def change(results):
        raise error

    return change


def test_wrong_exceptions_are_noticed(monkeypatch):
    monkeypatch.setattr(harness, "gilmap", Faulty(raising(ZeroDivisionError("division by zero"))))
    with pytest.raises(Mismatch):
        check(divide, [1, 2])
    swallowing = Faulty()
    swallowing.map = lambda function, *columns, **options: [0.0] * len(columns[0])
    monkeypatch.setattr(harness, "gilmap", swallowing)
    with pytest.raises(Mismatch):
        check(divide, [0, 0])

    def other_text(function, *columns, **options):
        try:
            return list(map(function, *columns))
        except ZeroDivisionError:
            raise ZeroDivisionError("other words") from None

    swallowing.map = other_text
    with pytest.raises(Mismatch):
        check(divide, [1, 0])


def test_the_first_exception_counts(monkeypatch):
    backwards = Faulty()
    backwards.map = lambda function, *columns, **options: list(map(function, *(c[::-1] for c in columns)))[::-1]
    monkeypatch.setattr(harness, "gilmap", backwards)
    with pytest.raises(Mismatch):
        check(divide, [1, 0, None])


def test_compiled_or_not_is_checked(monkeypatch):
    monkeypatch.setattr(harness, "gilmap", Faulty(compiled=False))
    with pytest.raises(Mismatch, match="made up"):
        check(divide, [1], compiled=True)
    check(divide, [1], compiled=False)
    monkeypatch.setattr(harness, "gilmap", Faulty(compiled=True))
    with pytest.raises(Mismatch):
        check(divide, [1], compiled=False)


def test_same():
    assert same(0.0, 0.0) and not same(0.0, -0.0) and not same(1, 1.0) and not same(1, True)
    assert same(NAN, NAN) and not same(NAN, NEGATIVE_NAN) and same(NAN, NEGATIVE_NAN, nan="any")
    assert same((1, [2.5, None]), (1, [2.5, None])) and not same((1, [2.5]), (1, [2])) and not same((1,), [1])
    assert same(2**70, 2**70) and same("a", "a") and same(1 + 2j, 1 + 2j) and not same(complex(0.0, -0.0), 0j)


def test_recursion_errors_are_alike():
    assert Raised.of(RecursionError("one")) == Raised.of(RecursionError("two"))
    assert Raised.of(ValueError("one")) != Raised.of(ValueError("two"))
    assert Raised.of(ValueError("one")) != Raised.of(TypeError("one"))


def test_nan_of_two_kinds_is_ambiguous():
    """CPython keeps one of two NaNs before an addition is specialised and may keep the other after."""
    code = compile("def f(x, y):\n    return x - y", "<two>", "exec")
    names = {}
    exec(code, names)
    assert isinstance(names["f"], types.FunctionType)
    assert not nan_is_ambiguous(names["f"], (NAN, NEGATIVE_NAN))
    assert not nan_is_ambiguous(names["f"], (1.0, NEGATIVE_NAN))
    assert nan_is_ambiguous(abs, (NAN,)) is False
