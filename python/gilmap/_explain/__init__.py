"""The words of explain(): facts from the engine, put so that a Python programmer can act on them."""

import linecache
from collections.abc import Callable
from typing import Any

from gilmap import _gilmap
from gilmap._explain.advice import advice_for
from gilmap._explain.foreign import (
    ABOUT_CFUNC,
    SCALARS_OF_UFUNC,
    SCALARS_OF_VECTORIZED,
    gives_numpy_scalars,
    is_numba_cfunc,
    is_vectorized_by_numba,
    takes_whole_columns,
    why_native,
)
from gilmap._explain.looking import annotated_column, is_iterable, is_read_freely, name_of, parameters
from gilmap._explain.text import Explanation

__all__ = ["Explanation", "explain"]


def _assumed(known: list[str | None]) -> list[list[str]]:
    """The columns to report for where some types are not known."""
    if all(known):
        return [[str(c) for c in known]]
    return [[column or guess for column in known] for guess in ("int", "float")]


def _given_columns(func: Callable[..., Any], iterables: tuple[Any, ...]) -> list[list[str]]:
    """The columns to report for these inputs; none if they hold what is not compiled."""
    for xs in iterables:
        if not is_read_freely(xs) and not is_iterable(xs):
            raise TypeError(f"'{type(xs).__name__}' object is not iterable")
    readable = [xs for xs in iterables if is_read_freely(xs)]
    types = _gilmap.column_types(*readable) if readable else []
    if readable and not types:
        return []
    if len(readable) == len(iterables):
        return [types]
    rest = iter(types)
    annotated = [annotated_column(p) for p in parameters(func)]
    annotated += [None] * (len(iterables) - len(annotated))
    return _assumed(
        [next(rest) if is_read_freely(xs) else known for xs, known in zip(iterables, annotated, strict=False)]
    )


def _why_it_stays(func: Callable[..., Any]) -> str | None:
    if _gilmap.available_cpus() < 2:
        return "there is only one CPU to run on"
    from gilmap import _interpreters

    reason = _interpreters.why_it_stays(func)
    if reason is None and _gilmap.rests_from_workers(func):
        return "its last calls took longer in worker interpreters, or in vain; after some more it is tried there again"
    return reason


