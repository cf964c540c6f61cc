"""Every hand-written function, in every mode: its own columns, odd elements, huge numbers, side effects."""

from collections import Counter
from dataclasses import replace

import gilmap
import pytest

from tests.differential.cases import load
from tests.differential.harness import MODES, Mismatch
from tests.differential.outcomes import outcome, same, show

pytestmark = pytest.mark.filterwarnings("ignore:Bitwise inversion:DeprecationWarning")

CASES, EFFECTS = load()


def _identified(cases):
    """Parameters with names: a function that is registered twice gets a number."""
    seen = Counter()
    parameters = []
    for item in cases:
        seen[item.name] += 1
        number = f"-{seen[item.name]}" if seen[item.name] > 1 else ""
        parameters.append(pytest.param(item, id=item.name + number))
    return parameters


@pytest.mark.parametrize("item", _identified(CASES))
def test_function(item):
    item.check()


@pytest.mark.parametrize("item", _identified([c for c in CASES if c.odd]))
def test_odd_elements(item):
    item.check_odd()


@pytest.mark.parametrize("item", _identified([c for c in CASES if c.huge]))
def test_huge_numbers(item):
    item.check_huge()


def _run(call, make):
    """The result or exception of a call with a function made afresh, and then what the function did."""
    function, effects = make()
    kind, result = outcome(call, (function,))
    if kind == "raised":
        result = replace(result, frames=())  # those of the test differ
    return (kind, result), effects()


@pytest.mark.parametrize("item", _identified(EFFECTS))
def test_side_effects(item):
    expected, effects = _run(lambda f: list(map(f, *item.columns)), item.make)
    for mode in MODES:
        if mode.compiled or mode.container.typed:
            continue
        result, seen = _run(lambda f: gilmap.map(f, *item.columns, **mode.options), item.make)
        if not same(expected, result) or not same(effects, seen):
            raise Mismatch(
                f"{item.name}, {mode.name}: {show(result)} {show(seen)}, not {show(expected)} {show(effects)}"
            )


@pytest.mark.parametrize("item", _identified(EFFECTS))
def test_side_effects_are_not_compiled(item):
    function, effects = item.make()
    assert gilmap.explain(function, *item.columns)["backend"] != "jit"
    with pytest.raises(ValueError):
        gilmap.map(function, *item.columns, backend="jit")
    seen = effects()
    _, untouched = item.make()
    assert same(seen, untouched()), "explain or a refused call has run the function"


def test_there_are_enough_functions():
    names = {item.name for item in CASES} | {item.name for item in EFFECTS}
    assert len(names) >= 320
