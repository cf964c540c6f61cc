"""May a function leave the calling interpreter without anybody noticing?

Only if nothing that it does can be seen outside. What is proved here, from the bytecode of the function and of the
Python functions that it calls: it refers to nothing that can be changed (only to numbers, strings and tuples of them,
to functions that are as harmless, and to a list of builtins and functions of the standard library), and it has no
instruction that writes to anything but its own variables and what lies in a container. The engine passes it arguments
that cannot be changed either. So whatever container it writes to, it has made itself.

Nor may it notice that it sees copies. A copy has another address, which shows in `is`, in the text of a function or
method and in the order of a set of such; a copied set may have another order; and a NaN is found in a container only if
it is the very same object. So functions and methods may only be called, sets only be searched, and there may be no NaN.

Where that cannot be shown, the function stays. The answer is a sentence that says why, or None.
"""

import builtins
import dis
import re
import sys
import types
from collections.abc import Iterator
from typing import Any

from gilmap import _gilmap
from gilmap._interpreters.shipping import is_installed

_BUILTINS = {
    getattr(builtins, name)
    for name in (
        "abs all any ascii bin bool bytearray bytes chr complex dict divmod enumerate filter float format frozenset "
        "hex int isinstance issubclass iter len list map max min next oct ord pow range repr reversed round set slice "
        "sorted str sum tuple zip"
    ).split()
} | {e for e in vars(builtins).values() if isinstance(e, type) and issubclass(e, BaseException)}

# "*": all that the module has.
_MODULES = {
    "base64": "b64encode b64decode b32encode b32decode b16encode b16decode urlsafe_b64encode urlsafe_b64decode",
    "binascii": "crc32 hexlify unhexlify a2b_base64 b2a_base64",
    "bisect": "*",
    "collections": "Counter OrderedDict defaultdict deque",
    "functools": "reduce partial cmp_to_key",
    "heapq": "*",
    "html": "escape unescape",
    "itertools": "*",
    "json": "dumps loads",
    "math": "*",
    "operator": "abs add and_ concat contains countOf floordiv ge getitem gt index indexOf inv invert itemgetter le "
    "length_hint lshift lt matmul mod mul ne eq neg not_ or_ pos pow rshift sub truediv truth xor",
    "re": "compile escape findall finditer fullmatch match search split sub subn A ASCII I IGNORECASE M MULTILINE S "
    "DOTALL X VERBOSE U UNICODE",  # not DEBUG, which prints
    "string": "ascii_letters ascii_lowercase ascii_uppercase digits hexdigits octdigits printable punctuation "
    "whitespace capwords",
    "textwrap": "dedent fill indent shorten wrap",
    "unicodedata": "*",
    "zlib": "adler32 compress crc32 decompress",
}

_HEAP_TYPE = 1 << 9
_PURE_CONSTANTS = (types.NoneType, bool, int, float, complex, str, bytes, types.EllipsisType)

# Instructions that touch nothing but the frame, or containers, which are the function's own. Any other stays.
_HARMLESS = set(
    """
    BEFORE_WITH BINARY_OP BINARY_SLICE BINARY_SUBSCR BUILD_CONST_KEY_MAP BUILD_LIST BUILD_MAP BUILD_SET
    BUILD_SLICE BUILD_STRING BUILD_TUPLE CACHE CALL CALL_FUNCTION_EX CALL_INTRINSIC_1 CALL_KW CHECK_EXC_MATCH
    CLEANUP_THROW COMPARE_OP CONTAINS_OP CONVERT_VALUE COPY COPY_FREE_VARS DELETE_DEREF DELETE_FAST
    DELETE_SUBSCR DICT_MERGE DICT_UPDATE END_FOR END_SEND EXTENDED_ARG FORMAT_SIMPLE FORMAT_VALUE
    FORMAT_WITH_SPEC FOR_ITER GET_ITER GET_LEN GET_YIELD_FROM_ITER IS_OP JUMP_BACKWARD
    JUMP_BACKWARD_NO_INTERRUPT JUMP_FORWARD KW_NAMES LIST_APPEND LIST_EXTEND LOAD_ASSERTION_ERROR LOAD_ATTR
    LOAD_CLOSURE LOAD_CONST LOAD_DEREF LOAD_FAST LOAD_FAST_AND_CLEAR LOAD_FAST_CHECK LOAD_FAST_LOAD_FAST
    LOAD_GLOBAL MAKE_CELL MAKE_FUNCTION MAP_ADD MATCH_KEYS MATCH_MAPPING MATCH_SEQUENCE NOP POP_EXCEPT
    POP_JUMP_IF_FALSE POP_JUMP_IF_NONE POP_JUMP_IF_NOT_NONE POP_JUMP_IF_TRUE POP_TOP PUSH_EXC_INFO PUSH_NULL
    RAISE_VARARGS RERAISE RESUME RETURN_CONST RETURN_GENERATOR RETURN_VALUE SEND SET_ADD
    SET_FUNCTION_ATTRIBUTE SET_UPDATE STORE_DEREF STORE_FAST STORE_FAST_LOAD_FAST STORE_FAST_STORE_FAST
    STORE_SLICE STORE_SUBSCR SWAP TO_BOOL UNARY_INVERT UNARY_NEGATIVE UNARY_NOT UNPACK_EX UNPACK_SEQUENCE
    WITH_EXCEPT_START YIELD_VALUE
    """.split()
)
_INTRINSICS = {"INTRINSIC_STOPITERATION_ERROR", "INTRINSIC_UNARY_POSITIVE", "INTRINSIC_LIST_TO_TUPLE"}

