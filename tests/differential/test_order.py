"""What is left to CPython is computed in the order of map, whatever the kernels beside it do meanwhile."""

import time

import gilmap
import pytest

from tests.differential.harness import check


def raises_or_hangs(x):
    if x == -1:
        raise ValueError(f"{x!r}")
    n = 0
    while x == 7:
        n += 1
    return x


class Seven(int):
    """An int of a subclass, which goes to the interpreter, and there hangs as 7 does."""


@pytest.mark.parametrize(
    "column",
    [
        [1.0] * 5 + [-1] + [7.0] * 5,
        [1] * 5 + [-1.0] + [7] * 5,
        [1, -1, Seven(7)],
        [1, 2.0, Seven(3), -1, 7, 7.0, Seven(7)],
        [Seven(-1)] + [7] * 100,
    ],
    ids=str,
)
def test_an_exception_does_not_wait_for_endless_elements_above_it(column):
    with pytest.raises(ValueError, match="-1"):
        gilmap.map(raises_or_hangs, column, backend="jit")


def test_the_first_exception_of_all_groups_is_raised():
    def f(x):
        if x < 0:
            raise ValueError(x)
        return x

    for column in ([1, 2.0, -3.0, -2, -1.0], [True, 1, -2, -3.0], [1, 2.5, None, -1], [Seven(-4), -3, -2.0]):
        check(f, column * 30)


class Adds:
    """Changes, when it is added to, what the kernel takes for granted."""

    def __add__(self, other):
        global K
        K += 1
        return K


K = 1


def plus_k(x):
    return x + K


@pytest.mark.parametrize("backend", [None, "jit", "inline"])
def test_an_object_that_changes_a_global_changes_it_for_those_behind_it(backend):
    global K
    column = [1] * 5 + [2.5] * 5 + [Adds()] + [1] * 5 + [Adds(), 0.5] + list(range(2000))
    K = 1
    expected = list(map(plus_k, column))
    for _ in range(3):
        K = 1
        assert gilmap.map(plus_k, column, backend=backend) == expected


@pytest.mark.parametrize("backend", [None, "jit", "inline"])
@pytest.mark.parametrize("at", [0, 1, 700, 49_999])
def test_stop_iteration_ends_the_list(at, backend):
    def f(x):
        if x == at:
            raise StopIteration
        return x * 2 + 1

    column = list(range(50_000))
    assert gilmap.map(f, column, backend=backend) == list(map(f, column)) == [2 * x + 1 for x in range(at)]


def test_stop_iteration_of_a_list_of_several_types():
    def f(x):
        if x == 50:
            raise StopIteration
        return x / 4

    column = [x if x % 3 else float(x) for x in range(49)] + [Seven(49), 50, 51.0, Seven(52)]
    assert gilmap.map(f, column, backend="jit") == list(map(f, column))


def test_small_and_large_blocks_of_an_int_column():
    """A function whose kernel for small ints comes later, with blocks that are not small."""

    def f(n):
        return n // 2 if n % 2 == 0 else 3 * n + 1

    small = list(range(-40_000, 60_000))
    expected = list(map(f, small))
    deadline = time.monotonic() + 0.05
    while time.monotonic() < deadline:
        assert gilmap.map(f, small) == expected
    gilmap.shutdown_workers()  # waits for what is being compiled
    assert gilmap.map(f, small) == expected
    for odd in (2**31 - 1, 2**31, -(2**31) - 1, 2**52, 2**62, 2**62 + 1, -(2**63), 2**63 - 1, 2**64):
        for at in (0, 50_000, 99_999):
            column = small[:at] + [odd] + small[at + 1 :]
            assert gilmap.map(f, column) == list(map(f, column))
