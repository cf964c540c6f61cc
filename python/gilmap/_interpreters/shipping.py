"""Functions by value: from a callable of this interpreter to bytes that a worker builds it from.

A function goes as its code (marshal: same process, same version), its defaults, its cells and those globals that the
code names, and so do the functions that it refers to. Modules, and what the standard library and installed packages
define, go by name; classes that can be imported go by name, others by value; everything else by pickle. Python
functions of the program's own modules go by value too, because only so does the worker see their globals as they are
now.

The first call waits for this import, so it takes no module whose own import takes long, such as typing or dataclasses.
"""

from __future__ import annotations

import _pickle
import _typing  # type: ignore[import-not-found]
import builtins
import functools
import io
import itertools
import marshal
import opcode
import os.path
import site
import sys
import types
import weakref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


def _load_worker_module() -> types.ModuleType:
    """worker.py under the name that it has in the workers."""
    name = "_gilmap_worker"
    path = os.path.join(os.path.dirname(__file__), "worker.py")
    assert __spec__ is not None
    make_loader: Any = type(__spec__.loader)
    loader = make_loader(name, path)
    module = types.ModuleType(name)
    module.__file__, module.__loader__ = path, loader
    module.__spec__ = type(__spec__)(name, loader, origin=path)
    sys.modules[name] = module
    loader.exec_module(module)
    return module


worker: Any = _load_worker_module()


def worker_code() -> bytes:
    """worker.py, compiled and marshalled."""
    return marshal.dumps(worker.__loader__.get_code("_gilmap_worker"))


# ---------------------------------------------------------------- what a code object names

_LOADS = {opcode.opmap[name] for name in ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL")} | {
    number for name, number in opcode.opmap.items() if name == "LOAD_FROM_DICT_OR_GLOBALS"
}
_LOAD_GLOBAL = opcode.opmap["LOAD_GLOBAL"]
_EXTENDED_ARG = opcode.opmap["EXTENDED_ARG"]


class _Code:
    """What is worth keeping of a code object. The names of nested code are among them."""

    def __init__(self, owner: weakref.ref[types.CodeType], code: types.CodeType) -> None:
        names = list(_names_of(code))
        self.owner = owner
        self.data = marshal.dumps(code)
        self.globals = tuple(dict.fromkeys(name for is_global, name in names if is_global))
        self.attributes = frozenset(name for _, name in names)
        self.stored_cells, writes = _writes_of(code)
        # May it change what it was shipped with, beside what is mutable anyway?
        self.writes = writes or not _WRITERS.isdisjoint(self.attributes)


_codes: dict[int, _Code] = {}


def _instructions(code: types.CodeType) -> Iterator[tuple[int, int]]:
    """Operations and their arguments."""
    extended = 0
    raw = code.co_code
    for at in range(0, len(raw), 2):
        argument = extended | raw[at + 1]
        extended = argument << 8 if raw[at] == _EXTENDED_ARG else 0
        yield raw[at], argument


def _names_of(code: types.CodeType) -> Iterator[tuple[bool, str]]:
    """(True, a global) and (False, anything else that it names)."""
    for operation, argument in _instructions(code):
        if operation in _LOADS:
            yield True, code.co_names[argument >> 1 if operation == _LOAD_GLOBAL else argument]
    for name in code.co_names:
        yield False, name
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names_of(constant)


_WRITERS = {"setattr", "delattr", "globals", "vars", "exec", "eval", "__dict__", "__setattr__", "__delattr__"}
_STORES = {opcode.opmap[name] for name in ("STORE_GLOBAL", "DELETE_GLOBAL", "STORE_ATTR", "DELETE_ATTR")}
_CELL_STORES = {opcode.opmap[name] for name in ("STORE_DEREF", "DELETE_DEREF")}


def _writes_of(code: types.CodeType) -> tuple[frozenset[str], bool]:
    """The variables in cells that it assigns to, and whether it assigns to globals or attributes."""
    cells, writes = set(), False
    places = (*code.co_varnames, *(n for n in code.co_cellvars if n not in code.co_varnames), *code.co_freevars)
    for operation, argument in _instructions(code):
        if operation in _CELL_STORES:
            cells.add(places[argument])
        writes = writes or operation in _STORES
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            inner_cells, inner_writes = _writes_of(constant)
            cells |= inner_cells
            writes = writes or inner_writes
    return frozenset(cells), writes


