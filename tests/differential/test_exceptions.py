"""Exceptions: the one that map meets first, with its text and traceback, and nothing left behind."""

import sys
import traceback

import gilmap
import pytest

from tests.differential.harness import MODES, check


def list_modes(*, compiled):
    return [mode for mode in MODES if not mode.container.typed and mode.compiled <= compiled]


def first_error(call):
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError("no exception")


def reciprocal_or_worse(n):
    if n == 7:
        raise KeyError("seven")
    if n == 11:
        raise ValueError(f"eleven: {n}")
    return 10 // n


@pytest.mark.parametrize("size", [1, 5, 64, 1000, 5000])
@pytest.mark.parametrize("bad", [{0: 0}, {3: 7, 4: 0}, {4: 0, 3: 11}, {-1: 7}, {-1: 0, -2: 11}])
def test_first_of_several(bad, size):
    column = [k % 5 + 1 for k in range(size)]
    for place, value in bad.items():
        if -size <= place < size:
            column[place] = value
    if any(abs(place) < size for place in bad):
        check(reciprocal_or_worse, column, compiled=True)


def test_first_across_types():
    """The columns of ints, floats and others are computed apart; the order of exceptions is that of the list."""
    good = [1, 2.0, True, 3, 4.0]
    for first, second in ((0, 0.0), (0.0, 0), (7, 0.0), (0.0, None), (None, 0), ("x", 0.0), (2**70, 0), (False, 0.0)):
        check(reciprocal_or_worse, good * 20 + [first] + good * 3 + [second] + good)


def test_traceback_reaches_into_helpers():
    def inner(n):
        return 1 // n

    def outer(n):
        return inner(n - 3) + 1

    for mode in list_modes(compiled=True):
        error = first_error(lambda mode=mode: gilmap.map(outer, list(range(10)), **mode.options))
        frames = traceback.extract_tb(error.__traceback__)
        assert [frame.name for frame in frames][-2:] == ["outer", "inner"]
        assert frames[-1].line == "return 1 // n"
        local = sys.exc_info()
        assert local == (None, None, None)


def test_traceback_shows_locals():
    def f(n):
        half = n / 2
        return half / (n - 4)

    error = first_error(lambda: gilmap.map(f, list(range(10)), backend="jit"))
    last = error.__traceback__
    while last.tb_next:
        last = last.tb_next
    assert last.tb_frame.f_locals == {"n": 4, "half": 2.0}


def test_no_context_is_added():
    for mode in list_modes(compiled=True):
        error = first_error(lambda mode=mode: gilmap.map(reciprocal_or_worse, [1, 7], **mode.options))
        assert type(error) is KeyError and error.__context__ is None and error.__cause__ is None


def test_context_of_the_caller_is_kept():
    try:
        raise RuntimeError("outer")
    except RuntimeError as outer:
        error = first_error(lambda: gilmap.map(reciprocal_or_worse, [1, 0], backend="jit"))
        assert error.__context__ is outer


def test_the_next_call_works():
    for mode in list_modes(compiled=True):
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                gilmap.map(reciprocal_or_worse, [1, 2, 0, 4], **mode.options)
            assert gilmap.map(reciprocal_or_worse, [1, 2, 3], **mode.options) == [10, 5, 3]


def test_elements_after_the_failing_one_may_be_wrong_too():
    """A later element would raise something else, or take 64 bits: only the first matters."""
    check(lambda n: (n * n) // (n - 2), [5, 2**62, 2, 0, 2**63 - 1, 2] * 30, compiled=True)


@pytest.mark.parametrize("kind", [GeneratorExit, KeyboardInterrupt, SystemExit, MemoryError, Warning])
def test_unusual_exceptions(kind):
    names = {}
    exec(f"def f(n):\n    if n == 3:\n        raise {kind.__name__}('unusual')\n    return n", names)
    f = names["f"]
    for mode in list_modes(compiled=False) + [mode for mode in MODES if mode.name == "jit"]:
        with pytest.raises(kind, match="unusual"):
            gilmap.map(f, [1, 2, 3, 4], **mode.options)


def test_stop_iteration_is_not_an_end():
    """list(map()) would end the list silently at a StopIteration: gilmap must do as map does."""

    def f(n):
        if n == 3:
            raise StopIteration
        return n

    expected = list(map(f, [1, 2, 3, 4]))
    assert expected == [1, 2]
    for mode in list_modes(compiled=False):
        try:
            result = gilmap.map(f, [1, 2, 3, 4], **mode.options)
        except StopIteration:
            continue  # "the whole call fails" is what the documentation says of any failing element
        assert result == expected


def test_exception_instance_is_the_one_raised():
    mine = ValueError("mine")

    def f(n):
        if n == 2:
            raise mine
        return n

    assert first_error(lambda: gilmap.map(f, [1, 2, 3])) is mine


def test_assert_under_different_messages():
    # From a string, because pytest rewrites the assertions that it sees.
    names = {}
    exec("def f(n):\n    assert n < 5, (n, 'too large')\n    assert n != 3\n    return n", names)
    f = names["f"]
    check(f, [0, 1, 2, 3, 4, 5, 6], compiled=True)
    check(f, [0, 1, 6, 3], compiled=True)


def test_error_when_printing_the_argument():
    class Unprintable:
        def __repr__(self):
            raise RuntimeError("no repr")

    with pytest.raises(TypeError):
        gilmap.map(lambda x: x + 1, [1, Unprintable()])


def test_results_are_released_when_a_call_fails():
    class Result:
        alive = 0

        def __init__(self):
            Result.alive += 1

        def __del__(self):
            Result.alive -= 1

    def f(n):
        if n == 50:
            raise ValueError
        return Result()

    with pytest.raises(ValueError):
        gilmap.map(f, list(range(100)))
    assert Result.alive == 0
