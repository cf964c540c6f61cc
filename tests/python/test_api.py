"""The interface itself: arguments, errors that tell bad input apart, explain, the command line, imports."""

import array
import ctypes
import functools
import inspect
import json
import math
import os
import subprocess
import sys

import gilmap
import pytest

from tests.python.support import environment, run_script


def affine(x):
    return x * 3 + 1


@pytest.mark.parametrize("f", [None, 5, "abs", [abs]])
def test_not_callable(f):
    for backend in (None, "inline", "jit"):
        with pytest.raises(TypeError, match="callable"):
            gilmap.map(f, [1, 2], backend=backend)
    with pytest.raises(TypeError, match="callable"):
        gilmap.explain(f, [1, 2])
    with pytest.raises(TypeError, match="callable"):
        gilmap.explain(f)


@pytest.mark.parametrize("f", [None, 5, "abs", [abs]])
def test_not_callable_with_no_elements(f):
    """Nothing is ever called, so list(map(5, [])) is an empty list. An empty array would need a type."""
    for backend in (None, "inline", "jit"):
        assert gilmap.map(f, [], backend=backend) == list(map(f, []))
        assert gilmap.map(f, [1], (), backend=backend) == list(map(f, [1], ()))
        with pytest.raises(TypeError, match="callable"):
            gilmap.map(f, array.array("d"), backend=backend)


@pytest.mark.parametrize("thing", [5, None, object(), 2.5])
def test_not_iterable(thing):
    for backend in (None, "inline", "jit"):
        with pytest.raises(TypeError):
            gilmap.map(affine, thing, backend=backend)
        with pytest.raises(TypeError):
            gilmap.map(affine, [1], thing, backend=backend)


def test_no_iterable():
    with pytest.raises(TypeError):
        gilmap.map(affine)
    with pytest.raises(TypeError):
        gilmap.map()


@pytest.mark.parametrize(
    "options",
    [{"backend": "gpu"}, {"backend": 3}, {"workers": 0}, {"workers": -1}, {"workers": "two"}, {"workers": 1.5}],
)
def test_bad_options(options):
    with pytest.raises((ValueError, TypeError)):
        gilmap.map(affine, [1, 2], **options)


def test_unknown_option():
    with pytest.raises(TypeError, match="chunks"):
        gilmap.map(affine, [1], chunks=5)


def test_iterables_are_positional():
    with pytest.raises(TypeError):
        gilmap.map(func=affine, iterables=[[1]])


def test_jit_refuses_with_the_reason():
    with pytest.raises(ValueError) as caught:
        gilmap.map(lambda x: print(x), [1, 2], backend="jit")
    assert "print" in str(caught.value)


def test_debug_writes_to_stderr(capfd):
    assert gilmap.map(affine, [1, 2], debug=True) == [4, 7]
    assert gilmap.map(affine, list(range(1000)), backend="jit", debug=True)[:2] == [1, 4]
    assert capfd.readouterr().out == ""
    assert gilmap.map(affine, [1, 2], backend="jit") == [4, 7]
    assert capfd.readouterr().err == ""


def test_explain_is_a_dict_that_says_why():
    answer = gilmap.explain(affine, [1, 2])
    assert isinstance(answer, dict)
    assert answer["backend"] == "jit" and answer["has_fast_path"] is True and answer["reason"]
    answer = gilmap.explain(lambda x: str(x), [1, 2])
    assert answer["backend"] == "subinterp" and answer["has_fast_path"] is False


def test_explain_says_whether_several_elements_are_computed_at_once():
    def countdown(n):
        return 0 if n <= 0 else 1 + countdown(n - 1) + countdown(n - 2)

    answer = gilmap.explain(countdown, [1, 2])
    simd = answer["columns"][0]["simd"]
    assert simd["possible"] is False and "recursive" in simd["reason"]
    assert f"one element at a time: {simd['reason']}" in str(answer)