def _code_facts(code: types.CodeType) -> _Code:
    known = _codes.get(id(code))
    if known is not None and known.owner() is code:
        return known
    key = id(code)
    facts = _codes[key] = _Code(weakref.ref(code, lambda _: _codes.pop(key, None)), code)
    return facts


# ---------------------------------------------------------------- by name or by value

_INSTALLED = tuple(
    {
        os.path.join(os.path.realpath(folder), "")
        for folder in [
            os.path.dirname(os.__file__),
            *(p for p in sys.path if os.path.basename(p) in ("lib-dynload", "site-packages", "dist-packages")),
            *site.getsitepackages(),
            site.getusersitepackages(),
        ]
    }
)

_installed_files: dict[str, bool] = {}


def _is_installed_file(path: str) -> bool:
    known = _installed_files.get(path)
    if known is None:
        known = _installed_files[path] = os.path.realpath(path).startswith(_INSTALLED)
    return known


def is_installed(module: types.ModuleType) -> bool:
    """Does it belong to Python or to an installed package, whose state nobody changes?"""
    path = getattr(module, "__file__", None)
    if path is None:
        return module.__name__ != "__main__" and getattr(module, "__spec__", None) is not None
    return _is_installed_file(path)


def _importable(value: Any) -> types.ModuleType | None:
    """The module in which a worker finds this very function or class, or None."""
    module = sys.modules.get(getattr(value, "__module__", None) or "")
    if module is None or module.__name__ == "__main__" or getattr(module, "__spec__", None) is None:
        return None
    found: Any = module
    for part in value.__qualname__.split("."):
        found = getattr(found, part, None)
    return module if found is value else None


def _is_frozen(value: Any) -> bool:
    """Immutable all through, so that what a worker does to it cannot be seen by the next call."""
    if isinstance(value, tuple | frozenset):
        return all(_is_frozen(item) for item in value)
    return value is None or isinstance(
        value,
        int | float | complex | str | bytes | types.FunctionType | types.BuiltinFunctionType | types.ModuleType | type,
    )


_DESCRIPTORS = (
    property,
    classmethod,
    staticmethod,
    functools.cached_property,
    types.MemberDescriptorType,
    types.GetSetDescriptorType,
)


# ---------------------------------------------------------------- classes by value

_class_numbers = itertools.count(1)
_class_tokens: weakref.WeakKeyDictionary[type, int] = weakref.WeakKeyDictionary()


def _token_of(cls: type) -> int:
    token = _class_tokens.get(cls)
    if token is None:
        token = _class_tokens[cls] = next(_class_numbers)
        worker._original_of[token] = cls
    return token


# Made by the machinery of classes, and made again by it.
_MADE_BY_TYPE = {"__dict__", "__weakref__", "__slots__", "__qualname__", "__module__", "__doc__", "_abc_impl"}


# The value of an object of a class derived from one of these, without asking that class.
_DATA_OF: dict[type, Callable[[Any], Any]] = {
    int: int.__int__,
    float: float.__float__,
    str: lambda text: str.__add__(text, ""),
    bytes: lambda data: bytes.__getitem__(data, slice(None)),
    tuple: lambda items: tuple.__getitem__(items, slice(None)),
}
_MADE_BY_ENUM = {"__new__", "_generate_next_value_", "_new_member_"}
_MADE_FOR_MEMBERS = {"_value_", "_name_", "__objclass__", "_sort_order_", "_inverted_"}


def _reduce_enum(cls: Any) -> tuple[Any, ...]:
    own = {
        name: value
        for name, value in vars(cls).items()
        if isinstance(value, types.FunctionType | property | classmethod | staticmethod) and name not in _MADE_BY_ENUM
    }
    if "__new_member__" in own:
        own["_new_member_"] = own["__new_member__"]
    data = _DATA_OF.get(cls._member_type_, lambda member: member._value_)
    members = [(name, member._value_, data(member)) for name, member in cls.__members__.items()]
    of_members = {
        name: {n: v for n, v in vars(member).items() if n not in _MADE_FOR_MEMBERS}
        for name, member in cls.__members__.items()
    }
    boundary = getattr(cls, "_boundary_", None)
    arguments = (
        _token_of(cls),
        type(cls),
        cls.__name__,
        cls.__bases__,
        cls._member_type_,
        members,
        cls.__module__,
        cls.__qualname__,
        {} if boundary is None else {"boundary": boundary},
    )
    return worker.make_enum, arguments, (own, of_members), None, None, worker.fill_enum


