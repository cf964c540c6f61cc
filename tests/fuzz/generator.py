"""Random programs: a typed function over ints, floats and bools, helpers for it to call, and columns of arguments.

Every program ends: loops have small bounds, and the size of ints cannot explode, because inside loops
and helpers a product has a small constant or a remainder as one factor. Most operations are guarded
against the exception they could raise, and some are not.

Types of the generator: "i" int, "f" float, "b" bool, "n" any of them, changing from path to path.
"""

import random
from dataclasses import dataclass, field

from tests.differential.values import FLOAT_EDGES, INT_EDGES

MAX_DEPTH = 3
MAX_NESTING = 2

GLOBALS = {"K": 7, "BIG": 2**62 + 11, "HALF": 0.5, "FLAG": True, "EPSILON": 1e-9, "NEGATIVE": -3}
GLOBALS_OF = {"i": ["K", "BIG", "NEGATIVE"], "f": ["HALF", "EPSILON"], "b": ["FLAG"]}

INT_CONSTANTS = [0, 1, -1, 2, 3, 5, 7, 10, -4, 64, 1009, 2**31, 2**62]
FLOAT_CONSTANTS = [0.0, -0.0, 1.0, 0.5, -2.0, 3.25, 0.1, 1e-3, 1e10, 1e300]


@dataclass
class Program:
    source: str
    columns: list
    globals: dict = field(default_factory=lambda: dict(GLOBALS))

    def function(self):
        names = dict(self.globals)
        exec(compile(self.source, "<program>", "exec"), names)
        return names["f"]


@dataclass
class Scope:
    variables: dict  # name → type
    small: bool  # products must stay small
    fixed: frozenset = frozenset()  # loop variables and fuel: not assigned to
    loops: int = 0
    breakable: bool = False

    def names(self, kind):
        return [name for name, t in self.variables.items() if t == kind]

    def inner(self, **changes):
        values = {"small": self.small, "fixed": self.fixed, "loops": self.loops, "breakable": self.breakable}
        return Scope(dict(self.variables), **{**values, **changes})


