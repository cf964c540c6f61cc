"""Builtins, functions of operator and functools.partial of these, mapped themselves: lifted as what they stand for."""

import functools
import itertools
import math
import operator

import gilmap
import pytest

from tests.python.foreign_support import BOOLS, FLOATS, INTS, check, outcome

SOME = [0, 1, -1, 3, -7, 2**31, 2**53 + 1, 2**63 - 1, -(2**63)]
SOME_FLOATS = [0.0, -0.0, 1.0, -2.5, 0.1, 1e300, -1e300, float("inf"), float("nan")]

UNARY = [operator.neg, operator.pos, operator.abs, operator.not_, operator.truth]
OF_INTS = [operator.index, operator.invert, operator.inv, int.bit_length, int.bit_count]
BINARY = [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod]
BINARY += [operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge, operator.iadd, operator.imul]
BINARY += [min, max, operator.ifloordiv]
BITWISE = [operator.and_, operator.or_, operator.xor, operator.iand, operator.ixor]


def check_rows(func, rows):
    """The rows that raise nothing all together, as machine code; those that raise each alone."""
    fine = []
    for row in rows:
        if isinstance(outcome(lambda row=row: [func(*row)]), tuple):
            check(func, *([x] for x in row))
        else:
            fine.append(row)
    if not fine:
        return
    check(func, *(list(column) for column in zip(*fine, strict=True)), backend="jit")


@pytest.mark.parametrize("func", UNARY, ids=lambda f: f.__name__)
def test_unary(func):
    for values in (INTS, FLOATS, BOOLS):
        check(func, values, backend="jit")


@pytest.mark.parametrize("func", OF_INTS, ids=lambda f: f.__name__)
def test_of_ints(func):
    check(func, INTS, backend="jit")
    if func not in (operator.invert, operator.inv):  # of a bool it warns
        check(func, BOOLS, backend="jit")
    check(func, [1.5])


@pytest.mark.parametrize("func", BINARY, ids=lambda f: f.__name__)
def test_binary(func):
    for left, right in itertools.product((SOME, SOME_FLOATS, BOOLS), repeat=2):
        check_rows(func, list(itertools.product(left, right)))


@pytest.mark.parametrize("func", BITWISE, ids=lambda f: f.__name__)
def test_bitwise(func):
    for left, right in itertools.product((SOME, BOOLS), repeat=2):
        check_rows(func, list(itertools.product(left, right)))
    check(func, [1.5], [2])


@pytest.mark.parametrize("func", [operator.lshift, operator.rshift], ids=lambda f: f.__name__)
def test_shifts(func):
    check_rows(func, list(itertools.product(SOME, [0, 1, 5, 63, 64, -1])))


@pytest.mark.parametrize("func", [pow, operator.pow, operator.ipow], ids=lambda f: f.__name__)
def test_powers_of_either_type(func):
    check_rows(func, list(itertools.product([0, 1, -1, 2, -3, 10, 2**31], [0, 1, 2, 3, -1, -2, 17])))
    check_rows(func, list(itertools.product(SOME_FLOATS, SOME_FLOATS)))
    check_rows(func, list(itertools.product([2, 3], BOOLS)))
    assert gilmap.map(func, [2, 2], [3, -1], backend="jit") == [8, 0.5]
    assert gilmap.map(functools.partial(func, 2), [3, -1], backend="jit") == [8, 0.5]


def test_partials():
    for f in (
        functools.partial(operator.add, 1),
        functools.partial(operator.mul, 2.5),
        functools.partial(max, 3),
        functools.partial(min, 0.5),
        functools.partial(max, 3, 4),
        functools.partial(functools.partial(operator.sub, 10)),
        functools.partial(round, ndigits=1),
        functools.partial(math.atan2, 1.0),
        functools.partial(math.pow, 2.0),
    ):
        check_rows(f, [(x,) for x in SOME])
        check_rows(f, [(x,) for x in SOME_FLOATS if math.isfinite(x)])


def test_within_functions():
    def f(x):
        return operator.add(operator.mul(x, x), 1) if operator.gt(x, 0) else operator.neg(x)

    check(f, SOME + SOME_FLOATS + BOOLS, backend="jit")

    def choose(x):
        return max(x, 2.5) if operator.truth(x) else operator.pow(2, x)

    check(choose, [0, 1, 5, -3, 0.0, 7.5], backend="jit")


def test_wrong_arguments_are_left_to_the_function():
    for f, columns in [(operator.add, [[1, 2]]), (operator.neg, [[1], [2]]), (operator.add, [[1], ["a"]])]:
        check(f, *columns)
    check(functools.partial(operator.add, b=1), [1])
