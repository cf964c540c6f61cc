"""The peers that are written by hand say what map says, in the container and type of the input; pools get slices."""

import importlib.util
import pathlib

import pytest

from bench import check, machine, runners
from bench.runners import chunks
from bench.runners.worker import as_list, in_kind
from bench.workloads import ALL, KINDS

BY_HAND = [
    ("NumPy by hand", "list"),
    ("NumPy by hand", "numpy"),
    ("NumPy by hand", "arrow"),
    ("numexpr", "list"),
    ("numexpr", "numpy"),
    ("numexpr", "arrow"),
    ("pyarrow.compute", "arrow"),
]
LENGTHS = {"monte_carlo_pi": (1, 20), "mandelbrot_iters": (1, 700)}
# NumPy's sines, arcsines and powers are libm's, except on CPUs with AVX-512, for which it has its own.
OTHER_BITS = {("NumPy by hand", "great_circle")} if machine.describe()["vector"] == "avx512f" else set()


@pytest.fixture(scope="module", params=BY_HAND, ids=" of ".join)
def by_hand(request):
    name, kind = request.param
    cls = runners.find(name)
    for module in cls.requires:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    runner = cls()
    runner.start()
    yield name, runner, kind
    runner.stop()


@pytest.mark.parametrize("name", [name for name, w in ALL.items() if "numpy" in w.kinds])
def test_whole_arrays_have_maps_values_and_types(by_hand, name):
    runner_name, runner, kind = by_hand
    workload = ALL[name]
    for length in LENGTHS.get(name, (1, 33)):
        lists = workload.columns(length) if length > 1 else [c[-1:] for c in workload.columns(9)]
        columns = in_kind(kind, lists)
        try:
            call = runner.prepare(workload, columns, kind)
        except runners.NotExpressible as reason:
            assert str(reason).startswith(("it has no erf", "it has no gcd", "recursion"))
            return
        expected = check.outcome(lambda: list(map(workload.function, *lists)))
        wrong = check.difference(expected, check.outcome(call), kind)
        if (runner_name, name) in OTHER_BITS:
            assert wrong is None or wrong.endswith("differ)")
        else:
            assert wrong is None
            # The input is as it was, and so is the second result.
            assert check.difference(expected, check.outcome(call), kind) is None
        assert list(map(as_list, columns)) == lists


EDGES = {
    "count_primes": [0, 1, 2, 3, 4, 26, 1000],
    "heavy_collatz": [1, 2, 27, 1],
    "digit_sum": [0, -5, 10, 2**62],
    "quick_collatz": [0, -1, -2, 7, -7],
}


@pytest.mark.parametrize("name", EDGES)
def test_edges_of_whole_arrays(by_hand, name):
    _, runner, kind = by_hand
    call = runner.prepare(ALL[name], in_kind(kind, [EDGES[name]]), kind)
    assert check.difference(list(map(ALL[name].function, EDGES[name])), check.outcome(call)) is None


def test_slices_hold_every_element_once_for_any_number_of_columns():
    columns = [list(range(10)), list(range(10, 20))]
    for size in (1, 3, 10, 11):
        parts = chunks.slices(columns, size)
        assert [sum(c, []) for c in zip(*parts)] == columns
        assert chunks.joined(chunks.map_chunk(lambda a, b: (a, b), *part) for part in parts) == list(zip(*columns))
        assert chunks.slices(columns[:1], size) == [part[:1] for part in parts]


@pytest.mark.parametrize("first, tried", [(0.01, 4), (1.0, 2), (9.0, 0)])
def test_long_calls_try_fewer_chunk_sizes(first, tried):
    asked = []
    chunked = chunks.Chunked(asked.append, 100_000)
    untuned = chunked.size
    chunked._first = first
    chunked.tune()
    assert len(set(asked)) == tried
    assert tried or chunked.size == untuned


@pytest.mark.parametrize("name", ["ThreadPoolExecutor", "ProcessPoolExecutor", "multiprocessing.Pool"])
def test_pools_map_one_and_several_columns(name):
    runner = runners.find(name)()
    runner.start()
    try:
        for workload in (ALL["float_math"], ALL["black_scholes"], ALL["initials"], ALL["checked_root"]):
            columns = workload.columns(101)
            expected = check.outcome(lambda: list(map(workload.function, *columns)))
            call = runner.prepare(workload, columns, "list")
            assert check.difference(expected, check.outcome(call)) is None
            call.tune()
            assert check.difference(expected, check.outcome(call)) is None
    finally:
        runner.stop()


def test_joblib_tells_each_call_its_own_result():
    pytest.importorskip("joblib")
    runner = runners.find("joblib")()
    runner.start()
    try:
        for name, restarts in (("checked_root", True), ("float_math", False), ("checked_root", True)):
            workload = ALL[name]
            columns = workload.columns(20)
            expected = check.outcome(lambda: list(map(workload.function, *columns)))
            call = runner.prepare(workload, columns, "list")
            for _ in range(2):
                assert check.difference(expected, check.outcome(call)) is None
            assert bool(runner.describe()) == restarts
    finally:
        runner.stop()


def test_who_does_not_take_every_container_says_why():
    said = {name for names in runners.containers().values() for name in names}
    for name in runners.FILES:
        runner = runners.find(name)
        assert bool(runner.why_kinds) == (set(runner.kinds) < set(KINDS)) == (name in said), name
    for workload in ALL.values():
        assert bool(workload.why_kinds) == (set(workload.kinds) < set(KINDS))


def test_no_runner_makes_rows_of_arguments():
    """A tuple for each element costs more than many a function; the comprehension has no other way."""
    folder = pathlib.Path(runners.__file__).parent
    made = {path.stem for path in folder.glob("*.py") if "zip(*columns)" in path.read_text()}
    assert made == set()
