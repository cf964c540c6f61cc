"""What can be mapped: closures, defaults, partial, bound methods, decorated functions, globals, lambdas."""

import functools
import math
import operator
from functools import partial

from tests.differential.cases import case
from tests.differential.values import floats, ints

SCALE = 3
OFFSET = 0.25
ENABLED = True
NOTHING = None
TABLE = (2, 3, 5, 7, 11)
LIMITS = {"low": 1, "high": 9}


def make_adder(step):
    def add(x):
        return x + step

    return add


case(ints(-5, 5), floats(-2, 2)[:11], name="adder_two_columns", compiled=None)(make_adder(1))
case(ints(-50, 50), name="adder_int", huge=True)(make_adder(7))
case(floats(-50, 50), name="adder_float", huge=True)(make_adder(0.1))
case(ints(-50, 50), name="adder_true", huge=True)(make_adder(True))
case(ints(-50, 50), name="adder_of_function", compiled=None)(make_adder(len))


def make_polynomial(a, b, c):
    return lambda x: a * x * x + b * x + c


case(ints(-9, 9), name="closure_lambda", huge=True)(make_polynomial(1, -2, 0.5))


def make_counter_like():
    total = 0

    def inner(x):
        return total + x

    total = 5
    return inner


case(ints(-9, 9), name="cell_set_later", huge=True)(make_counter_like())


def make_nested(f, g):
    return lambda x: f(g(x)) + g(f(x))


case(ints(-9, 9), name="composed", huge=True)(make_nested(make_adder(3), lambda x: x * 2))
case(floats(0, 9), name="composed_with_builtin", huge=True)(make_nested(math.sqrt, abs))


@case(ints(-9, 9), huge=True)
def with_default(x, k=3):
    return x * k


@case(ints(-9, 9), ints(0, 4))
def overrides_default(x, k=3, offset=0.5):
    return x * k + offset


@case(ints(-9, 9), huge=True)
def keyword_only(x, *, k=2, flag=True):
    return x**k if flag else x


@case(ints(-9, 9), ints(1, 5))
def positional_only(x, y, /):
    return x // y


@case(ints(-9, 9), huge=True)
def default_none(x, limit=None):
    if limit is None:
        limit = 10
    return min(x, limit)


@case(ints(-9, 9), huge=True)
def reads_globals(x):
    return x * SCALE + OFFSET if ENABLED and NOTHING is None else None


@case(ints(0, 4), odd=False, compiled=None)
def reads_table(k):
    return TABLE[k] * TABLE[-1]


@case(ints(0, 4))
def reads_table_constant_index(k):
    return k * TABLE[2] - TABLE[-1]


@case(ints(-9, 9), compiled=None)
def reads_dict_constant(x):
    return LIMITS["low"] <= x <= LIMITS["high"]


def _mix(a, b, weight=0.5, *, bias=0):
    return a * weight + b * (1 - weight) + bias


@case(ints(-9, 9), floats(-9, 9), huge=True)
def calls_with_keywords(a, b):
    return _mix(a, b) + _mix(b=a, a=b, bias=1) - _mix(a, b, weight=0.25)


case(floats(-9, 9), name="partial_positional", huge=True)(partial(_mix, 2.0))
case(floats(-9, 9), name="partial_keyword", huge=True)(partial(_mix, b=1, bias=3))
case(ints(1, 9), name="partial_of_partial")(partial(partial(_mix, 2), weight=1))
case(ints(-5, 70), name="partial_pow", compiled=None)(partial(pow, 2))
case(ints(-5, 70), name="partial_lambda")(partial(lambda k, x: x - k, 3))


class Scaler:
    bias = 1

    def __init__(self, factor):
        self.factor = factor

    def scale(self, x):
        return x * self.factor + self.bias

    @staticmethod
    def square(x):
        return x * x

    @classmethod
    def shifted(cls, x):
        return x + cls.bias

    def __call__(self, x):
        return x - self.factor

    def remember(self, x):
        self.last = x
        return x


case(ints(-9, 9), name="bound_method", huge=True)(Scaler(3).scale)
case(floats(-9, 9), name="bound_method_float", huge=True)(Scaler(0.5).scale)
case(ints(-9, 9), name="static_method", huge=True)(Scaler.square)
case(ints(-9, 9), name="class_method", compiled=None, huge=True)(Scaler.shifted)
case(ints(-9, 9), name="callable_object", compiled=None, huge=True)(Scaler(4))
case(ints(-9, 9), name="method_that_writes", compiled=False)(Scaler(4).remember)


def traced(function):
    @functools.wraps(function)
    def wrapper(x):
        return function(x) + 100

    return wrapper


def passes_everything(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


@case(ints(-9, 9), huge=True)
@traced
def decorated(x):
    return x * x


case(ints(-9, 9), name="decorated_with_star_args", compiled=None)(passes_everything(lambda x: x + 1))


@functools.lru_cache(maxsize=None)
def _cached_square(x):
    return x * x


case(ints(-9, 9), name="lru_cache", compiled=None, odd=False)(_cached_square)


@case(ints(0, 9), compiled=None)
def calls_cached(x):
    return _cached_square(x) + 1


case(ints(-9, 9), floats(-9, 9), name="lambda_two", huge=True)(lambda x, y: x * y - y)
case(ints(-9, 9), name="lambda_conditional", huge=True)(lambda n: n // 2 if n % 2 == 0 else 3 * n + 1)
case(ints(-9, 9), name="lambda_default", huge=True)(lambda x, k=OFFSET: x * k)
case(ints(-9, 9), ints(1, 19), name="operator_mod", compiled=None)(operator.mod)
case(ints(-9, 9), name="type_int", compiled=None)(int)
case(floats(-9, 9), name="builtin_float_method", compiled=None)(float.is_integer)


@case(ints(-9, 9), compiled=None)
def inner_function(x):
    def double(y):
        return 2 * y

    return double(x) + double(double(x))


@case(ints(-9, 9), compiled=None)
def inner_closure(x):
    def shift(y):
        return x + y

    return shift(3) * shift(-3)


@case(ints(-9, 9), compiled=None)
def inner_lambda(x):
    square = lambda y: y * y
    return square(x) - square(x - 1)


@case(ints(-9, 9))
def local_import(x):
    import math

    return math.floor(x / 2) + math.pi


@case(ints(-9, 9), compiled=None)
def star_args(*values):
    return sum(values)


@case(ints(-9, 9))
def annotated(x: int) -> float:
    y: float = x / 3
    return y


namespace: dict = {"K": 12}
exec("def from_exec(x):\n    return x % K - K\n", namespace)
case(ints(-50, 50), name="from_exec", huge=True)(namespace["from_exec"])
case(ints(-50, 50), name="from_eval", huge=True)(eval("lambda x: (x ^ 5) & 3"))
