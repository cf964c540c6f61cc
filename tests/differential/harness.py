"""The differential harness: a function gives in every execution mode what CPython gives.

`check(f, *columns)` calls f on each row in CPython, and then runs gilmap in every mode of MODES that
applies. A new way to execute (a SIMD width, another backend) is one more row of that table. Compared
are values, types, bits and exceptions. When elements raise, the whole vector must raise what `map`
meets first, and the elements that survive are compared on their own.
"""

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import gilmap
from gilmap import _gilmap

from tests.differential.outcomes import Raised, nan_is_ambiguous, outcome, same, show
from tests.differential.values import SIZES

try:
    import numpy
except ImportError:
    numpy = None
try:
    import pyarrow
except ImportError:
    pyarrow = None


class Mismatch(AssertionError):
    """gilmap and CPython disagree."""


# ---------------------------------------------------------------- containers


@dataclass(frozen=True)
class Container:
    """How a column is handed over, and how a result is read back as a list of Python values."""

    make: Callable
    read: Callable
    typed: bool  # one element type for the column, one for the result
    available: bool = True


_NUMPY_TYPES = {int: "int64", float: "float64", bool: "bool"}
_ARROW_TYPES = {int: "int64", float: "double", bool: "bool"}


def _to_numpy(column):
    return numpy.array(column, dtype=_NUMPY_TYPES[type(column[0])])


def _from_numpy(result, value_type):
    if not isinstance(result, numpy.ndarray) or str(result.dtype) != _NUMPY_TYPES[value_type]:
        raise Mismatch(f"expected a NumPy array of {_NUMPY_TYPES[value_type]}, got {show(result)}")
    return result.tolist()


def _to_arrow(column):
    return pyarrow.array(column, type=pyarrow.type_for_alias(_ARROW_TYPES[type(column[0])]))


def _from_arrow(result, value_type):
    if not isinstance(result, pyarrow.Array) or str(result.type) != _ARROW_TYPES[value_type]:
        raise Mismatch(f"expected an Arrow array of {_ARROW_TYPES[value_type]}, got {show(result)}")
    return result.to_pylist()


def _from_list(result, value_type):
    if type(result) is not list:
        raise Mismatch(f"expected a list, got {show(result)}")
    return result


LIST = Container(list, _from_list, typed=False)
NUMPY = Container(_to_numpy, _from_numpy, typed=True, available=numpy is not None)
ARROW = Container(_to_arrow, _from_arrow, typed=True, available=pyarrow is not None)


# ---------------------------------------------------------------- modes


@dataclass(frozen=True)
class Mode:
    name: str
    container: Container
    options: dict = field(default_factory=dict)  # keyword arguments of gilmap.map
    compiled: bool = False  # needs machine code
    sizes: bool = False  # also run at each of SIZES
    elsewhere: bool = False  # in worker interpreters
    lanes: bool = False  # many elements at once, wherever that can be had


MODES = (
    Mode("default", LIST),
    Mode("inline", LIST, {"backend": "inline"}),
    Mode("jit", LIST, {"backend": "jit"}, compiled=True, sizes=True),
    Mode("jit, one worker", LIST, {"backend": "jit", "workers": 1}, compiled=True),
    Mode("jit, two workers", LIST, {"backend": "jit", "workers": 2}, compiled=True),
    Mode("NumPy", NUMPY),
    Mode("NumPy, inline", NUMPY, {"backend": "inline"}),
    Mode("NumPy, jit", NUMPY, {"backend": "jit"}, compiled=True, sizes=True),
    Mode("Arrow", ARROW),
    Mode("Arrow, jit", ARROW, {"backend": "jit"}, compiled=True),
    Mode("lanes", LIST, {"backend": "jit"}, compiled=True, sizes=True, lanes=True),
    Mode("NumPy, lanes", NUMPY, {"backend": "jit"}, compiled=True, sizes=True, lanes=True),
)
if os.environ.get("GILMAP_TEST_LANES_ONLY"):  # see test_simd.py
    MODES = tuple(mode for mode in MODES if mode.lanes)


