"""Everything a function reads besides its arguments may change between calls; the next call sees it, as map would."""

import functools
import math
import sys
import types

import gilmap
import pytest

from tests.differential.harness import check

COLUMN = [0, 1, 2, 3, 10, -5]


def module_with(source, **names):
    """A module's namespace, so that a test can change its globals."""
    module = types.ModuleType("guarded")
    vars(module).update(names)
    exec(source, vars(module))
    return module


VALUES = [2, 3, 2, 2.5, True, 1, 1.0, -0.0, 0.0, 0, None, "ab", 2**70, [1], (1, 2), 5]


def test_global_value_and_type():
    m = module_with("def f(x):\n    return x * K")
    for value in VALUES:
        m.K = value
        check(m.f, COLUMN, compiled=True if type(value) in (int, float, bool) and value != 2**70 else None)


def test_global_deleted_and_defined_again():
    m = module_with("def f(x):\n    return x + K", K=1)
    check(m.f, COLUMN, compiled=True)
    del m.K
    check(m.f, COLUMN)
    m.K = 7
    check(m.f, COLUMN, compiled=True)


def test_global_that_does_not_exist_at_first():
    m = module_with("def f(x):\n    return x + K if x > 2 else 0")
    check(m.f, COLUMN)
    m.K = 7
    check(m.f, COLUMN, compiled=True)


def test_equal_globals_of_other_types():
    m = module_with("def f(x):\n    return K")
    for value in (1, True, 1.0, 1, 0.0, -0.0, 0, False):
        m.K = value
        check(m.f, COLUMN, compiled=True)


def test_global_shadows_a_builtin():
    m = module_with("def f(x):\n    return abs(x) + len(range(x))")
    check(m.f, COLUMN, compiled=True)
    m.abs = lambda x: x * 1000
    check(m.f, COLUMN)
    del m.abs
    check(m.f, COLUMN, compiled=True)
    m.range = lambda n: (1, 2, 3)
    check(m.f, COLUMN)


def test_builtin_replaced(monkeypatch):
    import builtins

    names = {"__builtins__": dict(vars(builtins))}
    exec("def f(x):\n    return max(x, 2) + min(x, 1)", names)
    check(names["f"], COLUMN)
    names["__builtins__"]["max"] = lambda *values: values[0]
    check(names["f"], COLUMN)
    m = module_with("def f(x):\n    return round(x)")
    check(m.f, [1.5, 2.5])
    monkeypatch.setattr(builtins, "round", lambda x: "replaced")
    check(m.f, [1.5, 2.5])
    monkeypatch.undo()
    check(m.f, [1.5, 2.5], compiled=True)


def test_loop_over_a_replaced_range():
    m = module_with("def f(n):\n    s = 0\n    for i in range(n):\n        s += i\n    return s")
    check(m.f, COLUMN, compiled=True)
    m.range = lambda n: [n, n, 0.5]
    check(m.f, COLUMN)
    m.range = range
    check(m.f, COLUMN, compiled=True)


def test_module_attribute_replaced(monkeypatch):
    f = lambda x: math.sqrt(abs(x)) + math.pi
    check(f, COLUMN, compiled=True)
    monkeypatch.setattr(math, "pi", 3)
    check(f, COLUMN, compiled=True)
    monkeypatch.setattr(math, "sqrt", lambda x: x / 2)
    check(f, COLUMN)
    monkeypatch.undo()
    check(f, COLUMN, compiled=True)


def test_module_constant():
    config = types.ModuleType("config")
    config.K = 4
    m = module_with("def f(x):\n    return x * config.K", config=config)
    check(m.f, COLUMN, compiled=True)
    config.K = 0.5
    check(m.f, COLUMN, compiled=True)
    other = types.ModuleType("config")
    other.K = 6
    m.config = other
    check(m.f, COLUMN, compiled=True)
    del other.K
    check(m.f, COLUMN)


def test_closure_cell():
    def outer():
        k = 1

        def f(x):
            return x + k

        def assign(value):
            nonlocal k
            k = value

        return f, assign

    f, assign = outer()
    for value in VALUES:
        assign(value)
        check(f, COLUMN)
    f.__closure__[0].cell_contents = 11
    check(f, COLUMN, compiled=True)
    del f.__closure__[0].cell_contents
    check(f, COLUMN)


def test_two_closures_of_one_code():
    def adder(k):
        return lambda x: x + k

    functions = [adder(k) for k in (1, 2, 0.5, True, "a")]
    for _ in range(2):
        for f in functions:
            check(f, COLUMN)


def test_loop_variable_captured_late():
    functions = [lambda x: x * k for k in range(3)]
    for f in functions:
        check(f, COLUMN, compiled=True)


