"""The checker of the benchmarks marks what is not map's result."""

import copy
import pickle
import struct
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from bench import check
from bench.measure import ROOT

NAN, OTHER_NAN = (struct.unpack("<d", struct.pack("<Q", bits))[0] for bits in (0x7FF8 << 48, (0x7FF8 << 48) + 5))
BIG = 2**64


@pytest.mark.parametrize(
    "expected, result",
    [
        ([1], [1.0]),
        ([1], [True]),
        ([0.0], [-0.0]),
        ([NAN], [OTHER_NAN]),
        ([1, 2], [1]),
        ([1, 2], [2, 1]),
        ([BIG], [0]),
        ([1.0, 1], [1.0, 1.0]),
        (["a"], ["b"]),
        ([None], [0]),
        ([1.5], np.array([1.5], np.float32).astype(np.int64)),
        ([1], np.array([1.0])),
        ([0.1], np.array([0.1], np.float32)),
        ([0.1 + 0.2], np.array([0.3])),
        ([1], (1,)),
    ],
)
def test_wrong_results_are_marked(expected, result):
    assert check.difference(expected, result)
    assert check.difference(expected, list(expected)) is None


def test_the_example_names_the_element():
    assert check.difference([1.0, 0.0], [1.0, -0.0]).startswith("element 1: -0.0, map has 0.0 (1 of 2 differ)")
    assert "bits 7ff8000000000005" in check.difference([NAN], [OTHER_NAN])
    assert "float" in check.difference([3], [3.0])


@pytest.mark.parametrize("values", [[], [1, 2], [0.5, -0.0, NAN], [True], [1, 0.5, None, BIG, "x"]])
def test_the_same_results_are_not(values):
    assert check.difference(values, list(values)) is None
    if values and len(set(map(type, values))) == 1:
        assert check.difference(values, np.array(values)) is None


@pytest.mark.parametrize(
    "kind, expected, result",
    [
        ("list", [1, 2], np.array([1, 2])),
        ("list", [1, 2], pa.array([1, 2])),
        ("list", [1], (1,)),
        ("list", [1], type("Sub", (list,), {})([1])),
        ("list", [1.0], [np.float64(1.0)]),
        ("numpy", [1, 2], [1, 2]),
        ("numpy", [1, 2], pa.array([1, 2])),
        ("numpy", [1, 2], np.array([1, 2], np.int8)),
        ("numpy", [1, 2], np.array([1, 2], np.uint64)),
        ("numpy", [1, 2], np.array([1, 2], object)),
        ("numpy", [1, 2], np.array([1, 2], ">i8")),
        ("numpy", [0.5], np.array([0.5], np.float32)),
        ("numpy", [True], np.array([1])),
        ("numpy", [1, 2], np.array([[1], [2]])),
        ("numpy", [1, 2], np.ma.array([1, 2])),
        ("arrow", [1, 2], np.array([1, 2])),
        ("arrow", [1, 2], pa.array([1, 2], pa.int32())),
        ("arrow", [0.5], pa.array([0.5], pa.float32())),
        ("arrow", [1, 2], pa.chunked_array([[1, 2]])),
        ("arrow", [1], pa.array([None], pa.int64())),
    ],
)
def test_another_container_or_type_is_wrong(kind, expected, result):
    assert check.difference(expected, result, kind)
    right = {"list": list, "numpy": np.array, "arrow": pa.array}[kind](expected)
    assert check.difference(expected, right, kind) is None
    assert check.digest(result) != check.digest(right) == check.digest(copy.copy(right))


@pytest.mark.parametrize(
    "a, b",
    [
        ([0.0], [-0.0]),
        ([NAN], [OTHER_NAN]),
        ([1], [True]),
        ([1, 2], [2, 1]),
        ([BIG], [BIG + 1]),
        (["a", "b"], ["a\nstr 'b'"]),
        ([1.0, None], [1, None]),
        ([(1, 0.0)], [(1, -0.0)]),
        (np.array([0.0]), np.array([-0.0])),
        (pa.array([1, None]), pa.array([1, 0])),
        (pa.array([0.0]), pa.array([-0.0])),
    ],
)
def test_digests_tell_results_apart(a, b):
    assert check.digest(a) != check.digest(b)
    assert check.digest(a) == check.digest(a[:])


def test_a_digest_of_an_arrow_array_needs_no_numpy():
    code = (
        "import sys; sys.modules['numpy'] = None\nimport pyarrow as pa\nfrom bench import check\ndel sys.modules['numpy']\n"
        "assert check.digest(pa.array([1, 2])) == check.digest(pa.array([0, 1, 2])[1:]) != check.digest(pa.array([1, 3]))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_an_exception_of_the_same_name_is_another():
    class ValueError_(ValueError):
        pass

    def raised(error):
        return check.Raised(error)

    ValueError_.__name__ = ValueError_.__qualname__ = "ValueError"
    ValueError_.__module__ = "builtins"
    expected = raised(ValueError("a"))
    assert check.difference(expected, raised(ValueError_("a")))
    assert check.difference(raised(ValueError(1)), raised(ValueError("1")))
    assert check.difference(raised(ValueError()), raised(ValueError("")))
    assert check.digest(expected) == check.digest(raised(ValueError("a"))) != check.digest(raised(ValueError_("a")))
    kept = pickle.loads(pickle.dumps(expected))  # as the truth comes to a worker
    assert check.difference(kept, raised(ValueError("a"))) is None
    assert repr(expected) == "ValueError('a')"


def test_what_raises_is_shown_with_what_map_gives():
    raised = check.Raised(TypeError("no"))
    assert check.difference([0.5, 2, 3], raised) == "raises TypeError('no'), map returns [0.5, 2, …]"
    assert check.difference(raised, [1]) == "returns list, map raises TypeError('no')"


def test_exceptions():
    def raises(error):
        raise error

    expected = check.outcome(lambda: raises(ValueError("negative")))
    assert check.difference(expected, check.outcome(lambda: raises(ValueError("negative")))) is None
    assert check.difference(expected, check.outcome(lambda: raises(ValueError("other"))))
    assert check.difference(expected, check.outcome(lambda: raises(TypeError("negative"))))
    assert check.difference(expected, [1])
    assert check.difference([1], expected)
