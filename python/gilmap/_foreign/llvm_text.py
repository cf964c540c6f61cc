"""Whether a function that Numba compiled may run on any thread, in any order, and twice.

Problem: such a function may print, call back into Python, draw random numbers, or write to memory that it got as an
address; none of that shows in its signature. Method: its LLVM IR is read, with that of all it calls. Only numbers go
in, so memory other than its own can be reached in few ways: through a global variable, an address that is a number, a
pointer that was loaded from a global, or a function of another module. Each of these is refused, but for reading
constants and calling functions of a list. Cost: linear in the text, once for each overload.
"""

import re

_NAME = r'@(?:"[^"]*"|[-\w.$]+)'
_DEFINITION = re.compile(rf"^define [^\n]*?({_NAME})\(.*?^}}", re.MULTILINE | re.DOTALL)
_CALLED = re.compile(rf"({_NAME})\(")
_IS_CALL = re.compile(r"(?:^|= )\s*(?:tail |musttail |notail )?(?:call|invoke|callbr) ")
_WRITES = re.compile(r"^\s*(?:%\S+ = )?(?:store|atomicrmw|cmpxchg) ")
_POINTER_TO_GLOBAL = re.compile(rf"ptr (?:getelementptr [^(]*\([^@]*)?{_NAME}[^,]*(?:,|$)")
# The first argument, behind its attributes (`ptr nonnull align 8 dereferenceable(16) %to`), is computed here.
_REGISTER_FIRST = re.compile(r"\s*ptr (?:align \d+ |[a-z_]+(?:\([^)]*\))? )*%")
_LOADS_POINTER = re.compile(
    rf"= load (?:volatile )?(?:ptr|\{{.*ptr.*\}}|\[.*ptr.*\]), ptr (?:getelementptr [^@]*)?{_NAME}"
)

# Functions of libm, by their names for doubles; with an f, for floats.
_MATH = (
    "acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs floor fmod frexp "
    "hypot ldexp lgamma log log10 log1p log2 nearbyint nextafter pow rint round sin sinh sqrt tan tanh tgamma trunc"
).split()
_HARMLESS = frozenset(
    [
        *_MATH,
        *(name + "f" for name in _MATH),
        # Numba's own mathematics
        *("numba_ldexp numba_frexp numba_ldexpf numba_frexpf numba_gamma numba_gammaf numba_erf numba_erff").split(),
        *("numba_lgamma numba_lgammaf numba_erfc numba_erfcf numba_cpow numba_cpowf").split(),
        # arithmetic that the CPU lacks
        *("__divti3 __modti3 __udivti3 __umodti3 __multi3 __powidf2 __powisf2").split(),
        # memory of its own
        *("NRT_Allocate NRT_Free NRT_Reallocate NRT_MemInfo_alloc NRT_MemInfo_alloc_safe").split(),
        *("NRT_MemInfo_alloc_aligned NRT_MemInfo_alloc_safe_aligned NRT_MemInfo_alloc_dtor_safe").split(),
        *("NRT_MemInfo_new_varsize NRT_MemInfo_new_varsize_dtor NRT_MemInfo_varsize_alloc").split(),
        *("NRT_MemInfo_varsize_realloc NRT_MemInfo_varsize_free NRT_MemInfo_call_dtor").split(),
        *("NRT_incref NRT_decref memcpy memmove memset memcmp strlen").split(),
    ]
)


def _bare(name: str) -> str:
    return name[1:].strip('"')


def why_it_stays(text: str, symbol: str) -> str | None:
    """The reason for which the function `symbol` of this LLVM IR has to run on the calling thread, or None.

    Never None for what is not understood.
    """
    bodies = {_bare(m.group(1)): m.group(0) for m in _DEFINITION.finditer(text)}
    if symbol not in bodies:
        return "the code that Numba has made of it cannot be looked at"
    seen = {symbol}
    todo = [symbol]
    while todo:
        for line in bodies[todo.pop()].splitlines()[1:]:
            called, reason = _look_at(line)
            if reason is not None:
                return reason
            if called is None or called in seen or called in _HARMLESS or called.startswith("llvm."):
                continue
            if called not in bodies:
                return f"it calls {called}(), which may have side effects"
            seen.add(called)
            todo.append(called)
    return None


def _look_at(line: str) -> tuple[str | None, str | None]:
    """What an instruction calls, and what speaks against it."""
    if "inttoptr" in line:
        return None, "it uses memory by its address"
    if _LOADS_POINTER.search(line):
        return None, "it follows a pointer that lies in memory of others"
    if _WRITES.search(line):
        address = line[line.rindex("ptr ") :] if "store" in line.split("=")[-1].split()[0] else line
        if _POINTER_TO_GLOBAL.search(address.split(", align")[0].split(", !")[0] + ","):
            return None, "it writes to memory of others"
        return None, None
    if not _IS_CALL.search(line):
        return None, None
    called = _CALLED.search(line)
    if called is None:
        return None, "it calls a function by its address"
    name = _bare(called.group(1))
    if name.startswith(("llvm.mem", "mem")) and not _REGISTER_FIRST.match(line[called.end() :]):
        return None, "it writes to memory of others"
    return name, None