def test_explain_says_which_rounds_elements_share():
    def series(n):
        total = 0.0
        for k in range(1, n):
            total += 1 / k
        return total

    def own_series(n):
        total = n / 2
        for k in range(1, n):
            total += 1 / k
        return total

    (row,) = gilmap.explain(series, [5, 6])["columns"]
    line = series.__code__.co_firstlineno + 2
    assert row["shared_lines"] == [line] and "go on where" in row["simd"]["reason"]
    assert f"rounds that are the same for all elements are run once, line {line}" in str(gilmap.explain(series, [5, 6]))
    assert gilmap.explain(own_series, [5, 6])["columns"][0]["shared_lines"] == []


@pytest.mark.skipif(os.environ.get("GILMAP_SIMD") == "off", reason="there are no lanes")
def test_explain_says_what_lanes_do():
    def halvings(n):
        count = 0
        while n > 1:
            n //= 2
            count += 1
        return math.sin(count)

    answer = gilmap.explain(halvings, [5, 700])
    simd = answer["columns"][0]["simd"]
    assert simd["possible"] and simd["lanes"] in (2, 4, 8, 16) and 1 <= simd["vectors"] <= 4
    assert simd["refill"] is True and simd["one_by_one"] == ["math_sin"]
    assert f"{simd['lanes'] * simd['vectors']} elements at once" in str(answer)
    assert "takes the next element" in str(answer) and "math_sin" in str(answer)
    assert not any("64 bits" in check["what"] for check in answer["columns"][0]["checks"])  # what small numbers save
    assert gilmap.explain(lambda x: x + 1, [1.0])["columns"][0]["simd"]["refill"] is False


@pytest.mark.skipif(os.environ.get("GILMAP_SIMD") == "off", reason="there are no lanes")
def test_explain_says_that_small_numbers_have_twice_the_lanes():
    def halved(n):
        while n > 9:
            n = n // 2 if n % 3 else n // 3
        return n

    def lanes(numbers):
        return gilmap.explain(halved, numbers)["columns"][0]["simd"]["lanes"]

    assert lanes([5, 700]) == lanes([-5, 2**30 - 1]) == 2 * lanes([5, 2**40])


@pytest.mark.skipif(os.environ.get("GILMAP_SIMD") == "off", reason="there are no lanes")
def test_a_division_behind_a_loop_leaves_it_several_vectors():
    def estimate(seed):
        state, hits = seed, 0
        for _ in range(50):
            state = (state * 1103515245 + 12345) % 2147483648
            hits += state < 10**9
        return hits / (seed + 50)

    def sum_of_logarithms(n):
        total = 0.0
        for _ in range(50):
            total += math.log(n + total)
        return total

    def vectors(function):
        return gilmap.explain(function, [5, 700])["columns"][0]["simd"]["vectors"]

    assert vectors(estimate) > 1
    assert vectors(sum_of_logarithms) == 1


def test_explain_without_inputs():
    assert gilmap.explain(affine)["then"] == "jit"

    def annotated(a: int, b: float) -> float:
        return a * b if b else b

    assert gilmap.explain(annotated)["backend"] == "jit"
    assert gilmap.explain(lambda x: [x])["backend"] == "subinterp"


def test_explain_depends_on_the_columns():
    f = lambda x: x.bit_length()
    assert gilmap.explain(f, [1, 2])["backend"] == "jit"
    assert gilmap.explain(f, [1.5, 2.5])["backend"] == "subinterp"
    assert gilmap.explain(f, ["a"])["backend"] == "subinterp"


def test_explain_runs_nothing():
    calls = []

    def f(x):
        calls.append(x)

    def source():
        calls.append("started")
        yield 1

    gilmap.explain(f, [1, 2])
    gilmap.explain(f)
    generator = source()
    gilmap.explain(affine, generator)
    gilmap.explain(affine, map(f, [1]))
    assert calls == []
    assert list(generator) == [1]


