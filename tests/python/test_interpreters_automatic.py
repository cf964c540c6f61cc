"""Functions that go to worker interpreters by themselves: only those of which nobody can tell."""

import collections
import json
import math
import operator
import re
import subprocess
import sys

import pytest
from gilmap import _gilmap, _interpreters

from tests.python.interpreters_support import in_process
from tests.python.support import environment

pytestmark = pytest.mark.skipif(_gilmap.available_cpus() < 2, reason="the workers are of use beside another CPU only")

PRELUDE = """
import collections, contextlib, io, os, sys, warnings
from gilmap import _gilmap

_gilmap.count_losses(False)  # another program may keep the other CPUs from being of use

class Routes:
    '''What gilmap says on standard error of where calls ran.'''
    def __enter__(self):
        self.reader, writer = os.pipe()
        self.kept = os.dup(2)
        os.dup2(writer, 2)
        os.close(writer)
        return self
    def __exit__(self, *_):
        sys.stderr.flush()
        os.dup2(self.kept, 2)
        self.text = os.read(self.reader, 1 << 16).decode()

def busy():
    '''Some 100 µs of what is not compiled.'''
    words = {}
    for k in range(600):
        word = str(k % 37)
        words[word] = words.get(word, 0) + 1
    return len(words)

def outcome(call):
    try:
        got = call()
    except BaseException as error:
        return type(error), error.args, str(error)
    return got, [type(x) for x in got]

def check(f, *columns, goes=True):
    expected = outcome(lambda: list(map(f, *columns)))
    with Routes() as routes:
        got = outcome(lambda: gilmap.map(f, *columns, debug=True))
    assert got == expected, (got, expected)
    assert (", in worker interpreters" in routes.text) == goes, routes.text
"""


def script(text, **options):
    return in_process(PRELUDE + text, timeout=120, **options)


def test_values_and_types():
    script("""
def f(x):
    n = busy()
    return [None, x, float(x), x > 2000, str(x), x << 80, (x, "a"), [x], {"k": x}, b"b" * (x % 7), 1j * x][x % 11]

check(f, list(range(3000)))
check(f, tuple(range(3000)))
check(f, range(3000))
check(lambda s: (busy(), s.upper()), [f"word {k}" for k in range(3000)])
check(lambda a, b: (busy(), a, b), list(range(3000)), [str(k) for k in range(2500)])
""")


def test_the_exception_is_the_one_of_map():
    script("""
def f(x):
    busy()
    if x >= 2500:
        raise KeyError(f"element {x}")
    return str(x)

check(f, list(range(4000)), goes=False)  # it raises in the end, in this interpreter
try:
    gilmap.map(f, list(range(4000)))
except KeyError as error:
    frames = []
    trace = error.__traceback__
    while trace:
        frames.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    assert type(error) is KeyError and error.args == ("element 2500",) and frames[-1] == "f", (error, frames)
else:
    raise AssertionError

def stops(x):
    busy()
    if x == 2500:
        raise StopIteration
    return [x]

assert gilmap.map(stops, list(range(4000))) == [[k] for k in range(2500)]
""")


def test_what_can_be_changed_stays():
    """Arguments that the function writes to, and results that share something with another."""
    script("""
def grow(x):
    busy()
    x.append(len(x))
    return x

lists = [[k] for k in range(2000)]
got = gilmap.map(grow, lists)
assert got == [[k, 1] for k in range(2000)] and all(a is b for a, b in zip(got, lists))

class Number(int):
    pass

check(lambda x: (busy(), x), [4, [5], "x"] * 700)
check(lambda x: (busy(), x), [Number(3), 4, "x"] * 700, goes=False)
""")


def test_a_set_keeps_its_order():
    script("""
def f(x):
    busy()
    return {f"{x}a", f"{x}b", f"{x}c", x}

xs = list(range(2000))
assert [list(s) for s in gilmap.map(f, xs)] == [list(s) for s in map(f, xs)]
""")


