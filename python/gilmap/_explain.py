"""The words of explain(): facts from the engine, put so that a Python programmer can act on them."""

import array
import collections
import functools
import html
import inspect
import linecache
from collections.abc import Buffer, Callable
from typing import Any

from gilmap import _gilmap

_COLUMN_OF = {int: "int", float: "float", bool: "bool", "int": "int", "float": "float", "bool": "bool"}

# Exact types whose elements can be looked at without running code of the user's.
_READ_FREELY: tuple[type, ...] = (
    *(list, tuple, range, set, frozenset, dict, type({}.keys()), type({}.values()), type({}.items())),
    *(str, bytes, bytearray, array.array, collections.deque),
)


class Explanation(dict[str, Any]):
    """The answer of explain(): a dict that prints as text, in a terminal and in a notebook."""

    def __str__(self) -> str:
        lines = [f"{self['function']}: {self['backend']}", f"  {self['reason']}"]
        for row in self["columns"]:
            given = ", ".join(row["columns"])
            if row["compiled"]:
                lines.append(f"  {given} -> {' or '.join(row['results'])}")
                lines += [f"    left to CPython if {words} ({count}×)" for words, count in row["checks"]]
                lines.append(f"    {_words_of_simd(row['simd'])}")
            else:
                lines.append(f"  {given}: not compiled")
        for b in self["blockers"]:
            lines.append(f"  {b['file']}:{b['line']}:{b['column']}: {b['what']}")
            if b["source"]:
                lines.append(f"    {b['source']}")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def _words_of_simd(simd: dict[str, Any]) -> str:
    if not simd["possible"]:
        return f"one element at a time: {simd['reason']}"
    words = f"{simd['lanes'] * simd['vectors']} elements at once"
    if simd["vectors"] > 1:
        words += f", in {simd['vectors']} vectors of {simd['lanes']} lanes"
    if simd["refill"]:
        words += "; a lane that is done takes the next element"
    if simd["one_by_one"]:
        words += f"; one lane after the other: {', '.join(simd['one_by_one'])}"
    return words


def _parameters(func: Callable[..., Any]) -> list[inspect.Parameter]:
    """The positional parameters without a default; one unknown parameter where there is no signature."""
    try:
        signature = inspect.signature(func, follow_wrapped=False)
    except (TypeError, ValueError):
        return [inspect.Parameter("x", inspect.Parameter.POSITIONAL_ONLY)]
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    required = [p for p in signature.parameters.values() if p.kind in kinds and p.default is p.empty]
    if required:
        return required
    optional = [p for p in signature.parameters.values() if p.kind in kinds]
    return optional[:1] or [inspect.Parameter("x", inspect.Parameter.POSITIONAL_ONLY)]


def _annotated_column(parameter: inspect.Parameter) -> str | None:
    annotation = parameter.annotation
    return _COLUMN_OF.get(annotation) if isinstance(annotation, str) or type(annotation) is type else None


def _assumed(known: list[str | None]) -> list[list[str]]:
    """The columns to report for where some types are not known."""
    if all(known):
        return [[str(c) for c in known]]
    return [[column or guess for column in known] for guess in ("int", "float")]


def _is_read_freely(xs: Any) -> bool:
    """Whether reading elements of xs runs none of the user's code, and takes nothing from an iterator."""
    kind = type(xs)
    if any(kind is known for known in _READ_FREELY) or issubclass(kind, Buffer):
        return True
    return hasattr(kind, "__arrow_c_array__") or hasattr(kind, "__arrow_c_stream__") or _is_pyarrow(kind)


def _is_pyarrow(kind: type) -> bool:
    return kind.__module__ == "pyarrow.lib"  # before version 16 its chunked arrays have no such method


def _given_columns(func: Callable[..., Any], iterables: tuple[Any, ...]) -> list[list[str]]:
    """The columns to report for these inputs; none if they hold what is not compiled."""
    for xs in iterables:
        if not _is_read_freely(xs) and not hasattr(type(xs), "__iter__") and not hasattr(type(xs), "__getitem__"):
            raise TypeError(f"'{type(xs).__name__}' object is not iterable")
    readable = [xs for xs in iterables if _is_read_freely(xs)]
    types = _gilmap.column_types(*readable) if readable else []
    if readable and not types:
        return []
    if len(readable) == len(iterables):
        return [types]
    rest = iter(types)
    annotated = [_annotated_column(p) for p in _parameters(func)]
    annotated += [None] * (len(iterables) - len(annotated))
    return _assumed(
        [next(rest) if _is_read_freely(xs) else known for xs, known in zip(iterables, annotated, strict=False)]
    )


def _name(func: Callable[..., Any]) -> str:
    if isinstance(func, functools.partial):
        return f"partial of {_name(func.func)}"
    return getattr(func, "__qualname__", None) or type(func).__name__


def _why_it_stays(func: Callable[..., Any]) -> str | None:
    if _gilmap.available_cpus() < 2:
        return "there is only one CPU to run on"
    from gilmap import _interpreters

    reason = _interpreters.why_it_stays(func)
    if reason is None and _gilmap.rests_from_workers(func):
        return "its last calls took longer in worker interpreters, or in vain; after some more it is tried there again"
    return reason


def explain(func: Callable[..., Any], *iterables: Any) -> Explanation:
    """See gilmap.explain."""
    if not callable(func):
        raise TypeError(f"'{type(func).__name__}' object is not callable")
    bounds: list[tuple[int, int]] = []
    if iterables:
        wanted = _given_columns(func, iterables)
        if all(map(_is_read_freely, iterables)):
            bounds = _gilmap.column_bounds(*iterables)
    else:
        wanted = _assumed([_annotated_column(p) for p in _parameters(func)])
    rows = [_gilmap.explain_types(func, columns, bounds) for columns in wanted]

    compiled = [row for row in rows if row["compiled"]]
    blockers: list[dict[str, Any]] = []
    for row in rows:
        if row["compiled"]:
            continue
        blocker = {key: row[key] for key in ("file", "line", "column", "function", "what", "side_effect")}
        blocker["source"] = linecache.getline(row["file"], row["line"]).strip()
        if blocker not in blockers:
            blockers.append(blocker)

    stays = None if compiled else _why_it_stays(func)
    if compiled:
        backend = "jit"
        kinds = " and ".join(", ".join(row["columns"]) for row in compiled)
        reason = f"It is compiled to machine code for {kinds} columns and runs on all cores."
        if blockers:
            reason += " For other columns it runs in the interpreter."
    else:
        backend = "inline" if stays else "subinterp"
        if rows:
            where = f"line {blockers[0]['line']}: " if blockers[0]["line"] else ""
            reason = f"It is not compiled: {where}{blockers[0]['what']}."
        else:
            reason = "The inputs hold no ints, floats or bools, for which it would be compiled."
        if stays:
            reason += f" It runs in the calling interpreter alone, because {stays}."
        else:
            reason += " It runs in worker interpreters on all cores if its elements take long enough, else in this one."
    keys = ("columns", "compiled", "results", "checks", "simd")
    return Explanation(
        function=_name(func),
        backend=backend,
        reason=reason,
        has_fast_path=bool(compiled),
        stays_because=stays,
        columns=[{key: row[key] for key in keys if key in row} for row in rows],
        blockers=blockers,
        side_effects=any(b["side_effect"] for b in blockers),
    )
