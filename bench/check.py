"""Whether a peer's result is map's: the same values, types and bits, or the same exception. There is no tolerance."""

import array
import struct


class Raised:
    """What a call came to that raised."""

    def __init__(self, exception):
        self.type = type(exception).__name__
        self.text = str(exception)

    def __repr__(self):
        return f"{self.type}({self.text!r})"


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


def difference(expected, result):
    """None, or what is wrong, with an example. `result` may be a list, a NumPy or an Arrow array."""
    if isinstance(expected, Raised) or isinstance(result, Raised):
        if isinstance(expected, Raised) and isinstance(result, Raised):
            return None if repr(expected) == repr(result) else f"raises {result!r}, map raises {expected!r}"
        if isinstance(expected, Raised):
            return f"returns a result, map raises {expected!r}"
        return f"raises {result!r}, map returns a result"
    for read in ("to_pylist", "tolist"):
        if hasattr(result, read):
            result = getattr(result, read)()
            break
    if type(result) is not list:
        return f"returns {type(result).__name__}, not a list or an array"
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
    if type(x) is float and text == repr(other):
        text += f" (bits {struct.pack('>d', x).hex()})"
    elif type(x) is not type(other):
        text += f" ({type(x).__name__})"
    return text if len(text) < 60 else text[:57] + "..."