def test_a_warning_is_shown_by_this_interpreter():
    script("""
def f(x):
    busy()
    if x == 1500:
        return str(~(x > 3))
    return str(x)

xs = list(range(3000))
for call in (lambda: list(map(f, xs)), lambda: gilmap.map(f, xs)):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    assert [str(w.message)[:20] for w in caught] == [str(w.message)[:20] for w in caught][:1], caught
    assert len(caught) == (1 if sys.version_info >= (3, 12) else 0), caught
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert outcome(call)[0] is DeprecationWarning
""")


def test_the_next_call_sees_what_has_changed():
    script("""
K = 1
def helper(x):
    return [x, K]
def f(x):
    busy()
    return helper(x)

xs = list(range(2000))
check(f, xs)
check(f, xs)
K = 2
check(f, xs)
def helper(x):
    return (K, x)
check(f, xs)
f.__defaults__ = (5,)
check(f, xs)
""")


def test_a_kept_function_runs_in_the_surroundings_of_its_call():
    script("""
def f(s): return busy(), len(str(10 ** int(s)))
def g(s): return busy(), len(str(10 ** int(s))), 0
few, many = ["10"] * 3000, ["10"] * 1000 + ["5000"] * 2000
check(f, few)
sys.set_int_max_str_digits(0)
check(g, many)
sys.set_int_max_str_digits(4300)
check(f, many, goes=False)
sys.set_int_max_str_digits(0)
assert gilmap.map(g, many) == list(map(g, many))
""")


def test_a_traced_program_sees_each_call():
    script("""
seen = []
def trace(frame, event, arg):
    if frame.f_code.co_name == "traced":
        seen.append(event)

def traced(x):
    return [busy(), x]

xs = list(range(1500))
sys.setprofile(trace)
gilmap.map(traced, xs)
sys.setprofile(None)
assert seen.count("call") == len(xs), len(seen)
""")


def test_threads_and_lists_that_they_change():
    """A list is what it was when its rows began to be sent."""
    script("""
xs = [f"{k}" for k in range(3000)]
def f(x):
    busy()
    return x + "!"

stop = threading.Event()
def meddle():
    while not stop.is_set():
        xs.append("0")
        xs.pop()
thread = threading.Thread(target=meddle)
thread.start()
try:
    for _ in range(3):
        got = gilmap.map(f, xs)
        assert got[:3000] == [f"{k}!" for k in range(3000)] and len(got) <= 3001
finally:
    stop.set()
    thread.join()
""")


# ---------------------------------------------------------------- which functions go

limit = 100
nan = float("nan")
letters = frozenset("ab")
words = ("a", frozenset({"x", "y"}))
shared: list[int] = []
table = {1: 2}
pattern = re.compile("a+")


class Point:
    def __init__(self, x):
        self.x = x


def helper(x):
    return str(x + limit)


def recursive(x):
    return "" if x <= 0 else str(x) + recursive(x - 1)


def makes_closures(x):
    total = 0

    def add(k):
        nonlocal total
        total += k
        return total

    return [add(k) for k in range(x)]


def counts(x):
    return collections.Counter(str(x)).most_common(2)


def generator_inside(x):
    def digits():
        yield from str(x)

    return "".join(digits())


def comprehension(x):
    return {k: [v for v in str(k)] for k in range(x)}


def with_try(x):
    try:
        return int("x" * x)
    except ValueError as error:
        return str(error)


GO = {
    "a helper and a constant": lambda x: helper(x),
    "recursion": recursive,
    "a closure of its own": makes_closures,
    "collections": counts,
    "a generator of its own": generator_inside,
    "comprehensions": comprehension,
    "exceptions": with_try,
    "a compiled pattern": lambda s: pattern.sub("b", s),
    "json": lambda x: json.dumps({"a": x}),
    "a method of str": str.upper,
    "str itself": str,
    "math beside str": lambda x: str(math.sqrt(x)),
    "f-string": lambda x: f"{x:>10}",
    "a search in a set": lambda s: str(s in {"a", "b"}) + str(s in letters),
    "a method of its own list": lambda x: [(out := []), (add := out.append), add(x), out][-1],
    "a key function of a builtin type": lambda s: sorted(s, key=str.lower),
    "functions in a list": lambda x: [g([x]) for g in [min, max, sum]] + sorted([x], key=abs),
    "a key function of its own": lambda s: sorted(s, key=lambda c: -ord(c)),
}


