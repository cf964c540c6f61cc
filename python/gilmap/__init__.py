"""gilmap: `gilmap.map(f, xs)` is `list(map(f, xs))`, compiled and on all cores.

>>> import gilmap
>>> gilmap.map(lambda n: n * n % 7, range(5))
[0, 1, 4, 2, 2]
"""

import atexit as _atexit
import os as _os
import sys as _sys

from gilmap import _gilmap
from gilmap._gilmap import map, shutdown_workers

# Type checkers know this name. Importing it from typing would take as long as all the rest of `import gilmap`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable as _Callable
    from typing import Any as _Any

    from gilmap._explain import Explanation as _Explanation
del TYPE_CHECKING

# The code generator looks at it with the first function; a mistake would only show as slowness.
if _os.environ.get("GILMAP_SIMD", "") not in ("", "avx512", "avx2", "sse", "off"):
    raise ValueError(f"GILMAP_SIMD is avx512, avx2, sse or off, not {_os.environ['GILMAP_SIMD']!r}")

__version__ = "0.1.0"
__all__ = ["explain", "map", "shutdown_workers"]


def _at_exit() -> None:
    """Ends all workers for good. One that is stuck in a call that nothing can interrupt would crash the interpreter's
    own end, or hold it up for ever."""
    if _gilmap.at_exit():
        return
    for stream in (_sys.stdout, _sys.stderr):
        if stream is not None:
            stream.flush()
    _os._exit(1 if getattr(_sys, "last_exc", None) is not None else 0)


_atexit.register(_at_exit)


def _before_fork() -> None:
    """The child has none of the other threads. It would crash or hang with a copy of a worker's interpreter, and wait
    for ever for a part of gilmap that another thread was importing."""
    _gilmap.before_fork()
    while unfinished := [
        name
        for name, module in tuple(_sys.modules.items())
        if name.startswith("gilmap.") and getattr(getattr(module, "__spec__", None), "_initializing", False)
    ]:
        __import__(unfinished[0])


# Here, not where workers are used first: a fork that has begun by then would not call them.
_os.register_at_fork(
    before=_before_fork,
    after_in_parent=_gilmap.after_fork_in_parent,
    after_in_child=_gilmap.after_fork_in_child,
)


def explain(func: "_Callable[..., _Any]", *iterables: "_Any") -> "_Explanation":
    """What `map(func, *iterables)` would do, and why; runs none of the user's code.

    func: any callable.
    iterables: the inputs, of which the types of the first elements count; without them the annotations of func,
        and without those an int and a float column are assumed.

    Returns an `Explanation`, a dict that prints as text in a terminal and as tables in a notebook: `backend` (what runs
    the call), `then` (what does once a kernel is ready), `reason` (str), `has_fast_path` (bool: some types are
    compiled), `side_effects` (bool: an obstacle is one), `hint` (a small change that makes it 10 times faster, or None)
    and `blockers`, a dict for each obstacle: `file`, `line`, `column` and `source` of it, `what` it is, what to write
    `instead`. `columns` has what becomes of each combination of types, with `shared_lines`, the source lines of loops
    whose rounds are run once for all elements of a thread; `results` (the types), `checks` and `simd` are those of the
    first that is compiled. `checks` tells what may leave an element to CPython, since neither the code
    nor the size of the inputs rules it out: `what`, `count` and the `lines` of the source. `simd` says how many
    elements are computed at once (lanes of a vector, vectors), whether a lane that is done takes the next element, and
    what is done for one lane after the other; or the reason why there is only one.
    Raises TypeError if func is not callable.
    """
    from gilmap._explain import explain

    return explain(func, *iterables)
