"""What runs inside a worker interpreter.

Every worker executes this file under the name `_gilmap_worker`; the main interpreter loads it under the same name, only
so that pickles may name its functions. It imports little, because that is part of every worker's start.

The engine puts these into the module before it runs: `_emit(stream, text)` hands whole lines to the program,
`_verdict(name)` tells whether an extension module may be loaded here, `_block(name, reason)` notes that one may not,
`_lock_imports()` and `_unlock_imports()` let one worker at a time load such a module, `_sleep(seconds)` sleeps until it
is interrupted.
"""

# mypy: ignore-errors
# It replaces methods of the import system and takes whatever users pass: types would say Any throughout.

import _pickle
import io
import marshal
import sys
import types
import weakref

_MAX_FUNCTIONS = 128
_HEAP_TYPE = 1 << 9

# ---------------------------------------------------------------- building what was shipped
#
# A function is made empty, then filled, because it may refer to itself: directly, through a cell, a class or its
# module.

_original_of: "weakref.WeakValueDictionary[int, type]" = weakref.WeakValueDictionary()  # in the main interpreter
_classes: "weakref.WeakValueDictionary[int, type]" = weakref.WeakValueDictionary()  # in a worker
_tokens: "weakref.WeakKeyDictionary[type, int]" = weakref.WeakKeyDictionary()  # in a worker
_namespaces: list[dict] = []  # made by the load that is going on


def make_globals(name, file, own_builtins):
    """The dict that stands for a module's globals, of which it has the names that were shipped. One that had builtins
    of its own sees no others: those that its code names are among its globals."""
    import builtins

    made = {"__builtins__": builtins if own_builtins is None else own_builtins, "__name__": name}
    if file is not None:
        made["__file__"] = file
    _namespaces.append(made)
    return made


def make_cell():
    return types.CellType()


def make_code(data):
    return marshal.loads(data)


def make_function(code, namespace, closure):
    return types.FunctionType(code, namespace, None, None, closure)


def fill_function(function, state):
    defaults, keyword_defaults, names, attributes, captured, cells = state
    function.__defaults__ = defaults
    function.__kwdefaults__ = keyword_defaults
    for name, value in names.items():
        setattr(function, name, value)
    function.__dict__.update(attributes)
    function.__globals__.update(captured)
    for cell, contents in cells:
        cell.cell_contents = contents


def make_module(name, submodules):
    import importlib

    for submodule in submodules:
        importlib.import_module(submodule)
    return importlib.import_module(name)


def make_class(token, metaclass, name, bases, namespace):
    """A class without its methods; the same one if this worker has it already.

    What the program's own code does when a class is made (a metaclass's __new__, an __init_subclass__) is not done
    again: what came of it is in the attributes, which follow."""
    known = _classes.get(token)
    if known is not None:
        if known.__bases__ != bases:
            known.__bases__ = bases
        return known
    resolved = types.resolve_bases(bases)
    if resolved is not bases:
        namespace["__orig_bases__"] = bases
    hooks = [
        base
        for base in dict.fromkeys(c for b in resolved for c in b.__mro__)
        if base.__flags__ & _HEAP_TYPE and "__init_subclass__" in vars(base)
    ]
    kept = [vars(base)["__init_subclass__"] for base in hooks]
    for base in hooks:
        type.__setattr__(base, "__init_subclass__", classmethod(lambda cls, **_: None))
    try:
        made = type.__new__(metaclass, name, resolved, namespace)
    finally:
        for base, hook in zip(hooks, kept, strict=True):
            type.__setattr__(base, "__init_subclass__", hook)
    if "_abc" in sys.modules and issubclass(metaclass, sys.modules["abc"].ABCMeta):
        sys.modules["_abc"]._abc_init(made)
    _classes[token] = made
    _tokens[made] = token
    return made


# What a class has of its own making.
_OWN_OF_CLASS = {"__dict__", "__weakref__", "__slots__", "__qualname__", "__module__", "__doc__", "_abc_impl"}


def fill_class(made, state):
    attributes, registered = state
    for name, value in attributes.items():
        type.__setattr__(made, name, value)
    # One that was here already may have more than the program's class has now.
    for name, value in tuple(vars(made).items()):
        own = isinstance(value, types.MemberDescriptorType | types.GetSetDescriptorType) or name in _OWN_OF_CLASS
        if name not in attributes and not own:
            type.__delattr__(made, name)
    for other in registered:
        made.register(other)


