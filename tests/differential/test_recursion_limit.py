"""CPython's recursion limit stays true in compiled recursion."""

import sys

import gilmap
import pytest

from tests.differential.harness import check

SLACK = 4  # frames of gilmap's own Python functions between the caller and f


def down(n):
    return 0 if n <= 0 else 1 + down(n - 1)


def even(n):
    return True if n == 0 else odd(n - 1)


def odd(n):
    return False if n == 0 else even(n - 1)


def deepest(f):
    """The largest n that map can take at this depth."""
    low, high = 1, 100_000
    while high - low > 1:
        middle = (low + high) // 2
        try:
            list(map(f, [middle]))
            low = middle
        except RecursionError:
            high = middle
    return low


@pytest.mark.parametrize("backend", ["inline", "jit"])
@pytest.mark.parametrize("f", [down, even])
def test_limit(f, backend):
    n = deepest(f)
    assert gilmap.map(f, [n - SLACK], backend=backend) == [f(n - SLACK)]
    with pytest.raises(RecursionError):
        gilmap.map(f, [n + SLACK], backend=backend)
    with pytest.raises(RecursionError):
        gilmap.map(f, [3, 10**6, n - SLACK], backend=backend)


@pytest.mark.parametrize("backend", ["inline", "jit"])
def test_limit_is_changed(backend):
    before = sys.getrecursionlimit()
    try:
        for limit in (before + 500, before * 3, before):
            sys.setrecursionlimit(limit)
            n = deepest(down)
            assert gilmap.map(down, [n - SLACK, 5], backend=backend) == [n - SLACK, 5]
            with pytest.raises(RecursionError):
                gilmap.map(down, [5, n + SLACK], backend=backend)
    finally:
        sys.setrecursionlimit(before)


@pytest.mark.parametrize("backend", ["inline", "jit"])
def test_limit_depends_on_the_depth_of_the_caller(backend):
    n = deepest(down) - 250

    def at_depth(depth):
        if depth:
            return at_depth(depth - 1)
        return gilmap.map(down, [n], backend=backend)

    assert at_depth(200) == [n]
    with pytest.raises(RecursionError):
        at_depth(300)


def test_very_high_limit():
    """With a limit that the machine's stack cannot hold, the process must survive all the same."""
    before = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(50_000)
        assert gilmap.map(down, [20_000], backend="jit") == [20_000]
        assert gilmap.map(down, [20_000] * 64, backend="jit", workers=2) == [20_000] * 64
    finally:
        sys.setrecursionlimit(before)


def test_endless_recursion():
    def endless(n):
        return endless(n + 1)

    check(endless, [1, 2, 3])
    check(lambda n: endless(n) if n > 2 else n, [1, 2, 3, 1])


def test_one_deep_element_among_shallow_ones():
    check(down, [1, 2, 3, 5000, 4] + list(range(60)), compiled=True)


def test_deep_without_recursion():
    """A chain of many different helpers is no recursion."""
    names = {}
    lines = ["def h0(x):\n    return x + 1"]
    lines += [f"def h{k}(x):\n    return h{k - 1}(x) * 2 % 1009" for k in range(1, 40)]
    exec("\n".join(lines), names)
    check(names["h39"], list(range(50)), compiled=True)