# Through these one gets from a harmless object to what is shared.
_FORBIDDEN_ATTRIBUTE = re.compile(r"_|(gi|cr|ag|f|tb|co)_|mro$|with_traceback$|format_map$")


class _Stays(Exception):
    """Why the function stays, in words."""


# What may be read of an object without calling it. Methods of what can be changed are the function's own.
_DATA = set(
    "args denominator endpos flags groups imag lastgroup lastindex maxlen numerator pattern pos re real start step "
    "stop string append appendleft extend extendleft insert pop popleft remove add discard update".split()
)


def _is_constant(value: Any) -> bool:
    if type(value) in (tuple, frozenset):
        return all(map(_is_constant, value))
    if type(value) is re.Pattern:
        return not value.flags & re.DEBUG  # prints itself when it is made
    return type(value) in _PURE_CONSTANTS


def _check_constant(value: Any, name: str, after: dis.Instruction | None) -> None:
    """Raises _Stays for a constant of which a copy can be told apart."""
    if type(value) is tuple:
        for item in value:
            _check_constant(item, name, None)
    elif type(value) is frozenset:
        if len(value) > 1 and (after is None or after.opname != "CONTAINS_OP"):
            raise _Stays(f"it uses the order of a set, {name}")
        for item in value:
            _check_constant(item, name, None)
    elif value != value:
        raise _Stays(f"it refers to a NaN, {name}, and whether a container has it depends on the very object")


def _is_called(before: dis.Instruction | None, i: dis.Instruction, after: dis.Instruction | None) -> bool:
    """Is what an instruction loads called, and nothing else?"""
    if i.opname in ("LOAD_GLOBAL", "LOAD_ATTR") and (i.arg or 0) & 1:
        return True
    if i.opname == "LOAD_ATTR" and before is not None and before.opname == "LOAD_GLOBAL" and (before.arg or 0) & 1:
        return True  # of an imported module, whose functions are no methods
    neighbour = before if sys.version_info < (3, 13) else after
    return neighbour is not None and neighbour.opname == "PUSH_NULL"


def _has_an_address(value: Any) -> bool:
    """Does its text depend on where in memory it is?"""
    return isinstance(value, types.FunctionType) or (isinstance(value, type) and bool(value.__flags__ & _HEAP_TYPE))


def _is_hashed_by_address(value: Any) -> bool:
    """Does its place in a set, but not its text, depend on where in memory it is? Static types lie where they lie for
    all interpreters."""
    return isinstance(
        value,
        types.BuiltinFunctionType
        | types.MethodDescriptorType
        | types.WrapperDescriptorType
        | types.MethodWrapperType
        | types.ClassMethodDescriptorType
        | types.GetSetDescriptorType
        | types.MemberDescriptorType,
    )


_SET_OPERATOR = re.compile(r"[&|^-]=?$")
_SET_FUNCTIONS = {"and_", "or_", "sub", "xor"}  # of the operator module


def _is_own(module: types.ModuleType, value: Any) -> bool:
    """Is it what the module itself defines, and not something that was put there?"""
    if isinstance(value, types.FunctionType):
        return value.__globals__ is vars(module) or value.__module__.partition(".")[0] == module.__name__
    if isinstance(value, types.BuiltinFunctionType):
        return isinstance(value.__self__, types.ModuleType) and (value.__module__ or "").strip("_") == module.__name__
    if isinstance(value, type):
        methods = [m for m in vars(value).values() if isinstance(m, types.FunctionType)]
        of_module = value.__module__ == module.__name__ and all(m.__globals__ is vars(module) for m in methods)
        return not value.__flags__ & _HEAP_TYPE or of_module
    return _is_constant(value) or isinstance(value, re.RegexFlag)