def test_explain_asks_objects_nothing():
    """Not even hooks for attributes, nor buffers, of objects that the user has written."""
    calls = []

    def tell(name):
        calls.append(name)
        raise AttributeError(name)

    class Hooked:
        def __getattr__(self, name):
            tell(name)

        def __call__(self, x):
            return x

    class Watched:
        def __getattribute__(self, name):
            calls.append(name)
            return object.__getattribute__(self, name)

        def __call__(self, x):
            return x

    class Sized:
        __name__ = property(lambda self: tell("__name__"))
        __signature__ = property(lambda self: tell("__signature__"))

        def __call__(self, x):
            return x

    class Bytes:
        def __buffer__(self, flags):
            tell("__buffer__")

        def __arrow_c_array__(self, requested_schema=None):
            tell("__arrow_c_array__")

        def __iter__(self):
            tell("__iter__")

    class Word(str):
        def __hash__(self):
            tell("__hash__")

        def __eq__(self, other):
            tell("__eq__")

    def annotated(x):
        return x

    annotated.__annotations__["x"] = Word("int")
    for f in (Hooked(), Watched(), Sized(), annotated, functools.partial(Hooked(), 1)):
        for inputs in ([], [[1.0]], [Bytes()]):
            str(gilmap.explain(f, *inputs))
    assert calls == []


def test_map_asks_objects_nothing(monkeypatch):
    """Whether a function may go to worker interpreters is found out without any hook."""
    calls = []

    class Hooked:
        def __getattr__(self, name):
            calls.append(name)
            raise AttributeError(name)

        def __call__(self, x):
            return [str(k) for k in range(3000)][int(x)]

    f = Hooked()
    assert gilmap.map(f, ["1"] * 1000) == ["1"] * 1000
    assert calls == []


def test_explain_knows_the_parameters_of_compiled_functions():
    numba = pytest.importorskip("numba")
    two = numba.njit(lambda x, y: x * y)
    assert gilmap.explain(two)["backend"] == "numba_native"
    power = ctypes.CDLL(None).pow
    power.argtypes, power.restype = [ctypes.c_double] * 2, ctypes.c_double
    assert gilmap.explain(power)["backend"] == "numba_cfunc"


def test_explain_has_the_facts_of_what_is_compiled():
    answer = gilmap.explain(lambda n: n * n)
    assert answer["results"] == ["int"] and answer["checks"] and answer["simd"]["possible"] in (True, False)
    answer = gilmap.explain(lambda n: str(n), [1, 2])
    assert (answer["results"], answer["checks"], answer["simd"]) == ([], [], None)


class OwnIterator(list):
    def __iter__(self):
        raise AssertionError("explain has run this")


class NoAttributes:
    def __iter__(self):
        raise AssertionError("explain has run this")

    def __getitem__(self, index):
        raise AssertionError("explain has run this")


@pytest.mark.parametrize("make", [lambda: iter([1, 2]), lambda: OwnIterator([1]), NoAttributes])
def test_explain_guesses_where_it_cannot_look(make):
    def add(a: int, b):
        return a + b

    answer = gilmap.explain(add, make(), [2.5])
    assert answer["backend"] == "jit"
    assert [row["columns"] for row in answer["columns"]] == [["int", "float"]]
    answer = gilmap.explain(lambda x: x + 1, make())
    assert [row["columns"] for row in answer["columns"]] == [["int"], ["float"]]
    answer = gilmap.explain(lambda x, y: x + y, [1], make())
    assert [row["columns"] for row in answer["columns"]] == [["int", "int"], ["int", "float"]]


def test_explain_leaves_iterators_alone():
    iterator = iter([1, 2, 3])
    gilmap.explain(abs, iterator)
    assert list(iterator) == [1, 2, 3]


@pytest.mark.parametrize("bad", [5, None, 2.5])
def test_explain_of_what_is_not_iterable(bad):
    with pytest.raises(TypeError, match="not iterable"):
        gilmap.explain(affine, bad)


def unsupported_string(x):
    y = x + 1
    return str(y)


def unsupported_list(x):
    values = []
    for k in range(x):
        values.append(k)
    return values


def unsupported_global(x):
    global _written
    _written = x
    return x


def unsupported_try(x):
    with open("/dev/null") as file:
        file.read(x)


@pytest.mark.parametrize(
    "f, marker",
    [
        (unsupported_string, "str(y)"),
        (unsupported_list, "values ="),
        (unsupported_global, "_written = x"),
        (unsupported_try, "with open"),
    ],
)
def test_reason_names_the_line(f, marker):
    lines, first = inspect.getsourcelines(f)
    line = first + next(k for k, text in enumerate(lines) if marker in text)
    reason = gilmap.explain(f, [1, 2])["reason"]
    assert any(f"line {n}" in reason for n in range(line, first + len(lines))), reason
    assert "tuple" not in reason, "none of these functions has to do with tuples"