def make_enum(token, metaclass, name, bases, data_type, members, module, qualname, keywords):
    """The members are what they were, whatever the user's __new__ and __init__, which come later, made of them."""
    known = _classes.get(token)
    if known is not None:
        return known
    namespace = metaclass.__prepare__(name, bases)
    namespace["__module__"] = module
    namespace["__qualname__"] = qualname
    data = iter(members)

    def new(cls, *_):
        _, value, own = next(data)
        made = object.__new__(cls) if data_type is object else data_type.__new__(cls, own)
        made._value_ = value
        return made

    namespace["__new__"] = new
    namespace["__init__"] = lambda self, *_: None
    for member, value, _ in members:
        namespace[member] = value
    made = metaclass.__new__(metaclass, name, bases, namespace, **keywords)
    del made.__init__
    if "__new_member__" in vars(made):
        del made.__new_member__
    made._new_member_ = data_type.__new__
    _classes[token] = made
    _tokens[made] = token
    return made


def fill_enum(made, state):
    attributes, of_members = state
    for name, value in attributes.items():
        type.__setattr__(made, name, value)
    for name, values in of_members.items():
        vars(made.__members__[name]).update(values)


def make_type_variable(kind, name, constraints, options):
    return _typing_type(kind)(name, *constraints, **options)


def make_type_alias(name, value, parameters):
    return _typing_type("TypeAliasType")(name, value, type_params=parameters)


def _typing_type(name):
    import _typing  # cheaper than typing

    return getattr(_typing, name)


def make_method(function, bound_to):
    return types.MethodType(function, bound_to)


def make_proxy(mapping):
    return types.MappingProxyType(mapping)


def make_cached(function, parameters):
    import functools

    return functools.lru_cache(**parameters)(function)


def original(token):
    """In the main interpreter: the class that was shipped under this token."""
    return _original_of[token]


# ---------------------------------------------------------------- pickles


class _ResultPickler(_pickle.Pickler):
    """A class that was shipped goes home as the class that it was there."""

    def reducer_override(self, value):
        if isinstance(value, type):
            token = _tokens.get(value)
            return NotImplemented if token is None else (original, (token,))
        if isinstance(value, types.ModuleType):
            return make_module, (value.__name__, ())
        return NotImplemented


def dumps(value):
    buffer = io.BytesIO()
    _ResultPickler(buffer, 5).dump(value)
    return buffer.getvalue()


def loads(data):
    return _pickle.loads(data)


# ---------------------------------------------------------------- functions that this worker has

# number -> (function, its namespaces, its surroundings); the least recently used first
_functions: dict[int, tuple] = {}
_of_calls: dict[int, tuple] = {}  # the same of those that end with their call


def _surround(path, digits):
    """Sets what the interpreter was like where a function came from."""
    if sys.path != path:
        sys.path[:] = path
        sys.path_importer_cache.clear()
    if sys.get_int_max_str_digits() != digits:
        sys.set_int_max_str_digits(digits)


def find(number):
    """The function shipped under this number, or None. Asked once for each call."""
    entry = _functions.pop(number, None)
    if entry is not None:
        _functions[number] = entry
    else:
        entry = _of_calls.get(number)
        if entry is None:
            return None
    _surround(*entry[2])
    return entry[0]


def load(number, payload, keep):
    """Builds a shipped function, to be found again under its number: with keep by later calls too."""
    stream = io.BytesIO(payload)
    surroundings = marshal.load(stream)
    _surround(*surroundings)
    del _namespaces[:]
    function = _pickle.Unpickler(stream).load()
    entry = function, tuple(_namespaces), surroundings
    del _namespaces[:]
    _note_modules()
    if keep:
        _functions[number] = entry
        if len(_functions) > _MAX_FUNCTIONS:
            _forget(_functions.pop(next(iter(_functions))))
    else:
        _of_calls[number] = entry
    return function


def _forget(entry):
    """Takes apart the cycle of a function and its globals, which else waits for the collector and adds up."""
    for namespace in entry[1]:
        namespace.clear()


def forget(number):
    """The call that this function was built for is over."""
    entry = _of_calls.pop(number, None)
    if entry is not None:
        _forget(entry)


# ---------------------------------------------------------------- exceptions


