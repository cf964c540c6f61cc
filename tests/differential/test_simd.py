"""Lane kernels of every instruction set that this CPU has, against CPython.

The set is chosen once in a process, so each one runs the other files of this folder in a process of its own. The widest
is what the tests of this process use.
"""

import os
import subprocess
import sys
from pathlib import Path

import gilmap
import pytest

HERE = Path(__file__).resolve().parent
NARROWER = ("avx2", "sse")
FILES = (
    "test_functions.py",
    "test_operators.py",
    "test_math.py",
    "test_builtins.py",
    "test_mixed.py",
    "test_exceptions.py",
    "test_narrow_lanes.py",
)


def environment(simd, **more):
    return {**os.environ, "GILMAP_SIMD": simd, **more}


def lanes_at(simd):
    """How many lanes a vector has; an error's text if the CPU has no such instructions."""
    source = (
        "import gilmap\n"
        "simd = gilmap.explain(lambda x: x * 0.5, [1.0])['columns'][0]['simd']\n"
        "print(simd.get('lanes') or simd['reason'])"
    )
    run = [sys.executable, "-c", source]
    done = subprocess.run(run, capture_output=True, text=True, env=environment(simd), check=True)
    return done.stdout.strip()


def widest():
    return gilmap.explain(lambda x: x * 0.5, [1.0])["columns"][0]["simd"].get("lanes", 1)


@pytest.mark.skipif("GILMAP_TEST_LANES_ONLY" in os.environ, reason="these are the processes that it starts")
@pytest.mark.many_at_once
@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("simd", NARROWER)
def test_agrees_with_cpython(simd, file):
    lanes = lanes_at(simd)
    if not lanes.isdigit():
        pytest.skip(lanes)
    if int(lanes) >= widest():
        pytest.skip("the widest that this CPU has: all other tests use it")
    run = [sys.executable, "-m", "pytest", "-q", "-x", "-k", "not print", str(HERE / file)]
    done = subprocess.run(
        run, capture_output=True, text=True, env=environment(simd, GILMAP_TEST_LANES_ONLY="1"), cwd=HERE.parents[1]
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_off_is_one_element_at_a_time():
    assert "off" in lanes_at("off").lower()


def test_an_unknown_set_is_an_error_that_names_the_variable():
    run = [sys.executable, "-c", "import gilmap"]
    done = subprocess.run(run, capture_output=True, text=True, env=environment("mmx"))
    assert done.returncode == 1 and "ValueError: GILMAP_SIMD is avx512, avx2, sse or off, not 'mmx'" in done.stderr
