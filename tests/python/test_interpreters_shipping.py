"""What goes to worker interpreters by value: classes and functions as they are now, whatever else made them."""

import pytest

from tests.python.interpreters_support import in_process

SHIPPED = {
    "a bound method under another name": """
class A: f = functools.partialmethod(lambda self, a, b: (a, b), 1)
f = A().f""",
    "a method put on an instance": """
class A: pass
def g(self, x): return type(self).__name__, x
import types
a = A()
a.other_name = types.MethodType(g, a)
f = lambda x: a.other_name(x)""",
    "a class method": "class A:\n    @classmethod\n    def f(cls, x): return cls.__name__, x\nf = A.f",
    "what was wrapped": """
def inner(x): return x
@functools.wraps(inner)
def wrapper(x): return inner(x)
f = lambda x: (wrapper(x), wrapper.__wrapped__.__name__)""",
    "singledispatch": """
@functools.singledispatch
def g(x): return "other"
@g.register(int)
def _(x): return "int"
f = lambda x: (g(x), g(str(x)))""",
    "weak dicts": """
import weakref
class A: pass
a = A()
d, e, s = weakref.WeakKeyDictionary({a: 1}), weakref.WeakValueDictionary({1: a}), weakref.WeakSet([a])
f = lambda x: (d[a], e[1] is a, a in s)""",
    "__init_subclass__, once only": """
class Base:
    subclasses = []
    def __init_subclass__(cls, tag, **options):
        super().__init_subclass__(**options)
        cls.tag = tag
        Base.subclasses.append(cls.__name__)
class Derived(Base, tag="t"): pass
f = lambda x: (Derived.tag, list(Base.subclasses))""",
    "a metaclass that does much": """
class Meta(type):
    made = []
    def __new__(meta, name, bases, names, *, size):
        cls = super().__new__(meta, name, bases, names)
        cls.size = size
        return cls
    def __init__(cls, name, bases, names, *, size):
        Meta.made.append(name)
    def __setattr__(cls, name, value):
        if name == "size" and hasattr(cls, "size"): raise TypeError
        super().__setattr__(name, value)
class A(metaclass=Meta, size=3): pass
f = lambda x: (A.size, list(Meta.made))""",
    "a TypedDict": "import typing\nclass T(typing.TypedDict): a: int\nf = lambda x: T(a=x)",
    "registered with an abstract class": """
import abc
class A(abc.ABC):
    @abc.abstractmethod
    def m(self): ...
class B: pass
A.register(B)
A.register(int)
def f(x):
    try: A()
    except TypeError: return isinstance(x, A), issubclass(B, A), isinstance("", A)""",
    "a class within a class": """
def outer():
    class A:
        class B: pass
    return A
A = outer()
f = lambda x: (A.B.__qualname__, A.__qualname__, A.B.__module__)""",
    "a type alias": "type T = list[int]\ntype U[V] = dict[V, T]\nf = lambda x: (repr(T), T.__value__, repr(U.__type_params__), repr(U.__value__))",
    "what the program added to the builtins": """
import builtins
builtins.added = 5
builtins.ascii = lambda x: "replaced"
builtins.oct = builtins.hex
f = lambda x: (added + x, ascii(x), oct(x), str(x))""",
    "builtins of its own": """
names = {"__name__": "own", "__builtins__": {"abs": lambda x: "own", "Exception": Exception, "str": str, "__import__": __import__, "__build_class__": __build_class__}}
exec('''
def f(x):
    import math
    class A: pass
    try: len("")
    except Exception as error: missing = str(error)
    return abs(x), math.floor(1.5), missing, A.__name__
''', names)
f = names["f"]""",
    "code that runs while all is built": """
def helper(v): return ("made", v)
class Key:
    def __init__(self, v): self.v = v
    def __hash__(self): return hash(helper(self.v))
    def __eq__(self, other): return helper(self.v) == helper(other.v)
class State:
    def __getstate__(self): return (1,)
    def __setstate__(self, state): self.v = helper(state)
table, state = {Key(1): "one", Key(2): "two"}, State()
state.__setstate__((1,))
f = lambda x: (helper(0), table[Key(x % 2 + 1)], state.v)""",
}


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped(name):
    in_process(SHIPPED[name] + "\nsame(f, range(60))\nsame(f, range(9))")


def test_a_class_that_has_changed():
    """Workers may have it still from an earlier call."""
    in_process("""
class One:
    def m(self): return 1
class Two:
    def m(self): return 2
class A(One):
    v = 1
keep = lambda x: (A.v, A().m(), hasattr(A, "w"), getattr(A, "n", 0))
def check(): assert sub(keep, range(9)) == list(map(keep, range(9)))
check()
A.v, A.w = 2, [3]
check()
del A.w
check()
A.m = lambda self: 3
check()
del A.m
A.__bases__ = (Two,)
check()
A.n = 9
check()
""")


def test_deep_lists():
    in_process("""
def nest(n):
    made = []
    for _ in range(n): made = [made]
    return made
def depth(made):
    n = 0
    while made: n, made = n + 1, made[0]
    return n
deep = [10, 999, 1000, 1001, 1900, 1980]
assert sub(depth, [nest(n) for n in deep]) == deep
assert [depth(made) for made in sub(nest, deep)] == deep
error = raises(ValueError, sub, depth, [[], nest(100_000)])
assert "element 1, of type list" in str(error), error
""")


def test_an_element_that_cannot_be_built_is_not_the_functions_fault():
    in_process("""
class A:
    def __getstate__(self): return 1
    def __setstate__(self, state): raise ValueError("not here")
error = raises(RuntimeError, sub, lambda x: 1, [A()])
assert "not here" in str(error) and "element" in str(error), error
""")
