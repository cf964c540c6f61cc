"""The main interpreter's side of the worker interpreters. The engine calls these functions by name."""

import sys
import types

from gilmap import _gilmap
from gilmap._interpreters.errors import broken, rebuild, unsent
from gilmap._interpreters.shipping import dumps, loads, ship, worker_code

__all__ = [
    "broken",
    "deliver_output",
    "dumps",
    "loads",
    "note_modules",
    "rebuild",
    "require",
    "ship",
    "ship_if_harmless",
    "unsent",
    "why_it_stays",
    "worker_code",
]

_noted = 0


def why_it_stays(function: object) -> str | None:
    """Why a function may not leave this interpreter by itself, in a sentence; None if it may."""
    from gilmap._interpreters import purity

    note_modules()
    return purity.why_it_stays(function)


def ship_if_harmless(function: object) -> tuple[int, bytes, bool] | str:
    """What ship() gives, for a function that may leave this interpreter; else why it may not."""
    reason = why_it_stays(function)
    if reason is not None:
        return reason
    try:
        return ship(function)
    except ValueError as error:
        return str(error)


def note_modules() -> None:
    """Tells the engine which extension modules are loaded here, and which of them refuse to load in a worker."""
    global _noted
    if len(sys.modules) != _noted:
        _noted = len(sys.modules)
        for name, module in tuple(sys.modules.items()):
            if isinstance(module, types.ModuleType):
                _gilmap.note_extension(name, module)


def require(name: str) -> None:
    """Imports an extension module here, because a worker asked for it: the first import of some, if it happens in a
    worker, ends the process."""
    import importlib

    importlib.import_module(name)
    note_modules()


def deliver_output(stream: int, text: str) -> None:
    """Writes what workers printed to the program's own stream."""
    out = sys.stdout if stream == 1 else sys.stderr
    if out is not None:
        out.write(text)
