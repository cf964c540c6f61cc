"""The peers in C++ that are vectorised by hand give map's bits, at every length, at the edges, and where map raises."""

import math
import shutil
import types

import numpy as np
import pytest

from bench import check
from bench.runners import cpp
from bench.runners.numba_njit import FLOATS
from bench.workloads import ALL

pytestmark = pytest.mark.skipif(shutil.which("c++") is None, reason="no C++ compiler")

NAMES = [
    "great_circle",
    "monte_carlo_pi",
    "julia",
    "logistic_map",
    "digit_sum",
    "totient",
    "n_queens",
    "compound_interest",
    "checked_root",
    "count_primes",
    "mandelbrot_iters",
    "medium_compute",
    "quick_collatz",
    "newton_root",
]
NAN, INF = math.nan, math.inf


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    return cpp.compiled(tmp_path_factory.mktemp("cpp"))


def result_of(libraries, name, columns, workload=None):
    function = cpp.declared(cpp.find(libraries, name)[1])
    arrays = [np.array(c) for c in columns]
    out = np.empty(arrays[0].size, np.float64 if name in FLOATS else np.int64)
    return check.outcome(lambda: cpp.call(function, workload or ALL[name], arrays, out))


def compare(libraries, name, columns):
    expected = check.outcome(lambda: list(map(ALL[name].function, *columns)))
    assert check.difference(expected, result_of(libraries, name, columns)) is None


@pytest.mark.parametrize("name", NAMES)
def test_every_length_up_to_two_blocks_and_many_chunks(libraries, name):
    longest = {"monte_carlo_pi": 300, "totient": 300, "count_primes": 20}.get(name, 4500)
    columns = ALL[name].columns(longest)
    for length in (*range(1, 20), 63, 64, 65, 129, longest):
        compare(libraries, name, [c[:length] for c in columns])


EDGES = {
    "great_circle": [(0.0, 0.0, 0.0, 0.0), (90.0, 0.0, -90.0, 0.0), (1e300, 0.0, 5.0, 1.0), (100.0, 0.0, 200.0, 180.0)],
    "monte_carlo_pi": [(0,), (-1,), (-(2**63),), (2**63 - 1,)],
    "julia": [(NAN, 0.0), (INF, 0.0), (0.0, -0.0), (2.0, 0.0), (-0.5, 0.0), (1e-320, 1e-320)],
    "logistic_map": [(NAN,), (INF,), (0.0,), (-0.0,), (4.0,), (-1e308,)],
    "digit_sum": [(0,), (-1,), (-(2**63),), (2**63 - 1,), (9999,), (10_000,)],
    "totient": [(0,), (-7,), (1,), (2,), (97,), (3 * 5 * 7 * 11 * 13,), (2**18 - 5,)],
    "n_queens": [(k,) for k in (*range(64), 64, 100, 200)],
    "compound_interest": [(500.0, 0), (500.0, -1), (500.0, 3), (9_999.0, 50), (1e308, 40), (NAN, 1), (-1e5, 4)],
    "count_primes": [(k,) for k in (-5, *range(1, 40), 513, 514, 515, 1021, 1033, 5000)],
    "mandelbrot_iters": [(NAN,), (INF,), (0.0,), (-1e9,), (-1000.0,), (300.0,)],
    "medium_compute": [(0,), (-1,), (1_000_003,), (1_000_002,), (-(2**50),), (2**50,)],
    "quick_collatz": [(k,) for k in (0, 1, -1, -2, -(2**63), 2**62, 3074457345618258601, -3074457345618258601)],
    "newton_root": [(NAN, 1.0), (8.0, INF), (-8.0, 1e-7), (8.0, -1e7), (0.0, 1.0), (1e300, 1.0), (1.0, NAN)],
    "checked_root": [(0.0,), (-0.0,), (INF,), (NAN,), (5e-324,), (1e308,)],
}


@pytest.mark.parametrize("name", NAMES)
def test_edges(libraries, name):
    compare(libraries, name, list(zip(*EDGES[name])))
    for row in EDGES[name]:
        compare(libraries, name, [[x] for x in row])


@pytest.mark.parametrize(
    "name, row",
    [
        ("great_circle", (INF, 0.0, 0.0, 0.0)),
        ("great_circle", (0.0, 0.0, 0.0, -INF)),
        ("n_queens", (-1,)),
        ("n_queens", (-(2**63),)),
        ("checked_root", (-INF,)),
        ("newton_root", (1.0, 0.0)),
        ("newton_root", (1.0, 1e-200)),
    ],
)
def test_what_raises_in_python_raises(libraries, name, row):
    columns = [[x] for x in row]
    assert isinstance(check.outcome(lambda: list(map(ALL[name].function, *columns))), check.Raised)
    compare(libraries, name, columns)


@pytest.mark.parametrize("first", [0, 1, 31, 4000, 9_999])
def test_the_first_element_that_raises_is_found(libraries, first):
    def tells(x):
        raise ValueError(repr(x))

    xs = [float(k) for k in range(10_000)]
    for k in {first, min(first + 1, 9_999), min(first + 700, 9_999), 9_999}:
        xs[k] = -1.0 - k
    for _ in range(50):  # threads meet them in any order
        raised = result_of(libraries, "checked_root", [xs], types.SimpleNamespace(function=tells))
        assert raised.text == repr(-1.0 - first)


def test_a_peer_that_leaves_out_what_python_computes_is_found_out(libraries):
    raised = result_of(libraries, "checked_root", [[-1.0]], types.SimpleNamespace(function=abs))
    assert "left element 0 out" in raised.text


def test_every_workload_of_numbers_is_there(libraries):
    ways = {name: cpp.find(libraries, name)[0] for name in set(ALL) - {"initials"}}
    assert {name for name, way in ways.items() if way == "plain loops"} == set()
    assert cpp.find(libraries, "initials") is None


@pytest.mark.parametrize("name", ["black_scholes", "float_math"])
def test_the_plain_loops_tell_their_first_failure_as_well(libraries, name):
    compare(libraries, name, ALL[name].columns(1000))
    if name == "black_scholes":
        compare(libraries, name, [[100.0, 100.0, -1.0], [1.0, 0.0, -1.0]])
