"""ctypes function pointers: their address and types, as far as a call of one does nothing but call."""

import ctypes
import functools
import sys
from typing import Any

from gilmap._foreign.found import Found

_CDECL = 1  # _flags_ of a function type that releases the GIL and keeps no errno
_INTEGERS = "bBhHiIlLqQ"

# Of the C library's mathematics what depends on its arguments only. lgamma() sets signgam.
_PURE = (
    "acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs fdim "
    "floor fma fmax fmin fmod hypot log log10 log1p log2 logb nearbyint nextafter pow remainder rint round sin "
    "sinh sqrt tan tanh tgamma trunc"
).split()


def find(func: Any, columns: tuple[str, ...]) -> Found | str:
    """See gilmap._foreign.find."""
    kind = type(func)
    if kind._flags_ != _CDECL:
        return "it needs the GIL, or keeps errno"
    if kind.__call__ is not ctypes._CFuncPtr.__call__:  # type: ignore[attr-defined]
        return "its class has a __call__ of its own"
    if any(type(o).__name__ == "CThunkObject" for o in (func._objects or {}).values()):
        return "it calls a Python function"
    if func.argtypes is None:
        return "it has no argtypes"
    if getattr(func, "errcheck", None) is not None:
        return "its errcheck is a Python function"
    params = [_name_of(t) for t in func.argtypes]
    result = "none" if func.restype is None else _name_of(func.restype)
    if len(params) != len(columns):
        return "it does not take that many arguments"
    if result is None or None in params:
        return "it has types other than numbers"
    if any(c == "float" and p[0] in "iu" for c, p in zip(columns, params, strict=True) if p is not None):
        return "ctypes takes no float for an int"
    address = ctypes.cast(func, ctypes.c_void_p).value
    if not address:
        return "it is a null pointer"
    return Found(
        name=getattr(func, "__name__", kind.__name__),
        abi="c",
        address=address,
        params=tuple(p for p in params if p is not None),
        result=result,
        pure=address in _pure_addresses(),
        guards=((("attr", "argtypes"),), (("attr", "restype"),), (("attr", "errcheck"),)),
    )


def _name_of(c_type: Any) -> str | None:
    """The type of a C number; None of anything else, and of subclasses, which have a say in the conversion."""
    if not isinstance(c_type, type) or ctypes._SimpleCData not in c_type.__bases__ or "from_param" in vars(c_type):
        return None
    native = "__ctype_le__" if sys.byteorder == "little" else "__ctype_be__"
    if getattr(c_type, native, c_type) is not c_type:  # its bytes are the other way round
        return None
    code = vars(c_type)["_type_"]
    if code in _INTEGERS:
        return f"{'i' if code.islower() else 'u'}{8 * ctypes.sizeof(c_type)}"
    return {"f": "f32", "d": "f64", "?": "bool"}.get(code)


@functools.cache
def _pure_addresses() -> frozenset[int]:
    process = ctypes.CDLL(None)
    found = set()
    for name in _PURE:
        for symbol in (name, name + "f"):
            try:
                address = ctypes.cast(getattr(process, symbol), ctypes.c_void_p).value
            except AttributeError:
                continue
            if address:
                found.add(address)
    return frozenset(found)
