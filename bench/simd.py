"""SIMD kernels against Numba's unchecked parallel loop and against C++ with checks, on as many threads.

simd.cpp is compiled here, with -O3 -march=native, and without contraction, which would change results. Where
GILMAP_SIMD narrows the instruction set, the peers stay as they are.
"""

import ctypes
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import time
import types
import zlib
from dataclasses import dataclass

import gilmap
import numpy as np
from gilmap import _gilmap

from bench import throughput
from bench.apart import Apart
from bench.measure import in_turns, seconds_of
from bench.workloads import WORKLOADS, identical
from bench.workloads.users import black_scholes, newton_root


def collatz_length(n):
    length = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        length += 1
    return length


def _workload(name):
    return lambda: [np.array(WORKLOADS[name][1])]


def _unrepeated():
    return [np.array(random.Random(1).sample(range(1, 10**7), 200_000))]


def _starts():
    """Roots of numbers near 1, from starts of any magnitude: those take 5 to 80 steps."""
    rng = np.random.default_rng(2)
    return [rng.uniform(0.5, 2.0, 200_000), 10.0 ** rng.uniform(-7, 7, 200_000)]


def _options():
    rng = np.random.default_rng(3)
    return [rng.uniform(50.0, 150.0, 200_000), rng.uniform(0.1, 3.0, 200_000)]


@dataclass(frozen=True)
class Row:
    function: object
    columns: object  # makes them
    over_numba: float  # the speeds to reach
    over_cpp: float
    compute_bound: bool = True
    sample: int = 500  # elements that list(map) checks

    @property
    def name(self):
        return self.function.__name__


ROWS = {
    "count_primes": Row(WORKLOADS["count_primes"][0], _workload("count_primes"), 25, 15, sample=8),
    "heavy_collatz": Row(WORKLOADS["heavy_collatz"][0], _workload("heavy_collatz"), 100, 100, sample=8),
    "mandelbrot_iters": Row(WORKLOADS["mandelbrot_iters"][0], _workload("mandelbrot_iters"), 8, 5),
    "medium_compute": Row(WORKLOADS["medium_compute"][0], _workload("medium_compute"), 10, 10),
    "quick_collatz, 10^6": Row(WORKLOADS["quick_collatz"][0], lambda: [np.arange(1, 10**6 + 1)], 1.0, 1.0, False),
    "quick_collatz, 2*10^7": Row(WORKLOADS["quick_collatz"][0], lambda: [np.arange(1, 2 * 10**7 + 1)], 1.3, 1.0, False),
    "float_math, 10^6": Row(WORKLOADS["float_math"][0], lambda: [np.arange(1e6)], 1.0, 1.0, False),
    "float_math, 2*10^7": Row(WORKLOADS["float_math"][0], lambda: [np.arange(2e7)], 1.3, 1.0, False),
    "collatz_length, not repeated": Row(collatz_length, _unrepeated, 3, 3.5),
    "newton_root, random starts": Row(newton_root, _starts, 3, 3),
    "black_scholes": Row(black_scholes, _options, 1.0, 1.0, False),
}

# ---------------------------------------------------------------- gilmap


def _until_idle():
    """Waits for compiles in the background."""
    while True:
        before = time.process_time()
        time.sleep(0.02)
        if time.process_time() - before < 1e-3:
            return


def warmed(f, columns, seconds=0.06, workers=None):
    """The result, once gilmap has compiled all kernels that it wants for these columns and chosen among them."""
    for _ in range(2):
        spent = 0.0
        while spent < seconds:
            once, result = seconds_of(lambda: gilmap.map(f, *columns, workers=workers))
            spent += once
        _until_idle()
    return result


def checked(row, columns):
    result = warmed(row.function, columns)
    picked = random.Random(4).sample(range(len(result)), min(row.sample, len(result)))
    expected = list(map(row.function, *(column[picked].tolist() for column in columns)))
    if not identical(expected, result[picked].tolist()):
        raise SystemExit(f"{row.name}: gilmap differs from map")
    return result


_ready = {}


def prepare(key):
    """For a process of its own: a digest of the result."""
    _ready.clear()
    _ready[key] = ROWS[key].columns()
    return zlib.crc32(checked(ROWS[key], _ready[key]))


