"""backend="subinterp": what is shipped, what crosses, which exceptions are raised."""

import pytest
from gilmap import _gilmap

from tests.python.interpreters_support import in_process

FUNCTIONS = {
    "global and helper": "k = 3\ndef helper(x): return x * k\nf = lambda x: helper(x) + k",
    "recursion": "def f(n): return 1 if n < 2 else n * f(n - 1)",
    "mutual recursion in closures": """
def make():
    def even(n): return n == 0 or odd(n - 1)
    def odd(n): return n != 0 and even(n - 1)
    return lambda n: even(n)
f = make()""",
    "defaults": "def f(x, y=[1, 2], *, z={'a': 1}): return x, y, z",
    "partial": "f = functools.partial(lambda a, b: [a, b], 2)",
    "bound method": "class A:\n    c = 9\n    def __init__(self, v): self.v = v\n    def m(self, x): return self.v * x, self.c\nf = A(3).m",
    "callable instance": "class A:\n    def __call__(self, x): return str(x)\nf = A()",
    "class with super": "class A:\n    def __init__(self, v): self.v = v\nclass B(A):\n    def __init__(self, v): super().__init__(v + 1)\nf = lambda x: B(x).v",
    "dataclass": "import dataclasses\n@dataclasses.dataclass\nclass P:\n    x: int\n    y: list = dataclasses.field(default_factory=list)\nf = P",
    "enum": "import enum\nclass C(enum.Enum):\n    RED = 0\n    BLUE = 1\nf = lambda x: C(x % 2)",
    "lru_cache": "@functools.lru_cache\ndef fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)\nf = lambda x: fib(x)",
    "exec": "n = {}\nexec('q = 1\\ndef g(x): return str(x + q)', n)\nf = n['g']",
    "builtin": "import math\nf = math.sqrt",
    "submodule": "import xml.etree.ElementTree\ndef f(x): return xml.etree.ElementTree.fromstring(f'<a b=\"{x}\"/>').get('b')",
    "big ints, floats, strings, bytes": "f = lambda x: [x, x / 3, None, True, str(x), bytes(3), 2**70 + x, (x,), {x}, 1j][x % 10]",
    "buffers keep their type": "f = lambda x: [bytearray(b'a' * x), (bytearray(b'b'),)]",
    "local import": "def f(x):\n    import hashlib\n    return hashlib.sha256(bytes(x)).hexdigest()",
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name):
    in_process(FUNCTIONS[name] + "\nsame(f, range(60))")


@pytest.mark.parametrize(
    "modules",
    ["datetime", "decimal", "ssl", "hashlib", "asyncio", "sqlite3", "statistics", "zoneinfo", "json, re, random, csv"],
)
def test_a_module_imported_first_in_the_workers(modules):
    in_process(f"""
def f(x):
    import {modules}
    return x + 1
for _ in range(3):
    same(f, range(200))
    gilmap.shutdown_workers()
""")


def test_a_module_that_refuses_runs_in_the_caller():
    pytest.importorskip("numpy")
    in_process("import numpy as np\nsame(lambda x: float(np.sin(x)), range(20))")


def test_several_columns_and_shortest():
    in_process("same(lambda a, b: (a, b), range(100), [str(i) for i in range(70)])")


def test_stop_iteration_ends_the_list():
    in_process("""
def f(x):
    if x == 700: raise StopIteration
    return x
assert sub(f, range(2000)) == list(range(700))
""")


def test_special_values():
    in_process("""
xs = [0.0, -0.0, 2**63 - 1, -2**63, 2**63, True, None, "\\udc80", float("inf")]
assert repr(sub(lambda x: x, xs)) == repr(xs)
""")


def test_a_changed_global_is_seen():
    in_process("""
k = 1
f = lambda x: x + k
assert sub(f, range(5)) == [1, 2, 3, 4, 5]
k = 2
assert sub(f, range(5)) == [2, 3, 4, 5, 6]
table = [0]
g = lambda x: (table.append(x), len(table))[1]
assert sub(g, [1], workers=1) == [2]
assert sub(g, [1], workers=1) == [2]
""")