# For functions without side effects: only those of a worker's copy would remain.
ELSEWHERE = Mode("subinterp", LIST, {"backend": "subinterp"}, elsewhere=True)


# ---------------------------------------------------------------- compiled or not


def native_rows(rows):
    """The rows that machine code can take, grouped by the types of their values."""
    groups = {}
    for k, row in enumerate(rows):
        if all(_is_native(value) for value in row):
            groups.setdefault(tuple(map(type, row)), []).append(k)
    return groups


def _is_native(value):
    kind = type(value)
    return kind is float or kind is bool or (kind is int and -(2**63) <= value < 2**63)


def _copy_of_nan(value):
    return struct.unpack("<d", struct.pack("<d", value))[0] if type(value) is float and value != value else value


def why_not_compiled(function, *columns):
    """None if `explain` says that these columns run as machine code, else its reason."""
    answer = gilmap.explain(function, *columns)
    if answer["backend"] == "jit":
        return None
    return answer["reason"] or "explain gives no reason"


def _columns(rows, picks=None):
    picked = rows if picks is None else [rows[k] for k in picks]
    return [list(column) for column in zip(*picked)]


# ---------------------------------------------------------------- check


def check(function, *columns, compiled=None, nan="bits", sizes=()):
    """Compare gilmap with CPython on these columns, in every mode.

    compiled=True: every combination of int, float and bool in a row must run as machine code.
    compiled=False: `explain` must say that none does, and backend="jit" must refuse.
    compiled=None: either is right.
    sizes: also run the elements that do not raise, repeated to each of these lengths.
    nan="any": NaNs need not agree in sign and payload.
    """
    Check(function, list(zip(*columns)), nan).run(compiled, sizes)


def check_sizes(function, *columns, compiled=True, nan="bits"):
    check(function, *columns, compiled=compiled, nan=nan, sizes=SIZES)


def check_elsewhere(function, *columns):
    """Compare the worker interpreters with CPython: values, types and bits; exceptions by class, text and arguments."""
    rows = list(zip(*columns))
    Check(function, rows, "bits")._run_mode(ELSEWHERE, range(len(rows)), ())


