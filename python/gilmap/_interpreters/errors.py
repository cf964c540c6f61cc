"""Exceptions of workers, made again in the calling interpreter.

What is raised is an instance of the exception's own type and of RuntimeError, so that both `except ValueError` and
`except RuntimeError` catch it. RuntimeError has no layout conflict with any builtin exception.
"""

from __future__ import annotations

import builtins
import weakref

from gilmap._interpreters.shipping import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class WorkerTraceback(Exception):
    """The worker's traceback, as the cause at the end of the chain, so that it is printed."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f'\n"""\n{self.text.rstrip()}\n"""'


_combined: weakref.WeakValueDictionary[type, type] = weakref.WeakValueDictionary()


def _both(kind: type[BaseException]) -> type[BaseException] | None:
    """A class made from a type and RuntimeError; None if the type forbids subclasses."""
    if issubclass(kind, RuntimeError):
        return kind
    known = _combined.get(kind)
    if known is None:
        members = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__reduce__": _reduce}
        # RuntimeError adds nothing to a class that is one of its bases.
        bases = (RuntimeError,) if kind in (Exception, BaseException) else (kind, RuntimeError)
        try:
            made: Any = type(kind)
            known = made(kind.__name__, bases, members)
        except Exception:
            return None
        assert known is not None
        known._gilmap_type = kind
        _combined[kind] = known
    return known


def _first_builtin(kind: type) -> type[BaseException]:
    for base in kind.__mro__:
        if base.__module__ == builtins.__name__ and issubclass(base, BaseException):
            return base
    return BaseException


def make(kind: type[BaseException], arguments: tuple[Any, ...], state: Any) -> BaseException:
    """An exception without running the user's __init__, which may want other arguments than it passed on."""
    made = kind.__new__(kind, *arguments)
    _first_builtin(kind).__init__(made, *arguments)
    if state:
        made.__setstate__(state)
    return made


def make_combined(kind: type[BaseException], arguments: tuple[Any, ...], state: Any) -> BaseException:
    """Where a pickle of such an exception starts."""
    return make(_both(kind) or RuntimeError, arguments, state)


def _reduce(error: Any) -> Any:
    kind = type(error)._gilmap_type
    base = _first_builtin(kind)
    reduced = base.__reduce__(error)
    arguments = reduced[1] if isinstance(reduced, tuple) else error.args
    state = dict(error.__dict__)
    if isinstance(error, NameError):
        state["name"] = error.name
    return make_combined, (kind, tuple(arguments), state or None)


def _loaded(data: bytes | None) -> Any:
    if data is None:
        return None
    try:
        return loads(data)
    except Exception:
        return None


def _plain(description: dict[str, Any]) -> BaseException:
    """What stands for an exception whose type cannot be made again here."""
    return RuntimeError(description["repr"])


def _one(description: dict[str, Any]) -> BaseException:
    kind = _loaded(description["type"])
    arguments = _loaded(description["args"])
    if not isinstance(kind, type) or not issubclass(kind, BaseException) or arguments is None:
        return _plain(description)
    try:
        return make(_both(kind) or RuntimeError, arguments, _loaded(description["state"]))
    except Exception:
        return _plain(description)


def _lines(description: dict[str, Any]) -> Iterator[str]:
    """What the traceback module would print of a described exception, and of those behind it."""
    import traceback

    for link, words in (
        ("cause", "The above exception was the direct cause of the following exception"),
        ("context", "During handling of the above exception, another exception occurred"),
    ):
        if description[link] is not None:
            yield from _lines(description[link])
            yield f"\n{words}:\n\n"
            break
    if description["frames"]:
        yield "Traceback (most recent call last):\n"
        frames = [
            traceback.FrameSummary(file, line, name, end_lineno=last_line, colno=column, end_colno=last_column)
            for file, line, name, last_line, column, last_column in description["frames"]
        ]
        yield from traceback.StackSummary.from_list(frames).format()
    module, name, text = description["module"], description["name"], description["text"]
    kind = name if module in ("builtins", "__main__") else f"{module}.{name}"
    yield f"{kind}: {text}\n" if text else f"{kind}\n"
    for note in description["notes"] or ():
        yield f"{note}\n"


def broken(data: bytes, position: int) -> BaseException:
    """The error of a call whose function or arguments could not be built in a worker."""
    if not data:
        return RuntimeError("gilmap could not build the function in a worker interpreter")
    description = loads(data)
    error = RuntimeError(f"gilmap could not build the function in a worker interpreter: {description['repr']}")
    error.__cause__ = WorkerTraceback("".join(_lines(description)))
    return error


def unsent(data: bytes, position: int) -> BaseException:
    """The error of a call with a result that cannot be copied."""
    description = loads(data) if data else {"repr": "no reason given"}
    return ValueError(
        f"gilmap cannot send back the result of element {position} from a worker interpreter ({description['repr']}). "
        'Return something that can be pickled, or use backend="inline"'
    )


def rebuild(data: bytes, position: int) -> BaseException:
    """The exception that a worker described, of the element at a position."""
    if not data:
        return RuntimeError(f"element {position} raised an exception that could not be copied")
    description = loads(data)
    first = error = _one(description)
    text = "".join(_lines(description)) if description["frames"] else ""
    while True:
        for note in description["notes"] or ():
            error.add_note(note)
        suppress = description["suppress"]
        description = description["cause"]
        if description is None:
            break
        cause = _one(description)
        error.__cause__ = cause
        error.__suppress_context__ = suppress
        error = cause
    if text:
        error.__cause__ = WorkerTraceback(text)
    return first