@pytest.mark.parametrize("value", ["threading.Lock()", "sys.stdout", "(i for i in [1])"])
def test_what_cannot_be_shipped_is_named(value):
    in_process(f"""
thing = {value}
message = str(raises(ValueError, sub, lambda x: thing, range(3)))
assert "'thing'" in message and type(thing).__name__ in message, message
same(str, range(5))
""")


def test_what_cannot_come_back():
    in_process("""
message = str(raises(ValueError, sub, lambda x: (i for i in [x]) if x == 5 else x, range(9)))
assert "element 5" in message, message
""")


def test_errors():
    in_process("""
import copy, pickle
class Mine(Exception):
    def __init__(self, a, b):
        super().__init__(f"{a}-{b}")
        self.a = a
def f(x):
    if x >= 600:
        error = Mine(x, "q")
        error.add_note("a note")
        raise error from KeyError("k")
    return x
e = raises(Mine, sub, f, range(3000))
assert isinstance(e, RuntimeError) and str(e) == "600-q" and e.a == 600 and e.args == ("600-q",)
assert e.__notes__ == ["a note"] and isinstance(e.__cause__, KeyError) and e.__cause__.args == ("k",)
assert "in f" in str(e.__cause__.__cause__)
for kind, g in [(ValueError, lambda x: int("a")), (KeyError, lambda x: {}[x]), (ZeroDivisionError, lambda x: 1 / 0),
                (UnicodeDecodeError, lambda x: b"\\xff".decode()), (FileNotFoundError, lambda x: open("/nowhere")),
                (RecursionError, lambda x: (lambda h: h(h))(lambda h: h(h))), (NameError, lambda x: nothing)]:
    e = raises(kind, sub, g, range(50))
    assert isinstance(e, RuntimeError) and isinstance(e, kind)
    for other in (pickle.loads(pickle.dumps(e)), copy.copy(e)):
        assert type(other) is type(e) and str(other) == str(e), other
    assert str(e) == str(raises(kind, lambda: list(map(g, range(50))))), e
same(str, range(9))
""")


def test_an_exception_that_cannot_be_rebuilt():
    in_process("""
class Bad(Exception):
    def __reduce__(self): raise TypeError
    def __init_subclass__(cls): raise TypeError
def f(x): raise Bad("words")
e = raises(RuntimeError, sub, f, range(5))
assert "words" in str(e), e
""")


def test_recursion_limit_is_the_callers():
    in_process("""
def deep(n): return 0 if n == 0 else 1 + deep(n - 1)
def least(run):
    low, high = 1, 2000
    while high - low > 1:
        n = (low + high) // 2
        try: run(deep, [n])
        except RecursionError: high = n
        else: low = n
    return low
assert abs(least(lambda f, xs: list(map(f, xs))) - least(sub)) <= 4
""")


def test_output_in_whole_lines():
    out = in_process("""
def f(x):
    print("line", end=" ")
    print(x, "of a worker")
sub(f, range(2000))
""")
    assert sorted(out.splitlines()) == sorted(f"line {x} of a worker" for x in range(2000))


def test_arrays():
    np, pa = pytest.importorskip("numpy"), pytest.importorskip("pyarrow")
    assert np and pa
    in_process("""
import numpy as np, pyarrow as pa
xs = np.arange(3000).reshape(30, 100)
assert (sub(lambda x: int(str(x)) + 1, xs) == xs + 1).all()
ys = pa.chunked_array([pa.array([1, None, 3]), pa.array([4.5, None]).cast(pa.int64(), safe=False)])
assert sub(lambda x: int(str(x)), ys).to_pylist() == ys.to_pylist()
""")