def run_once(key):
    return seconds_of(lambda: gilmap.map(ROWS[key].function, *_ready[key]))[0]


# ---------------------------------------------------------------- the peers


def numba_loop(f, dtype):
    if f.__code__.co_argcount == 1:
        return throughput.numba_loop(f, dtype)
    import numba

    called = {name: value for name, value in f.__globals__.items() if name in f.__code__.co_names}
    called = {name: numba.njit(v) if isinstance(v, types.FunctionType) else v for name, v in called.items()}
    element = numba.njit(types.FunctionType(f.__code__, called))

    @numba.njit(parallel=True)
    def loop(xs, ys):
        out = np.empty(xs.size, dtype)
        for i in numba.prange(xs.size):
            out[i] = element(xs[i], ys[i])
        return out

    return loop


def cpp_library(folder):
    source = pathlib.Path(__file__).with_suffix(".cpp")
    library = pathlib.Path(folder) / "simd.so"
    compiler = os.environ.get("CXX") or shutil.which("clang++-22") or shutil.which("g++") or "c++"
    flags = ["-std=c++17", "-O3", "-march=native", "-ffp-contract=off", "-shared", "-fPIC", "-pthread"]
    subprocess.run([compiler, *flags, str(source), "-o", str(library)], check=True)
    print(f"    C++ by {pathlib.Path(compiler).name} {' '.join(flags[:4])}")
    return ctypes.CDLL(str(library))


def cpp_loop(library, row, dtype):
    function = library[row.name]
    function.restype = ctypes.c_int64
    threads = _gilmap.available_cpus()

    def loop(*columns):
        out = np.empty(columns[0].size, dtype)
        pointers = (ctypes.c_void_p * len(columns))(*(c.ctypes.data for c in columns))
        if function(pointers, ctypes.c_void_p(out.ctypes.data), ctypes.c_int64(out.size), threads):
            raise SystemExit(f"{row.name}: C++ left elements out")
        return out

    return loop


def _check_peer(name, key, theirs, result):
    """Other libraries of mathematical functions than the interpreter's own may differ in the last bits."""
    if result.dtype == np.float64 and name == "numba":
        same = np.allclose(theirs, result, rtol=1e-12, atol=1e-12)
    else:
        same = theirs.tobytes() == result.tobytes()
    if not same:
        raise SystemExit(f"{key}: {name} differs from gilmap")


def against_peers(table, repeats):
    with tempfile.TemporaryDirectory() as folder, Apart(GILMAP_SIMD="avx2") as avx2:
        library = cpp_library(folder)
        for key, row in ROWS.items():
            columns = row.columns()
            result = checked(row, columns)
            if avx2.ask(prepare, key) != zlib.crc32(result):
                raise SystemExit(f"{key}: AVX2 differs")
            peers = {"numba": numba_loop(row.function, result.dtype), "C++": cpp_loop(library, row, result.dtype)}
            for name, loop in peers.items():
                _check_peer(name, key, loop(*columns), result)
            figures = _figures(row, key, columns, peers, avx2, repeats)
            for name, speed in zip(peers, (row.over_numba, row.over_cpp), strict=True):
                table.at_least(f"{key}: speed over {name}", figures[name] / figures["gilmap"], speed)
            for name, speed in zip(peers, (row.over_numba, row.over_cpp), strict=True):
                target = speed / 2 if row.compute_bound else speed
                table.at_least(f"{key}, AVX2: speed over {name}", figures[name] / figures["avx2"], target)


def _figures(row, key, columns, peers, avx2, repeats):
    """Seconds of each; that of the other process as it took it."""
    apart = []
    runs = [lambda loop=loop: loop(*columns) for loop in peers.values()]
    runs.append(lambda: gilmap.map(row.function, *columns))
    runs.append(lambda: apart.append(avx2.ask(run_once, key)))
    seconds = in_turns(runs, repeats, pause=0.02)
    apart = apart[1::2]  # the timed ones
    print(
        f"    {key}: " + ", ".join(f"{n} {s * 1e3:.2f} ms" for n, s in zip((*peers, "gilmap"), seconds, strict=False))
    )
    return dict(zip((*peers, "gilmap"), seconds, strict=False)) | {"avx2": sorted(apart)[len(apart) // 2]}
