"""What one call of a function comes to, and when two outcomes are the same.

An outcome is `("value", v)` or `("raised", Raised)`. Values are the same when their types, and for
floats their bits, are the same, all the way down. Exceptions are the same when type, arguments,
text, chain and the traceback's frames (from the mapped function on) are.
"""

import os
import struct
import types
from dataclasses import dataclass

import gilmap

_HERE = os.path.dirname(os.path.abspath(__file__))
_HARNESS_FILES = {os.path.join(_HERE, name) for name in ("outcomes.py", "harness.py")}
_GILMAP = os.path.dirname(os.path.abspath(gilmap.__file__))


@dataclass(frozen=True)
class Raised:
    kind: type
    text: str
    arguments: str
    chain: tuple
    frames: tuple

    @classmethod
    def of(cls, error):
        if isinstance(error, RecursionError):  # where it strikes depends on the depth of the caller
            return cls(type(error), "", "", (), ())
        return cls(type(error), str(error), _safe_repr(error.args), _chain(error), _frames(error.__traceback__))

    def __str__(self):
        where = ", ".join(f"{name} line {line}" for name, line in self.frames) or "no frame"
        return f"raised {self.kind.__name__}({self.text!r}) chain={[k.__name__ for k in self.chain]} at {where}"


def _safe_repr(value):
    try:
        return repr(value)
    except Exception as error:
        return f"<no repr: {type(error).__name__}>"


def _chain(error):
    chain = []
    while len(chain) < 8:
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if error is None:
            break
        chain.append(type(error))
    return tuple(chain)


def _is_plumbing(filename):
    return filename in _HARNESS_FILES or os.path.dirname(filename) == _GILMAP


def _frames(traceback):
    """(function, line) of each frame, without those of the harness and of gilmap's own Python files."""
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not _is_plumbing(code.co_filename):
            frames.append((code.co_name, traceback.tb_lineno))
        traceback = traceback.tb_next
    # The frames above the harness are the test's own; those are on the stack, not in this traceback.
    return tuple(frames)


def outcome(function, row):
    """What `map` meets for this row."""
    try:
        return "value", function(*row)
    except Exception as error:
        return "raised", Raised.of(error)


def float_bits(value):
    return struct.pack("<d", value)


def same(expected, actual, nan="bits"):
    """Whether two values are the same in type and bits. nan="any" lets any NaN stand for any other."""
    if type(expected) is not type(actual):
        return False
    if isinstance(expected, float):
        if float_bits(expected) == float_bits(actual):
            return True
        return nan == "any" and expected != expected and actual != actual
    if isinstance(expected, complex):
        return same(expected.real, actual.real, nan) and same(expected.imag, actual.imag, nan)
    if isinstance(expected, (tuple, list)):
        return len(expected) == len(actual) and all(same(e, a, nan) for e, a in zip(expected, actual))
    if isinstance(expected, dict):
        return same(list(expected.items()), list(actual.items()), nan)
    if isinstance(expected, types.FunctionType):
        return expected.__code__ is actual.__code__
    try:
        return expected is actual or bool(expected == actual) or repr(expected) == repr(actual)
    except Exception:
        return False


def show(value):
    """repr, with the bits of floats."""
    if isinstance(value, Raised):
        return str(value)
    if type(value) is float:
        return f"{value!r} (0x{int.from_bytes(float_bits(value), 'little'):016x})"
    text = f"{_safe_repr(value)} of type {type(value).__name__}"
    return text if len(text) < 400 else text[:400] + "…"


def cold_copy(function):
    """A copy of a Python function, and of the Python functions it names, whose bytecode is not specialised yet."""
    return _cold(function, {})


def _cold(function, done):
    if not isinstance(function, types.FunctionType):
        return function
    if id(function) in done:
        return done[id(function)]
    names = dict(function.__globals__)
    cells = tuple(types.CellType() for _ in function.__closure__ or ())
    copy = types.FunctionType(
        function.__code__.replace(), names, function.__name__, function.__defaults__, cells or None
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    done[id(function)] = copy
    for name in function.__code__.co_names:
        if name in names:
            names[name] = _cold(names[name], done)
    for new, old in zip(cells, function.__closure__ or ()):
        try:
            new.cell_contents = _cold(old.cell_contents, done)
        except ValueError:
            pass
    return copy


def nan_is_ambiguous(function, row, nan="any"):
    """Whether CPython itself gives this row NaNs with different bits.

    Where two NaNs meet in `+` or `*`, the interpreter keeps the one before the instruction is
    specialised (after a few calls) and the other afterwards.
    """
    cold = cold_copy(function)
    if cold is function:
        return False
    first = outcome(cold, row)
    for _ in range(32):
        last = outcome(cold, row)
    if first[0] != "value" or last[0] != "value":
        return False
    return same(first[1], last[1], nan) and not same(first[1], last[1])
