"""core/numeric against the running interpreter: the same bits, and a failure exactly where CPython raises, or gives
something other than the result type of the function (a big int, a complex).

The library is compiled on its own and called on arrays of edge values and random values. GILMAP_NUMERIC_CASES sets how
many random cases each function gets (default 2000). `python -m tests.python.test_numeric_reference` prints the counts.
"""

from __future__ import annotations

import ctypes
import math
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
from array import array

from .numeric_values import I64_MAX, I64_MIN, arguments, from_bits, random_float, random_int

ROOT = pathlib.Path(__file__).resolve().parents[2]
CASES = int(os.environ.get("GILMAP_NUMERIC_CASES", "2000"))
SEED = int(os.environ.get("GILMAP_NUMERIC_SEED", "1"))


def to_bits(x):
    return struct.unpack("<Q", struct.pack("<d", x))[0]


# ---- the reference: what Python code computes ----


REFERENCE = {
    "float_floordiv": lambda x, y: x // y,
    "float_mod": lambda x, y: x % y,
    "float_pow": lambda x, y: x**y,
    "float_round": round,
    "float_round_digits": round,
    "float_to_int": int,
    "float_floor": math.floor,
    "float_ceil": math.ceil,
    "float_is_integer": float.is_integer,
    "int_pow": lambda a, b: a**b if b < 1000 or abs(a) < 2 else None,
    "int_pow_mod": pow,
    "int_truediv": lambda a, b: a / b,
    "int_lt_float": lambda a, x: a < x,
    "int_le_float": lambda a, x: a <= x,
    "int_eq_float": lambda a, x: a == x,
    "int_gt_float": lambda a, x: a > x,
    "int_ge_float": lambda a, x: a >= x,
    "int_bit_length": int.bit_length,
    "int_bit_count": int.bit_count,
    "int_round_digits": lambda a, n: round(a, n) if n >= -1000 else None,
    "int_shift_left": lambda a, n: a << n if n < 1000 or a == 0 else None,
    "int_shift_right": lambda a, n: a >> n,
    "int_gcd": math.gcd,
    "int_lcm": math.lcm,
    "int_isqrt": math.isqrt,
    "int_factorial": lambda a: math.factorial(a) if a < 1000 else None,
    "int_comb": lambda n, k: math.comb(n, k) if min(k, n - k) < 200 else None,
    "int_perm": lambda n, k: math.perm(n, k) if k < 200 or k > n else None,
    "math_log_base": lambda x, b: math.log(x, b),
    "math_hypot_2": math.hypot,
    "math_hypot_3": math.hypot,
    "math_hypot_4": math.hypot,
    "math_dist_2": lambda a, b, c, d: math.dist((a, b), (c, d)),
    "math_dist_3": lambda a, b, c, d, e, f: math.dist((a, b, c), (d, e, f)),
    "math_isclose": lambda a, b, r, t: math.isclose(a, b, rel_tol=r, abs_tol=t),
    "math_modf_frac": lambda x: math.modf(x)[0],
    "math_modf_int": lambda x: math.modf(x)[1],
    "math_frexp_mantissa": lambda x: math.frexp(x)[0],
    "math_frexp_exponent": lambda x: math.frexp(x)[1],
}
# Compared by whole sums instead, in test_sum.
BY_SUMS = {"float_sum_result"} | {f"float_sum_step{kind}_{part}" for kind in ("", "_int") for part in ("hi", "lo")}


def reference(name):
    if name in REFERENCE:
        return REFERENCE[name]
    assert name.startswith("math_"), name
    return getattr(math, name[len("math_") :], None)


# ---- the library ----


class Library:
    def __init__(self, folder):
        path = pathlib.Path(folder) / "libnumeric.so"
        compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("c++")
        sources = sorted((ROOT / "core/numeric").glob("*.cpp"))
        command = [compiler, "-std=c++23", "-O2", "-ffp-contract=off", "-fPIC", "-shared", "-I", ROOT / "core"]
        command += [*sources, pathlib.Path(__file__).with_name("numeric_batch.cpp"), "-o", path]
        subprocess.run([str(part) for part in command], check=True)
        self.lib = ctypes.CDLL(str(path))
        self.lib.batch_name.restype = ctypes.c_char_p
        self.lib.batch_select_version(ctypes.c_uint32(sys.hexversion))
        self.functions = {}
        for i in range(self.lib.batch_count()):
            text = ctypes.create_string_buffer(16)
            self.lib.batch_signature(i, text)
            self.functions[self.lib.batch_name(i).decode()] = (i, text.value.decode())

    def direct(self, name):
        return bool(self.lib.batch_has_direct(self.functions[name][0]))

    def can_fail(self, name):
        return bool(self.lib.batch_can_fail(self.functions[name][0]))

    def run(self, name, rows, direct=False):
        """The results as bits, and which of them failed."""
        index, signature = self.functions[name]
        codes, by_argument = signature[1:], zip(*rows, strict=True)
        columns = [array("d" if code == "f" else "q", values) for code, values in zip(codes, by_argument, strict=True)]
        out, failed = array("Q", bytes(8 * len(rows))), array("B", bytes(len(rows)))
        addresses = (ctypes.c_void_p * len(columns))(*[column.buffer_info()[0] for column in columns])
        results = [ctypes.c_void_p(column.buffer_info()[0]) for column in (out, failed)]
        self.lib.batch_run(ctypes.c_size_t(index), int(direct), ctypes.c_size_t(len(rows)), addresses, *results)
        return out, failed

    def call(self, name, *args):
        out, failed = self.run(name, [args])
        return None if failed[0] else decode(out[0], self.functions[name][1][0])


