"""The contest under a budget: what is run first, what a slow peer may cost, and what is left after a crash."""

import json
import time

import pytest

from bench import contest
from bench.order import in_turns
from bench.peers import Failed
from bench.workloads import ALL

SIZES = ALL["float_math"].sizes


ONCE = {"seconds": 0.001, "time": "then", "load": 0.5}


class Scripted:
    """A peer without a process; `script` maps (name, method) to what asking it does, and answers."""

    script, started, limits, asked = {}, [], [], []

    def __init__(self, name, limit):
        self.name, self.startup, self.alive = name, 0.1, True
        self.runner = type("Runner", (), {"kinds": ("list", "numpy", "arrow"), "interprets": name == "map"})
        Scripted.started.append(name)

    def ask(self, method, *args, limit=None):
        Scripted.limits.append(limit)
        Scripted.asked.append((self.name, method))
        said = Scripted.script.get((self.name, method), lambda *_: {})(self, *args)
        return {"first": 1.0, "peak": 0, "wrong": None, "remark": "", "seconds": 0.01, "cpu": 0.01} | said

    def close(self):
        pass


@pytest.fixture
def scripted(monkeypatch):
    monkeypatch.setattr(contest, "Peer", Scripted)
    monkeypatch.setattr(contest, "missing", lambda name: None)
    monkeypatch.setattr(contest, "PAUSE", 0)
    monkeypatch.setattr(contest.Truth, "file", lambda self, workload, size: ("", dict(ONCE)))
    monkeypatch.setattr(contest.machine, "busy", lambda seconds=0: 0.01)
    monkeypatch.setattr(contest.os, "getloadavg", lambda: (0.1, 0.1, 0.1))
    monkeypatch.setattr(contest.limits, "limit_of", lambda cell, columns: None)
    monkeypatch.setattr(Scripted, "script", {})
    monkeypatch.setattr(Scripted, "started", [])
    monkeypatch.setattr(Scripted, "limits", [])
    monkeypatch.setattr(Scripted, "asked", [])
    return Scripted


def timeout(peer, workload, kind, size, truth):
    if size >= SIZES[1]:
        peer.alive = False
        raise Failed("timeout after 30 s")
    return {}


def test_each_workload_in_each_container_comes_first_and_all_come_once():
    order = contest.cells(list(ALL), quick=False)
    every = {(w.name, kind) for w in ALL.values() for kind in w.kinds}
    first = order[: len(every)]
    assert {(w.name, kind) for w, kind, _ in first} == every
    assert all(size == w.sizes[1] for w, _, size in first)
    keys = [(w.name, kind, size) for w, kind, size in order]
    assert len(set(keys)) == len(keys)
    assert set(keys) == {(w.name, *cell) for w in ALL.values() for cell in w.cells()}


def test_a_peer_that_took_too_long_is_left_out_of_larger_sizes_only(scripted):
    scripted.script["PyPy", "prepare"] = timeout
    found = contest.run(["float_math"], ["gilmap", "PyPy"])
    said = {(c["kind"], c["size"]): c["runners"]["PyPy"] for c in found["cells"]}
    assert said["list", SIZES[1]]["failed"] == "timeout after 30 s"
    assert said["list", SIZES[2]]["skipped"] == f"took more than 30 s with {SIZES[1]:,} elements"
    assert len(said["list", SIZES[0]]["seconds"]) == contest.REPEATS
    assert all(len(c["runners"]["gilmap"]["seconds"]) == contest.REPEATS for c in found["cells"])
    assert scripted.started.count("PyPy") == 1 + 3  # again after each of the timeouts, one a container


def slow(peer):
    time.sleep(0.05)
    return {"seconds": 0.05}


def test_a_slow_peer_gets_fewer_turns_and_the_others_all(scripted):
    scripted.script["PyPy", "once"] = slow
    cell = contest.Contest(["gilmap", "PyPy"], share=0.12).cell(ALL["float_math"], "numpy", 100)
    assert len(cell["runners"]["PyPy"]["seconds"]) in (1, 2)
    assert len(cell["runners"]["gilmap"]["seconds"]) == contest.REPEATS
    assert scripted.limits and None not in scripted.limits  # nobody is waited for without end