def test_defaults():
    def f(x, k=2, *, n=3):
        return x * k + n

    check(f, COLUMN, compiled=True)
    f.__defaults__ = (5,)
    check(f, COLUMN, compiled=True)
    f.__defaults__ = (0.5,)
    check(f, COLUMN, compiled=True)
    f.__kwdefaults__ = {"n": -1}
    check(f, COLUMN, compiled=True)
    f.__kwdefaults__["n"] = 2.5
    check(f, COLUMN, compiled=True)
    f.__defaults__ = None
    check(f, COLUMN)
    f.__defaults__ = ("text",)
    check(f, COLUMN)


def test_code_replaced():
    def f(x):
        return x + 1

    def g(x):
        return x * 100

    check(f, COLUMN, compiled=True)
    f.__code__ = g.__code__
    check(f, COLUMN, compiled=True)


def test_helper_redefined():
    m = module_with("def g(x):\n    return x + 1\ndef f(x):\n    return g(x) * 2")
    check(m.f, COLUMN, compiled=True)
    exec("def g(x):\n    return x / 2", vars(m))
    check(m.f, COLUMN, compiled=True)
    m.g = abs
    check(m.f, COLUMN, compiled=True)
    m.g = lambda x: str(x)
    check(m.f, COLUMN)
    m.g = 5
    check(m.f, COLUMN)


def test_helper_changes_inside():
    helper = module_with("K = 3\ndef g(x, k=1):\n    return x * K + k")
    m = module_with("def f(x):\n    return g(x) + 1", g=helper.g)
    check(m.f, COLUMN, compiled=True)
    helper.K = 4
    check(m.f, COLUMN, compiled=True)
    helper.g.__defaults__ = (10,)
    check(m.f, COLUMN, compiled=True)
    helper.g.__code__ = (lambda x, k: x - k).__code__
    check(m.f, COLUMN, compiled=True)


def test_helper_two_levels_down():
    m = module_with("def h(x):\n    return x + K\ndef g(x):\n    return h(x)\ndef f(x):\n    return g(x)", K=1)
    check(m.f, COLUMN, compiled=True)
    m.K = 0.25
    check(m.f, COLUMN, compiled=True)
    m.h = lambda x: -x
    check(m.f, COLUMN, compiled=True)


def test_recursive_function_renamed():
    m = module_with("def f(n):\n    return 1 if n <= 0 else n * f(n - 1)")
    check(m.f, COLUMN, compiled=True)
    original = m.f
    m.f = lambda n: 1000
    check(original, COLUMN, compiled=True)


def test_attributes_of_an_instance():
    class Line:
        step = 10

        def __init__(self, slope):
            self.slope = slope

        def at(self, x):
            return self.slope * x + self.step

    line = Line(2)
    check(line.at, COLUMN, compiled=True)
    line.slope = 3
    check(line.at, COLUMN, compiled=True)
    line.slope = 0.5
    check(line.at, COLUMN, compiled=True)
    Line.step = 20
    check(line.at, COLUMN, compiled=True)
    line.step = -1
    check(line.at, COLUMN, compiled=True)
    check(Line(7).at, COLUMN, compiled=True)
    bound = line.at
    Line.at = lambda self, x: -x
    check(line.at, COLUMN, compiled=True)
    check(bound, COLUMN)
    del line.slope
    check(bound, COLUMN)


def test_property_and_slots():
    class Steps:
        __slots__ = ("k", "reads")

        def __init__(self):
            self.k, self.reads = 3, 0

        @property
        def counted(self):
            self.reads += 1
            return self.k

        def plain(self, x):
            return x + self.k

        def effectful(self, x):
            return x + self.counted

    steps = Steps()
    check(steps.plain, COLUMN)
    steps.k = 4
    check(steps.plain, COLUMN)
    before = steps.reads
    assert gilmap.map(steps.effectful, COLUMN) == [x + 4 for x in COLUMN]
    assert steps.reads == before + len(COLUMN)


def test_attribute_access_that_runs_code():
    class Moody:
        calls = 0

        def __getattr__(self, name):
            Moody.calls += 1
            return Moody.calls

    m = module_with("def f(x):\n    return x + box.anything", box=Moody())
    assert gilmap.map(m.f, COLUMN) == [x + k for k, x in enumerate(COLUMN, 1)]


def test_partial():
    def f(k, x, n=1):
        return k * x + n

    g = functools.partial(f, 2)
    check(g, COLUMN, compiled=True)
    check(functools.partial(f, 3), COLUMN, compiled=True)
    g.keywords["n"] = 50
    check(g, COLUMN, compiled=True)
    g.__setstate__((f, (4,), {"n": 0.5}, {}))
    check(g, COLUMN, compiled=True)
    f.__code__ = (lambda k, x, n: n - x).__code__
    check(g, COLUMN, compiled=True)