def _reduce_type_variable(variable: Any) -> Any:
    """A TypeVar and its like, which pickle takes for something to be imported."""
    module = sys.modules.get(variable.__module__ or "")
    if module is not None and module.__name__ != "__main__" and getattr(module, variable.__name__, None) is variable:
        return NotImplemented
    options = {
        option: value
        for option, attribute in (
            ("bound", "__bound__"),
            ("covariant", "__covariant__"),
            ("contravariant", "__contravariant__"),
            ("infer_variance", "__infer_variance__"),
        )
        if (value := getattr(variable, attribute, None))
    }
    constraints = getattr(variable, "__constraints__", ())
    return worker.make_type_variable, (type(variable).__name__, variable.__name__, constraints, options)


def _loaded(name: str) -> Any:
    """A module that the program uses already, else None: what is not loaded has no instances."""
    return sys.modules.get(name)


def _holds_what_changes(cls: type) -> bool:
    enum = _loaded("enum")
    if enum is not None and isinstance(cls, enum.EnumMeta):
        return False
    return not all(
        isinstance(value, _DESCRIPTORS) or _is_frozen(value)
        for name, value in vars(cls).items()
        if name not in _MADE_BY_TYPE and name != "_field_defaults" and not name.startswith("__")
    )


def _reduce_class(cls: Any) -> tuple[Any, ...]:
    enum = _loaded("enum")
    if enum is not None and isinstance(cls, enum.EnumMeta):
        return _reduce_enum(cls)
    content = dict(vars(cls))
    slots = content.get("__slots__", ())
    slot_names = {slots} if isinstance(slots, str) else set(slots)
    namespace = {name: content[name] for name in ("__module__", "__doc__", "__slots__") if name in content}
    namespace["__qualname__"] = cls.__qualname__
    attributes = {
        name: value
        for name, value in content.items()
        if name not in _MADE_BY_TYPE
        and not (name in slot_names and isinstance(value, types.MemberDescriptorType))
        and not isinstance(value, types.GetSetDescriptorType)
    }
    if attributes.get("__hash__", False) is None:
        namespace["__hash__"] = attributes.pop("__hash__")
    # Generic itself is no base: only with its parameters, as it was written.
    typing = _loaded("typing")
    bases = cls.__bases__
    if typing is not None and typing.Generic in bases:
        written = attributes.get("__orig_bases__", bases)
        alias = [base for base in written if getattr(base, "__origin__", None) is typing.Generic]
        bases = tuple(alias[0] if base is typing.Generic else base for base in bases) if alias else written
    arguments = (_token_of(cls), type(cls), cls.__name__, bases, namespace)
    abc = _loaded("_abc")
    # Classes that were registered with an abstract one.
    registered = [c for r in abc._get_dump(cls)[0] if (c := r())] if abc and "_abc_impl" in content else []
    return worker.make_class, arguments, (attributes, registered), None, None, worker.fill_class


# ---------------------------------------------------------------- packing


_nothing: Any = object()
_HEAP_TYPE = 1 << 9
# Builtins that a worker has, and that are no functions or types of C.
_COMMON_BUILTINS = set(
    "None True False Ellipsis NotImplemented __debug__ __doc__ __name__ __package__ __loader__ __spec__ copyright "
    "credits exit help license open quit".split()
)


def _builtins_of(namespace: dict[str, Any]) -> dict[str, Any]:
    own = namespace.get("__builtins__", builtins)
    found: dict[str, Any] = vars(own) if isinstance(own, types.ModuleType) else own
    return found


def _own_builtin(namespace: dict[str, Any], name: str) -> Any:
    """A builtin that the program has added or replaced, or that a namespace with builtins of its own has; else
    _nothing."""
    found = _builtins_of(namespace)
    value = found.get(name, _nothing)
    if value is _nothing or found is not vars(builtins):
        return value
    if isinstance(value, types.BuiltinFunctionType):
        standard = value.__module__ == "builtins" and value.__name__ == name
    else:
        standard = isinstance(value, type) and value.__module__ == "builtins"
    return _nothing if standard or name in _COMMON_BUILTINS else value


