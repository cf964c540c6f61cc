"""Exceptions of workers, made again in the calling interpreter.

What is raised is an instance of the exception's own type and of RuntimeError, so that both `except ValueError` and
`except RuntimeError` catch it. RuntimeError has no layout conflict with any builtin exception.
"""

from __future__ import annotations

import types
import weakref

from gilmap._interpreters.shipping import loads, worker

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


def _set_member(made: BaseException, name: str, value: Any) -> None:
    for base in type(made).__mro__:
        field = vars(base).get(name)
        if isinstance(field, types.MemberDescriptorType | types.GetSetDescriptorType):
            try:
                field.__set__(made, value)
            except (AttributeError, TypeError):  # read-only
                pass
            return


def make(
    kind: type[BaseException],
    given: tuple[Any, ...],
    args: tuple[Any, ...],
    attributes: dict[str, Any],
    members: dict[str, Any],
) -> BaseException:
    """An exception without running any code of the user's: __init__ may want other arguments than it passed on, and
    __setattr__ may refuse."""
    bases = worker.builtin_bases(kind)
    for base in bases:
        try:
            made: BaseException = base.__new__(kind, *given)
        except TypeError:  # not the one that lays out the object
            if base is bases[-1]:
                raise
        else:
            break
    bases[0].__init__(made, *given)
    if made.args != args:
        vars(BaseException)["args"].__set__(made, args)
    for name, value in members.items():
        _set_member(made, name, value)
    made.__dict__.update(attributes)
    return made


def make_combined(kind: type[BaseException], *parts: Any) -> BaseException:
    """Where a pickle of such an exception starts."""
    return make(_both(kind) or RuntimeError, *parts)


def _reduce(error: Any) -> Any:
    parts = *worker.arguments_of(error), dict(error.__dict__), worker.members_of(error)
    return make_combined, (type(error)._gilmap_type, *parts)


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
    kind, given, args = (_loaded(description[name]) for name in ("type", "given", "args"))
    if not isinstance(kind, type) or not issubclass(kind, BaseException) or given is None or args is None:
        return _plain(description)
    attributes, members = _loaded(description["attributes"]) or {}, _loaded(description["members"]) or {}
    # Not every group can be a RuntimeError.
    for of in (_both(kind) or RuntimeError, kind):
        try:
            return make(of, given, args, attributes, members)
        except Exception:
            continue
    return _plain(description)


def _lines(descriptions: list[dict[str, Any]]) -> Iterator[str]:
    """What the traceback module would print of the first of described exceptions, and of those behind it."""
    chain: list[tuple[int, str]] = []
    at: int | None = 0
    words = ""
    seen = set()
    while at is not None and at not in seen:
        seen.add(at)
        chain.append((at, words))
        here = descriptions[at]
        words, at = "The above exception was the direct cause of the following exception", here["cause"]
        if at is None and not here["suppress"]:
            words, at = "During handling of the above exception, another exception occurred", here["context"]
    for at, words in reversed(chain):
        yield from _own_lines(descriptions[at])
        if words:
            yield f"\n{words}:\n\n"


def _own_lines(description: dict[str, Any]) -> Iterator[str]:
    import traceback

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
    """The error of a call whose function or elements could not be built in a worker."""
    words = f"gilmap could not build the function, or elements from {position} on, in a worker interpreter"
    if not data:
        return RuntimeError(words)
    descriptions = loads(data)
    error = RuntimeError(f"{words}: {descriptions[0]['repr']}")
    error.__cause__ = WorkerTraceback("".join(_lines(descriptions)))
    return error


def unsent(data: bytes, position: int) -> BaseException:
    """The error of a call with a result that cannot be copied."""
    reason = loads(data)[0]["repr"] if data else "no reason given"
    return ValueError(
        f"gilmap cannot send back the result of element {position} from a worker interpreter ({reason}). "
        'Return something that can be pickled, or use backend="inline"'
    )


# Not by attribute: a class of the user's may refuse.
_set_cause: Any = vars(BaseException)["__cause__"].__set__
_set_context: Any = vars(BaseException)["__context__"].__set__
_set_suppress: Any = vars(BaseException)["__suppress_context__"].__set__


def rebuild(data: bytes, position: int) -> BaseException:
    """The exception that a worker described, of the element at a position."""
    if not data:
        return RuntimeError(f"element {position} raised an exception that could not be copied")
    descriptions = loads(data)
    errors = [_one(description) for description in descriptions]
    for error, description in zip(errors, descriptions, strict=True):
        if description["cause"] is not None:
            _set_cause(error, errors[description["cause"]])
        if description["context"] is not None:
            _set_context(error, errors[description["context"]])
        _set_suppress(error, description["suppress"])
    if descriptions[0]["frames"]:
        at, seen = 0, {0}
        while (following := descriptions[at]["cause"]) is not None and following not in seen:  # no circle
            seen.add(following)
            at = following
        _set_cause(errors[at], WorkerTraceback("".join(_lines(descriptions))))
    return errors[0]
