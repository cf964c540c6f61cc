"""Looking at callables and inputs without running any code of the user's: no properties, descriptors or hooks."""

import array
import collections
import functools
import inspect
import sys
import types
from collections.abc import Buffer, Callable
from typing import Any

_COLUMN_OF = {int: "int", float: "float", bool: "bool", "int": "int", "float": "float", "bool": "bool"}

# Exact types whose elements can be looked at without running code of the user's.
_READ_FREELY: tuple[type, ...] = (
    *(list, tuple, range, set, frozenset, dict, type({}.keys()), type({}.values()), type({}.items())),
    *(str, bytes, bytearray, array.array, collections.deque),
)
# Whose methods in Python are not the user's.
_LIBRARIES = {"numpy", "pyarrow", "pandas", "polars", *sys.stdlib_module_names}

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_UNKNOWN = inspect.Parameter("x", inspect.Parameter.POSITIONAL_ONLY)


def of_class(kind: type, name: str) -> Any:
    """What a class has under a name, looked up as Python does for methods; None if nothing."""
    for base in type.__getattribute__(kind, "__mro__"):
        found = type.__getattribute__(base, "__dict__").get(name)
        if found is not None:
            return found
    return None


def root_module(kind: type) -> str:
    """The package that a class says it is of."""
    module = type.__getattribute__(kind, "__dict__").get("__module__") or type.__getattribute__(kind, "__module__")
    return module.partition(".")[0] if type(module) is str else ""


def name_of(func: Callable[..., Any]) -> str:
    """What to call a callable by."""
    kind = type(func)
    if issubclass(kind, functools.partial):
        return f"partial of {name_of(functools.partial.func.__get__(func))}"
    if _is_function(func) or isinstance_exactly(func, type) or root_module(kind) in ("numba", "numpy", "_ctypes"):
        return getattr(func, "__qualname__", None) or getattr(func, "__name__", None) or kind.__name__
    return type.__getattribute__(kind, "__name__")  # type: ignore[no-any-return]


def isinstance_exactly(o: Any, kind: type) -> bool:
    """isinstance() asks an object for its __class__."""
    return type(o) is kind


def _is_function(func: Any) -> bool:
    known = (
        *(types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.MethodWrapperType),
        *(types.MethodDescriptorType, types.WrapperDescriptorType, types.ClassMethodDescriptorType),
    )
    return type(func) in known


def parameters(func: Callable[..., Any]) -> list[inspect.Parameter]:
    """The positional parameters without a default; one unknown parameter where they cannot be known."""
    found = _signature(func)
    if found is None:
        return [_UNKNOWN]
    required = [p for p in found if p.kind in _POSITIONAL and p.default is p.empty]
    if required:
        return required
    optional = [p for p in found if p.kind in _POSITIONAL]
    return optional[:1] or [_UNKNOWN]


def _signature(func: Any) -> list[inspect.Parameter] | None:
    kind = type(func)
    if kind is functools.partial:
        inner = _signature(func.func)
        return None if inner is None else [p for p in inner[len(func.args) :] if p.name not in func.keywords]
    if root_module(kind) == "numba" and isinstance_exactly(vars(func).get("py_func"), types.FunctionType):
        return _signature(func.py_func)
    if issubclass(kind, _c_function_type()):
        return [_UNKNOWN] * len(func.argtypes or ()) or None
    if not _is_function(func):
        call = of_class(kind, "__call__")
        inner = _signature(call) if isinstance_exactly(call, types.FunctionType) else None
        return inner[1:] if inner else None
    try:
        return list(inspect.signature(func, follow_wrapped=False).parameters.values())
    except (TypeError, ValueError):
        return None


def _c_function_type() -> type:
    ctypes = sys.modules.get("ctypes")
    return ctypes._CFuncPtr if ctypes else type("None_", (), {})


def annotated_column(parameter: inspect.Parameter) -> str | None:
    """The column that a parameter's annotation stands for, if it is one."""
    annotation = parameter.annotation
    return _COLUMN_OF.get(annotation) if type(annotation) in (str, type) else None


def is_read_freely(xs: Any) -> bool:
    """Whether reading elements of xs runs none of the user's code, and takes nothing from an iterator."""
    kind = type(xs)
    if any(kind is known for known in _READ_FREELY):
        return True
    if issubclass(kind, Buffer):
        return type(of_class(kind, "__buffer__")) is not types.FunctionType
    if root_module(kind) not in _LIBRARIES:
        return False
    # Before version 16 pyarrow's chunked arrays have no such method.
    return any(of_class(kind, n) for n in ("__arrow_c_array__", "__arrow_c_stream__")) or _is_pyarrow(kind)


def _is_pyarrow(kind: type) -> bool:
    return kind.__module__ == "pyarrow.lib"


def is_iterable(xs: Any) -> bool:
    """Whether iter() would find a way."""
    return any(of_class(type(xs), n) for n in ("__iter__", "__getitem__"))
