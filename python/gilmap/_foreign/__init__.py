"""Functions of other compilers: where their machine code lies, what it takes, and whether it may run on any thread.

The lifter asks `find` about a callable that is one by its type. Nothing here imports numba or ctypes unless such a
callable is there, which means that the program has imported it.
"""

from collections.abc import Callable
from typing import Any

from gilmap._foreign.found import Found


def find(func: Callable[..., Any], columns: tuple[str, ...]) -> Found | str:
    """The machine code that runs when func is called with Python numbers of these types.

    columns: "int", "float", "bool" or "None" for each argument.

    Returns what is found, or the reason why there is nothing, to stand behind "it is not compiled: ". Has Numba
    compile the function for these types if it has not yet, as a call would. Raises nothing.
    """
    if type(func).__module__.partition(".")[0] == "numba":
        from gilmap._foreign import numba_functions

        return numba_functions.find(func, columns)
    from gilmap._foreign import c_functions

    return c_functions.find(func, columns)
