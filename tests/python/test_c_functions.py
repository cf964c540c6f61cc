"""ctypes function pointers: what calling the pointer gives, by its address."""

import ctypes
import functools
import math
import os
import shutil
import signal
import subprocess
import threading
import time

import gilmap
import pytest

from tests.python.foreign_support import BOOLS, FLOATS, INTS, check, check_each, outcome

CFUNC = {"backend": "numba_cfunc"}

SOURCE = """
#include <stdbool.h>
#include <stdint.h>
static int64_t state = 0;
int64_t accumulate(int64_t x) { state = state * 31 + x; return state; }
void reset(void) { state = 0; }
double count(int64_t x) { state += x; return (double)state; }
int8_t to_i8(int8_t x) { return x; }
uint8_t to_u8(uint8_t x) { return x; }
int16_t to_i16(int16_t x) { return x; }
uint16_t to_u16(uint16_t x) { return x; }
int32_t to_i32(int32_t x) { return x; }
uint32_t to_u32(uint32_t x) { return x; }
int64_t to_i64(int64_t x) { return x; }
uint64_t to_u64(uint64_t x) { return x; }
float to_f32(float x) { return x; }
double to_f64(double x) { return x; }
bool to_bool(bool x) { return x; }
int call_it(int (*f)(int), int x) { return f(x); }
double seven(int8_t a, float b, double c, uint16_t d, bool e, int64_t f, int32_t g) { return a + b + c + d + e + f + g; }
int32_t eight(int8_t a, int16_t b, int32_t c, int64_t d, int8_t e, int16_t f, int8_t g, int16_t h) {
  return a + b + c + (int32_t)d + e + f + 10 * g + 100 * h;
}
"""
TYPES = {
    "to_i8": ctypes.c_int8,
    "to_u8": ctypes.c_uint8,
    "to_i16": ctypes.c_int16,
    "to_u16": ctypes.c_uint16,
    "to_i32": ctypes.c_int32,
    "to_u32": ctypes.c_uint32,
    "to_i64": ctypes.c_int64,
    "to_u64": ctypes.c_uint64,
    "to_f32": ctypes.c_float,
    "to_f64": ctypes.c_double,
    "to_bool": ctypes.c_bool,
}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler")
    folder = tmp_path_factory.mktemp("c")
    (folder / "functions.c").write_text(SOURCE)
    subprocess.run(
        [compiler, "-O1", "-shared", "-fPIC", "-o", folder / "functions.so", folder / "functions.c"], check=True
    )
    return ctypes.CDLL(str(folder / "functions.so"))


def typed(library, name, result, *arguments):
    f = library[name]  # a new object each time
    f.restype, f.argtypes = result, arguments
    return f


def libm(name, result=ctypes.c_double, arguments=(ctypes.c_double,)):
    f = ctypes.CDLL(None)[name]
    f.restype, f.argtypes = result, arguments
    return f


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("options", [{}, CFUNC], ids=["by itself", "numba_cfunc"])
def test_each_type(library, name, options):
    c_type = TYPES[name]
    f = typed(library, name, c_type, c_type)
    check_each(f, INTS, **options)
    check_each(f, BOOLS, **options)
    if c_type in (ctypes.c_float, ctypes.c_double, ctypes.c_bool):
        check_each(f, FLOATS, **options)
    else:
        check(f, [1.5])  # ctypes.ArgumentError


@pytest.mark.parametrize("result", [ctypes.c_int8, ctypes.c_uint8, ctypes.c_int16, ctypes.c_uint32, ctypes.c_bool])
def test_results_are_cut_off(library, result):
    check_each(typed(library, "to_i64", result, ctypes.c_int64), INTS, **CFUNC)


def test_a_declared_type_that_is_not_the_functions_own(library):
    check_each(typed(library, "to_i64", ctypes.c_int64, ctypes.c_int8), INTS, **CFUNC)
    check_each(typed(library, "to_i64", ctypes.c_int64, ctypes.c_uint16), INTS, **CFUNC)
    check_each(typed(library, "to_i64", ctypes.c_int64, ctypes.c_int32), INTS, **CFUNC)


