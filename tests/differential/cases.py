"""The table of hand-written functions: a decorator that gives a function its columns.

    @case(ints(0, 300))
    def count_divisors(n): ...

The decorator returns the function as it is. It can be stacked; what is not a `def` is registered
by a call: `case(ints(0, 9), name="add three")(functools.partial(add, 3))`.
"""

import importlib
import pkgutil
import sys
from dataclasses import dataclass

from tests.differential import functions
from tests.differential.harness import check, check_elsewhere
from tests.differential.values import SIZES, pair, with_huge_values, with_odd_values


@dataclass(frozen=True)
class Case:
    name: str
    function: object
    columns: list
    compiled: bool | None
    odd: bool
    huge: bool
    nan: str

    def check(self):
        sizes = SIZES if self.compiled else ()
        check(self.function, *self.columns, compiled=self.compiled, sizes=sizes)

    def check_elsewhere(self):
        check_elsewhere(self.function, *self.columns)

    def check_odd(self):
        check(self.function, *with_odd_values(self.columns), nan=self.nan)

    def check_huge(self):
        check(self.function, *with_huge_values(self.columns))


@dataclass(frozen=True)
class EffectCase:
    """A function with side effects, made afresh for each run: `make()` gives it and a way to see its effects."""

    name: str
    make: object
    columns: list


CASES: list[Case] = []
EFFECTS: list[EffectCase] = []


def case(*columns, compiled=True, odd=True, huge=False, nan="bits", name=None):
    """Register a function for these columns.

    compiled: must it run as machine code (True), must it not (False), or either (None)?
    odd: it ends quickly, or raises, for any small value of any type.
    huge: it ends quickly for any number, however large.
    nan: "any" if odd values make NaNs of both signs meet, which docs/semantics.md leaves open.
    """

    module = sys._getframe(1).f_globals["__name__"].rpartition(".")[2]

    def register(function):
        label = name or function.__name__
        CASES.append(Case(f"{module}.{label}", function, pair(columns), compiled, odd, huge, nan))
        return function

    return register


def effect(*columns):
    def register(make):
        EFFECTS.append(EffectCase(make.__name__, make, pair(columns)))
        return make

    return register


def load():
    """Import every module of functions; (cases, effect cases)."""
    for module in pkgutil.iter_modules(functions.__path__):
        importlib.import_module(f"{functions.__name__}.{module.name}")
    return CASES, EFFECTS