def _blockers(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The obstacles of all columns, each once, with its source and what to write instead."""
    blockers: list[dict[str, Any]] = []
    for row in rows:
        if row["compiled"]:
            continue
        blocker = {key: row[key] for key in ("file", "line", "column", "function", "what", "side_effect")}
        text = linecache.getline(row["file"], row["line"])
        blocker["source"] = text.strip()
        blocker["mark"] = _mark(text, row["column"], row["end_column"])
        blocker["instead"] = advice_for(row["what"]).instead
        if blocker not in blockers:
            blockers.append(blocker)
    return blockers


def _mark(text: str, column: int, end_column: int) -> tuple[int, int] | None:
    """Where in the stripped source line the obstacle stands, and how long it is; None if that is not known, or not one
    line."""
    if not column or end_column <= column:
        return None
    # The compiler counts bytes of UTF-8.
    line = text.rstrip().encode()
    before = len(line[: column - 1].decode(errors="replace")) - (len(text) - len(text.lstrip()))
    length = len(line[column - 1 : end_column - 1].decode(errors="replace"))
    return (before, length) if before >= 0 and length > 0 else None


# Making the list that a call returns takes some 8 ns an element, computing such a function a tenth of that.
_FEW_INSTRUCTIONS = 30
_LARGE = 100_000


def _hint(rows: list[dict[str, Any]], blockers: list[dict[str, Any]], iterables: tuple[Any, ...]) -> str | None:
    """What small change would make the call some 10 times faster, if there is one."""
    if blockers and not any(row["compiled"] for row in rows):
        if len({b["what"] for b in blockers}) == 1 and advice_for(blockers[0]["what"]).is_small:
            return (
                "this one obstacle keeps it from being compiled; without it, large inputs would be computed some 10 to "
                "100 times faster."
            )
        return None
    light = all(row["compiled"] and not row["loops"] and row["instructions"] <= _FEW_INSTRUCTIONS for row in rows)
    if light and iterables and all(type(xs) in (list, tuple) and len(xs) >= _LARGE for xs in iterables):
        return (
            "so little is computed for each element that most of the time goes into making the list of results; with "
            "NumPy or Arrow arrays in place of lists the call would be some 10 times faster."
        )
    return None


def explain(func: Callable[..., Any], *iterables: Any) -> Explanation:
    """See gilmap.explain."""
    if not callable(func):
        raise TypeError(f"'{type(func).__name__}' object is not callable")
    bounds: list[tuple[int, int]] = []
    if iterables:
        wanted = _given_columns(func, iterables)
        if all(map(is_read_freely, iterables)):
            bounds = _gilmap.column_bounds(*iterables)
    else:
        wanted = _assumed([annotated_column(p) for p in parameters(func)])
    rows = [_gilmap.explain_types(func, columns, bounds) for columns in wanted]
    blockers = _blockers(rows)
    compiled = [row for row in rows if row["compiled"]]
    stays = None if compiled else _why_it_stays(func)
    scalars = bool(compiled) and gives_numpy_scalars(func, iterables)
    whole = takes_whole_columns(func, iterables)
    if scalars:
        backend, reason = "inline", SCALARS_OF_UFUNC
    elif whole:
        backend, reason, stays, rows, blockers = "numba_native", whole, None, [], []
    elif is_vectorized_by_numba(func):
        backend, reason, blockers = "inline", SCALARS_OF_VECTORIZED, []
    elif compiled and compiled[0]["native"]:
        backend = compiled[0]["native"]
        reason = why_native(compiled, blockers)
    elif compiled:
        begins = _begins_with_arrow(compiled, iterables)
        backend = "arrow_kernel" if begins else "jit"
        reason = _why_compiled(compiled, blockers, begins)
    else:
        backend = "inline" if stays else "subinterp"
        reason = _why_not_compiled(blockers, stays)
    if is_numba_cfunc(func):
        reason += ABOUT_CFUNC
    keys = ("columns", "compiled", "results", "checks", "shared_lines", "simd")
    first: dict[str, Any] = compiled[0] if compiled and not whole else {}
    return Explanation(
        function=name_of(func),
        backend=backend,
        then="jit" if backend == "arrow_kernel" else backend,
        reason=reason,
        has_fast_path=bool(whole) or (bool(compiled) and not (scalars and iterables)),
        stays_because=stays,
        columns=[{key: row[key] for key in keys if key in row} for row in rows],
        results=first.get("results", []),
        checks=first.get("checks", []),
        simd=first.get("simd"),
        blockers=blockers,
        side_effects=any(b["side_effect"] for b in blockers),
        hint=_hint(rows, blockers, iterables),
    )


def _kinds(rows: list[dict[str, Any]]) -> str:
    return " and ".join(", ".join(row["columns"]) for row in rows)


# An expression over fewer elements is done by the interpreter before pyarrow.compute could be asked.
_LEAST_FOR_ARROW = 4096


def _begins_with_arrow(compiled: list[dict[str, Any]], iterables: tuple[Any, ...]) -> bool:
    """Whether pyarrow.compute computes large columns until a kernel is ready. Without inputs: where the program has
    imported it; with inputs: in this process, now."""
    if any(row["ready"] for row in compiled) or not any(row["arrow"] for row in compiled):
        return False
    if _gilmap.is_arrow_kernel_loaded():
        return all(not hasattr(type(xs), "__len__") or len(xs) >= _LEAST_FOR_ARROW for xs in iterables)
    return not iterables and _is_installed("pyarrow")


def _is_installed(package: str) -> bool:
    """Looks for the package, and runs nothing of it."""
    import importlib.util

    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def _why_compiled(compiled: list[dict[str, Any]], blockers: list[dict[str, Any]], begins_with_arrow: bool) -> str:
    reason = f"It is compiled to machine code for {_kinds(compiled)} columns and runs on all cores."
    if begins_with_arrow:
        reason = (
            "It is one expression: pyarrow.compute computes large inputs at once"
            + ("" if _gilmap.is_arrow_kernel_loaded() else ", in a program that has imported pyarrow.compute,")
            + f" until it is compiled to machine code for {_kinds(compiled)} columns, which runs on all cores."
        )
    if blockers:
        reason += " For other columns it runs in the interpreter."
    return reason


def _why_not_compiled(blockers: list[dict[str, Any]], stays: str | None) -> str:
    if blockers:
        where = f"line {blockers[0]['line']}: " if blockers[0]["line"] else ""
        reason = f"It is not compiled: {where}{blockers[0]['what']}."
    else:
        reason = "The inputs hold no ints, floats or bools, for which it would be compiled."
    if stays:
        return f"{reason} It runs in the calling interpreter alone, because {stays}."
    return f"{reason} It runs in worker interpreters on all cores if its elements take long enough, else in this one."