class Check:
    def __init__(self, function, rows, nan, outcomes=None):
        self.function = function
        self.rows = rows
        # Instructions before AVX overwrite an operand, and which one is the compiler's choice: of two NaNs either may be
        # the result, as docs/semantics.md says.
        self.nan = "any" if os.environ.get("GILMAP_SIMD") == "sse" else nan
        self.outcomes = outcomes or [outcome(function, row) for row in rows]
        self.groups = native_rows(rows)
        self.fresh = {}

    def run(self, compiled, sizes):
        if not self.rows:
            return self._expect_empty()
        refused = self._refused(compiled)
        everything = range(len(self.rows))
        for mode in MODES:
            if not mode.container.available:
                continue
            if not mode.container.typed:
                if not mode.compiled or (self.groups and not refused):
                    self._run_mode(mode, everything, sizes)
                continue
            for types, picks in self.groups.items():
                if not (mode.compiled and types in refused):
                    self._of_fresh_values(picks)._run_typed(mode, sizes)

    def _refused(self, compiled):
        """The type combinations that do not compile, after comparing with what was asked for."""
        refused = {}
        for types, picks in self.groups.items():
            reason = why_not_compiled(self.function, *_columns(self.rows, picks))
            if reason is not None:
                refused[types] = reason
        if compiled is True and refused:
            raise Mismatch(f"{self._name()} is not compiled for " + "; ".join(
                f"({', '.join(t.__name__ for t in types)}): {reason}" for types, reason in refused.items()
            ))  # fmt: skip
        if compiled is False:
            self._expect_refusal(refused)
        return refused

    def _expect_refusal(self, refused):
        if len(refused) < len(self.groups):
            raise Mismatch(f"{self._name()} must not be compiled, but explain says that it is")
        for picks in self.groups.values():
            try:
                gilmap.map(self.function, *_columns(self.rows, picks), backend="jit")
            except ValueError:
                continue
            raise Mismatch(f'{self._name()} is not compiled, but backend="jit" does not refuse')

    def _run_mode(self, mode, picks, sizes):
        """The whole vector, and if something in it raises, the rest of it without that."""
        good = [k for k in picks if self.outcomes[k][0] == "value"]
        self._compare(mode, picks)
        if len(good) < len(picks) and good:
            self._compare(mode, good)
        if mode.sizes and good:
            for size in sizes:
                if size or not mode.container.typed:
                    self._compare(mode, [good[k % len(good)] for k in range(size)])

    def _of_fresh_values(self, picks):
        """These rows as an array gives them: each value is an object of its own.

        It makes a difference to `nan in (1, nan)`, which looks at identity first.
        """
        if tuple(picks) not in self.fresh:
            rows = [tuple(map(_copy_of_nan, self.rows[k])) for k in picks]
            same_objects = all(new is old for k, row in zip(picks, rows) for new, old in zip(row, self.rows[k]))
            outcomes = [self.outcomes[k] for k in picks] if same_objects else None
            self.fresh[tuple(picks)] = Check(self.function, rows, self.nan, outcomes)
        return self.fresh[tuple(picks)]

    def _run_typed(self, mode, sizes):
        """As above, for arrays: the results must be of one type that an array can hold."""
        picks = range(len(self.rows))
        good = [k for k in picks if self.outcomes[k][0] == "value"]
        if len({type(self.outcomes[k][1]) for k in good}) > 1:
            return
        if all(_is_native(self.outcomes[k][1]) for k in good):
            self._run_mode(mode, picks, sizes)

    def _compare(self, mode, picks):
        columns = [mode.container.make(column) for column in _columns(self.rows, picks)]
        columns = columns or [[] for _ in self.rows[0]]
        first_error = next((k for k in picks if self.outcomes[k][0] == "raised"), None)
        try:
            _gilmap.use_lanes("always" if mode.lanes else "measured")
            result = gilmap.map(self.function, *columns, **mode.options)
        except Exception as error:
            self._compare_error(mode, first_error, error)
            return
        finally:
            _gilmap.use_lanes("measured")
        if first_error is not None:
            self._fail(mode, first_error, "no exception")
        value_type = type(self.outcomes[picks[0]][1]) if picks else None
        values = mode.container.read(result, value_type)
        if len(values) != len(picks):
            raise Mismatch(f"{self._name()}, {mode.name}: {len(values)} results for {len(picks)} elements")
        for k, value in zip(picks, values):
            if not self._agrees(k, value):
                self._fail(mode, k, show(value), len(picks))

    def _agrees(self, k, value):
        expected = self.outcomes[k][1]
        if same(expected, value, self.nan):
            return True
        return same(expected, value, "any") and nan_is_ambiguous(self.function, self.rows[k])

    def _compare_error(self, mode, first_error, error):
        if first_error is None:
            raise Mismatch(
                f"{self._name()}, {mode.name}: raised {type(error).__name__}({error}), expected no exception"
            ) from error
        actual, expected = Raised.of(error), self.outcomes[first_error][1]
        if mode.elsewhere:  # there its class is made of the original and RuntimeError, and the frames are text
            well = isinstance(error, expected.kind) and actual.text == expected.text
            well = well and actual.arguments == expected.arguments
        else:
            well = actual == expected
        if not well:
            self._fail(mode, first_error, str(actual), cause=error)

    def _fail(self, mode, k, actual, size=None, cause=None):
        arguments = ", ".join(map(show, self.rows[k]))
        size = f" (of {size})" if size else ""
        raise Mismatch(
            f"{self._name()}, {mode.name}, row {k}{size}\n  arguments {arguments}\n"
            f"  CPython   {show(self.outcomes[k][1])}\n  gilmap    {actual}"
        ) from cause

    def _expect_empty(self):
        for mode in MODES:
            if not mode.container.typed and not mode.compiled:
                result = gilmap.map(self.function, [], **mode.options)
                if result != [] or type(result) is not list:
                    raise Mismatch(f"{self._name()}, {mode.name}: {show(result)} for no elements")

    def _name(self):
        return getattr(self.function, "__qualname__", None) or repr(self.function)
