"""Numba's compiled functions: which overload a dispatcher would choose, and where its code lies."""

from typing import Any

from gilmap._foreign import llvm_text
from gilmap._foreign.found import Found


class _Refused(Exception):
    """Carries the reason for which the dispatcher itself is called."""


def find(dispatcher: Any, columns: tuple[str, ...]) -> Found | str:
    """See gilmap._foreign.find."""
    from numba.core.registry import CPUDispatcher

    if type(dispatcher) is not CPUDispatcher:
        return f"{type(dispatcher).__name__} of Numba is no function for the CPU"
    try:
        return _find(dispatcher, columns)
    except _Refused as refused:
        return str(refused)


def _find(dispatcher: Any, columns: tuple[str, ...]) -> Found:
    key = _overload(dispatcher, columns)
    compiled = dispatcher.overloads[key]
    if compiled.objectmode:
        raise _Refused("Numba has compiled it in object mode, which runs in the interpreter")
    params = tuple(_name_of(t) for t in key if not _is_left_out(t))
    packed = compiled.target_context.get_arg_packer(key).argument_types
    if len(packed) != len(params) or len(params) != len(columns):
        raise _Refused("it takes arguments other than numbers")
    symbol = compiled.fndesc.llvm_func_name
    reason = llvm_text.why_it_stays(llvm_of(compiled.library), symbol)
    if reason is not None:
        raise _Refused(reason)
    return Found(
        name=dispatcher.__name__,
        abi="numba",
        address=compiled.library.get_pointer_to_function(symbol),
        params=params,
        result=_name_of(compiled.signature.return_type),
        pure=True,
        guards=((("attr", "overloads"), ("item", key), ("attr", "library")),),
    )


def _overload(dispatcher: Any, columns: tuple[str, ...]) -> Any:
    """The key of the overload that a call with such arguments runs, as the dispatcher's own C code finds it."""
    from numba import types

    number = {"int": types.int64, "float": types.float64, "bool": types.boolean}
    if not all(c in number for c in columns):
        raise _Refused("it takes arguments other than numbers")
    given = tuple(number[c] for c in columns)
    try:
        _, key = dispatcher._compiler.fold_argument_types(given, {})
    except Exception:  # TypeError or Numba's TypingError; the call raises TypeError
        raise _Refused("it does not take that many arguments") from None
    if key in dispatcher.overloads:
        return key
    if not dispatcher._can_compile:
        return _converting_overload(dispatcher, key)
    try:
        dispatcher.compile(tuple(key))
    except Exception as error:  # anything that a typing extension raises; a call of the dispatcher raises it again
        raise _Refused(f"Numba does not compile it for these types ({type(error).__name__})") from None
    if key not in dispatcher.overloads:
        raise _Refused("Numba compiles it for other types than those of its arguments")
    return key


def _converting_overload(dispatcher: Any, key: Any) -> Any:
    """Of explicit signatures, the one to whose types the arguments are converted."""
    known = list(dispatcher.overloads)
    try:
        return known[dispatcher._tm.select_overload(key, known, True, False)]
    except Exception:  # none fits, or more than one: the call raises TypeError
        raise _Refused("none of its signatures is the one for these types") from None


def _is_left_out(t: Any) -> bool:
    from numba import types

    return isinstance(t, types.Omitted)  # a parameter whose default is compiled in


def _name_of(numba_type: Any) -> str:
    from numba import types

    plain = types.unliteral(numba_type)
    if type(plain) is types.Integer:
        return f"{'i' if plain.signed else 'u'}{plain.bitwidth}"
    if type(plain) is types.Float and plain.bitwidth in (32, 64):
        return f"f{plain.bitwidth}"
    if plain == types.boolean:
        return "bool"
    if plain == types.none:
        return "none"
    raise _Refused(f"Numba's {plain} is not a number")


def llvm_of(library: Any) -> str:
    """The LLVM IR behind the machine code; where that comes from a file, the part that is kept to be inlined."""
    if not library._disable_inspection:
        text: str = library.get_llvm_str()
        return text
    return str(library._shared_module)