def test_wrapped_function_changes():
    def decorate(function):
        @functools.wraps(function)
        def wrapper(x):
            return function(x) + 1

        return wrapper

    f = decorate(lambda x: x * 2)
    check(f, COLUMN, compiled=True)
    f.__wrapped__ = lambda x: 0  # what is called is the closure's function, not __wrapped__
    check(f, COLUMN, compiled=True)
    f.__closure__[0].cell_contents = lambda x: x * 3
    check(f, COLUMN, compiled=True)


def test_global_tuple_and_list():
    m = module_with("def f(x):\n    return x + T[1]", T=(1, 2))
    check(m.f, COLUMN)
    m.T = (1, 2.5)
    check(m.f, COLUMN)
    m.T = [1, 7]
    check(m.f, COLUMN)
    m.T[1] = 8
    check(m.f, COLUMN)
    m.T.pop()
    check(m.f, COLUMN)


def test_membership_in_a_global_list_that_grows():
    m = module_with("def f(x):\n    return x in SEEN", SEEN=[1, 2])
    check(m.f, COLUMN)
    m.SEEN.append(10)
    check(m.f, COLUMN)


def test_callable_object():
    class Scale:
        def __init__(self, k):
            self.k = k

        def __call__(self, x):
            return x * self.k

    f = Scale(2)
    check(f, COLUMN)
    f.k = 2.5
    check(f, COLUMN)
    Scale.__call__ = lambda self, x: x - self.k
    check(f, COLUMN)


def test_import_inside_sees_a_replaced_module(monkeypatch):
    def f(x):
        import math

        return math.floor(x / 2)

    check(f, COLUMN)
    fake = types.ModuleType("math")
    fake.floor = lambda x: "fake"
    monkeypatch.setitem(sys.modules, "math", fake)
    check(f, COLUMN)
    monkeypatch.undo()
    check(f, COLUMN)


@pytest.mark.parametrize("backend", [None, "jit"])
def test_change_between_many_calls(backend):
    m = module_with("def f(x):\n    return x * K + 1", K=0)
    for k in range(60):
        m.K = k // 3
        assert gilmap.map(m.f, COLUMN, backend=backend) == [x * m.K + 1 for x in COLUMN]


def test_names_reused_by_another_function_at_the_same_address():
    """A function that is gone must not lend its machine code to one that takes its place."""
    for k in range(50):
        f = eval(f"lambda x: x * {k % 7} - {k % 3}")
        assert gilmap.map(f, COLUMN, backend="jit") == [x * (k % 7) - k % 3 for x in COLUMN]
        del f


def test_constants_that_compare_equal_in_code():
    """Codes that differ only in 1 and 1.0 and True, or 0.0 and -0.0."""
    for text in ("x + 1", "x + 1.0", "x + True", "x * 0.0", "x * -0.0", "x * 0"):
        check(eval(f"lambda x: {text}"), COLUMN, compiled=True)
        check(eval(f"lambda x: {text}"), [0.5, -0.0], compiled=True)


def test_slots_of_an_instance():
    class Point:
        __slots__ = ("scale", "shift")

        def apply(self, x):
            return x * self.scale + self.shift

    point = Point()
    check(point.apply, COLUMN)  # no value yet: AttributeError
    point.shift = 1
    for value in VALUES:
        point.scale = value
        check(point.apply, COLUMN, compiled=True if type(value) in (int, float, bool) and value != 2**70 else None)
    del point.shift
    check(point.apply, COLUMN)
    point.shift = 2
    Point.scale = property(lambda self: 9)
    check(point.apply, COLUMN)


def test_what_stood_in_the_way_may_be_gone():
    """A function that could not be compiled for a value that it reads is compiled once that is another one."""
    factor = 2**70

    def f(x):
        return x * factor

    column = list(range(300))
    for factor in (2**70, 3, "a", 2.5, 7):
        expected = list(map(f, column))
        for _ in range(3):
            assert gilmap.map(f, column) == expected
        if type(factor) is not str and factor < 100:
            assert gilmap.map(f, column, backend="jit") == expected
        else:
            with pytest.raises(ValueError, match="not compiled"):
                gilmap.map(f, column, backend="jit")


def test_a_class_that_gets_a_property():
    """Its getter runs as often as under map: no guard reads it."""
    calls = []

    class Scale:
        def __init__(self):
            self.k = 2

        def times(self, x):
            return x * self.k

    scale = Scale()
    gilmap.map(scale.times, list(range(3000)), backend="jit")
    Scale.k = property(lambda self: calls.append(1) or 3)
    assert gilmap.map(scale.times, [1, 2]) == [3, 6]
    assert len(calls) == 2
    del Scale.k
    assert gilmap.map(scale.times, [1, 2]) == [2, 4]
    Scale.__getattribute__ = lambda self, name: calls.append(name) or object.__getattribute__(self, name)
    before = len(calls)
    assert list(map(scale.times, [1, 2])) == [2, 4]
    under_map = calls[before:]
    before = len(calls)
    assert gilmap.map(scale.times, [1, 2]) == [2, 4]
    assert calls[before:] == under_map
