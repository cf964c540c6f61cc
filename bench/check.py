"""Whether a peer's result is map's: the same values, types and bits, or the same exception. There is no tolerance.

An array is held against what gilmap promises of one: the container of the input, and int64, float64 or bool.
"""

import array
import hashlib
import struct
import sys

from bench.measure import ROOT

# What map's values are, and the names of that in NumPy and in Arrow. Values of mixed types have none.
DTYPES = {int: ("int64", "int64"), float: ("float64", "double"), bool: ("bool", "bool")}


class Raised:
    """What a call came to that raised: the class, also where another one has its name, and the arguments."""

    def __init__(self, exception):
        cls = type(exception)
        self.type = cls.__name__
        self.identity = f"{cls.__module__}.{cls.__qualname__}"
        if getattr(sys.modules.get(cls.__module__), cls.__qualname__, cls) is not cls:
            self.identity += ", another class of this name"
        self.text = str(exception)
        self.args = repr(exception.args)

    def __repr__(self):
        name = self.type if self.identity == f"builtins.{self.type}" else self.identity
        text = name + (self.args[:-2] + ")" if self.args.endswith(",)") else self.args)
        return text.replace(ROOT, "…")  # tracebacks that arguments quote; where they were is nobody's business

    def same(self, other):
        return (self.identity, self.args, self.text) == (other.identity, other.args, other.text)


def outcome(run):
    """The result of a call, or what it raised."""
    try:
        return run()
    except Exception as error:
        return Raised(error)


def same(a, b):
    """The same type and, for floats, the same bits; NaNs of different payloads differ."""
    if type(a) is not type(b):
        return False
    if type(a) is float:
        return struct.pack("<d", a) == struct.pack("<d", b)
    if type(a) in (tuple, list):
        return identical(a, b)
    return bool(a == b)


def identical(a, b):
    """Two sequences, equal in length, types and bits."""
    return len(a) == len(b) and all(map(same, a, b))


def kind_of(result):
    """The container: list, numpy or arrow; None for anything else, such as a subclass or a chunked array."""
    if type(result) is list:
        return "list"
    # Only who has imported a package can have made what it makes; PyPy has none.
    numpy, pyarrow = sys.modules.get("numpy"), sys.modules.get("pyarrow")
    if numpy and type(result) is numpy.ndarray and result.ndim == 1:
        return "numpy"
    return "arrow" if pyarrow and isinstance(result, pyarrow.Array) else None


def difference(expected, result, kind=None):
    """None, or what is wrong, with an example. `kind` is the container that is asked for; None stands for any."""
    if isinstance(expected, Raised) or isinstance(result, Raised):
        return _difference_of_errors(expected, result)
    found = kind_of(result)
    if found is None or found != (kind or found):
        wanted = {"list": "a list", "numpy": "a NumPy array of one dimension", "arrow": "a pyarrow Array"}
        return f"returns {_described(result)}, not {wanted.get(kind, 'a list or an array')}"
    types = set(map(type, expected))
    if found != "list":
        dtype = str(result.dtype if found == "numpy" else result.type)
        wanted = DTYPES.get(types.pop())[found == "arrow"] if len(types) == 1 and types <= set(DTYPES) else dtype
        if dtype != wanted:
            return f"an array of {dtype}, map's values are {wanted}"
        result = result.tolist() if found == "numpy" else result.to_pylist()
    if len(result) != len(expected):
        return f"{len(result)} elements, map has {len(expected)}"
    if _surely_identical(expected, result):
        return None
    wrong = [k for k, (a, b) in enumerate(zip(expected, result)) if a is not b and not same(a, b)]
    if not wrong:
        return None
    k = wrong[0]
    example = f"element {k}: {_shown(result[k], expected[k])}, map has {_shown(expected[k], result[k])}"
    return f"{example} ({len(wrong)} of {len(expected)} differ)"


def _difference_of_errors(expected, result):
    if not isinstance(expected, Raised):
        return f"raises {result!r}, map returns {_beginning(expected)}"
    if not isinstance(result, Raised):
        return f"returns {_described(result)}, map raises {expected!r}"
    return None if expected.same(result) else f"raises {result!r}, map raises {expected!r}"


def _beginning(values):
    text = ", ".join(_shown(x, x) for x in values[:2])
    return f"[{text}{', …' if len(values) > 2 else ''}]"


def _described(result):
    name = type(result).__name__
    return f"{name} of {result.ndim} dimensions" if name == "ndarray" and result.ndim != 1 else name


def digest(result):
    """A text that two results share only if they are of the same container, types and bits, or the same exception.

    It is quick where values are of one type, so that a result can be looked at after each turn.
    """
    if isinstance(result, Raised):
        return repr((result.identity, result.args, result.text))
    kind, form = kind_of(result), ""
    if kind == "numpy":
        form, data = str(result.dtype), result.tobytes()
    elif kind == "arrow":
        # Slices share buffers that are longer than they, and unused bits may be anything: values tell, not buffers.
        form = f"{result.type}, {result.null_count} nulls"
        plain = not result.null_count and form[:2] in ("in", "do") and "numpy" in sys.modules
        data = result.to_numpy().tobytes() if plain else _of_list(result.to_pylist())
    elif kind == "list":
        data = _of_list(result)
    else:
        form, data = type(result).__name__, repr(result).encode()
    return f"{kind} {form} {hashlib.sha256(data).hexdigest()}"


def _of_list(values):
    types = set(map(type, values))
    if types == {float}:
        return b"d" + array.array("d", values).tobytes()
    if types == {int}:
        try:
            return b"q" + array.array("q", values).tobytes()
        except OverflowError:  # a big int
            pass
    return "\n".join(map(_exactly, values)).encode("utf-8", "surrogatepass")


def _exactly(x):
    if type(x) is float:
        return "float " + struct.pack("<d", x).hex()
    if type(x) in (tuple, list):
        return f"{type(x).__name__}({', '.join(map(_exactly, x))})"
    return f"{type(x).__name__} {x!r}"


def _surely_identical(a, b):
    """The same for millions of floats or ints, in one comparison; False where that cannot tell."""
    types = set(map(type, a))
    if len(types) != 1 or set(map(type, b)) != types:
        return False
    if types == {float}:
        return array.array("d", a).tobytes() == array.array("d", b).tobytes()
    return types <= {int, bool, str} and a == b


def _shown(x, other):
    text = repr(x)
    if type(x) is float and text == repr(other) and x is not other:
        text += f" (bits {struct.pack('>d', x).hex()})"
    elif type(x) is not type(other):
        text += f" ({type(x).__name__})"
    return text if len(text) < 60 else text[:57] + "..."
