"""gilmap where NumPy and pyarrow are not installed: an environment of its own, which has neither."""

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
