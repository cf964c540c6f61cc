"""The charts of scaling: their points, their budget, and that a crash or a wrong result does not pass for a point."""

import itertools
import sys
import time

import pytest

from bench import scaling


@pytest.mark.many_at_once
@pytest.mark.parametrize("name", list(scaling.CHARTS))
def test_a_quick_chart(name):
    found = scaling.chart(name, 60.0, True)
    assert found["notes"] == [] and found["left_out"] == []
    assert len(found["series"]) >= 2
    for line in found["series"].values():
        assert [x for x, _ in line] == sorted({x for x, _ in line})
        assert all(y > 0 for _, y in line)
    for series, line in found["spreads"].items():
        assert {x for x, _ in line} <= {x for x, _ in found["series"][series]}
        assert all(spread >= 0 for _, spread in line)
    assert set(found["series"]) - set(found["spreads"]) <= {"as many times as threads"}
    xs = {x for line in found["series"].values() for x, _ in line}
    if name.startswith("elements"):
        assert xs == {1, 10, 100, 1000}
    if name == "deopts":
        assert {0, 100} <= xs


@pytest.mark.parametrize("name", list(scaling.CHARTS))
def test_a_chart_without_time_names_its_points(name):
    found = scaling.chart(name, 0.0, True)
    assert found["left_out"]
    assert not any("gilmap" in series for series in found["series"])


@pytest.mark.parametrize("seconds, count", [(0.01, 5), (0.1, 5), (0.2, 3), (1.0, 3), (1.1, 1)])
def test_what_is_short_is_repeated(seconds, count):
    assert scaling.repeats_for(seconds, 5) == count


def test_runs_are_repeated_in_turns():
    order = []
    samples = scaling.samples_in_turns([lambda: order.append(0), lambda: order.append(1)], [3, 1])
    assert list(map(len, samples)) == [3, 1]
    turns = [kind for kind, _ in itertools.groupby(order)]
    assert turns == [0, 1, 0, 1, 0]  # one call each for the clock, then 0 and 1, and 0 twice more
    assert scaling.point("s", 1, [2.0]) == {"series": "s", "x": 1, "y": 2.0}
    assert scaling.point("s", 1, [2.0, 2.0, 4.0])["spread"] > 0


class Result:
    """Counts those of its kind that live."""

    alive = most = 0

    def __init__(self):
        Result.alive += 1
        Result.most = max(Result.most, Result.alive)

    def __del__(self):
        Result.alive -= 1


def test_no_result_lives_on_into_the_next_call():
    (samples,) = scaling.samples_in_turns([Result], [3])
    assert len(samples) == 3 and Result.most == 1 and Result.alive == 0


def test_the_shares_of_deopts_take_turns_with_each_other(monkeypatch):
    turns = []

    def in_turns(runs, repeats):
        turns.append(len(runs))
        return [[1.0]] * len(runs)

    monkeypatch.setattr(scaling, "samples_in_turns", in_turns)
    found = [said for said in scaling.deopts(scaling.Left(60), 1, True) if "x" in said]
    assert turns == [len(found)] == [16]


POINT = 'print(\'{"series": "s", "x": 1, "y": 2}\', flush=True)'


def test_a_crash_leaves_the_points_before_it():
    found = scaling.chart("deopts", 9.0, True, [sys.executable, "-c", f"import os; {POINT}; {POINT}; os.abort()"])
    assert found["series"] == {"s": [(1, 2), (1, 2)]}
    assert found["notes"] == ["ended before its last point: exit status -6"]


def test_a_hang_is_ended(monkeypatch):
    monkeypatch.setattr(scaling, "GRACE", 0.5)
    began = time.monotonic()
    found = scaling.chart("deopts", 0.5, True, [sys.executable, "-c", f"import time; {POINT}; time.sleep(60)"])
    assert time.monotonic() - began < 20
    assert found["series"] == {"s": [(1, 2)]} and "before its last point" in found["notes"][0]


def test_all_charts_stay_within_their_time(monkeypatch):
    given = []

    def chart(name, seconds, quick):
        given.append(seconds)
        return {"series": {}, "left_out": [], "notes": []}

    monkeypatch.setattr(scaling, "chart", chart)
    *_, found = scaling.charts(minutes=1)
    assert len(found) == len(scaling.CHARTS)
    assert given[-1] == pytest.approx(60, abs=1)  # what the others did not use
    assert given[0] < 10


@pytest.mark.parametrize("wrong", [0, 5, 999])
def test_a_wrong_element_is_no_point(wrong):
    xs = list(range(1000))
    result = [x * 2 for x in xs]
    assert scaling.check_point(lambda x: x * 2, xs, result, "") == 1000
    result[wrong] = float(result[wrong])
    with pytest.raises(ValueError, match="map has"):
        scaling.check_point(lambda x: x * 2, xs, result, "here")
    with pytest.raises(ValueError, match="elements of"):
        scaling.check_point(lambda x: x * 2, xs, result[:-1], "here")


@pytest.mark.parametrize("count, room", [(0, 10), (1, 10), (10**7, 10**9), (10**8, 10**6), (11, 10)])
def test_what_is_compared(count, room):
    ranges = scaling.sampled(count, room)
    covered = sum(end - begin for begin, end in ranges)
    assert covered == count if count <= room else 0 < covered <= room
    assert all(0 <= begin < end <= count for begin, end in ranges)
    if count:
        assert ranges[0][0] == 0 and ranges[-1][1] == count