STATES = {
    "a global": "n = 0\ndef f(x):\n    global n\n    n += 1\n    return n",
    "a variable of a function around": """
def make():
    n = 0
    def f(x):
        nonlocal n
        n += 1
        return n
    return f
f = make()""",
    "an attribute of a class": "class C: n = 0\ndef f(x):\n    C.n += 1\n    return C.n",
    "an attribute of a function": "def f(x):\n    f.n = getattr(f, 'n', 0) + 1\n    return f.n",
    "a list in a class": "class C: seen = []\ndef f(x):\n    C.seen.append(x)\n    return len(C.seen)",
    "a list of a function": "def f(x):\n    f.seen.append(x)\n    return len(f.seen)\nf.seen = []",
    "globals()": "n = 0\ndef f(x):\n    globals()['n'] += 1\n    return n",
    "a default": "def f(x, seen=[]):\n    seen.append(x)\n    return len(seen)",
}


@pytest.mark.parametrize("name", STATES)
def test_state_is_copied_anew_for_each_call(name):
    in_process(f"""
{STATES[name]}
for _ in range(5): assert sub(f, [0]) == [1]
""")


def test_what_can_be_changed_is_built_once_for_a_call():
    out = in_process("""
class Table:
    def __init__(self): self.words = {k: str(k) for k in range(100)}
    def __setstate__(self, state):
        self.__dict__.update(state)
        print("built")
    def __del__(self): print("let go")
table = Table()
for _ in range(2):
    assert sub(lambda x: table.words[x % 100], range(20000)) == [str(x % 100) for x in range(20000)]
    time.sleep(0.2)
    print("over")
sub(int, [1])
del table
""")
    first, second, rest = out.split("over\n")
    cpus = _gilmap.available_cpus()
    assert 1 <= first.count("built") <= cpus
    assert 1 <= second.count("built") <= cpus
    assert out.count("let go") > first.count("built"), "it lives on when the call is over"


def test_a_package_whose_import_is_cut_short():
    """asyncio has submodules without extensions before one with: the second try must start from nothing."""
    in_process("""
assert "asyncio" not in sys.modules
def f(x):
    import asyncio, concurrent.futures.thread
    async def g(): return x, concurrent.futures.thread.__name__
    return asyncio.run(g())
assert sub(f, range(50)) == [(x, "concurrent.futures.thread") for x in range(50)]
""")


def test_exceptions_keep_what_they_have():
    in_process("""
import dataclasses, json, copy, pickle
@dataclasses.dataclass(frozen=True)
class Frozen(Exception):
    code: int
class Refuses(Exception):
    def __setattr__(self, name, value): raise TypeError("immutable")
class Reduces(Exception):
    def __reduce__(self): return Reduces, (1, 2, 3), {"w": 9}
class Slots(ValueError):
    __slots__ = ("q",)
    def __init__(self, q): self.q = q
class Locked(Exception):
    def __init__(self):
        super().__init__("m")
        self.lock, self.number = threading.Lock(), 3
class LockedArguments(Exception): pass
def chain():
    error = ValueError(0)
    for i in range(2000):
        following = ValueError(i)
        following.__cause__ = error
        error = following
    return error
def circle():
    error, other = ValueError("a"), KeyError("b")
    error.__cause__, other.__cause__ = other, error
    return error
errors = {
    "json": lambda: json.loads('{"a"'), "frozen": lambda: Frozen(4), "refuses": lambda: Refuses(3),
    "reduces": lambda: Reduces("x"), "slots": lambda: Slots(5), "blocking": lambda: BlockingIOError(11, "x", 5),
    "os": lambda: FileNotFoundError(2, "no", "name"), "import": lambda: ImportError("m", name="n", path="p"),
    "unicode": lambda: b"a\\xff".decode(), "chain": chain, "circle": circle,
    "base group": lambda: BaseExceptionGroup("g", [KeyboardInterrupt(1), TypeError(2)]),
}
def f(name):
    raise errors[name]()
names = "errno filename strerror characters_written lineno doc pos code q name path start end reason".split()
for name in errors:
    here, there = raises(BaseException, f, name), raises(BaseException, sub, f, [name])
    assert isinstance(there, type(here)), (name, there)
    assert name == "base group" or isinstance(there, RuntimeError)
    assert str(here) == str(there) and repr(here.args) == repr(there.args), (name, there.args)
    assert vars(here) == vars(there), (name, vars(there))
    for attribute in names:
        assert getattr(here, attribute, None) == getattr(there, attribute, None), (name, attribute)
    if name not in ("base group", "circle", "chain"):
        for other in copy.copy(there), pickle.loads(pickle.dumps(there)):
            assert type(other) is type(there) and other.args == there.args and vars(other) == vars(there)

def locked(x):
    raise Locked() if x else LockedArguments(threading.Lock(), 7)
error = raises(Locked, sub, locked, [1])
assert error.number == 3 and error.args == ("m",)
assert raises(LockedArguments, sub, locked, [0]).args[1] == 7

def in_context(x):
    try: 1 / 0
    except ZeroDivisionError as first:
        if x: raise ValueError("v")
        raise ValueError("v") from first
for x in (0, 1):
    error = raises(ValueError, sub, in_context, [x])
    assert type(error.__context__).__mro__[1] is ZeroDivisionError
assert raises(ValueError, sub, in_context, [0]).__cause__ is not None
""")


