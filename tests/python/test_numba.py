"""Functions that Numba has compiled: the result of calling the dispatcher, by its machine code."""

import ctypes
import functools
import gc
import math
import os
import signal
import sys
import threading
import time
import weakref

import gilmap
import pytest

from tests.python.foreign_support import BOOLS, FLOATS, INTS, check, check_each, outcome
from tests.python.support import run_script

numba = pytest.importorskip("numba")
np = pytest.importorskip("numpy")
njit = numba.njit
NATIVE = {"backend": "numba_native"}


@njit
def square_plus_one(x):
    return x * x + 1


@njit
def reciprocal(x):
    if x < 0:
        raise ValueError("negative", x)
    return 10 // x


@pytest.mark.parametrize("values", [INTS, FLOATS, BOOLS], ids=["ints", "floats", "bools"])
def test_each_type_of_column(values):
    check(square_plus_one, values * 40, **NATIVE)


def test_ints_wrap_around_as_numba_has_them():
    assert gilmap.map(square_plus_one, [2**32, 2**62], **NATIVE) == [1, 1]


def test_mixed_columns():
    check(square_plus_one, (INTS + FLOATS + BOOLS) * 40, **NATIVE)
    check(square_plus_one, [1, 2**70, 2.5], **NATIVE)
    check(square_plus_one, [1, None], **NATIVE)
    check(square_plus_one, [1, "x"], **NATIVE)


SIGNATURES = ["int32(int32)", "uint32(int64)", "uint64(int64)", "int8(int64)", "float32(float32)", "float64(float64)"]
SIGNATURES += ["int64(int64)", "boolean(int64)", "uint64(uint64)", "int64(boolean)", "int16(uint8)", "float64(int32)"]
SIGNATURES += ["float32(int64)", "int64(float32)", "uint8(float64)", "none(int64)", "uint16(uint16)"]


@pytest.mark.parametrize("signature", SIGNATURES)
def test_explicit_signatures_convert(signature):
    result = signature.partition("(")[0]
    f = njit(signature)((lambda x: None) if result == "none" else (lambda x: x))
    for values in (INTS, FLOATS, BOOLS):
        check_each(f, values, **NATIVE)


def test_several_signatures():
    f = njit(["int32(int32)", "int64(int64)", "float64(float64)"])(lambda x: x + 1)
    check_each(f, INTS, **NATIVE)
    check_each(f, FLOATS, **NATIVE)
    g = njit(["int64(int64)", "float64(float64)"])(lambda x: x + 1)
    with pytest.raises(ValueError, match="none of its signatures"):
        gilmap.map(g, [True], **NATIVE)
    check(g, [True] * 3)  # ambiguous: TypeError


def test_result_types():
    for f in (
        njit(lambda x: None),
        njit(lambda x: True),
        njit(lambda x: 5),
        njit(lambda x: x > 1),
        njit(lambda x: np.float32(x) / np.float32(3)),
        njit(lambda x: np.uint64(x)),
        njit(lambda x: np.int8(x)),
        njit(lambda x: x / 3),
        njit(lambda x: -x),
    ):
        check_each(f, INTS, **NATIVE)
        check_each(f, [v for v in FLOATS if abs(v) < 1e18], **NATIVE)


def test_results_that_are_no_numbers_are_left_to_the_dispatcher():
    optional = njit(lambda x: x if x > 1 else None)
    pair = njit(lambda x: (x, x))
    check(optional, [1, 2, 3])
    check(pair, [1, 2, 3])
    for f in (optional, pair):
        with pytest.raises(ValueError, match="is not a number"):
            gilmap.map(f, [1, 2], **NATIVE)


def test_the_exception_is_the_dispatchers():
    check(reciprocal, [5, 3, 0, -1], **NATIVE)  # ZeroDivisionError first
    check(reciprocal, [5, 3, -1, 0], **NATIVE)  # ValueError("negative", -1)
    check(reciprocal, list(range(1, 100_000)) + [-5], **NATIVE)
    assert gilmap.map(reciprocal, [5, 3], **NATIVE) == [2, 3]

    @njit
    def stops(x):
        if x == 5:
            raise StopIteration
        return x

    check(stops, list(range(10)), **NATIVE)

    @njit(error_model="numpy")
    def unchecked(x):
        return 1.0 / x

    check(unchecked, FLOATS, **NATIVE)


