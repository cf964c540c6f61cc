"""What is found of a function of another compiler."""

from typing import Any, NamedTuple


class Found(NamedTuple):
    """Machine code that may be called in place of a Python callable.

    abi: "c", or "numba" for `int32 status = f(result*, excinfo**, arguments…)`.
    params, result: the types, i8 to u64, f32, f64, bool; for the result also none.
    pure: the result depends on nothing but the arguments, and nothing else is changed, so that threads may call it in
        any order and twice.
    guards: paths from the callable to objects that are others if something else runs from now on. A path is a tuple of
        ("attr", name) and ("item", key). The object at its end is kept alive.
    """

    name: str
    abi: str
    address: int
    params: tuple[str, ...]
    result: str
    pure: bool
    guards: tuple[tuple[tuple[str, Any], ...], ...]
