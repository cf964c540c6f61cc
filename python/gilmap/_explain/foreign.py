"""The words for functions of other compilers."""

from collections.abc import Callable
from typing import Any


def why_native(rows: list[dict[str, Any]], blockers: list[dict[str, Any]]) -> str:
    """Why the machine code of another compiler is called, and how. rows: what is compiled."""
    if rows[0]["native"] == "numba_native":
        reason = "Numba has compiled it; its machine code is called directly, on all cores and without the GIL."
    elif any(row["in_order"] for row in rows):
        reason = (
            "It is a C function that may have side effects, so its machine code is called in order, on the calling"
            ' thread and without the GIL; backend="numba_cfunc" calls it on all cores.'
        )
    else:
        reason = "It is a C function; its machine code is called directly, on all cores and without the GIL."
    if blockers:
        reason += f" For other columns it runs in the interpreter: {blockers[0]['what']}."
    return reason


def is_numba_cfunc(func: Callable[..., Any]) -> bool:
    return type(func).__module__ == "numba.core.ccallback" and type(func).__name__ == "CFunc"


# To follow the reason for one.
ABOUT_CFUNC = (
    " To call a @cfunc object runs its Python function, so this is about that;"
    ' backend="numba_cfunc" calls the C function, whose ints wrap around.'
)


def gives_numpy_scalars(func: Callable[..., Any], iterables: tuple[Any, ...]) -> bool:
    """A NumPy ufunc over what gives a list."""
    if (type(func).__module__, type(func).__name__) != ("numpy", "ufunc"):
        return False
    return not iterables or _gives_list(iterables)


def is_vectorized_by_numba(func: Callable[..., Any]) -> bool:
    return (type(func).__module__, type(func).__name__) == ("numba.np.ufunc.dufunc", "DUFunc")


SCALARS_OF_VECTORIZED = (
    "Numba has vectorised it: called with one element, it makes a NumPy scalar, which is for Numba to do, in the"
    " calling interpreter. Over an array of ints or floats it is called with whole columns, if it only computes."
)


def takes_whole_columns(func: Callable[..., Any], iterables: tuple[Any, ...]) -> str | None:
    """Of what numba.vectorize has made, over arrays: the words for that, if it is called with whole columns."""
    if not is_vectorized_by_numba(func) or not iterables or _gives_list(iterables):
        return None
    from gilmap._foreign import whole_columns

    stays = whole_columns.why_it_stays(func)
    if stays is not None:
        return None
    return (
        "Numba has vectorised it: over arrays of ints and floats it is called with whole columns, some ten thousand"
        " elements at a time. Where one of them raises an exception or a warning, it is called for each, as map does."
    )


def _gives_list(iterables: tuple[Any, ...]) -> bool:
    return type(iterables[0]).__module__.partition(".")[0] not in ("numpy", "pyarrow")


SCALARS_OF_UFUNC = (
    "It is a NumPy ufunc, which makes a list of NumPy scalars; that is for NumPy to do, in the calling interpreter."
    " For an array or an Arrow array it is compiled."
)
