"""What CPython runs of elements that are left to it has no effects, or the function is not compiled.

`except` blocks and the way to a raise are not lifted. An effect there would come out of order, and too late for
elements that a kernel has computed with what it baked in.
"""

import types

import gilmap
import pytest

from tests.differential.harness import MODES, check, why_not_compiled
from tests.differential.outcomes import outcome, same, show

COLUMN = [0, 1, 2, 3, 4, 5, 6, -1, -3, 9]

EFFECTS = {
    "calls_a_function_that_counts": """
def bump():
    global K
    K += 1
    return 5

def f(x):
    try:
        y = 1 // (x % 3)
    except ZeroDivisionError:
        bump()
        y = 7
    return x + K + y
""",
    "counts_in_its_handler": """
def f(x):
    global K
    try:
        y = 1 // (x % 3)
    except ZeroDivisionError:
        K += 1
        y = 7
    return x + K + y
""",
    "raises_an_exception_that_counts": """
class Counted(Exception):
    made = 0

    def __init__(self, x):
        Counted.made += 1

def f(x):
    try:
        if x % 3 == 0:
            raise Counted(x)
        return x + Counted.made
    except Counted:
        return -x
""",
    "appends_before_a_raise": """
def f(x):
    if x < 0:
        log.append(x)
        raise ValueError(x)
    return x
""",
    "appends_in_the_argument_of_an_exception": """
def f(x):
    if x < 0:
        raise ValueError(log.append(x))
    return x
""",
    "appends_in_an_assertion": """
def f(x):
    assert x >= 0, log.append(x)
    return x
""",
    "appends_in_finally": """
def f(x):
    try:
        return 6 // x
    except ZeroDivisionError:
        return 0
    finally:
        log.append(x)
""",
    "appends_through_a_local_name": """
def f(x):
    put = log.append
    try:
        return 6 // x
    except ZeroDivisionError:
        put(x)
        return 0
""",
    "writes_to_a_table": """
def f(x):
    try:
        return 6 // x + len(table)
    except ZeroDivisionError:
        table[x] = 1
        return 0
""",
    "writes_an_attribute": """
class Box:
    n = 0

def f(x):
    try:
        return 6 // x + Box.n
    except ZeroDivisionError:
        Box.n = 1
        return 0
""",
    "counts_two_calls_away": """
def deeper(x):
    global K
    K += x
    return K

def deep(x):
    return deeper(x + 1)

def f(x):
    if x == 3:
        raise KeyError(deep(x))
    return x + K
""",
    "counts_through_sorted": """
def key(x):
    global K
    K += 1
    return x

def f(x):
    try:
        return 6 // x + K
    except ZeroDivisionError:
        return sorted((3, 1, 2), key=key)[0]
""",
    "counts_in_a_generator": """
def key(x):
    global K
    K += 1
    return x

def f(x):
    try:
        return 6 // x + K
    except ZeroDivisionError:
        return sum(key(i) for i in range(3))
""",
    "appends_in_a_called_function": """
def g(x):
    try:
        return 6 // x
    except ZeroDivisionError:
        log.append(x)
        return 0

def f(x):
    return g(x) + g(x - 1) + len(log)
""",
}

HARMLESS = {
    "formats_its_message": """
def f(x):
    if x < 0:
        raise ValueError(f"{x!r} is {'negative':>9} of {K:d}, {x + 1}")
    return x * K
""",
    "joins_and_formats": """
def f(x):
    if x < 0:
        raise ValueError(", ".join(str(i) for i in range(3)) + "{}".format(x) + "%d" % x)
    return x * K
""",
    "has_an_exception_class_of_its_own": """
class Negative(ValueError):
    pass

class Coded(Negative):
    def __init__(self, code, text="no"):
        super().__init__(f"{text} {code}")
        self.code = code

def f(x):
    if x == -1:
        raise Negative(x)
    if x < 0:
        raise Coded(x)
    return x * K
""",
    "raises_through_a_helper": """
def fail(x):
    raise ValueError("bad " + repr(x))

def check(x):
    if x < 0:
        fail(x)
    return x

def f(x):
    return check(x) * K
""",
    "handles_with_arithmetic": """
import math

def other(x):
    return math.floor(x / 2) + abs(x)

def f(x):
    try:
        return 6 // x
    except (ZeroDivisionError, ValueError) as error:
        return other(len(str(error))) + max(x, 1)
""",
    "raises_from": """
def f(x):
    try:
        return 6 // x
    except ZeroDivisionError as error:
        raise ValueError("zero") from error
""",
    "raises_an_unknown_name": """
def f(x):
    if x < 0:
        raise NoSuchError(x)
    return x
""",
}


def make(source):
    names = {"log": [], "table": {}, "K": 1}
    exec(source, names)
    return names


@pytest.mark.parametrize("name", EFFECTS)
def test_effects_are_not_compiled(name):
    assert why_not_compiled(make(EFFECTS[name])["f"], COLUMN) is not None
    assert gilmap.explain(make(EFFECTS[name])["f"], COLUMN)["side_effects"]


@pytest.mark.parametrize("name", EFFECTS)
def test_effects_come_in_order_and_once(name):
    column = COLUMN + [2.5, None, -2, 2**70, -1.0] + COLUMN * 3000

    def run(call):
        names = make(EFFECTS[name])
        result = outcome(call, (names["f"],))
        return result[0], getattr(result[1], "text", result[1]), names["log"], names["table"], names["K"]

    expected = run(lambda f: list(map(f, column)))
    for mode in MODES:
        if not mode.container.typed and not mode.compiled:
            result = run(lambda f: gilmap.map(f, column, **mode.options))
            assert same(expected, result), f"{mode.name}: {show(result)}, not {show(expected)}"


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_paths_are_compiled(name):
    check(make(HARMLESS[name])["f"], COLUMN, compiled=True)


def test_helper_of_a_handler_that_changes():
    module = types.ModuleType("changing")
    exec("def g(x):\n    return 3\n", vars(module))
    exec(
        "def f(x):\n    try:\n        return 6 // x + K\n    except ZeroDivisionError:\n        return g(x)",
        vars(module),
    )
    module.K = 0
    check(module.f, COLUMN, compiled=True)
    exec("def g(x):\n    global K\n    K += 1\n    return 3\n", vars(module))
    assert why_not_compiled(module.f, COLUMN) is not None
    expected = list(map(module.f, COLUMN * 300))
    module.K = 0
    assert gilmap.map(module.f, COLUMN * 300) == expected
