"""What several of these tests need: a script in a process of its own, and the time it took."""

import os
import pathlib
import subprocess
import sys

import gilmap

ROOT = pathlib.Path(__file__).resolve().parents[2]


def environment(**changes):
    """The environment for a child that must find the same gilmap and these tests."""
    package = pathlib.Path(gilmap.__file__).resolve().parent.parent
    paths = [str(ROOT), *(p for p in sys.path if p), str(package)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)), **changes}


# Which sanitizer the module was built with, as ./dev test sets it; empty for none.
SANITIZER = os.environ.get("GILMAP_SANITIZED", "")


def run_script(source, *, timeout=150 if SANITIZER else 30, **changes):
    """Run Python source in a child; its standard output. A child that fails or hangs fails the test."""
    child = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, timeout=timeout, env=environment(**changes)
    )
    assert child.returncode == 0, f"exit status {child.returncode}\n{child.stdout}\n{child.stderr}"
    return child.stdout


def resident_bytes():
    """Memory of this process that is in use now (Linux)."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
