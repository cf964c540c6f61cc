"""The module opens the library with LLVM in it, libgilmap_codegen, at the first compile and not at import."""

import shutil
import subprocess
import sys
from pathlib import Path

import gilmap
import pytest
from gilmap import _gilmap

PACKAGE = Path(gilmap.__file__).parent
MODULE = Path(_gilmap.__file__)
LIBRARY = "libgilmap_codegen.so"

# sys.path without the build's folder, so that the copy in the working directory is what is imported.
RUN = """
import sys
sys.path = ['.'] + [p for p in sys.path if p != {here!r}]
import gilmap
"""
COLLATZ = """
def steps(n):
    count = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        count += 1
    return count
"""


@pytest.fixture
def package(tmp_path):
    """A copy of the package, as an installation has it, without the library."""
    (tmp_path / "gilmap").mkdir()
    for file in [*PACKAGE.glob("*.py"), MODULE]:
        shutil.copy(file.resolve(), tmp_path / "gilmap" / file.name)
    return tmp_path / "gilmap"


def run(package, code):
    script = RUN.format(here=str(PACKAGE.parent)) + code
    return subprocess.run([sys.executable, "-c", script], cwd=package.parent, text=True, capture_output=True)


def test_import_loads_neither_the_library_nor_slow_modules():
    code = (
        "import sys; before = set(sys.modules); import gilmap\n"
        "print(sorted({name.split('.')[0] for name in set(sys.modules) - before} - {'atexit', 'gilmap'}))\n"
        "print('libgilmap_codegen' in open('/proc/self/maps').read())\n"
        "gilmap.map(lambda x: x + 1, [1, 2], backend='jit')\n"
        "print('libgilmap_codegen' in open('/proc/self/maps').read())\n"
    )
    if not Path("/proc/self/maps").exists():
        pytest.skip("no /proc here")
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert done.stdout.splitlines() == ["[]", "False", "True"]


def test_the_module_is_free_of_llvm():
    words = b"LLVM ERROR: "  # what LLVM says before it aborts
    assert words not in MODULE.read_bytes()
    assert words in (PACKAGE / LIBRARY).read_bytes()


def test_missing_library_is_told_at_import(package):
    done = run(package, "")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"ImportError: gilmap is not completely installed: {package / LIBRARY} is missing. "
        "Installing gilmap again should help."
    )


def test_library_that_cannot_be_loaded(package):
    (package / LIBRARY).write_text("not a library")
    code = COLLATZ + (
        "xs = list(range(1, 20_000))\n"
        "assert gilmap.map(steps, xs) == list(map(steps, xs))\n"
        "for _ in range(2):\n"
        "    try:\n"
        "        gilmap.map(steps, xs, backend='jit')\n"
        "    except ValueError as e:\n"
        "        print(e)\n"
    )
    done = run(package, code)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first == second
    assert "gilmap's code generator cannot be loaded" in first
    assert str(package / LIBRARY) in first


def test_package_is_found_after_a_change_of_folder(package):
    shutil.copy(PACKAGE / LIBRARY, package / LIBRARY)
    code = "import os; os.chdir('/')\nprint(gilmap.map(lambda x: x * 2, [1, 2], backend='jit'), gilmap.__file__)"
    done = run(package, code)
    assert done.stdout.startswith("[2, 4] "), done.stderr
    assert str(package) in done.stdout or "./gilmap" in done.stdout