def test_a_run_without_time_names_what_it_did_not_run(scripted):
    found = contest.run(["float_math"], ["gilmap"], minutes=1e-9)
    assert found["cells"] == []
    assert [tuple(cell) for cell in found["not_run"]] == [
        (w.name, k, n) for w, k, n in in_turns(contest.cells(["float_math"], False))
    ]


def test_an_error_of_the_benchmark_costs_one_cell(scripted, monkeypatch):
    def limit_of(cell, columns):
        if cell["kind"] == "numpy":
            raise ZeroDivisionError("ours")

    monkeypatch.setattr(contest.limits, "limit_of", limit_of)
    found = contest.run(["float_math"], ["gilmap"], quick=True)
    assert found["broken"] == [["float_math", "numpy", SIZES[0], "ZeroDivisionError: ours"]]
    assert {cell["kind"] for cell in found["cells"]} == {"list", "arrow"}


def test_a_run_that_was_cut_short_goes_on(scripted):
    saved = []
    whole = contest.run(["float_math"], ["gilmap"], save=lambda found: saved.append(json.dumps(found)))
    assert len(saved) == len(whole["cells"]) > 3
    cut = json.loads(saved[2])
    assert len(cut["cells"]) == 3 and len(cut["not_run"]) == len(whole["cells"]) - 3
    again = []
    resumed = contest.run(["float_math"], ["gilmap"], save=again.append, resume=cut)
    assert len(again) == len(whole["cells"]) - 3
    assert resumed["cells"][:3] == cut["cells"] and resumed["not_run"] == []
    assert list(map(contest.key_of, resumed["cells"])) == list(map(contest.key_of, whole["cells"]))


@pytest.mark.parametrize("what", contest.SAME)
def test_a_run_of_something_else_does_not_go_on(scripted, what):
    found = contest.run(["float_math"], ["gilmap"], minutes=1e-9)
    found["machine"][what] = "another"
    with pytest.raises(contest.NoResume, match=f"{contest.NAMES.get(what, what)} was another, is "):
        contest.run(["float_math"], ["gilmap"], resume=found)


@pytest.mark.parametrize(
    "change, said",
    [
        ({"names": ["gilmap", "map"]}, "the choice of runners was gilmap, is gilmap, map"),
        ({"patience": 9.0}, "--patience was 2.0, is 9.0"),
        ({"quick": True}, "--quick was False, is True"),
    ],
)
def test_a_run_with_other_options_does_not_go_on(scripted, change, said):
    found = contest.run(["float_math"], ["gilmap"], minutes=1e-9)
    contest.run(["julia"], ["gilmap"], minutes=1e-9, resume=found)  # more cells are no other options
    with pytest.raises(contest.NoResume, match=said):
        contest.run(**{"workloads": ["float_math"], "names": ["gilmap"], "resume": found, **change})


def test_other_versions_do_not_go_on(scripted):
    found = contest.run(["float_math"], ["gilmap"], minutes=1e-9)
    found["machine"]["versions"] |= {"numba": "0.1", "old": "2"}
    with pytest.raises(contest.NoResume, match="version of numba was 0.1, is .*version of old was 2, is none"):
        contest.run(["float_math"], ["gilmap"], resume=found)


def test_each_part_of_a_run_keeps_its_load_and_time(scripted):
    saved = []
    contest.run(["float_math"], ["gilmap"], save=lambda run: saved.append(json.dumps(run)))
    whole = contest.run(["float_math"], ["gilmap"], resume=json.loads(saved[1]))
    assert [part["cells"] for part in whole["parts"]] == [2, len(whole["cells"]) - 2]
    assert [cell["part"] for cell in whole["cells"]] == [0] * 2 + [1] * (len(whole["cells"]) - 2)
    assert all({"commit", "time", "load", "load_after", "took"} <= set(part) for part in whole["parts"])
    assert whole["took"] == sum(part["took"] for part in whole["parts"])