def describe(error):
    """An exception and those behind it as bytes, from the first on: what can be pickled of each, and the rest in words.
    They name each other by their place. No worker imports the traceback module: frames go as numbers."""
    errors, places = [error], {id(error): 0}
    for one in errors:
        for link in (one.__cause__, one.__context__):
            if link is not None and id(link) not in places:
                places[id(link)] = len(errors)
                errors.append(link)
    return _pickle.dumps([_description(one, places) for one in errors], 5)


def _attempt(make):
    """make(), or None where the user's exception class does not play along."""
    try:
        return make()
    except Exception:
        return None


def _frames(traceback):
    """(file, line, name, last line, column, last column) of each frame."""
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        last_line = column = last_column = None
        for at, (_, last_line, column, last_column) in enumerate(code.co_positions()):  # noqa: B007
            if at == traceback.tb_lasti // 2:
                break
        name = code.co_qualname if sys.version_info >= (3, 13) else code.co_name
        frames.append((code.co_filename, traceback.tb_lineno, name, last_line, column, last_column))
        traceback = traceback.tb_next
    return frames


def builtin_bases(kind):
    """Those of a class of exceptions that C defines."""
    return [base for base in kind.__mro__ if not base.__flags__ & _HEAP_TYPE and issubclass(base, BaseException)]


def arguments_of(error):
    """(What to make it from, its args). No __reduce__ of the user's, which may say anything."""
    reduced = _attempt(lambda: builtin_bases(type(error))[0].__reduce__(error))
    args = BaseException.args.__get__(error)
    given = reduced[1] if isinstance(reduced, tuple) and len(reduced) > 1 else args
    if isinstance(error, BlockingIOError) and len(given) == 3 and isinstance(given[2], int):
        given = given[:2]  # the third is characters_written, but only to that very type
    return tuple(given), args


def members_of(error):
    """What an exception has beside its __dict__: in slots, and in fields of the builtin types."""
    members = {}
    for base in type(error).__mro__:
        for name, field in vars(base).items():
            # The object of an AttributeError may be anything; it has its repr in its text.
            if isinstance(field, types.MemberDescriptorType | types.GetSetDescriptorType) and not (
                name.startswith("__") or name in ("args", "obj")
            ):
                value = _attempt(lambda field=field: field.__get__(error))
                if value is not None:
                    members.setdefault(name, value)
    return members


def _each(values):
    """Those of a dict that can be pickled, as bytes."""
    whole = _attempt(lambda: dumps(values))
    if whole is not None:
        return whole
    return dumps({name: value for name, value in values.items() if _attempt(lambda v=value: dumps(v)) is not None})


def _text(make):
    """Text that the user's class makes, or None."""
    text = _attempt(make)
    return str.__str__(text) if isinstance(text, str) else None


def _sendable(values):
    """Values as bytes, with the text of those that cannot be pickled in their place."""
    whole = _attempt(lambda: dumps(values))
    if whole is not None:
        return whole
    return dumps(
        tuple(v if _attempt(lambda v=v: dumps(v)) is not None else _text(lambda v=v: repr(v)) or "..." for v in values)
    )


def _description(error, places):
    kind = type(error)
    given, args = arguments_of(error)
    attributes = _attempt(lambda: dict(error.__dict__)) or {}
    notes = attributes.get("__notes__")
    return {
        "type": _attempt(lambda: dumps(kind)),
        "name": kind.__qualname__,
        "module": kind.__module__,
        "given": _sendable(given),
        "args": _sendable(args),
        "attributes": _each(attributes),
        "members": _each(members_of(error)),
        "repr": _text(lambda: repr(error)) or f"<{kind.__qualname__}>",
        "notes": [_text(lambda note=note: str(note)) or "" for note in notes] if isinstance(notes, list) else None,
        "cause": places.get(id(error.__cause__)),
        "context": places.get(id(error.__context__)),
        "suppress": error.__suppress_context__,
        "text": _text(lambda: str(error)) or "",
        "frames": _frames(error.__traceback__),
    }


# ---------------------------------------------------------------- the surroundings of the user's code