word = "word"


def with_default(x, f=helper):
    return str(f)


def appends(x):
    shared.append(x)
    return str(x)


def assigns(x):
    global limit
    limit = x
    return str(x)


def counter():
    total = 0

    def count(x):
        nonlocal total
        total += 1
        return [total, x]

    return count


def reads_a_dict(x):
    return str(table.get(x))


def is_it(x):
    y = [x]
    return [y is x]


def own_globals(x):
    return str(globals())


def reaches(x):
    return str(x.__class__)


def opens(x):
    with open(f"/nowhere/{x}") as file:
        return file.read()


def imports(x):
    import random

    return [random.random()]


def attribute(x):
    helper.calls = x
    return str(x)


def own_class(x):
    return [Point(x).x]


STAY = {
    "append": (appends, "shared"),
    "global": (assigns, "limit"),
    "nonlocal": (counter(), "total"),
    "a shared dict": (reads_a_dict, "table"),
    "identity": (is_it, "identity"),
    "globals()": (own_globals, "globals"),
    "a dunder": (reaches, "__class__"),
    "a file": (opens, "open"),
    "an import": (imports, "random"),
    "an attribute of a function": (attribute, "helper"),
    "a class of the program": (own_class, "Point"),
    "print": (lambda x: print(x), "print"),
    "input": (lambda x: input(x), "input"),
    "id": (lambda x: str(id(x)), "id"),
    "hash": (lambda x: str(hash(x)), "hash"),
    "getattr": (lambda x: getattr(x, "real"), "getattr"),
    "eval": (lambda x: eval(x), "eval"),
    "sys": (lambda x: str(sys.argv), "sys"),
    "the order of a set": (lambda x: str(list(letters)), "set"),
    "the order of a set literal": (lambda x: [c for c in {"a", "b", x}][:0] + [c for c in {"a", "b"}], "set"),
    "a set in a tuple": (lambda x: str(words), "set"),
    "a NaN": (lambda x: str(x in [nan]), "NaN"),
    "math.nan": (lambda x: str(x in [math.nan]), "NaN"),
    "the text of a function": (lambda x: f"{helper}{x}", "helper"),
    "a function as an argument": (lambda x: list(map(helper, [x])), "helper"),
    "the text of a method": (lambda x: str(word.upper) + str(x), "upper"),
    "the text of a library function": (lambda x: str(json.dumps) + str(x), "dumps"),
    "a class of a library as data": (lambda x: str({collections.Counter, x}), "Counter"),
    "a set of builtins": (lambda x: [g([x]) for g in {min, max, sum, len}], "len"),
    "a set of methods": (lambda s: [g(s) for g in {str.lower, str.upper}], "upper"),
    "a set of library functions": (lambda x: (s := set(), s.add(math.sin), s.add(math.cos), list(s)), "cos"),
    "a set of functions made from views": (lambda x: list({min: 1, max: 2}.keys() & [min, max]), "max"),
    "operator.is_": (lambda x: str(operator.is_(x, word)), "is_"),
    "a default": (with_default, "default"),
    "an instance": (collections.Counter().update, "Counter"),
}


@pytest.mark.parametrize("name", GO)
def test_goes(name):
    assert _interpreters.why_it_stays(GO[name]) is None


@pytest.mark.parametrize("name", STAY)
def test_stays(name):
    function, word = STAY[name]
    reason = _interpreters.why_it_stays(function)
    assert reason is not None
    assert word in reason or word == "Counter", reason


def test_a_replaced_builtin(monkeypatch):
    for replacement in (lambda c: 7, chr):
        monkeypatch.setattr("builtins.ord", replacement)
        assert "ord" in _interpreters.why_it_stays(lambda s: [ord(c) for c in s])


