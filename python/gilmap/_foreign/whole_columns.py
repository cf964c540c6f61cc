"""What numba.vectorize makes: functions that take whole columns, and do so a piece at a time.

A call with a column does what calls with its elements do, if three things hold, which are asked here: it runs nothing
but arithmetic (else rows that are handed on would do the rest twice), for the types of Python's numbers it chooses the
loop that it chooses for columns, and no row raises an exception or a floating point flag, which would be a warning, or
whatever numpy.seterr() says. In a loop over a column Numba computes several rows at once, which gives the same bits
unless the function allows other roundings, or there is a library of mathematics for vectors.
"""

import re
import weakref
from collections.abc import Callable
from typing import Any

from gilmap._foreign import llvm_text
from gilmap._foreign.numba_functions import llvm_of

_SAMPLES = {"int": 1, "float": 1.0}
_RESULTS = {"float64": "float", "int64": "int", "bool": "bool"}

# Of each function: the number of its loops, and what was found of them.
_verdicts: "weakref.WeakKeyDictionary[Any, tuple[int, str | None]]" = weakref.WeakKeyDictionary()

Piece = Callable[..., Any]

_FLAGS = "fast|reassoc|arcp|contract|afn"
_OTHER_ROUNDINGS = re.compile(rf"^\s*%\S+ = (?:tail )?(?:f\w+|call) (?:\w+ )*(?:{_FLAGS}) ", re.MULTILINE)


def find(func: Any, columns: tuple[str, ...]) -> tuple[str, Piece] | str:
    """The type of the results, and what computes a piece of the columns; or the reason why there is nothing.

    columns: "int" or "float" for each argument.

    The piece takes buffers of int64 and float64 values, and gives an array, or None if rows of it are for CPython.
    Has Numba compile the function for these types if it has not yet, as a call would. Raises nothing.
    """
    import numba
    import numpy as np

    if not all(c in _SAMPLES for c in columns):
        return "it takes columns of ints and floats only"
    scalars = [_SAMPLES[c] for c in columns]
    arrays = [np.array([s]) for s in scalars]
    try:
        if func.find_ewise_function(tuple(map(numba.typeof, scalars))) == (None, None):
            func._compile_for_args(*scalars)
        stays = why_it_stays(func)
        if stays is not None:
            return stays
        with np.errstate(all="ignore"):
            wanted = func(*scalars)  # pure, so that nobody can tell
            got = func(*arrays)
    except Exception as error:
        return f"Numba does not compile it for these types ({type(error).__name__})"
    if type(got) is not np.ndarray or got.dtype != getattr(wanted, "dtype", None) or got.dtype.name not in _RESULTS:
        return "its results are not float64, int64 or bool"
    dtypes = [a.dtype for a in arrays]
    result = got.dtype

    def piece(*buffers: Any) -> Any:
        try:
            with np.errstate(all="raise"):
                out = func(*(np.frombuffer(b, dtype=d) for b, d in zip(buffers, dtypes, strict=True)))
        except Exception:  # a row that raises does so again, in its turn
            return None
        return np.ascontiguousarray(out) if type(out) is np.ndarray and out.dtype == result else None

    return _RESULTS[result.name], piece


def why_it_stays(func: Any) -> str | None:
    """Why func is called for one element after the other, as far as the loops show that it has now; or None."""
    loops = func._dispatcher.overloads
    known = _verdicts.get(func)
    if known is None or known[0] != len(loops):
        known = (len(loops), next(filter(None, map(_why_a_loop_stays, loops.values())), None))
        _verdicts[func] = known
    return known[1]


def _why_a_loop_stays(compiled: Any) -> str | None:
    if compiled.objectmode:
        return "Numba has compiled it in object mode, which runs in the interpreter"
    from numba.core import config

    text = llvm_of(compiled.library)
    if config.USING_SVML or _OTHER_ROUNDINGS.search(text):
        return "a loop over columns may round otherwise than single calls"
    return llvm_text.why_it_stays(text, compiled.fndesc.llvm_func_name)
