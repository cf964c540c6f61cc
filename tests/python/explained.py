"""Functions whose explanations are recorded in golden/explain.txt: each obstacle once, and what is compiled.

Register with @explained("int"), by the types of the columns; without types, as explain() is called without inputs.
"""
# ruff: noqa: F401

import functools
import math
import random
import time

FUNCTIONS = []


def explained(*columns, name=None):
    def register(function):
        FUNCTIONS.append((name or function.__name__, function, columns))
        return function

    return register


TABLE = [1, 2, 3]
NAMES = {1: "one"}
LIMITS = (10, 20, 30)
counter = 0


class Point:
    def __init__(self, x=0):
        self.x = x


ORIGIN = Point()


# ---- compiled


@explained()
def affine(x):
    return x * 2.0 + 1.0


@explained("float", "float")
def distance(x, y):
    return math.sqrt(x * x + y * y)


@explained("int")
def steps(n):
    count = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        count += 1
    return count


@explained("int")
def parity_or_none(n):
    return None if n < 0 else n % 2 == 0


@explained()
def bits_of_ints_only(n):
    return n.bit_length()


@explained()
def annotated(n: int, x: float) -> float:
    return n * x


@explained("int")
def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


@explained("int")
def caught(n):
    try:
        return 100 // n
    except ZeroDivisionError:
        return 0


@explained("int")
def raises_for_some(n):
    if n < 0:
        raise ValueError("negative")
    return n


explained("float", name="builtin_abs")(abs)
explained("float", name="partial_of_pow")(functools.partial(pow, 2.0))


# ---- side effects


@explained("int")
def prints(x):
    print(x)
    return x


@explained("int")
def draws(x):
    return x + random.random()


@explained("int")
def asks_the_time(x):
    return x + time.time()


@explained("int")
def assigns_global(x):
    global counter
    counter += x
    return counter


@explained("int")
def assigns_attribute(x):
    ORIGIN.x = x
    return x


@explained("int")
def assigns_item(x):
    NAMES[x] = x
    return x


@explained("int")
def appends_to_shared_list(x):
    TABLE.append(x)
    return x


@explained("int")
def assigns_nonlocal(x):
    total = 0

    def add():
        nonlocal total
        total += x

    add()
    return total


@explained("int")
def opens_file(x):
    with open("/dev/null") as file:
        return len(file.read(x))


@explained("int")
def evaluates(x):
    return eval("x + 1")


@explained("int")
def logs_on_the_way_to_an_exception(x):
    if x < 0:
        TABLE.append(x)
        raise ValueError(x)
    return x


def _sideways():
    total = 0

    def add(x):
        nonlocal total
        total += x
        return total

    return add


explained("int", name="assigns_closure")(_sideways())


# ---- containers and text


@explained("int")
def makes_text(x):
    return str(x)


@explained("int")
def formats(x):
    return f"{x:>8}"


@explained("int")
def adds_text(x):
    return x + "a"


@explained("int")
def digits(x):
    return sum(int(d) for d in str(x))


@explained("int")
def parses(x):
    return int("12") + x


@explained("int")
def in_hex(x):
    return hex(x)


@explained("int")
def fills_list(n):
    values = []
    for k in range(n):
        values.append(k)
    return values


@explained("int")
def comprehension(n):
    return [k * k for k in range(n)]


@explained("int")
def keeps_list(n):
    squares = [k * k for k in range(n)]
    return sum(squares) / len(squares)


@explained("int")
def returns_tuple(x):
    return x, x + 1


@explained("int")
def grows_tuple(n):
    seen = ()
    for k in range(n):
        seen = (*seen, k)
    return len(seen)


@explained("int")
def makes_dict(x):
    return {"value": x}


@explained("int")
def makes_set(x):
    return len({x, -x})


@explained("int")
def reads_list(x):
    return TABLE[x % 3]


@explained("int")
def reads_dict(x):
    return NAMES.get(x)


@explained("int")
def searches_list(x):
    return x in TABLE


@explained("int")
def loops_over_list(x):
    total = x
    for item in TABLE:
        total += item
    return total


@explained("int")
def slices(x):
    return LIMITS[:2]


@explained("int")
def sorts(x):
    return sorted((x, 3, 1))[1]


@explained("int")
def spreads(x):
    return max(*TABLE, x)


# ---- generators, calls, constructs


@explained("int")
def loops_over_generator(n):
    total = 0
    for square in (k * k for k in range(n)):
        total += square
    return total


@explained("int")
def yields(n):
    yield n


@explained("int")
async def waits(x):
    return x


@explained("int")
def sums_zip(n):
    return sum(map(abs, range(n)))


@explained("int")
def calls_library(n):
    return functools.reduce(max, range(n), 0)


@explained("int")
def smallest_by_key(x):
    return min(x, -x, key=abs)


@explained("int")
def inverts_bool(x):
    return ~(x > 1)


@explained("int")
def complex_numbers(x):
    return x * 1j


@explained("int")
def big_integers(x):
    return x << 70 if x else (2**70) // x


@explained("int")
def matches_sequence(x):
    match x:
        case [a, b]:
            return a + b
        case _:
            return 0


@explained("int")
def defines_class(x):
    class Local:
        pass

    return x


@explained("int")
def imports_late(x):
    import this_is_imported_nowhere

    return x


@explained("int")
def makes_object(x):
    return Point(x)


@explained("int")
def names_type(x):
    return type(x).__name__


@explained("int")
def always_raises(x):
    raise NotImplementedError


@explained("int")
def changes_types(x):
    state = 0
    for _ in range(x):
        state = (state,)
    return x


@explained("int")
def unusual_round(x):
    return round(number=x)


@explained("int")
def returns_function(x):
    return math.sin


@explained("float")
def math_of_tuple(x):
    return math.fsum((x, x))


explained("int", name="builtin_str")(str)