def test_what_shows_that_it_is_a_copy_stays():
    """Elements whose copy can be told apart are left to this interpreter: NaNs, which are found by identity."""
    script("""
nan = float("nan")
f = lambda x: (busy(), x in [x, 1.5], [x] == [x])
check(f, [nan, 1.5, 2.5] * 700)
check(f, [nan] * 1500, goes=False)
g = lambda t: (busy(), t in [t], t)
check(g, [(1, nan), (1, 2.5), (2, 3.5)] * 600)
""")


def test_an_exception_that_nobody_can_catch():
    """Of a generator that fails when it is dropped: the program's own hook gets it."""
    script("""
def f(x):
    busy()
    def g():
        try:
            yield 1
        finally:
            if x % 100 == 0: raise ValueError(x)
    for v in g():
        break
    return str(x)

xs = list(range(1500))
seen = []
sys.unraisablehook = lambda u: seen.append(u.exc_value.args)
expected = list(map(f, xs))
once = list(seen)
seen.clear()
assert gilmap.map(f, xs) == expected
assert seen == once, (seen, once)
""")


def test_explain_names_the_module_that_refuses():
    source = """
import gilmap
import numpy as np
from numpy import sqrt
for f in (lambda x: np.sort([x]), lambda x: str(sqrt(x)), lambda x: str(np), np.sin):
    answer = gilmap.explain(f)
    assert answer["backend"] == "inline", answer
    assert "numpy._core._multiarray_umath" in answer["reason"] or "numpy.core._multiarray_umath" in answer["reason"], answer
    assert "sub-interpreters" in answer["stays_because"]
"""
    pytest.importorskip("numpy")
    subprocess.run([sys.executable, "-c", source], check=True, env=environment(), timeout=60)


ELEMENTS = """
log, K = [], "k"
class Changes:
    def __init__(self, n): self.n = n
    def __add__(self, other):
        global K
        K = f"changed by {self.n}"
        log.append(self.n)
        return "c"

def see(f, xs):
    global K
    expected, seen = None, None
    for call in (lambda: list(map(f, xs)), lambda: gilmap.map(f, xs), lambda: gilmap.map(f, xs)):
        log.clear()
        K = "k"
        got = outcome(call), list(log), K
        expected = expected or got
        assert got == expected
"""


def test_what_an_element_changes_is_seen_by_those_behind_it():
    script(
        ELEMENTS
        + """
def f(x): return busy(), x + "", K
check(f, ["a"] * 3000)
xs = ["a"] * 3000
xs[2000] = Changes(1)
see(f, xs)
xs[2500] = Changes(2)
see(f, xs)
"""
    )


def test_nothing_happens_behind_an_element_that_raises():
    script(
        ELEMENTS
        + """
def f(x): return busy(), x + ""
check(f, ["a"] * 3000)
xs = ["a"] * 3000
xs[1000] = 5
for k in range(1100, 3000, 300): xs[k] = Changes(k)
see(f, xs)

def g(x):
    x.append(busy())
    return 1 // (x[0] - 1000), len(x)
for make in (lambda k: [k], lambda k: [k] if k > 1000 else (k,)):
    a, b = [make(k) for k in range(2000)], [make(k) for k in range(2000)]
    assert outcome(lambda: gilmap.map(g, a)) == outcome(lambda: list(map(g, b)))
    assert a == b
"""
    )


def test_a_function_that_lost_in_workers_is_tried_again():
    script("""
class Own:
    def __add__(self, other): return "own"
def f(x): return busy(), x + ""
xs = ["a"] * 3000
check(f, xs)
assert gilmap.explain(f, xs)["backend"] == "subinterp"
for _ in range(2): check(f, [*xs, Own(), *xs], goes=False)
told = gilmap.explain(f, xs)
assert told["backend"] == "inline" and "tried there again" in told["stays_because"], told
for _ in range(16): check(f, xs, goes=False)
check(f, xs)
""")
