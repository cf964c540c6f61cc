"""What is mapped: functions, and inputs of three sizes as columns of Python numbers.

Nothing here needs a package, since PyPy and the environments of other peers read it, too.
"""

import random

from bench.check import identical
from bench.workloads import six, users

__all__ = ["ALL", "KINDS", "WORKLOADS", "Workload", "identical"]

KINDS = ("list", "numpy", "arrow")
NO_TEXTS = "lists only: gilmap takes no arrays of strings, and says so"


class Workload:
    """A function, `columns(size)`, three sizes, one more size for arrays only, and the kinds of container.

    why_kinds: why not the others, where it has not all.
    """

    def __init__(self, function, columns, sizes, kinds=KINDS, array_sizes=(), group="users", why_kinds=""):
        self.function = function
        self.columns = columns
        self.sizes = sizes
        self.kinds = kinds
        self.why_kinds = why_kinds
        self.array_sizes = array_sizes
        self.group = group

    @property
    def name(self):
        return self.function.__name__

    def cells(self):
        """Every (kind, size)."""
        for kind in self.kinds:
            for size in self.sizes + (self.array_sizes if kind != "list" else ()):
                yield kind, size


def _uniform(seed, low, high, size):
    rng = random.Random(seed)
    return [rng.uniform(low, high) for _ in range(size)]


def _starts(size):
    """Starts of any magnitude, from which it takes 5 to 80 steps."""
    return [_uniform(2, 0.5, 2.0, size), [10.0**e for e in _uniform(3, -7.0, 7.0, size)]]


def _plane(size):
    return [_uniform(4, -1.5, 1.5, size), _uniform(5, -1.0, 1.0, size)]


def _places(size):
    return [_uniform(6 + k, *((-90.0, 90.0) if k % 2 == 0 else (-180.0, 180.0)), size) for k in range(4)]


def _accounts(size):
    rng = random.Random(10)
    return [_uniform(11, 100.0, 50_000.0, size), [rng.randint(1, 10) for _ in range(size)]]


def _names(size):
    rng = random.Random(12)
    syllables = ("an", "bo", "ka", "lie", "Mo", "ra", "ß", "tu")
    return [[" ".join("".join(rng.choices(syllables, k=3)) for _ in range(rng.randint(1, 4))) for _ in range(size)]]


def _mostly_positive(size):
    """Four elements raise, none among the first three fifths."""
    xs = _uniform(13, 0.0, 100.0, size)
    for k in (0.6, 0.7, 0.8, 0.9):
        xs[int(size * k)] = -1.0 - k
    return [xs]


_SIX = [
    Workload(six.count_primes, lambda n: [[5000 + 73 * i for i in range(n)]], (32, 128, 512), group="six"),
    Workload(six.heavy_collatz, lambda n: [[1000 + i for i in range(n)]], (64, 256, 512), group="six"),
    Workload(six.mandelbrot_iters, lambda n: [[float(i) for i in range(n)]], (1_000, 10_000, 25_000), group="six"),
    Workload(
        six.medium_compute, lambda n: [[31 * i % 100_003 for i in range(n)]], (1_000, 10_000, 100_000), group="six"
    ),
    Workload(
        six.quick_collatz,
        lambda n: [list(range(1, n + 1))],
        (10**4, 10**5, 10**6),
        array_sizes=(2 * 10**7,),
        group="six",
    ),
    Workload(
        six.float_math,
        lambda n: [[float(i) for i in range(n)]],
        (10**4, 10**5, 10**6),
        array_sizes=(2 * 10**7,),
        group="six",
    ),
]

_USERS = [
    Workload(
        users.black_scholes, lambda n: [_uniform(0, 50.0, 150.0, n), _uniform(1, 0.1, 3.0, n)], (10**3, 10**4, 10**5)
    ),
    Workload(users.great_circle, _places, (10**3, 10**4, 10**5)),
    Workload(users.monte_carlo_pi, lambda n: [[7919 * i + 1 for i in range(n)]], (100, 1_000, 10_000)),
    Workload(users.newton_root, _starts, (10**3, 10**4, 10**5)),
    Workload(users.julia, _plane, (10**3, 10**4, 10**5)),
    Workload(users.logistic_map, lambda n: [_uniform(14, 2.5, 4.0, n)], (100, 1_000, 10_000)),
    Workload(users.digit_sum, lambda n: [[i * 104_729 for i in range(n)]], (10**3, 10**4, 10**5)),
    Workload(users.totient, lambda n: [[200 + 7 * i % 801 for i in range(n)]], (100, 1_000, 10_000)),
    Workload(users.n_queens, lambda n: [[i * 5 % 64 for i in range(n)]], (64, 256, 1_024)),
    Workload(users.compound_interest, _accounts, (100, 1_000, 10_000)),
    Workload(users.initials, _names, (10**3, 10**4, 10**5), kinds=("list",), why_kinds=NO_TEXTS),
    Workload(users.checked_root, _mostly_positive, (10**3, 10**4, 10**5)),
]

ALL = {w.name: w for w in _SIX + _USERS}

# For the older parts and the demo: function, inputs, and how many of them the plain interpreter can do in a second or
# two.
_PLAIN_COUNTS = {"count_primes": 16, "heavy_collatz": 64, "medium_compute": 50_000}
WORKLOADS = {w.name: (w.function, *w.columns(w.sizes[-1]), _PLAIN_COUNTS.get(w.name, w.sizes[-1])) for w in _SIX}
