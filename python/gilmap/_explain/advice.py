"""What to write instead: one row for each obstacle that core/lift knows.

A row is a pattern for the obstacle's words, the advice, and whether following it is a small change, after which the
function would be compiled. The first row that matches counts.
"""

import re
from typing import NamedTuple


class Advice(NamedTuple):
    instead: str
    is_small: bool


_ROWS: list[tuple[str, str, bool]] = [
    # ---- functions of other compilers
    (
        r"is a C function, which may have side effects",
        "Map the C function itself, and compute the rest from its results.",
        False,
    ),
    (
        r"^it calls .*\(\), which may have side effects|^it (uses memory by|follows a pointer|writes to memory of)",
        "Let the function only compute from its arguments: no printing, no random numbers, no parallel=True, no memory "
        "by its address.",
        False,
    ),
    (
        r"has no argtypes|takes no float for an int",
        "Set argtypes to C types that take the elements: ctypes.c_double for floats.",
        True,
    ),
    (
        r"^numpy\.\w+ of these types",
        "Call the ufunc on the whole array: np.sin(xs).",
        True,
    ),
    # ---- side effects
    (
        r"gives another result each time",
        "Draw the values before the call, and pass them as a further iterable: gilmap.map(f, xs, draws).",
        True,
    ),
    (
        r"^print\(\) acts on",
        "Return the value, and print in a loop over the results.",
        True,
    ),
    (
        r"^(input|open)\(\) acts on",
        "Read before the call and write after it; pass what was read as an argument.",
        False,
    ),
    (
        r"^(eval|exec|globals|locals|setattr|delattr)\(\) acts on",
        "Write the expression or the assignment itself, in the function's own variables.",
        False,
    ),
    (
        r"^next\(\) acts on",
        "Pass the iterator as a further iterable: gilmap.map(f, xs, iterator).",
        True,
    ),
    (
        r" = …` writes to|is assigned: it writes to a variable",
        "Return the value, and sum up or store the results after the call.",
        False,
    ),
    (
        r"^`x\[…\] = …`|^`\.\w+` changes |^`del ",
        "Return the value, and store it after the call: for x, y in zip(xs, gilmap.map(f, xs)): …",
        False,
    ),
    (
        r"on the way to an exception|may have side effects",
        "Raise a plain exception, with a message made of constants, strings and numbers, and log or clean up where the "
        "call of map is.",
        False,
    ),
    # ---- constructs that read as something else below
    (
        r"^`match`",
        "Match plain values (case 1:), or use `if`.",
        True,
    ),
    (
        r"^`(map|filter)\(…\)`",
        "Write a generator expression, as in sum(f(k) for k in range(n) if ok(k)).",
        True,
    ),
    (
        r"it returns a generator",
        "Return one value for each element. If an element gives several, map over those.",
        False,
    ),
    (
        r"^unpacking .* with `\*`",
        "Name the values one by one, as in max(a, b, x).",
        False,
    ),
    # ---- lists, dicts, strings
    (
        r"a list of variable length|`\.append` of a list|a list that (grows|is kept)|this use of a list|a list inside|"
        r"a list that is passed on|it returns a list|`list\(…\)`",
        "Sum, count or compare while looping, as in sum(g(k) for k in range(n)), instead of keeping a list. If the "
        "list is what you want, map over its elements instead.",
        False,
    ),
    (
        r"a tuple of variable length|a tuple is indexed with a variable|it returns a tuple|ordering these tuples",
        "Map a function for each item of the tuple, and zip the results: zip(gilmap.map(f, xs), gilmap.map(g, xs)).",
        False,
    ),
    (
        r"^`\[…\]` of a (list|dict)|^`in` over a (list|set|dict)|^a loop over a (list|set|dict)|^`\.get` of a dict|"
        r"^this builtin over a (list|set|dict)",
        "A tuple at module level is compiled where a list or dict is not: TABLE = (…), for k in TABLE, x in TABLE. For "
        "a lookup, look up before the call and pass the values as a further iterable.",
        True,
    ),
    (
        r"^a dict |it returns a dict|`\*\*` of",
        "Use one variable for each key; if the dict is the result, build it of the results after the call.",
        False,
    ),
    (
        r"^a set |it returns a set|`set\(…\)`|`frozenset\(…\)`",
        "Compare the values themselves; `x in {1, 2, 3}` with constants is compiled.",
        False,
    ),
    (
        r"\ba str\b|strings are not|`str\(…\)`|^(hex|bin|oct|chr|ord|repr|ascii|format)\(\) is not",
        "Compute with numbers here, and make or read text outside: before the call for the inputs, after it for the "
        "results. Digits of an int come from n % 10 and n // 10.",
        False,
    ),
    (
        r"\ba (complex|value of type 'complex')|`complex\(…\)`",
        "Use two floats, one for the real and one for the imaginary part.",
        False,
    ),
    (
        r"an int beyond 64 bits",
        "Use smaller constants, or take the remainder (%) before the numbers grow: ints of 64 bits are compiled.",
        False,
    ),
    # ---- generators and loops
    (
        r"a loop over a generator",
        "Let sum(), min(), max(), any() or all() consume the generator, or write its body into the loop.",
        True,
    ),
    (
        r"a generator (is not compiled here|that is not consumed)",
        "Give the generator to sum(), min(), max(), any(), all() or len(list(…)) where it is made.",
        True,
    ),
    (
        r"^(a loop|this builtin) over an iterator|^this builtin over",
        "Write a `for` loop over range(), zip() or enumerate() with a running total.",
        True,
    ),
    (
        r"^(a loop|unpacking) .*(is not compiled)|^a loop over|^`in` over",
        "Loop over range(…) or a tuple.",
        False,
    ),
    (
        r"^reversed\(\) of",
        "Use range(n - 1, -1, -1).",
        True,
    ),
    (
        r"whose step|default= for a range|sum\(\) of a list of floats with a start|a start value that is no",
        "Write it as a `for` loop with a running value.",
        True,
    ),
    (
        r"key= (is|are) not|with key=|this form of min|min\(\) and max\(\)",
        "Compare with `if`: best = a if key(a) <= key(b) else b.",
        True,
    ),
    (
        r"sorted\(\) is not",
        "For two or three values use min() and max(); else sort before the call.",
        False,
    ),
    (
        r"change too often in this loop|adding up or comparing",
        "Let each variable keep one type in the loop: start a float total with 0.0, not 0 or None.",
        False,
    ),
    # ---- numbers of other kinds, and builtins
    (
        r"^~ of a bool",
        "Write `not x`.",
        True,
    ),
    (
        r"^`is` between|depends on how CPython shares",
        "Compare numbers with `==`.",
        True,
    ),
    (
        r"^isinstance\(\)|^type\(\) of|^`\.__(name|class)__` of a class",
        "Test with isinstance(x, int), isinstance(x, float) or a tuple of these.",
        True,
    ),
    (
        r"with keywords|this form of|unusual keywords|^`\*` of",
        "Pass the usual arguments, by position.",
        True,
    ),
    (
        r"^(abs|int|float|len|divmod|round|range|reversed|unary [-+]|~|the truth value|min|max|math\.\w+)(\(\))? of",
        "Give it an int, a float or a bool.",
        False,
    ),
    (
        r"^a call of (\w+)\.",
        "Use operators, Python's builtins or the math module; or call it outside, on the list of inputs or results.",
        False,
    ),
    (
        r"an exception object|no path of this function returns",
        "Return a value on at least one path; a bare `raise SomeError(…)` is fine.",
        False,
    ),
    (
        r"(of|with) (a value|an object) of type|`\w[\w.]*\(…\)` is not compiled|^comparing|^`[^`]+` with",
        "Keep ints, floats and bools in local variables, and read the attributes of objects before the call.",
        False,
    ),
    (
        r"^it returns|a function that is returned",
        "Return an int, a float, a bool or None.",
        False,
    ),
    (
        r"^\w+\(\) is not compiled",
        "Use operators, the math module, or builtins on numbers: abs, min, max, sum, round, divmod, pow, len, range.",
        False,
    ),
    (
        r"^`\.\w+(\(…\))?` of",
        "Use operators, the math module, or methods of int and float.",
        False,
    ),
    # ---- constructs
    (
        r"^`(async )?with`",
        "Open files and take locks around the call of map, not in the function.",
        False,
    ),
    (
        r"^a class definition|^import ",
        "Move it to the top of the module.",
        True,
    ),
    (
        r"^a slice",
        "Index single items, or loop over a range.",
        False,
    ),
    (
        r"async|`await`|`yield",
        "Write a plain function: `def`, `return`, no `await` or `yield`.",
        False,
    ),
    (
        r"`super\(\)`|this method cannot|functools\.partial cannot|cannot be followed|closure|this function cannot",
        "Map a plain function, defined with `def` at module level, that gets all it needs as arguments.",
        False,
    ),
    # ---- size and types
    (
        r"too large|nested too deeply|too many (different )?types|do not settle|result depends on the values",
        "Split the function, or let each variable, argument and result keep one type: all int or all float.",
        False,
    ),
    (
        r"^a call of|^this construct|^this operator|made in an unusual way",
        "Write it as a plain function of numbers: operators, `if`, `for` over a range, and the math module.",
        False,
    ),
    (
        r"^GILMAP_SIMD=",
        "Set GILMAP_SIMD to avx512, avx2, sse or off, whichever this CPU has, or leave it unset.",
        True,
    ),
    (
        r"^the bytecode",
        "This comes from a tool that rewrites functions: map the function before it was rewritten.",
        False,
    ),
]

_COMPILED_ROWS = [(re.compile(pattern), Advice(instead, small)) for pattern, instead, small in _ROWS]


_OTHER = Advice("Write it with numbers, operators and the math module.", False)


def advice_for(what: str) -> Advice:
    """The advice for an obstacle, by its words."""
    return next((advice for pattern, advice in _COMPILED_ROWS if pattern.search(what)), _OTHER)


def is_known(what: str) -> bool:
    """Is there a row for it?"""
    return advice_for(what) is not _OTHER
