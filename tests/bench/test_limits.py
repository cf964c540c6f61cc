"""No right runner beats the limit that is printed, and the copy has no costs that a program could do without."""

import shutil

import pytest

from bench import limits
from tests.bench.made_up import runner

pytestmark = pytest.mark.skipif(shutil.which("c++") is None, reason="no C++ compiler")


@pytest.fixture
def a_copy(monkeypatch):
    monkeypatch.setattr(limits, "copy_seconds", lambda bytes_in, bytes_out: 0.1)


def limit_of(kind="numpy", **runners):
    names = {"cpp": "C++", "njit": "Numba njit", "ours": "gilmap"}
    cell = {"kind": kind, "size": 1000, "runners": {names[key]: made for key, made in runners.items()}}
    return limits.limit_of(cell, 1)


CPP = runner(0.5, remark="SIMD by hand")


def test_cpp_is_the_limit_where_nobody_right_is_quicker(a_copy):
    expected = {"what": "C++, SIMD by hand", "seconds": 0.5, "limit_by": "C++", "copy": 0.1, "cpp": 0.5}
    assert limit_of(cpp=CPP, ours=runner(1.0), njit=runner(0.6)) == expected
    for reason in ("wrong", "failed"):
        assert limit_of(cpp=CPP, njit=runner(0.2, **{reason: "element 0"})) == expected


def test_whoever_is_quicker_is_the_limit(a_copy):
    limit = limit_of(cpp=CPP, ours=runner(1.0), njit=runner(0.2))
    assert (limit["limit_by"], limit["seconds"], limit["cpp"]) == ("Numba njit", 0.2, 0.5)
    assert limit["what"] == "Numba njit, quicker than C++, SIMD by hand"
    limit = limit_of(cpp=CPP, ours=runner(0.3), njit=runner(0.4))
    assert (limit["limit_by"], limit["seconds"]) == ("gilmap", 0.3)
    assert limit["what"] == "gilmap itself, quicker than C++, SIMD by hand"


def test_the_copy_stands_for_a_cpp_that_is_not_there(a_copy):
    for cpp in ({"none": "not written in C++"}, CPP | {"wrong": "element 0"}):
        limit = limit_of(cpp=cpp, ours=runner(1.0))
        assert limit == {"what": "copy of the same bytes", "seconds": 0.1, "limit_by": "copy", "copy": 0.1}


def test_what_raises_has_no_copy(a_copy):
    limit = limit_of(cpp=CPP | {"raised": True}, njit=runner(0.01, raised=True))
    assert limit["limit_by"] == "Numba njit" and "copy" not in limit
    assert limit_of(ours=runner(1.0, raised=True)) is None


def test_there_may_be_neither(monkeypatch):
    monkeypatch.setattr(limits, "copy_seconds", lambda bytes_in, bytes_out: None)
    assert limit_of(ours=runner(1.0)) is None
    assert limit_of(cpp=CPP)["seconds"] == 0.5
    assert limit_of("list", cpp=CPP) is None


def test_a_copy_takes_as_long_as_its_bytes():
    """Nothing is handed out: a few elements take less than any call of a function through a pool, or a thread's start."""
    assert 0 < limits.copy_seconds(800, 800) < 1e-6
    assert limits.copy_seconds(8, 8) > 0  # fewer words than threads
    assert limits.copy_seconds(8 * 10**5, 8 * 10**5) < limits.copy_seconds(8 * 10**7, 8 * 10**7)