def test_many_arguments(library):
    c = ctypes
    seven = typed(
        library, "seven", c.c_double, c.c_int8, c.c_float, c.c_double, c.c_uint16, c.c_bool, c.c_int64, c.c_int32
    )
    check(seven, INTS, INTS, INTS, INTS, INTS, INTS, INTS, **CFUNC)
    check(seven, [1] * 9, [0.1] * 9, [0.2] * 9, [-1] * 9, [2.5] * 9, [7] * 9, [True] * 9, **CFUNC)
    eight = typed(
        library, "eight", c.c_int32, c.c_int8, c.c_int16, c.c_int32, c.c_int64, c.c_int8, c.c_int16, c.c_int8, c.c_int16
    )
    check(eight, *[[-1, 2, -300, 70000]] * 8, **CFUNC)
    check(eight, [1, 2])  # too few: TypeError
    with pytest.raises(ValueError, match="that many arguments"):
        gilmap.map(eight, [1, 2], **CFUNC)


def test_known_mathematics_runs_on_all_threads():
    sine = libm("sin")
    assert gilmap.explain(sine)["backend"] == "numba_cfunc"
    assert "all cores" in gilmap.explain(sine)["reason"]
    check(sine, FLOATS * 1000)
    check(sine, INTS * 1000)
    check(libm("powf", ctypes.c_float, (ctypes.c_float, ctypes.c_float)), FLOATS * 9, FLOATS[::-1] * 9, **CFUNC)

    def with_sine(x):
        return sine(x) + math.cos(x)

    check(with_sine, [v for v in FLOATS if math.isfinite(v)] * 10, backend="jit")
    power = libm("pow", ctypes.c_double, (ctypes.c_double, ctypes.c_double))
    check(functools.partial(power, 2.0), FLOATS * 10, backend="jit")


@pytest.mark.parametrize("size", [3, 1000, 300_000])
def test_what_has_effects_is_called_in_order_and_once(library, size):
    accumulate = typed(library, "accumulate", ctypes.c_int64, ctypes.c_int64)
    assert "in order" in gilmap.explain(accumulate, [1])["reason"]
    np = pytest.importorskip("numpy")
    for xs in (list(range(size)), range(size), [1, True] * size, np.arange(size)):
        library.reset()
        expected = list(map(accumulate, xs if not hasattr(xs, "tolist") else xs.tolist()))
        for _ in range(3):
            library.reset()
            assert list(gilmap.map(accumulate, xs)) == expected
    library.reset()
    with pytest.raises(ctypes.ArgumentError):
        gilmap.map(accumulate, [*range(size), 2.5, 3])
    assert accumulate(0) == functools.reduce(lambda s, x: (s * 31 + x + 2**63) % 2**64 - 2**63, [*range(size), 0], 0)


def test_effects_within_python_functions_are_not_compiled(library):
    accumulate = typed(library, "accumulate", ctypes.c_int64, ctypes.c_int64)

    def f(x):
        return accumulate(x) // x

    with pytest.raises(ValueError, match="side effects"):
        gilmap.map(f, [1, 2], backend="jit")
    assert gilmap.explain(f, [1])["side_effects"]


def test_the_calling_thread_is_the_one_that_calls():
    thread = ctypes.CDLL(None).pthread_self
    thread.restype, thread.argtypes = ctypes.c_uint64, []
    here = thread()
    own = ctypes.CDLL(None).pthread_self
    own.restype, own.argtypes = ctypes.c_int64, []
    assert here % 2**63 == own() % 2**63
    yes = libm("pthread_equal", ctypes.c_int, (ctypes.c_uint64, ctypes.c_uint64))
    assert set(gilmap.map(yes, [here] * 200_000, [here] * 200_000)) == {yes(here, here)}