@pytest.mark.parametrize("name", ["map", "explain", "shutdown_workers"])
def test_documented(name):
    assert inspect.getdoc(getattr(gilmap, name))


def test_signature_of_map():
    parameters = inspect.signature(gilmap.map).parameters
    assert [p for p in ("backend", "workers", "debug") if p not in parameters] == []
    assert all(parameters[p].kind is inspect.Parameter.KEYWORD_ONLY for p in ("backend", "workers", "debug"))


def test_map_has_the_name_of_what_it_is():
    assert gilmap.map.__name__ == "map"
    assert set(gilmap.__all__) >= {"map", "explain", "shutdown_workers"}


def test_shutdown_and_start_again():
    column = list(range(20_000))
    for _ in range(3):
        assert gilmap.map(affine, column, backend="jit", workers=2)[-1] == 59_998
        gilmap.shutdown_workers()
    gilmap.shutdown_workers()


def test_command_line(tmp_path):
    (tmp_path / "sums.py").write_text("def twice(x: int):\n    return x * 2\n\ndef text(x):\n    return str(x)\n")
    source = f"""
import runpy, sys
sys.path.insert(0, {str(tmp_path)!r})
for name in ("twice", "text"):
    sys.argv = ["gilmap", "explain", "sums:" + name]
    try:
        runpy.run_module("gilmap", run_name="__main__")
    except SystemExit as stop:
        assert not stop.code, stop.code
"""
    output = run_script(source)
    assert "twice" in output and "text" in output and "str" in output