class Generator:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.helpers = {}  # name → (parameter types, result type)
        self.counter = 0

    # ------------------------------------------------------------ choices

    def chance(self, p):
        return self.rng.random() < p

    def pick(self, items):
        return self.rng.choice(items)

    def fresh(self, prefix):
        self.counter += 1
        return f"{prefix}{self.counter}"

    # ------------------------------------------------------------ expressions

    def expression(self, kind, scope, depth=0):
        if depth >= MAX_DEPTH or self.chance(0.25):
            return self.leaf(kind, scope)
        if self.chance(0.06):
            call = self.helper_call(kind, scope, depth)
            if call:
                return call
        if self.chance(0.08):
            test, a, b = (self.expression(t, scope, depth + 1) for t in ("b", kind, kind))
            return f"({a} if {test} else {b})"
        return getattr(self, f"{ {'i': 'int', 'f': 'float', 'b': 'bool', 'n': 'number'}[kind] }_expression")(
            scope, depth + 1
        )

    def leaf(self, kind, scope):
        if kind == "n":
            names = scope.names("n")
            return self.pick(names) if names and self.chance(0.8) else self.leaf(self.pick("iifb"), scope)
        names = scope.names(kind)
        if names and self.chance(0.75):
            return self.pick(names)
        if self.chance(0.2):
            return self.pick(GLOBALS_OF[kind])
        if kind == "i":
            return f"({self.pick(INT_CONSTANTS)})"
        if kind == "f":
            return f"({self.pick(FLOAT_CONSTANTS)!r})"
        if self.chance(0.15):
            return self.pick(["True", "False"])
        return f"({self.leaf('n', scope)} {self.pick(['<', '>=', '==', '!='])} {self.leaf(self.pick('if'), scope)})"

    def product(self, a, b, scope):
        if not scope.small:
            return f"({a} * {b})"
        return self.pick([f"({a} * {self.rng.randint(-9, 9)})", f"({a} % 1009 * ({b} % 97))"])

    def int_expression(self, scope, depth):
        def e(kind="i"):
            return self.expression(kind, scope, depth)

        guarded = self.chance(0.8)
        choice = self.rng.randrange(22)
        if choice < 4:
            return f"({e()} {self.pick('+-')} {e()})"
        if choice < 6:
            return self.product(e(), e(), scope)
        if choice < 8:
            divisor = self.pick([f"({e()} % 7 + 1)", "(-3)", "10", "(2**33)"]) if guarded else e()
            return f"({e()} {self.pick(['//', '%'])} {divisor})"
        if choice < 10:
            return f"({e()} {self.pick('&|^')} {e(self.pick('ib'))})"
        table = [
            lambda: f"({e()} << ({e()} & 7))",
            lambda: f"({e()} >> ({e()} & {self.pick([7, 63, 127])}))" if guarded else f"({e()} >> {e()})",
            lambda: f"(({e()} % 50) ** {self.rng.randint(0, 4)})",
            lambda: f"{self.pick(['abs', '-', '~', '+'])}({e()})",
            lambda: (
                f"{self.pick(['int', 'round', 'math.floor', 'math.ceil', 'math.trunc'])}({e('f')}{' % 1000.0' if guarded else ''})"
            ),
            lambda: f"{self.pick(['min', 'max'])}({e()}, {e()})",
            lambda: f"math.gcd({e()}, {e()})",
            lambda: self.pick(
                [f"math.isqrt(abs({e()}))", f"math.comb(abs({e()}) % 20, abs({e()}) % 9)", f"({e()}).bit_length()"]
            ),
            lambda: f"divmod({e()}, {e()} % 5 + 1)[{self.rng.randint(0, 1)}]",
            lambda: f"pow({e()}, abs({e()}) % 6, {self.pick([7, -11, 1000003])})",
            lambda: f"({e('b')} + {e(self.pick('ib'))})",
            lambda: self.reduction("i", scope, depth),
        ]
        return table[choice - 10]()

    def float_expression(self, scope, depth):
        def e(kind="f"):
            return self.expression(kind, scope, depth)

        guarded = self.chance(0.85)
        choice = self.rng.randrange(18)
        if choice < 6:
            return f"({e(self.pick('ffi'))} {self.pick('+-*')} {e()})"
        if choice < 8:
            divisor = f"(abs({e()}) + 1.0)" if guarded else e(self.pick("fi"))
            return f"({e(self.pick('fi'))} / {divisor})"
        table = [
            lambda: f"({e()} {self.pick(['//', '%'])} {self.pick(['3.5', '(-0.1)', '7', '1.0']) if guarded else e()})",
            lambda: f"({e()} ** {self.pick(['2', '3', '0.5', '(-1)', '0']) if not guarded else 2})",
            lambda: (
                f"math.{self.pick(['sin', 'cos', 'atan', 'tanh', 'erf', 'fabs', 'degrees', 'radians', 'asinh', 'cbrt'])}({e(self.pick('ffi'))})"
            ),
            lambda: self.pick([f"math.sqrt(abs({e()}))", f"math.log(abs({e()}) + 1.0)", f"math.exp(-abs({e()}))"]),
            lambda: f"math.{self.pick(['sqrt', 'log', 'exp', 'log2', 'lgamma', 'acos'])}({e()})",
            lambda: (
                f"math.{self.pick(['hypot', 'atan2', 'copysign', 'fmod' if not guarded else 'hypot'])}({e()}, {e()})"
            ),
            lambda: f"round({e()}, {self.rng.randint(0, 4)})",
            lambda: f"{self.pick(['min', 'max'])}({e()}, {e()})",
            lambda: self.pick([f"float({e('i')} % 10**9)", f"abs({e()})", f"-({e()})", f"float({e('b')})"]),
            lambda: self.reduction("f", scope, depth),
        ]
        return table[choice - 8]()

    def bool_expression(self, scope, depth):
        def e(kind):
            return self.expression(kind, scope, depth)

        compare = ["<", "<=", ">", ">=", "==", "!="]
        table = [
            lambda: f"({e('i')} {self.pick(compare)} {e(self.pick('iif'))})",
            lambda: f"({e('f')} {self.pick(compare)} {e(self.pick('ffi'))})",
            lambda: f"({e('n')} {self.pick(compare)} {e('n')})",
            lambda: f"({e('i')} {self.pick(compare)} {e('i')} {self.pick(compare)} {e('n')})",
            lambda: f"(not {e('b')})",
            lambda: f"({e('b')} {self.pick(['and', 'or', '&', '|', '^', '==', '!='])} {e('b')})",
            lambda: f"({e('i')} in ({self.rng.randint(-3, 3)}, 5, {self.rng.randint(6, 9)}))",
            lambda: (
                f"({e('i')} {self.pick(['in', 'not in'])} range({self.rng.randint(-5, 5)}, {self.rng.randint(0, 40)}, {self.rng.randint(1, 3)}))"
            ),
            lambda: self.pick(
                [f"math.isfinite({e('f')})", f"math.isnan({e('f')})", f"({e('f')}).is_integer()", f"bool({e('n')})"]
            ),
            lambda: f"isinstance({e('n')}, {self.pick(['int', 'float', 'bool', '(int, float)'])})",
            lambda: self.reduction("b", scope, depth),
        ]
        return self.pick(table)()

    def number_expression(self, scope, depth):
        def e(kind):
            return self.expression(kind, scope, depth)

        table = [
            lambda: e(self.pick("ifb")),
            lambda: f"({e('n')} {self.pick('+-')} {e(self.pick('nif'))})",
            lambda: f"({e('n')} {self.pick(['and', 'or'])} {e('n')})",
            lambda: f"{self.pick(['min', 'max'])}({e('n')}, {e('n')})",
            lambda: f"({e('i')} if {e('b')} else {e('f')})",
            lambda: f"abs({e('n')})",
            lambda: f"({e('n')} % {self.pick(['7', '2.5'])})",
        ]
        return self.pick(table)()

    def reduction(self, kind, scope, depth):
        """A generator expression over a range that is consumed at once."""
        name = self.fresh("g")
        inner = scope.inner(small=True)
        inner.variables[name] = "i"
        inner.fixed |= {name}
        # The bound is evaluated outside the generator expression.
        bound = self.pick([str(self.rng.randint(0, 9)), f"{self.expression('i', scope, MAX_DEPTH)} % 6"])
        body = self.expression(kind, inner, max(depth, MAX_DEPTH - 1))
        where = f" if {self.expression('b', inner, MAX_DEPTH - 1)}" if self.chance(0.3) else ""
        loop = f"{body} for {name} in range({bound}){where}"
        if kind == "b":
            return f"{self.pick(['any', 'all'])}({loop})"
        if self.chance(0.2):
            return f"{self.pick(['min', 'max'])}(({loop}), default={self.leaf(kind, scope)})"
        start = ", 0.0" if kind == "f" and self.chance(0.2) else ""
        return self.pick([f"sum(({loop}){start})", f"sum([{loop}]{start})"])

    def helper_call(self, kind, scope, depth):
        fitting = [name for name, (_, result) in self.helpers.items() if result == kind]
        if not fitting or depth >= MAX_DEPTH:
            return None
        name = self.pick(fitting)
        arguments = [self.expression(t, scope, depth + 1) for t in self.helpers[name][0]]
        if len(arguments) > 1 and self.chance(0.3):
            arguments[-1] = f"p{len(arguments) - 1}={arguments[-1]}"
        return f"{name}({', '.join(arguments)})"

    # ------------------------------------------------------------ statements

    def block(self, scope, length, nesting):
        lines = []
        for _ in range(length):
            lines += self.statement(scope, nesting)
        return lines or ["pass"]

    def statement(self, scope, nesting):
        choice = self.rng.random()
        if choice < 0.4 or nesting >= MAX_NESTING:
            return self.assignment(scope)
        if choice < 0.6:
            return self.branch(scope, nesting)
        if choice < 0.75:
            return self.for_loop(scope, nesting)
        if choice < 0.83:
            return self.while_loop(scope, nesting)
        if choice < 0.88 and scope.breakable:
            return [f"if {self.expression('b', scope, 1)}:", f"    {self.pick(['break', 'continue'])}"]
        if choice < 0.92:
            return [
                f"if {self.expression('b', scope, 1)}:",
                f"    return {self.expression(self.pick('ifbn'), scope, 1)}",
            ]
        if choice < 0.94:
            return [f"if {self.expression('b', scope, 1)}:", "    raise ValueError('chosen')"]
        if choice < 0.95:
            return [f"assert {self.expression('b', scope, 1)}, 'asserted'"]
        return self.swap(scope)

    def target(self, scope):
        free = [name for name in scope.variables if name not in scope.fixed]
        if free and self.chance(0.7):
            name = self.pick(free)
            return name, scope.variables[name]
        return self.fresh("v"), self.pick("iiffbn")

    def assignment(self, scope):
        name, kind = self.target(scope)
        if name in scope.variables and kind in "if" and self.chance(0.4):
            operator = self.pick(["+", "-", "^", "&", "|"] if kind == "i" else ["+", "-", "*"])
            return [f"{name} {operator}= {self.expression(kind, scope, 1)}"]
        line = f"{name} = {self.expression(kind, scope)}"
        scope.variables[name] = kind
        return [line]

    def swap(self, scope):
        kind = self.pick("if")
        names = [name for name in scope.names(kind) if name not in scope.fixed]
        if len(names) < 2:
            return self.assignment(scope)
        a, b = self.rng.sample(names, 2)
        if kind == "i" and self.chance(0.4):
            return [f"{a}, {b} = divmod({self.expression('i', scope, 1)}, {self.pick(['3', '-7', '10'])})"]
        return [f"{a}, {b} = {b}, {self.expression(kind, scope, 2)}"]

    def branch(self, scope, nesting):
        lines = [f"if {self.expression('b', scope)}:"]
        lines += self.indented(self.block(scope.inner(), self.rng.randint(1, 3), nesting + 1))
        if self.chance(0.3):
            lines += [f"elif {self.expression('b', scope)}:"]
            lines += self.indented(self.block(scope.inner(), self.rng.randint(1, 2), nesting + 1))
        if self.chance(0.5):
            lines += ["else:", *self.indented(self.block(scope.inner(), self.rng.randint(1, 2), nesting + 1))]
        return lines

    def for_loop(self, scope, nesting):
        name = self.fresh("k")
        bound = f"{self.expression('i', scope, 2)} % {self.rng.randint(2, 11)}"
        span = self.pick(
            [
                str(self.rng.randint(0, 11)),
                bound,
                f"{self.rng.randint(-4, 4)}, {bound}",
                f"{self.rng.randint(0, 12)}, -3, -{self.rng.randint(1, 3)}",
            ]
        )
        inner = scope.inner(small=True, loops=scope.loops + 1, breakable=True)
        inner.variables[name] = "i"
        inner.fixed |= {name}
        lines = [
            f"for {name} in range({span}):",
            *self.indented(self.block(inner, self.rng.randint(1, 3), nesting + 1)),
        ]
        return lines + self.loop_else(scope, nesting)

    def while_loop(self, scope, nesting):
        fuel = self.fresh("fuel")
        inner = scope.inner(small=True, loops=scope.loops + 1, breakable=True)
        inner.variables[fuel] = "i"
        inner.fixed |= {fuel}
        lines = [f"{fuel} = {self.rng.randint(1, 12)}", f"while {fuel} > 0 and {self.expression('b', scope, 1)}:"]
        lines += self.indented([f"{fuel} -= 1", *self.block(inner, self.rng.randint(1, 3), nesting + 1)])
        return lines + self.loop_else(scope, nesting)

    def loop_else(self, scope, nesting):
        if self.chance(0.85):
            return []
        return ["else:", *self.indented(self.block(scope.inner(), 1, nesting + 1))]

    @staticmethod
    def indented(lines):
        return ["    " + line for line in lines]

    # ------------------------------------------------------------ programs

    def helper(self):
        name = self.fresh("h")
        kinds = [self.pick("iifb") for _ in range(self.rng.randint(1, 3))]
        result = self.pick("iifb")
        scope = Scope({f"p{k}": kind for k, kind in enumerate(kinds)}, small=True)
        body = self.block(scope, self.rng.randint(0, 2), MAX_NESTING - 1)
        # Early returns of a helper may have another type: its callers think it has the one of the last line.
        lines = [f"def {name}({', '.join(scope_name for scope_name in list(scope.variables)[: len(kinds)])}):"]
        lines += self.indented([*body, f"return {self.expression(result, scope)}"])
        self.helpers[name] = (kinds, result)
        return lines

    def column(self, kind, size):
        values = []
        for _ in range(size):
            of = self.pick("iifb") if kind == "n" else kind
            if of == "i":
                values.append(self.pick(INT_EDGES) if self.chance(0.25) else self.rng.randint(-60, 60))
            elif of == "f":
                plain = self.pick(
                    [self.rng.uniform(-10, 10), float(self.rng.randint(-20, 20)), self.rng.randint(-99, 99) / 8]
                )
                values.append(self.pick(FLOAT_EDGES) if self.chance(0.25) else plain)
            else:
                values.append(self.chance(0.5))
        if self.chance(0.1):
            values[self.rng.randrange(size)] = self.pick([None, "text", 2**70, -(2**64), 1 + 1j])
        return values

    def program(self):
        lines = ["import math", ""]
        for _ in range(self.pick([0, 0, 1, 2])):
            lines += [*self.helper(), ""]
        kinds = [self.pick("iiffbn") for _ in range(self.pick([1, 1, 2, 2, 3]))]
        scope = Scope({f"x{k}": kind for k, kind in enumerate(kinds)}, small=False)
        head = f"def f({', '.join(scope.variables)}):"
        body = self.block(scope, self.rng.randint(1, 5), 0)
        body.append(f"return {self.expression(self.pick('iifbn'), scope)}")
        lines += [head, *self.indented(body)]
        size = self.pick([5, 12, 24])
        return Program("\n".join(lines) + "\n", [self.column(kind, size) for kind in kinds])


def program_of(seed):
    return Generator(seed).program()