class _Output(io.TextIOBase):
    """Hands whole lines to the program's own stream. The rest of a line waits for its end, or for that of the chunk."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, stream):
        self._stream = stream
        self._rest = ""

    def writable(self):
        return True

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        lines, newline, rest = text.rpartition("\n")
        if newline:
            _emit(self._stream, self._rest + lines + newline)  # noqa: F821
            self._rest = rest
        else:
            self._rest += text
        return len(text)

    def finish(self):
        if self._rest:
            _emit(self._stream, self._rest)  # noqa: F821
            self._rest = ""


class Blocked(BaseException):
    """An extension module that must not be loaded here. No Exception, so that no fallback of the importing code hides
    it: the whole call then runs in the calling interpreter."""


def _guarded(load):
    """A loader's step for an extension module, refused before it happens, and one worker at a time."""

    def step(*arguments):
        subject = arguments[-1]  # a spec, or a module
        name = subject.name if hasattr(subject, "loader_state") else subject.__spec__.name
        verdict = _verdict(name)  # noqa: F821
        if verdict != "":
            reason = "it is not loaded in the main interpreter yet" if verdict is None else verdict
            _block(name, verdict)  # noqa: F821
            raise Blocked(f"{name}: {reason}")
        _lock_imports()  # noqa: F821
        try:
            return load(*arguments)
        finally:
            _unlock_imports()  # noqa: F821

    return step


def _watch_imports():
    import _frozen_importlib
    import _frozen_importlib_external

    extension = _frozen_importlib_external.ExtensionFileLoader
    extension.create_module = _guarded(extension.create_module)
    extension.exec_module = _guarded(extension.exec_module)
    builtin = _frozen_importlib.BuiltinImporter
    builtin.create_module = staticmethod(_guarded(builtin.create_module))
    builtin.exec_module = staticmethod(_guarded(builtin.exec_module))


_settled: set[str] = set()  # modules that were there when the last chunk ended, or a function was built


def _note_modules():
    global _settled
    if len(sys.modules) != len(_settled):
        _settled = set(sys.modules)


def _undo_imports():
    """Removes modules whose import was cut short by one that is blocked, with all that came with it: a package goes
    when it fails, but not its submodules, on which a second try would stumble. Extension modules are whole, and may
    not all be initialised twice."""
    import _frozen_importlib
    import _frozen_importlib_external

    whole = _frozen_importlib.BuiltinImporter, _frozen_importlib_external.ExtensionFileLoader
    for name in [name for name in sys.modules if name not in _settled]:
        module = sys.modules[name]
        loader = getattr(getattr(module, "__spec__", None), "loader", None)
        if loader in whole or isinstance(loader, whole):
            continue
        del sys.modules[name]
        package, _, last = name.rpartition(".")
        package = sys.modules.get(package)
        if isinstance(package, types.ModuleType) and vars(package).get(last) is module:
            delattr(package, last)


def _interruptible_sleep(time):
    plain = time.sleep

    def sleep(seconds, /):
        if not isinstance(seconds, (int, float)) or not seconds >= 0 or seconds > 1e9:
            return plain(seconds)
        _sleep(float(seconds))  # noqa: F821

    sleep.__qualname__, sleep.__module__, sleep.__doc__ = "sleep", "time", plain.__doc__
    time.sleep = sleep


warned = False  # since the engine last looked


def _print_warning(message):
    """Set to the warnings module's own function."""


def count_warnings(on):
    """With on, a warning, or an exception that nobody can catch, is always noticed in `warned`; without, it is printed
    as the program's filters say."""
    import warnings

    warnings.filters[:] = [("always", None, Warning, None, 0)] if on else _filters
    warnings._filters_mutated()
    warnings._showwarnmsg = _note_silently if on else _print_warning
    sys.unraisablehook = _note_silently if on else sys.__unraisablehook__


def _note_silently(message):
    global warned
    warned = True


_filters: list = []


def start():
    """Once, when the worker has started."""
    global _print_warning, _filters
    import time
    import warnings

    sys.stdout, sys.stderr = _Output(1), _Output(2)
    _watch_imports()
    _interruptible_sleep(time)
    _print_warning = warnings._showwarnmsg
    _filters = list(warnings.filters)
    _note_modules()


def end_idle_threads():
    """What the threading module does first at the end, so that the threads of an executor end."""
    threading = sys.modules.get("threading")
    calls = getattr(threading, "_threading_atexits", [])
    while calls:
        calls.pop()()


def finish(blocked):
    """At the end of each chunk."""
    if blocked:
        _undo_imports()
    _note_modules()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, _Output):
            stream.finish()