CLASSES = """
import enum, typing
from typing import Generic, Protocol, TypeVar
class Init(enum.Enum):
    E, F = (1, 2), (3, 4)
    def __init__(self, a, b): self.a, self.b, self.seen = a, b, [a]
    @property
    def total(self): return self.a + self.b
class New(bytes, enum.Enum):
    def __new__(cls, v, label):
        made = bytes.__new__(cls, [v])
        made._value_, made.label = v, label
        return made
    X, Y = (1, "q"), (2, "w")
class Missing(enum.Enum):
    A, B, C = 1, 1, 2
    @classmethod
    def _missing_(cls, value): return cls.C
    def __str__(self): return "my " + self.name
class Base(enum.Enum):
    def __init__(self, a): self.square = a * a
    @staticmethod
    def _generate_next_value_(name, start, count, last): return count + 10
class Derived(Base):
    P, Q = enum.auto(), enum.auto()
class Bits(enum.Flag, boundary=enum.KEEP):
    A, B, AB = 1, 2, 3
class IntBits(enum.IntFlag):
    A, B = 1, 4
class Text(enum.StrEnum):
    A, B = enum.auto(), "x"
class Hundreds(enum.IntEnum):
    A, B = 1, 2
    def __new__(cls, v):
        made = int.__new__(cls, v * 100)
        made._value_ = v
        return made
class Pair(tuple, enum.Enum):
    A, B = (1, 2), (3, 4)
T, U, V = TypeVar("T"), TypeVar("U", bound=int), TypeVar("V", int, str)
class G(Generic[T]):
    def __init__(self, v): self.v = v
class H(G[int], Generic[U]): pass
class New695[K]:
    def __init__(self, v): self.v = v
class Proto(Protocol[T]):
    def m(self) -> T: ...
class Impl(Proto[int]):
    def m(self): return 4
class Named(typing.NamedTuple, Generic[T]):
    a: T
"""


@pytest.mark.parametrize(
    "expression",
    [
        "Init.E.total, Init((3, 4)).name, Init.F.seen, list(Init)",
        "New.X.label, New(2).label, bytes(New.Y), New.X.value",
        "Missing.B.name, Missing(99).name, str(Missing.A)",
        "Derived.P.square, Derived.Q.value, Derived(11).name",
        "str(Bits(9)), (Bits.A | Bits.B) is Bits.AB, repr(~Bits.A), repr(IntBits(7)), IntBits.A | IntBits.B | 8",
        "Text.A + 'z', f'{Text.B}', Hundreds.A + 1, Hundreds.A.value, Hundreds(2) + 0, Pair.A[1], Pair((3, 4)).name",
        "[Init.E, New.X, Bits.AB, Hundreds.B, Derived.P]",
        "G[int](x).v, H(x).v, H[int](x).v, H.__orig_bases__[0].__args__, New695[int](x).v, Impl().m(), Named(x)",
        "G.__parameters__[0].__name__, U.__bound__, V.__constraints__",
    ],
)
def test_classes_by_value(expression):
    in_process(f"{CLASSES}same(lambda x: ({expression}), range(9))")