class _Globals:
    """Stands for a globals dict in a pickle: one for each, so that functions of a module share theirs there too."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.namespace = namespace


class CannotShip(ValueError):
    """Names the variable that cannot go to another interpreter."""


class Packer(_pickle.Pickler):
    """Pickles, and functions, classes and modules as this file says."""

    def __init__(self, buffer: io.BytesIO) -> None:
        super().__init__(buffer, 5)
        self._globals: dict[int, _Globals] = {}
        self.variables: list[tuple[str, str, Any]] = []  # function, variable, value
        self.volatile = False

    def reducer_override(self, value: Any) -> Any:
        kind = type(value)
        reduce = _REDUCERS.get(kind)
        if reduce is not None:
            return reduce(self, value)
        if isinstance(value, type):
            if _importable(value) or value.__module__ == "builtins":
                return NotImplemented
            self.volatile = self.volatile or _holds_what_changes(value)
            return _reduce_class(value)
        if isinstance(value, types.ModuleType):
            return self._module(value)
        if kind in (_typing.TypeVar, _typing.ParamSpec, _typing.TypeVarTuple):
            return _reduce_type_variable(value)
        if kind is _typing.TypeAliasType:
            return worker.make_type_alias, (value.__name__, value.__value__, value.__type_params__)
        # Singletons that dataclasses compares by identity, which pickle would copy.
        dataclasses = _loaded("dataclasses")
        for name in ("_FIELD", "_FIELD_CLASSVAR", "_FIELD_INITVAR"):
            if dataclasses is not None and value is getattr(dataclasses, name, None):
                return getattr, (dataclasses, name)
        return NotImplemented

    def _module(self, module: types.ModuleType) -> Any:
        if sys.modules.get(module.__name__) is not module or module.__name__ == "__main__":
            raise _pickle.PicklingError(f"the module {module.__name__!r} cannot be imported by its name")
        return worker.make_module, (module.__name__, ())

    def _captured_module(self, module: types.ModuleType, attributes: frozenset[str]) -> Any:
        """A module with those of its submodules that the code seems to use."""
        prefix = module.__name__ + "."
        submodules = tuple(
            name
            for name in tuple(sys.modules)
            if name.startswith(prefix) and attributes.issuperset(name[len(prefix) :].split("."))
        )
        return _ModuleWith(module.__name__, submodules) if submodules else module

    def _note(self, function: Any, variable: str, value: Any) -> None:
        self.variables.append((function.__qualname__, variable, value))
        if not self.volatile and not _is_frozen(value):
            self.volatile = True

    def _function(self, function: types.FunctionType) -> Any:
        module = _importable(function)
        if module is worker or (module is not None and is_installed(module)):
            return NotImplemented
        facts = _code_facts(function.__code__)
        namespace = function.__globals__
        shared = self._globals.setdefault(id(namespace), _Globals(namespace))
        # Each function brings all that it names, even if others share it: code of the program's own that runs while all
        # is built (a __setstate__, a __hash__) finds it there already.
        captured = {}
        for name in facts.globals:
            value = namespace.get(name, _nothing)
            if value is _nothing:
                value = _own_builtin(namespace, name)
            if value is not _nothing:
                self._note(function, name, value)
                if isinstance(value, types.ModuleType):
                    value = self._captured_module(value, facts.attributes)
                captured[name] = value
        cells = []
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                value = cell.cell_contents
            except ValueError:  # empty
                continue
            self._note(function, name, value)
            if isinstance(value, types.ModuleType):
                value = self._captured_module(value, facts.attributes)
            cells.append((cell, value))
        if function.__defaults__ or function.__kwdefaults__:
            defaults = function.__defaults__ or ()
            positional = function.__code__.co_varnames[: function.__code__.co_argcount]
            for name, value in zip(positional[len(positional) - len(defaults) :], defaults, strict=True):
                self._note(function, name, value)
            for name, value in (function.__kwdefaults__ or {}).items():
                self._note(function, name, value)
        names = {
            "__name__": function.__name__,
            "__qualname__": function.__qualname__,
            "__module__": function.__module__,
            "__doc__": function.__doc__,
        }
        attributes = dict(vars(function))
        changes = facts.writes or not facts.stored_cells.isdisjoint(function.__code__.co_freevars)
        self.volatile = self.volatile or changes or not all(map(_is_frozen, attributes.values()))
        state = (function.__defaults__, function.__kwdefaults__, names, attributes, captured, cells)
        arguments = (_CodeBytes(facts.data), shared, function.__closure__)
        return worker.make_function, arguments, state, None, None, worker.fill_function

    def _namespace(self, shared: _Globals) -> Any:
        namespace = shared.namespace
        name, file = namespace.get("__name__"), namespace.get("__file__")
        own = _builtins_of(namespace)
        needed = None if own is vars(builtins) else {n: own[n] for n in ("__import__", "__build_class__") if n in own}
        return worker.make_globals, (name, file if isinstance(file, str) else None, needed)


class _CodeBytes:
    """Code that has been marshalled already."""

    def __init__(self, data: bytes) -> None:
        self.data = data


class _ModuleWith:
    """A module and submodules that are to be there too."""

    def __init__(self, name: str, submodules: tuple[str, ...]) -> None:
        self.arguments = name, submodules


def _reduce_cached(packer: Packer, value: Any) -> Any:
    module = _importable(value)
    if module is not None and is_installed(module):
        return NotImplemented
    return worker.make_cached, (value.__wrapped__, value.cache_parameters())


_REDUCERS: dict[type, Callable[[Packer, Any], Any]] = {
    types.FunctionType: Packer._function,
    _Globals: Packer._namespace,
    types.CellType: lambda packer, cell: (worker.make_cell, ()),
    types.CodeType: lambda packer, code: (worker.make_code, (_code_facts(code).data,)),
    _CodeBytes: lambda packer, code: (worker.make_code, (code.data,)),
    _ModuleWith: lambda packer, module: (worker.make_module, module.arguments),
    types.ModuleType: Packer._module,
    types.MethodType: lambda packer, method: (worker.make_method, (method.__func__, method.__self__)),
    staticmethod: lambda packer, method: (staticmethod, (method.__func__,)),
    classmethod: lambda packer, method: (classmethod, (method.__func__,)),
    types.MappingProxyType: lambda packer, proxy: (worker.make_proxy, (dict(proxy),)),
    property: lambda packer, p: (property, (p.fget, p.fset, p.fdel, p.__doc__)),
    functools._lru_cache_wrapper: _reduce_cached,
    # Their weak references have callbacks that go nowhere else.
    weakref.WeakKeyDictionary: lambda packer, d: (weakref.WeakKeyDictionary, (dict(d),)),
    weakref.WeakValueDictionary: lambda packer, d: (weakref.WeakValueDictionary, (dict(d),)),
    weakref.WeakSet: lambda packer, s: (weakref.WeakSet, (list(s),)),
}


def dumps(value: Any) -> bytes:
    """Elements, as workers build them."""
    buffer = io.BytesIO()
    Packer(buffer).dump(value)
    return buffer.getvalue()


def loads(data: bytes) -> Any:
    """Results, as workers pickled them."""
    return _pickle.loads(data)


def _is_shippable(value: Any) -> Exception | None:
    try:
        dumps(value)
    except Exception as error:
        return error
    return None


def _complain(packer: Packer, function: Any, error: Exception) -> CannotShip:
    """The error that names the variable: the innermost that fails on its own."""
    name = getattr(function, "__qualname__", None) or type(function).__name__
    for owner, variable, value in reversed(packer.variables):
        reason = _is_shippable(value)
        if reason is not None:
            return CannotShip(
                f"gilmap cannot send {name} to another interpreter: the variable {variable!r} of {owner} is of type "
                f"{type(value).__qualname__!r}, which cannot be copied ({reason}). Make it inside the function, pass "
                'what it is made from, or use backend="inline"'
            )
    return CannotShip(
        f"gilmap cannot send {name} to another interpreter: an object of type {type(function).__qualname__!r} cannot "
        f'be copied ({error}). Map a function that makes what it needs, or use backend="inline"'
    )


# ---------------------------------------------------------------- numbers for what was shipped

_MAX_SHIPPED = 256
_shipped: dict[bytes, int] = {}  # payload -> its number; the least recently used first
_numbers = itertools.count(1)


def ship(function: Any) -> tuple[int, bytes, bool]:
    """(a number, the bytes from which a worker builds the function, whether it may keep it for later calls).

    The same function in the same state has the same number, so that a worker is sent it once. What holds something
    mutable, or may be changed by the function, is built anew for each call, because the worker's copy may have been
    changed by the last one.
    Raises ValueError that names the variable for what cannot be shipped.
    """
    buffer = io.BytesIO()
    buffer.write(marshal.dumps((list(sys.path), sys.get_int_max_str_digits())))
    packer = Packer(buffer)
    try:
        packer.dump(function)
    except RecursionError:
        raise
    except Exception as error:
        raise _complain(packer, function, error) from None
    payload = buffer.getvalue()
    keep = not packer.volatile and _is_frozen(function)
    number = _shipped.pop(payload, None) if keep else None
    if number is None:
        number = next(_numbers)
    if keep:
        _shipped[payload] = number
        if len(_shipped) > _MAX_SHIPPED:
            del _shipped[next(iter(_shipped))]
    return number, payload, keep