def test_defaults_and_several_arguments():
    @njit
    def scaled(x, k=3, b=0.5):
        return x * k + b

    check(scaled, [1, 2, 3], **NATIVE)
    check(scaled, [1, 2, 3], [1.5, 2.5, 3.5], **NATIVE)
    check(scaled, [1, 2, 3], [1.5, 2, True], **NATIVE)
    check(functools.partial(scaled, 7), [1, 2, 3], backend="jit")
    with pytest.raises(ValueError, match="that many arguments"):
        gilmap.map(njit(lambda x: x), [1], [2], **NATIVE)
    check(njit(lambda x: x), [1], [2])
    check(njit(lambda *a: a[0]), [1, 2])


def test_arrays_and_arrow():
    f = njit(lambda x: x * 0.5)
    for dtype in ("int8", "uint16", "int64", "float32", "float64", "bool"):
        xs = np.array([0, 1, 1, 0, 1] * 100, dtype=dtype)
        got = gilmap.map(f, xs, **NATIVE)
        assert got.dtype == np.float64 and got.tolist() == list(map(f, xs.tolist()))
    pa = pytest.importorskip("pyarrow")
    assert gilmap.map(f, pa.array([1, None, 3]), **NATIVE).to_pylist() == [0.5, None, 1.5]


def test_memory_of_its_own_and_constant_arrays():
    table = np.arange(20.0) ** 2

    @njit
    def total(n):
        a = np.zeros(n)
        for i in range(n):
            a[i] = i * 0.5
        return a.sum()

    @njit
    def look_up(i):
        return table[i]

    @njit
    def fibonacci(n):
        return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

    for f in (
        total,
        look_up,
        fibonacci,
        njit(lambda n: len([i for i in range(n)])),
        njit(lambda n: math.sin(n) ** 0.5),
    ):
        check(f, list(range(15)) * 10, **NATIVE)


def test_side_effects_stay_on_the_calling_thread():
    @njit
    def draws(x):
        return np.random.random() * x

    @njit
    def prints(x):
        print(x)
        return x

    @njit
    def calls_back(x):
        with numba.objmode(y="int64"):
            y = x + 1
        return y

    @njit(parallel=True)
    def parallel(n):
        s = 0.0
        for i in numba.prange(n):
            s += i
        return s

    counter = ctypes.CDLL(None).rand
    counter.argtypes, counter.restype = [], ctypes.c_int
    calls_c = njit(lambda x: x + counter() * 0)
    for f in (draws, prints, calls_back, parallel, calls_c):
        with pytest.raises(ValueError, match="numba_native"):
            gilmap.map(f, [1, 2], **NATIVE)
        assert gilmap.explain(f, [1, 2])["backend"] == "inline"
    check(calls_back, list(range(2000)))
    check(parallel, list(range(200)))


def test_within_python_functions():
    def with_helper(x):
        return square_plus_one(x) + math.floor(x)

    check(with_helper, [v for v in INTS if abs(v) < 2**62] * 20, backend="jit")
    check(with_helper, [v for v in FLOATS if math.isfinite(v)], backend="jit")

    def guarded(x):
        return reciprocal(x) if x > 0 else -1

    check(guarded, [3, 0, -5, 7] * 100, backend="jit")

    def raises(x):
        return reciprocal(x) + 1

    check(raises, [3, 7, 0, -1], backend="jit")


def test_compiles_itself_with_the_first_elements():
    f = njit(lambda x: x * 2)
    assert not f.signatures
    xs = list(range(300_000))
    assert gilmap.map(f, xs) == [2 * x for x in xs]
    assert len(f.signatures) == 1
    assert gilmap.map(f, [0.5] * 300_000) == [1.0] * 300_000


def test_what_numba_cannot_compile():
    f = njit(lambda x: x.nothing)
    with pytest.raises(ValueError, match="does not compile it"):
        gilmap.map(f, [1, 2], **NATIVE)
    assert outcome(lambda: gilmap.map(f, [1]))[0] is numba.TypingError


def test_recompiled_and_redefined():
    k = 2

    def body(x):
        return x * k

    f = njit(body)
    assert gilmap.map(f, [1, 2], **NATIVE) == [2, 4]
    k = 3
    check(f, [1, 2], **NATIVE)  # Numba has frozen the closure's value
    f.recompile()
    check(f, [1, 2], **NATIVE)
    assert gilmap.map(f, [1, 2], **NATIVE) == list(map(f, [1, 2]))

    helper = njit(lambda x: x + 1)

    def calls(x):
        return helper(x)

    assert gilmap.map(calls, [1, 2], backend="jit") == [2, 3]
    helper = njit(lambda x: x + 100)
    assert gilmap.map(calls, [1, 2], backend="jit") == [101, 102]