def _check_extensions(module: types.ModuleType) -> None:
    """Raises _Stays if an extension module of its package, loaded here, refuses to load in a worker."""
    package = module.__name__.partition(".")[0]
    for name in tuple(sys.modules):
        if name in (package, f"_{package}") or name.startswith(f"{package}."):
            refusal = _gilmap.extension_verdict(name)
            if refusal:
                raise _Stays(f"it uses {module.__name__}, whose {name} no worker interpreter may load: {refusal}")


def _module_attribute(module: types.ModuleType, name: str) -> None:
    names = _MODULES.get(module.__name__)
    listed = names is not None and not name.startswith("_") and (names == "*" or name in names.split())
    if not listed or not is_installed(module) or sys.modules.get(module.__name__) is not module:
        _check_extensions(module)
        raise _Stays(f"it uses {module.__name__}.{name}, which is not known to be free of side effects")
    if not _is_own(module, getattr(module, name, None)):
        raise _Stays(f"{module.__name__}.{name} was replaced")


def _answers_itself(kind: type) -> bool:
    """Whether reading any attribute of an object of this class may run a function that is written in Python."""
    names = ("__getattr__", "__getattribute__", "__class__", "__module__")
    namespaces = [type.__getattribute__(base, "__dict__") for base in type.__getattribute__(kind, "__mro__")]
    hooks = [space.get(name) for space in namespaces for name in names]
    return any(type(hook) in (types.FunctionType, property) for hook in hooks)


def _library_function(value: Any) -> bool:
    """One of the listed functions, under whatever name."""
    module = sys.modules.get((getattr(value, "__module__", None) or "").lstrip("_"))
    name = getattr(value, "__name__", "")
    if module is None or module.__name__ not in _MODULES or getattr(module, name, None) is not value:
        return False
    _module_attribute(module, name)
    return True


