"""gilmap where NumPy, pyarrow or Numba are not installed: environments of their own, which have none, or some."""

import importlib.util
import pathlib
import subprocess
import sys
import venv

import gilmap
import pytest


@pytest.fixture(scope="module")
def run_bare(tmp_path_factory):
    """Runs Python source in an environment that has gilmap alone; its standard output."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False, symlinks=True)
    (folder / "only").mkdir()
    # A link, so that nothing that is installed beside the package comes along.
    (folder / "only" / "gilmap").symlink_to(pathlib.Path(gilmap.__file__).absolute().parent, target_is_directory=True)

    def run(source):
        child = subprocess.run(
            [folder / "bin" / "python", "-c", source],
            capture_output=True,
            text=True,
            timeout=120,
            env={"PYTHONPATH": str(folder / "only")},
        )
        assert child.returncode == 0, child.stderr
        return child.stdout

    return run


def test_neither_is_installed(run_bare):
    source = "import importlib.util as u; print([u.find_spec(p) for p in ('numpy', 'pyarrow', 'numba', 'pytest')])"
    assert run_bare(source).strip() == "[None, None, None, None]"


def test_map_explain_and_errors(run_bare):
    source = """
import array, sys, gilmap
f = lambda x: x * 2.0 + 1.0
for n in (0, 1, 5, 1000, 300_000):
    xs = [k * 0.25 for k in range(n)]
    for backend in (None, "inline", "jit", "subinterp"):
        assert gilmap.map(f, xs, backend=backend) == list(map(f, xs)), (n, backend)
answer = gilmap.explain(f)
assert (answer["backend"], answer["then"]) == ("jit", "jit") and "pyarrow" not in str(answer)
try:
    gilmap.map(f, xs, backend="arrow_kernel")
except ValueError as error:
    assert "pyarrow, which is not installed" in str(error), error
else:
    raise AssertionError("no error")
assert gilmap.map(f, array.array("d", [1.0, 2.0])) == [3.0, 5.0], "a list, for want of an array"
assert gilmap.map(f, xs) == list(map(f, xs)), "the next call works"
print("fine", sorted({"numpy", "pyarrow"} & set(sys.modules)))
"""
    assert run_bare(source).strip() == "fine []"


def test_command_line(run_bare):
    source = "from gilmap.__main__ import main; assert main(['info']) == 0; assert main(['explain', 'math:sqrt']) == 0"
    told = run_bare(source)
    assert told.count("not installed") == 2 and "float -> float" in told
    assert sys.version.split()[0] in told


def test_a_package_that_comes_later_is_found(run_bare):
    """pyarrow.compute is looked for with each call: here one that lacks all that is needed, which is left alone."""
    source = """
import sys, types, gilmap
f = lambda x: x * 2.0 + 1.0
xs = [float(k) for k in range(50_000)]
assert gilmap.map(f, xs) == list(map(f, xs))
sys.modules["pyarrow"] = types.ModuleType("pyarrow")
sys.modules["pyarrow.compute"] = types.ModuleType("pyarrow.compute")
g = lambda x: x * 3.0 + 1.0
assert gilmap.map(g, xs) == list(map(g, xs))
print("fine")
"""
    assert run_bare(source).strip() == "fine"


# Which are there together, in words for the test's name; Numba needs NumPy.
SOME = {"numpy": ["numpy"], "numpy, pyarrow": ["numpy", "pyarrow"], "numpy, numba": ["numpy", "numba", "llvmlite"]}


@pytest.mark.parametrize("present", SOME.values(), ids=SOME)
def test_some_are_installed(present, tmp_path):
    venv.create(tmp_path, with_pip=False, symlinks=True)
    only = tmp_path / "only"
    only.mkdir()
    for package in ("gilmap", *present):
        spec = importlib.util.find_spec(package)
        if spec is None:
            pytest.skip(f"{package} is not installed")
        folder = pathlib.Path(spec.origin).absolute().parent
        (only / package).symlink_to(folder, target_is_directory=True)
        libraries = folder.with_name(f"{package}.libs")
        if libraries.exists():
            (only / libraries.name).symlink_to(libraries, target_is_directory=True)
    source = """
import importlib.util, sys, gilmap
has = {p for p in ("numpy", "pyarrow", "numba") if importlib.util.find_spec(p)}
f = lambda x: x * 2.0 + 1.0
values = [k * 0.25 for k in range(300_000)]
expected = list(map(f, values))
assert gilmap.map(f, values) == expected and "not compiled" not in str(gilmap.explain(f))
assert not has & set(sys.modules), sys.modules
import numpy as np
assert gilmap.map(f, np.array(values)).tolist() == expected
assert gilmap.map(np.sqrt, np.array(values)).tolist() == np.sqrt(np.array(values)).tolist()
if "pyarrow" in has:
    import pyarrow.compute
    assert gilmap.map(f, pyarrow.array(values), backend="arrow_kernel").to_pylist() == expected
else:
    try:
        gilmap.map(f, values, backend="arrow_kernel")
    except ValueError as error:
        assert "pyarrow, which is not installed" in str(error), error
if "numba" in has:
    import numba
    assert gilmap.map(numba.njit(f), values) == expected
    assert gilmap.map(numba.vectorize(f), np.array(values)).tolist() == expected
print(*sorted(has))
"""
    child = subprocess.run(
        [tmp_path / "bin" / "python", "-c", source],
        capture_output=True,
        text=True,
        timeout=120,
        env={"PYTHONPATH": str(only)},
    )
    assert child.returncode == 0, child.stderr
    assert child.stdout.split() == sorted({*present} - {"llvmlite"})