@pytest.mark.parametrize("busy, warned", [(0.01, False), (0.9, True), (None, False)])
def test_a_busy_machine_is_warned_of_and_recorded(scripted, monkeypatch, capsys, busy, warned):
    monkeypatch.setattr(contest.machine, "busy", lambda seconds=0: busy)
    found = contest.run(["float_math"], ["gilmap"], quick=True)
    assert ("WARNING: this machine is not idle" in capsys.readouterr().out) == warned
    assert all(cell["before"] == {"load": 0.1, "busy": busy} for cell in found["cells"])
    monkeypatch.setattr(contest.os, "getloadavg", lambda: (100.0, 0.1, 0.1))
    contest.run(["float_math"], ["gilmap"], minutes=1e-9)
    assert "WARNING: this machine is not idle" in capsys.readouterr().out


def test_a_later_wrong_result_is_wrong(scripted):
    scripted.script["gilmap", "once"] = lambda peer: {"wrong": "a later call: element 3"}
    found = contest.run(["float_math"], ["gilmap"], quick=True)
    assert all(cell["runners"]["gilmap"]["wrong"] == "a later call: element 3" for cell in found["cells"])


def test_a_result_that_was_kept_is_wrong(scripted):
    scripted.script["gilmap", "other_input"] = lambda peer: {"wrong": "with its input rotated by one: element 0"}
    found = contest.run(["float_math"], ["gilmap", "PyPy"], quick=True)
    assert all(cell["runners"]["gilmap"]["wrong"].endswith("element 0") for cell in found["cells"])
    assert all(cell["runners"]["PyPy"]["wrong"] is None for cell in found["cells"])
    assert scripted.asked.count(("PyPy", "other_input")) == len(found["cells"])


def test_who_does_not_end_with_other_input_has_failed(scripted):
    def never(peer):
        peer.alive = False
        raise Failed("timeout after 5 s")

    scripted.script["PyPy", "other_input"] = never
    cell = contest.Contest(["gilmap", "PyPy"]).cell(ALL["float_math"], "numpy", 100)
    assert cell["runners"]["PyPy"]["failed"] == "with its input rotated by one: timeout after 5 s"
    assert scripted.started.count("PyPy") == 2


@pytest.mark.parametrize("method", ["prepare", "once"])
@pytest.mark.parametrize("said", [{"raised": True}, {"wrong": "element 0"}])
def test_a_peer_starts_anew_after_a_cell_that_raised_or_was_wrong(scripted, method, said):
    scripted.script["PyPy", method] = lambda peer, *_: said
    made = contest.Contest(["gilmap", "PyPy"])
    order = list(made._peers)
    for count in (1, 2, 3):
        made.cell(ALL["float_math"], "numpy", 100)
        assert scripted.started.count("PyPy") == count and scripted.started.count("gilmap") == 1
    assert list(made._peers) == order


def test_a_peer_that_failed_and_lives_starts_anew_once(scripted):
    def fails(peer, *_):
        raise Failed("KeyError")

    scripted.script["PyPy", "prepare"] = fails
    made = contest.Contest(["PyPy"])
    made.cell(ALL["float_math"], "numpy", 100)
    scripted.script.clear()
    for _ in range(2):
        made.cell(ALL["float_math"], "numpy", 100)
        assert scripted.started.count("PyPy") == 2


def test_peers_are_ended_where_starting_is_interrupted(scripted, monkeypatch):
    closed = []
    monkeypatch.setattr(Scripted, "close", lambda self: closed.append(self.name))
    made = Scripted.__init__

    def interrupted(self, name, limit):
        if name == "PyPy":
            raise KeyboardInterrupt
        made(self, name, limit)

    monkeypatch.setattr(Scripted, "__init__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        contest.Contest(["gilmap", "PyPy"])
    assert closed == ["gilmap"]


def test_how_long_map_took_is_kept_with_when(tmp_path):
    path, once = contest.Truth(tmp_path).file(ALL["float_math"], 100)
    assert set(once) == {"seconds", "time", "load"} and once["seconds"] > 0
    before = json.dumps(once)
    assert contest.Truth(tmp_path).file(ALL["float_math"], 100) == (path, json.loads(before))
