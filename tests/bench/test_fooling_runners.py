"""Runners whose results are right as long as the input is the same, and those that spoil what is not theirs."""

import pickle

import numpy as np
import pyarrow as pa
import pytest

from bench import check
from bench.peers import Peer
from bench.runners import plain, worker
from bench.workloads import ALL

SIZE = 100
KINDS = ("list", "numpy", "arrow")


def memoised(columns, right):
    kept = []

    def run():
        kept or kept.append(right())
        return kept[0]

    return run


def with_converted_input(columns, right):
    """No conversion is to be left out of the timing."""
    copy = columns[0].copy()
    return lambda: copy * 1.5 + 0.5


def of_one_buffer(columns, right):
    out = np.empty_like(columns[0])
    return lambda: np.add(np.multiply(columns[0], 1.5, out=out), 0.5, out=out)


def that_destroys_its_input(columns, right):
    source = columns[0].copy()

    def run():
        columns[0][0] = 7.0
        return source * 1.5 + 0.5

    return run


def of_one_list(columns, right):
    out = []

    def run():
        out[:] = right()
        return out

    return run


def of_one_arrow_buffer(columns, right):
    out = np.empty(len(columns[0]))

    def run():
        np.add(columns[0].to_numpy() * 1.5, 0.5, out=out)
        return pa.array(out)

    return run


def judged(tmp_path, kind, make, name="float_math"):
    """What the worker says of a runner, in the cell and then with other input."""
    workload = ALL[name]
    truth = tmp_path / "truth"
    truth.write_bytes(pickle.dumps(check.outcome(lambda: list(map(workload.function, *workload.columns(SIZE))))))

    class Fooling(plain.Map):
        def prepare(self, workload, columns, kind):
            return make(columns, super().prepare(workload, columns, kind))

    peer = worker.Peer()
    peer.runner = Fooling()
    assert peer.prepare(name, kind, SIZE, str(truth))["wrong"] is None
    assert "wrong" not in peer.once()
    return peer.other_input().get("wrong")


STALE = "with its input rotated by one: element 0: 0.5, map has 149.0"
REUSED = "a result changes with the next call: element 0: 149.0, map has 0.5"


@pytest.mark.parametrize(
    "kind, make, wrong",
    [
        *[(kind, memoised, STALE) for kind in KINDS],
        ("numpy", with_converted_input, STALE),
        ("numpy", of_one_buffer, REUSED),
        ("list", of_one_list, REUSED),
        ("arrow", of_one_arrow_buffer, REUSED),
        ("numpy", that_destroys_its_input, "it changes its input"),
    ],
)
def test_who_fools_is_found_out(tmp_path, kind, make, wrong):
    assert judged(tmp_path, kind, make).startswith(wrong)


@pytest.mark.parametrize("name", sorted(ALL))
def test_who_does_not_is_right(tmp_path, name):
    if name in ("heavy_collatz", "count_primes", "monte_carlo_pi"):
        pytest.skip("it takes long, and has inputs as others have")
    for kind in ALL[name].kinds:
        assert judged(tmp_path, kind, lambda columns, right: right, name) is None


def test_another_exception_with_other_input_is_found_out(tmp_path):
    def make(columns, right):
        first = columns[0][0]

        def run():
            raise ValueError("math domain error" if columns[0][0] == first else "of an earlier call")

        return run

    wrong = "with its input rotated by one: raises ValueError('of an earlier call')"
    assert judged(tmp_path, "numpy", make, "checked_root").startswith(wrong)


@pytest.mark.parametrize("values", [[1, 2, 3], [0.5, -0.0, 2.0], [1]])
def test_rotation_in_place_is_that_of_a_result(values):
    for kind in KINDS:
        column = worker.in_kind(kind, [list(values)])[0]
        expected = worker.rotated(column)
        assert worker.as_list(expected) == [values[-1], *values[:-1]]
        assert check.digest(worker.as_list(column)) == check.digest(values)
        worker.rotate(column)
        assert check.digest(column) == check.digest(expected)


@pytest.mark.parametrize("name", ["map", "gilmap", "multiprocessing.Pool", "NumPy by hand"])
def test_peers_are_asked_for_other_input(tmp_path, name):
    truth = tmp_path / "truth"
    truth.write_bytes(pickle.dumps([x * 1.5 + 0.5 for x in map(float, range(SIZE))]))
    peer = Peer(name, limit=60)
    try:
        assert peer.ask("prepare", "float_math", "list", SIZE, str(truth))["raised"] is False
        assert "wrong" not in peer.ask("once")
        assert peer.ask("other_input") == {}
    finally:
        peer.close()