def test_is_not_kept_alive():
    def make():
        f = njit(lambda x: x + 1)
        gilmap.map(f, [1, 2], **NATIVE)
        return weakref.ref(f)

    ref = make()
    gc.collect()
    assert ref() is None


def test_cached_on_disk(tmp_path):
    (tmp_path / "cached_functions.py").write_text(
        "import math, numba\n@numba.njit(cache=True)\ndef f(x):\n    return math.sin(x) + 1\n"
    )
    source = (
        f"import sys, warnings; warnings.simplefilter('error'); sys.path.insert(0, {str(tmp_path)!r})\n"
        "import gilmap, cached_functions as c\n"
        "xs = [0.1 * i for i in range(100)]\n"
        "assert gilmap.map(c.f, xs, backend='numba_native') == list(map(c.f, xs))\n"
        "print(sum(c.f.stats.cache_hits.values()))\n"
    )
    assert run_script(source, timeout=120).strip() == "0"
    assert run_script(source, timeout=120).strip() == "1"


def test_without_jit():
    out = run_script(
        "import numba, gilmap\n@numba.njit\ndef f(x):\n    return x * 2\n"
        "print(gilmap.map(f, [1, 2**63]), gilmap.explain(f)['backend'])",
        NUMBA_DISABLE_JIT="1",
    )
    assert out.split("] ") == ["[2, 18446744073709551616", "arrow_kernel\n"]


def test_ctrl_c_between_elements():
    @njit
    def slow(n):
        s = 0.0
        for i in range(n):
            s += math.sin(i)
        return s

    slow(3)

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1))
        timer.start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            gilmap.map(slow, [20_000] * 1_000_000, **NATIVE)
        assert time.monotonic() - began < 5
        timer.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert gilmap.map(slow, [1, 1], **NATIVE) == [0.0, 0.0]


def test_explain():
    e = gilmap.explain(square_plus_one, [1, 2])
    assert e["backend"] == "numba_native" and e["has_fast_path"]
    assert "Numba has compiled it" in e["reason"]
    assert e["columns"][0]["results"] == ["int"]


# ---------------------------------------------------------------- numba.cfunc


@numba.cfunc("int32(int32)")
def next_int32(x):
    return x + 1


@numba.cfunc("float64(float64, float32)")
def mixed_floats(x, y):
    return x * y


def test_a_cfunc_is_its_python_function():
    check(next_int32, INTS + FLOATS + BOOLS)
    assert gilmap.map(next_int32, [2**31 - 1], backend="jit") == [2**31]
    assert "numba_cfunc" in gilmap.explain(next_int32)["reason"]


def test_the_c_function_of_a_cfunc():
    cfunc = {"backend": "numba_cfunc"}
    assert gilmap.map(next_int32, [1, 2**31 - 1, 2**40], **cfunc) == list(map(next_int32.ctypes, [1, 2**31 - 1, 2**40]))
    xs = [0.1 * i for i in range(1000)]
    assert gilmap.map(mixed_floats, xs, xs, **cfunc) == list(map(mixed_floats.ctypes, xs, xs))
    xs = list(range(500_000))
    assert gilmap.map(next_int32, xs, **cfunc) == [x + 1 for x in xs]
    takes_pointer = numba.cfunc("float64(CPointer(float64))")(lambda p: p[0])
    with pytest.raises(ValueError, match="other than numbers"):
        gilmap.map(takes_pointer, [1, 2], **cfunc)


def test_nothing_of_ours_imports_numba():
    out = run_script(
        "import sys, ctypes, math, gilmap\n"
        "sys.modules['numba'] = None\n"  # any import of it raises
        "f = ctypes.CDLL(None).labs; f.argtypes = [ctypes.c_long]; f.restype = ctypes.c_long\n"
        "assert gilmap.map(f, [-1, -2], backend='numba_cfunc') == [1, 2]\n"
        "assert gilmap.map(lambda x: x + 1, range(3), backend='jit') == [1, 2, 3]\n"
        "try: gilmap.map(len, [1], backend='numba_native')\n"
        "except ValueError as e: print(e)\n"
        "print(gilmap.explain(f)['backend'], gilmap.explain(math.sin)['backend'])\n"
    )
    assert "numba.njit" in out and "numba_cfunc jit" in out
    assert "numba" not in run_script("import sys, gilmap; gilmap.map(abs, [1]); print(*sys.modules)").split()


def test_threads_of_pythons_share_a_function():
    f = njit(lambda x: x * 3)
    xs = list(range(20_000))
    wrong = []

    def work():
        for _ in range(5):
            if gilmap.map(f, xs) != [3 * x for x in xs]:
                wrong.append(sys._getframe())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong
