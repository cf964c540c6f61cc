"""What a cell's time is held against: the C++ for this CPU, or whoever is quicker than that.

C++ computes the same to the bit, and its remark says how it is written, but no C++ is proof that nobody could be
quicker. So the limit is the time of C++ unless another right runner beats it, gilmap among them; then it is that one's
time, and nobody beats what is printed. Without a C++ that is right, a copy of the same bytes stands for it.

The copy (cpp/copy.cpp) is what no exact program that returns an array can be quicker than, as far as data in caches
goes: as many threads as CPUs, each over memory of its own that it has written to before, without the costs of starting
and of handing out. Beside the limit it tells how far from that the workload is; by itself it says little of one that
computes much. A call that raises returns nothing, and need not read all: there is none.

    {"what": how it is named, "seconds", "limit_by": "C++", "copy" or the name of another runner,
     "copy": seconds, where there is one, "cpp": seconds, where C++ is right}
"""

import ctypes
import functools
import os
import pathlib
import statistics
import subprocess
import tempfile

from bench import machine
from bench.runners.cpp import BENCH, FLAGS

LONG = 5e-3  # seconds of rounds for one measurement, and of how many the least counts
REPEATS = 5


@functools.cache
def _library():
    """None where there is no compiler."""
    with tempfile.TemporaryDirectory() as folder:
        to = pathlib.Path(folder) / "copy.so"
        command = [machine.compiler(), *FLAGS, "-shared", "-fPIC", "-pthread", str(BENCH / "cpp/copy.cpp")]
        try:
            subprocess.run([*command, "-o", str(to)], check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        function = ctypes.CDLL(str(to)).copy_seconds
    function.restype = ctypes.c_double
    words = ctypes.c_int64
    function.argtypes = [words, words, ctypes.c_int, ctypes.c_int64, ctypes.c_int, ctypes.c_bool]
    return function


def copy_seconds(bytes_in, bytes_out):
    """Of the quicker of two ways; None where nothing compiles it."""
    function = _library()
    if function is None:
        return None
    data = max(1, bytes_in // 8), max(1, bytes_out // 8), len(os.sched_getaffinity(0))

    def least(by_library):
        once = function(*data, 3, 2, by_library)
        return function(*data, max(1, int(LONG / max(once, 1e-9))), REPEATS, by_library)

    return min(least(True), least(False))


def _right(cell):
    """{name: median seconds} of the runners that answered right."""
    return {
        name: statistics.median(result["seconds"])
        for name, result in cell["runners"].items()
        if result.get("seconds") and not result.get("wrong") and not result.get("failed")
    }


def limit_of(cell, columns):
    """For a finished cell; None if there is none. Lists have none: boxing is bound by CPython's allocator."""
    if cell["kind"] == "list":
        return None
    times, found = _right(cell), {}
    if not any(cell["runners"][name].get("raised") for name in times):
        copy = copy_seconds(8 * columns * cell["size"], 8 * cell["size"])
        found = {"copy": copy} if copy else {}
    known = []  # (seconds, who, its name)
    if "C++" in times:
        remark = cell["runners"]["C++"].get("remark")
        known.append((times["C++"], "C++", "C++" + (f", {remark}" if remark else "")))
        found["cpp"] = times["C++"]
    elif "copy" in found:
        known.append((found["copy"], "copy", "copy of the same bytes"))
    if not known:
        return None
    than = known[0][2]
    known += [
        (seconds, name, f"{'gilmap itself' if name == 'gilmap' else name}, quicker than {than}")
        for name, seconds in times.items()
        if name != "C++"
    ]
    seconds, who, what = min(known, key=lambda one: one[0])
    return {"what": what, "seconds": seconds, "limit_by": who} | found