def test_what_is_left_to_ctypes(library):
    c = ctypes
    for f, reason in [
        (typed(library, "to_i32", c.c_char_p, c.c_int), "other than numbers"),
        (typed(library, "to_i32", c.c_int, c.c_void_p), "other than numbers"),
        (typed(library, "to_i32", c.c_char, c.c_int), "other than numbers"),
        (typed(library, "to_i32", str, c.c_int), "other than numbers"),
        (typed(library, "to_i32", type("Own", (c.c_int,), {}), c.c_int), "other than numbers"),
        (typed(library, "to_i32", c.c_int, c.c_int.__ctype_be__), "other than numbers"),
        (library["to_i32"], "no argtypes"),
        (c.CFUNCTYPE(c.c_int, c.c_int)(lambda x: x + 1), "Python function"),
        (c.PYFUNCTYPE(c.c_int, c.c_int)(lambda x: x + 1), "GIL"),
        (c.CFUNCTYPE(c.c_int, c.c_int, use_errno=True)(("to_i32", library)), "errno"),
        (c.CFUNCTYPE(c.c_int, c.c_int)(), "null pointer"),
    ]:
        with pytest.raises(ValueError, match=reason):
            gilmap.map(f, [1, 2], **CFUNC)
    for f in (c.CFUNCTYPE(c.c_int, c.c_int)(lambda x: x + 1), library["to_i32"]):
        check(f, list(range(2000)))
    checked = typed(library, "to_i32", c.c_int, c.c_int)
    checked.errcheck = lambda result, f, args: result * 2
    check(checked, list(range(2000)))


def test_changes_between_calls_are_seen(library):
    f = typed(library, "to_i64", ctypes.c_int64, ctypes.c_int64)
    assert gilmap.map(f, [300, -1], **CFUNC) == [300, -1]
    f.restype = ctypes.c_uint8
    assert gilmap.map(f, [300, -1], **CFUNC) == [44, 255]
    f.argtypes = [ctypes.c_int8]
    assert gilmap.map(f, [300, -1], **CFUNC) == [44, 255]
    f.argtypes = [ctypes.c_bool]
    assert gilmap.map(f, [300, 0], **CFUNC) == [1, 0]
    f.errcheck = lambda result, func, args: "checked"
    xs = [300] * 100
    assert gilmap.map(f, xs) == ["checked"] * 100


def test_a_python_function_behind_a_plain_address():
    calls = []

    def counted(x):
        calls.append(x)
        return gilmap.map(abs, [-x] * 3)[0] + 1

    thunk = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(counted)
    address = ctypes.cast(thunk, ctypes.c_void_p).value
    f = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(address)
    xs = list(range(1000))
    assert gilmap.map(f, xs, backend="jit") == [x + 1 for x in xs] and calls == xs
    assert gilmap.map(f, xs, **CFUNC) == [x + 1 for x in xs]  # on any thread: the thunk takes the GIL


def test_ctrl_c_between_elements():
    sleep = libm("usleep", ctypes.c_int, (ctypes.c_uint,))

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        for options in ({}, {"backend": "jit"}, CFUNC):
            timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1))
            timer.start()
            began = time.monotonic()
            with pytest.raises(KeyboardInterrupt):
                gilmap.map(sleep, [1000] * 100_000, **options)
            assert time.monotonic() - began < 2
            timer.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert gilmap.map(sleep, [0, 0], **CFUNC) == [0, 0]


def test_other_threads_run_meanwhile(library):
    """The GIL is not held while the C function runs."""
    sleep = libm("usleep", ctypes.c_int, (ctypes.c_uint,))
    turns = []
    stop = threading.Event()

    def turn():
        while not stop.wait(0.001):
            turns.append(1)

    thread = threading.Thread(target=turn)
    thread.start()
    gilmap.map(sleep, [2000] * 100, backend="jit")
    stop.set()
    thread.join()
    assert len(turns) > 20


def test_the_backend_wants_such_a_function():
    for backend in ("numba_native", "numba_cfunc"):
        for f in (abs, len, math.sin, lambda x: x, functools.partial(libm("sin"))):
            with pytest.raises(ValueError, match=f'backend="{backend}" is for'):
                gilmap.map(f, [1, 2], backend=backend)
    with pytest.raises(ValueError, match="numba_cfunc"):
        gilmap.map(abs, [1], backend="numba")
    assert outcome(lambda: gilmap.map(libm("sin"), [], **CFUNC)) == []