def command(*arguments, cwd=None, **changes):
    """python -m gilmap …: (exit status, standard output, standard error)."""
    child = subprocess.run(
        [sys.executable, "-m", "gilmap", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=cwd,
        env=environment(**changes),
    )
    return child.returncode, child.stdout, child.stderr


def test_command_line_explains_what_lies_in_the_working_directory(tmp_path):
    (tmp_path / "shapes.py").write_text("class Circle:\n    def area(r: float):\n        return r * r * 3.14\n")
    status, out, err = command("explain", "shapes:Circle.area", cwd=tmp_path)
    assert (status, err) == (0, "") and "Circle.area" in out and "float -> float" in out


@pytest.mark.parametrize(
    "name, words",
    [
        ("no_such_module_at_all:f", "no module named 'no_such_module_at_all'"),
        ("os.no_such_part:f", "no module named 'os.no_such_part'"),
        ("math:no_such_function", "module 'math' has no attribute 'no_such_function'"),
        ("math:sin.cos", "object 'math.sin' has no attribute 'cos'"),
        ("math:pi", "'math.pi' is not callable: it is a float"),
        ("math", "'math' is not MODULE:FUNCTION"),
        (":f", "not MODULE:FUNCTION"),
        ("./here.py:f", "not the name of a module"),
    ],
)
def test_command_line_says_what_is_not_there(name, words):
    status, out, err = command("explain", name)
    assert (status, out) == (1, "") and words in err and "Traceback" not in err


def test_command_line_shows_what_the_module_itself_raises(tmp_path):
    (tmp_path / "broken.py").write_text("import no_such_module_at_all\n")
    status, _, err = command("explain", "broken:f", cwd=tmp_path)
    assert status == 1 and "Traceback" in err and "broken.py" in err


@pytest.mark.parametrize("arguments", [(), ("explain",), ("infos",), ("explain", "math:sin", "math:cos")])
def test_command_line_usage(arguments):
    status, out, err = command(*arguments)
    assert (status, out) == (2, "") and "usage" in err


def test_command_line_info():
    status, out, err = command("info", GILMAP_NUM_THREADS="1", GILMAP_SIMD="off")
    facts = dict(line.split(":", 1) for line in out.splitlines())
    assert (status, err) == (0, "")
    assert gilmap.__version__ in facts["gilmap"] and sys.version.split()[0] in facts["Python"]
    assert facts["threads"].split()[0] == "1" and facts["SIMD"].split()[0] == "off"
    assert facts["LLVM"].strip()[0].isdigit() and facts["CPU"].strip() and "memory" in facts["caches"]


def test_explain_where_the_instructions_asked_for_are_not_there():
    source = """
import gilmap
from gilmap import _gilmap
print("does not have it" in _gilmap.describe_codegen()["simd"])
explained = gilmap.explain(lambda n: n * 3 + 1, [1])
print(explained["backend"], "does not have it" in explained["reason"], gilmap.map(lambda n: n * 3 + 1, range(3)))
print("GILMAP_SIMD to" in str(explained))
"""
    lacking, *rest = run_script(source, GILMAP_SIMD="avx512").split("\n")
    if lacking == "False":
        pytest.skip("this CPU has all of them")
    assert rest[:2] == ["subinterp True [1, 4, 7]", "True"]


def test_import_brings_no_other_large_module():
    output = run_script("import sys, gilmap, json; gilmap.map(abs, [1]); print(json.dumps(sorted(sys.modules)))")
    modules = set(json.loads(output))
    assert not modules & {"numpy", "pyarrow", "inspect", "asyncio", "typing"}


@pytest.mark.parametrize("value", ["1", "2", "5", "0", "-3", "many", ""])
def test_number_of_threads_from_the_environment(value):
    """Whatever it says, the result is right."""
    source = "import gilmap; f = lambda x: x * 7 % 5; xs = list(range(30000)); r = gilmap.map(f, xs, backend='jit'); assert r == list(map(f, xs)); print('fine')"
    assert run_script(source, GILMAP_NUM_THREADS=value).strip() == "fine"


def test_functions_of_main_and_of_the_command_line():
    source = """
import gilmap
K = 3
def f(x):
    return x * K
print(gilmap.explain(f, [1])["backend"], gilmap.map(f, [1, 2], backend="jit"))
"""
    assert run_script(source).strip() == "jit [3, 6]"


def test_exit_during_background_compile():
    """The interpreter ends while a compile may be under way: no crash, no hang."""
    source = """
import gilmap
f = eval("lambda x: " + "+".join(f"(x * {k} - {k % 7}) % {k + 3}" for k in range(1, 120)))
gilmap.map(f, list(range(3000)))
"""
    for _ in range(3):
        run_script(source)


def test_use_at_exit():
    source = """
import atexit, gilmap
f = lambda x: x + 1
gilmap.map(f, list(range(5000)), backend="jit")
atexit.register(lambda: print(gilmap.map(f, [1, 2, 3])))
class Late:
    def __del__(self):
        print("late", gilmap.map(f, [1]))
late = Late()
"""
    assert "[2, 3, 4]" in run_script(source)


def test_stubs_and_marker_exist():
    import pathlib

    folder = pathlib.Path(gilmap.__file__).parent
    assert (folder / "py.typed").exists()


def test_python_flags():
    """Optimised bytecode drops asserts; gilmap must follow the bytecode."""
    import subprocess

    from tests.python.support import environment

    source = "import gilmap\ndef f(x):\n    assert x < 3\n    return x\nprint(gilmap.map(f, [1, 5], backend='jit'))"
    child = subprocess.run(
        [sys.executable, "-O", "-c", source], capture_output=True, text=True, env=environment(), timeout=30
    )
    assert child.stdout.strip() == "[1, 5]", child.stderr


def test_debug_tells_of_each_call(capfd):
    """One line, also for what raises and what is empty; times are those of this call."""
    with pytest.raises(ZeroDivisionError):
        gilmap.map(lambda x: 1 // x, [1, 0], debug=True)
    gilmap.map(lambda x: x, array.array("d"), debug=True)
    gilmap.map(affine, [1.0] * 3000, backend="jit")
    gilmap.map(affine, [1.0] * 3000, debug=True)
    raised, empty, known = capfd.readouterr().err.splitlines()
    assert "raised, in the interpreter" in raised
    assert "0 elements" in empty
    assert "lift 0.000 ms" in known and "-" not in known.split(", run ")[1]