def decode(bits, code):
    if code == "f":
        return from_bits(bits)
    return bool(bits) if code == "b" else bits - 2**64 if bits >= 2**63 else bits


def expectation(function, args, code):
    """The bits that CPython gives, or None where it raises or where the value does not fit the result type."""
    try:
        value = function(*args)
    except (ArithmeticError, ValueError):
        return None
    if code == "f":
        return to_bits(value) if type(value) is float else None
    if code == "b":
        assert type(value) is bool
        return int(value)
    return value & (2**64 - 1) if type(value) is int and I64_MIN <= value <= I64_MAX else None


def several_nans(args):
    """Two NaNs: which of them comes out is the processor's choice, and the compiler's."""
    return sum(isinstance(x, float) and math.isnan(x) for x in args) > 1


def compare(library, name, count, seed):
    function = reference(name)
    if function is None:  # newer than this interpreter
        return 0
    code, codes = library.functions[name][1][0], library.functions[name][1][1:]
    rng = random.Random(f"{name} {seed}")
    rows = [row for row in arguments(name, codes, count, rng) if not several_nans(row)]
    expected = [expectation(function, row, code) for row in rows]
    for direct in (False, True) if library.direct(name) else (False,):
        out, failed = library.run(name, rows, direct)
        for row, want, got, fail in zip(rows, expected, out, failed, strict=True):
            same = fail if want is None else not fail and got == want
            if not same:
                given = "failed" if fail else f"{decode(got, code)!r} ({got:#x})"
                wanted = "a failure" if want is None else f"{decode(want, code)!r} ({want:#x})"
                raise AssertionError(f"{name}{row!r} direct={direct}: {given}, CPython: {wanted}")
    return len(rows)


# ---- the tests ----

if "pytest" in sys.modules:
    import pytest

    @pytest.fixture(scope="module")
    def library(tmp_path_factory):
        if not (os.environ.get("CXX") or shutil.which("g++") or shutil.which("c++")):
            pytest.skip("needs a C++ compiler")
        return Library(tmp_path_factory.mktemp("numeric"))


def test_every_function_agrees_with_the_interpreter(library):
    for name in library.functions:
        if name not in BY_SUMS:
            compare(library, name, CASES, SEED)


def sum_like_compiled_code(library, items, start):
    """sum(items, start) by the steps that sum.cpp describes."""
    total, items = start, list(items)
    while items and isinstance(total, int):
        total += items.pop(0)
    if isinstance(total, int):
        return total
    c = 0.0
    for x in items:
        kind = "_int" if isinstance(x, int) else ""
        total, c = (library.call(f"float_sum_step{kind}_{part}", total, c, x) for part in ("hi", "lo"))
    return library.call("float_sum_result", total, c)


def test_sum(library):
    compare_sums(library, CASES // 5, SEED)


def compare_sums(library, count, seed):
    rng = random.Random(f"sum {seed}")
    kinds = [
        lambda: rng.uniform(-1, 1),
        lambda: rng.uniform(-1, 1) * 2.0 ** rng.randrange(-60, 60),
        lambda: random_float(rng),
        lambda: rng.choice((-0.0, -0.0, -0.0, 0.0)),
        lambda: rng.choice((0.1, -0.0, 1e308, -1e308, 1e16, -1e16, 1.0)),
        lambda: random_int(rng),
        lambda: rng.choice((rng.uniform(-1, 1), rng.randrange(-(2**60), 2**60), True)),
    ]
    for _ in range(count):
        kind = rng.choice(kinds)
        items = [kind() for _ in range(rng.randrange(1, 12))]
        if several_nans(items) or any(map(math.isinf, items)):
            items = [x for x in items if math.isfinite(x)] + [math.inf][: rng.randrange(2)]
        start = rng.choice((0, 0, 7, -0.0, 0.1))
        got, want = sum_like_compiled_code(library, items, start), sum(items, start)
        assert type(got) is type(want), items
        assert got == want if isinstance(want, int) else to_bits(got) == to_bits(want), (items, start, got, want)
    return count


def main():
    with tempfile.TemporaryDirectory() as folder:
        library = Library(folder)
        total = 0
        for name in sys.argv[1:] or library.functions:
            if name not in BY_SUMS:
                count = compare(library, name, CASES, SEED)
                total += count
                print(f"{name:22} {count:>9}", flush=True)
        total += compare_sums(library, CASES // 5, SEED)
        print(f"{'in all':22} {total:>9}  {sys.version.split()[0]}")


if __name__ == "__main__":
    main()