class _Check:
    def __init__(self) -> None:
        self.seen: set[int] = set()
        self.cells: dict[str, Any] = {}  # what the free variables of all functions hold
        self.hashed: str | None = None  # something that is hashed by its address, and is not only called
        self.makes_sets = self.has_views = self.combines = False

    def mapped(self, function: Any) -> None:
        """Raises _Stays if the mapped callable is to stay."""
        of_function = isinstance(function, types.FunctionType) and function.__qualname__
        self.callable(function, of_function or type(function).__qualname__)
        # Views of a dict make sets when they are combined.
        if self.hashed is not None and (self.makes_sets or (self.has_views and self.combines)):
            raise _Stays(f"it makes sets, and may put {self.hashed!r} into one, whose order depends on where that is")

    def kept(self, value: Any, name: str, called: bool, after: dis.Instruction | None) -> None:
        """A value that the function uses: one that has an address, only to call it."""
        if _is_constant(value):
            _check_constant(value, name, after)
        elif not called and _has_an_address(value):
            raise _Stays(f"it does something else with {name!r} than call it, which may show where in memory it is")
        elif not called and _is_hashed_by_address(value):
            self.hashed = name

    def callable(self, value: Any, name: str) -> None:
        """A captured value, or the mapped callable."""
        if _answers_itself(type(value)):  # even isinstance() would ask it
            raise _Stays(f"it refers to {name!r}, whose attributes are functions")
        if _is_constant(value):
            return
        if isinstance(value, type | types.BuiltinFunctionType) and value in _BUILTINS:
            self.makes_sets = self.makes_sets or value in (set, frozenset)
            return
        if isinstance(value, types.FunctionType):
            if not _library_function(value):
                self.function(value)
            return
        if isinstance(value, types.MethodDescriptorType) and value.__objclass__ in (str, bytes, int, float, tuple):
            return
        if isinstance(value, types.BuiltinFunctionType | type) and _library_function(value):
            return
        home = sys.modules.get(getattr(value, "__module__", None) or "")
        if home is builtins:
            raise _Stays(f"it uses {value.__name__}, which is not known to be free of side effects")
        if isinstance(home, types.ModuleType) and home.__name__ != "__main__":
            _check_extensions(home)
        if isinstance(value, types.ModuleType):
            _check_extensions(value)
            raise _Stays(f"it uses the module {name!r} as a value")
        raise _Stays(f"it refers to {name!r}, of type {type(value).__qualname__!r}, which may be shared or changed")

    def function(self, function: types.FunctionType) -> None:
        if id(function) in self.seen:
            return
        self.seen.add(id(function))
        if function.__dict__:
            raise _Stays(f"the function {function.__qualname__} has attributes")
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                value = cell.cell_contents
            except ValueError:
                raise _Stays(f"the variable {name!r} has no value yet") from None
            self.callable(value, name)
            self.cells[name] = value
        for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self.callable(value, "a default value")
            self.kept(value, "a default value", called=False, after=None)
        self.code(function.__code__, function, frozenset(function.__code__.co_freevars))

    def code(self, code: types.CodeType, function: types.FunctionType, outer: frozenset[str]) -> None:
        """One code object, nested ones too. `outer`: variables of the functions around, which are shared."""
        instructions = [i for i in dis.get_instructions(code) if i.opname != "EXTENDED_ARG"]
        for before, i, after in _with_neighbours(instructions):
            name = i.opname
            if name in ("BUILD_SET", "SET_ADD", "SET_UPDATE"):
                self.makes_sets = True
            elif name == "BINARY_OP" and _SET_OPERATOR.match(i.argrepr):
                self.combines = True
            if name == "LOAD_GLOBAL":
                self.load_global(i, function, after)
            elif name == "LOAD_DEREF" and i.argval in outer:
                self.kept(self.cells.get(i.argval), str(i.argval), _is_called(before, i, after), after)
            elif name == "LOAD_CONST" and not isinstance(i.argval, types.CodeType):
                _check_constant(i.argval, repr(i.argval), after)
            elif name == "LOAD_ATTR":
                self.load_attribute(i, function, before, _is_called(before, i, after))
            elif name in ("STORE_DEREF", "DELETE_DEREF") and i.argval in outer:
                raise _Stays(f"it assigns to the variable {i.argval!r} of a function around it")
            elif name == "IS_OP" and not _is_singleton(before):
                raise _Stays("it compares objects by identity")
            elif name == "CALL_INTRINSIC_1" and i.argrepr not in _INTRINSICS:
                raise _Stays(f"it has the instruction {i.argrepr or name}")
            elif name not in _HARMLESS:
                raise _Stays(_in_words(i))
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self.code(constant, function, outer)

    def load_attribute(
        self, i: dis.Instruction, function: types.FunctionType, before: dis.Instruction | None, called: bool
    ) -> None:
        name = str(i.argval)
        if _FORBIDDEN_ATTRIBUTE.match(name):
            raise _Stays(f"it uses the attribute {name!r}")
        self.has_views = self.has_views or name in ("keys", "items")
        self.combines = self.combines or name in _SET_FUNCTIONS
        if called or name in _DATA:
            return
        # A function of a module or of a builtin type, such as str.lower.
        home = None
        if before is not None and before.opname == "LOAD_GLOBAL":
            home = function.__globals__.get(before.argval, getattr(builtins, before.argval, None))
        value = getattr(home, name, None) if isinstance(home, types.ModuleType | type) else None
        if _is_constant(value):
            _check_constant(value, name, None)
        if value is None or _has_an_address(value):
            raise _Stays(f"it does something else with the method {name!r} than call it, or reads it as data")
        if _is_hashed_by_address(value):
            self.hashed = name

    def load_global(self, i: dis.Instruction, function: types.FunctionType, after: dis.Instruction | None) -> None:
        name = str(i.argval)
        namespace = function.__globals__
        if namespace.get("__builtins__", builtins) not in (builtins, vars(builtins)):
            raise _Stays("it has builtins of its own")
        if name in namespace:
            value = namespace[name]
        elif name in vars(builtins):
            value = getattr(builtins, name)
            of_python = isinstance(value, types.FunctionType)
            if of_python or (isinstance(value, types.BuiltinFunctionType) and value.__name__ != name):
                raise _Stays(f"the builtin {name!r} was replaced")
        else:
            raise _Stays(f"the global {name!r} is not there")
        if isinstance(value, types.ModuleType) and after is not None and after.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            _module_attribute(value, str(after.argval))
        else:
            self.callable(value, name)
            self.kept(value, name, _is_called(None, i, after), after)


def _with_neighbours(
    instructions: list[dis.Instruction],
) -> Iterator[tuple[dis.Instruction | None, dis.Instruction, dis.Instruction | None]]:
    for at, i in enumerate(instructions):
        yield instructions[at - 1] if at else None, i, instructions[at + 1] if at + 1 < len(instructions) else None


def _is_singleton(before: dis.Instruction | None) -> bool:
    return before is not None and before.opname == "LOAD_CONST" and before.argval in (None, True, False, ...)


def _in_words(i: dis.Instruction) -> str:
    if i.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
        return f"it assigns to the global {i.argval!r}"
    if i.opname in ("STORE_ATTR", "DELETE_ATTR"):
        return f"it assigns to the attribute {i.argval!r}"
    if i.opname.startswith("IMPORT"):
        return f"it imports {i.argval!r}"
    if i.opname == "LOAD_BUILD_CLASS":
        return "it defines a class"
    return f"it has the instruction {i.opname}"


def why_it_stays(function: Any) -> str | None:
    """A sentence if it is to stay in the calling interpreter, else None."""
    if sys.gettrace() is not None or sys.getprofile() is not None or any(map(sys.monitoring.get_tool, range(6))):
        return "a tracing tool is active, which must see each call"
    try:
        _Check().mapped(function)
    except _Stays as reason:
        return str(reason)
    return None
