"""The checker of the benchmarks marks what is not map's result."""

import struct

import numpy as np
import pytest

from bench import check

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


def test_exceptions():
    def raises(error):
        raise error

    expected = check.outcome(lambda: raises(ValueError("negative")))
    assert check.difference(expected, check.outcome(lambda: raises(ValueError("negative")))) is None
    assert check.difference(expected, check.outcome(lambda: raises(ValueError("other"))))
    assert check.difference(expected, check.outcome(lambda: raises(TypeError("negative"))))
    assert check.difference(expected, [1])
    assert check.difference([1], expected)
