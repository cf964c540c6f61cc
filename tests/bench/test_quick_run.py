"""./dev bench peers --quick, and peers that misbehave."""

import json
import pickle
import signal
import subprocess
import sys
import time

import pytest

from bench import contest
from bench.peers import Failed, Peer
from bench.runners import plain, worker
from tests.python.support import ROOT, environment


@pytest.mark.many_at_once
def test_two_workloads_end_with_json_and_a_report(tmp_path):
    found, written = tmp_path / "run.json", tmp_path / "page.html"
    command = [sys.executable, "bench/run.py", "--quick", "--workloads", "float_math, initials"]
    command += ["--runners", "map,gilmap,multiprocessing.Pool", "--json", str(found), "--html", str(written)]
    run = subprocess.run(
        [*command, "peers", "report"],
        cwd=ROOT,
        env=environment(GILMAP_BENCH_RUN=str(tmp_path / "kept.json")),
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    cells = json.loads(found.read_text())["cells"]
    assert {(c["workload"], c["kind"]) for c in cells} == {
        ("float_math", "list"),
        ("float_math", "numpy"),
        ("float_math", "arrow"),
        ("initials", "list"),
    }
    for cell in cells:
        for name, result in cell["runners"].items():
            assert result["wrong"] is None, (name, cell)
            assert len(result["seconds"]) == contest.REPEATS
    assert "Where gilmap loses" in written.read_text()


def test_a_crash_and_a_timeout_are_results():
    peer = Peer("map", limit=5)
    peer._process.kill()
    with pytest.raises(Failed, match="crashed"):
        peer.ask("once")
    assert not peer.alive
    peer = Peer("map", limit=5)
    with pytest.raises(Failed, match="timeout"):
        peer.ask("prepare", "float_math", "list", 10**6, "", limit=0.01)
    assert not peer.alive


def test_a_request_that_raises_leaves_the_peer_alive():
    peer = Peer("map", limit=5)
    with pytest.raises(Failed, match="KeyError"):
        peer.ask("prepare", "no such workload", "list", 3, "")
    assert peer.alive
    peer.close()


def test_a_wrong_runner_is_marked(tmp_path, monkeypatch):
    """Through the worker's own code, in this process."""

    class Rounds(plain.Map):
        def prepare(self, workload, columns, kind):
            right = super().prepare(workload, columns, kind)
            return lambda: [float(int(x)) for x in right()]

    truth = tmp_path / "truth"
    truth.write_bytes(pickle.dumps([x * 1.5 + 0.5 for x in map(float, range(10))]))
    peer = worker.Peer()
    peer.runner = Rounds()
    assert peer.prepare("float_math", "list", 10, str(truth))["wrong"].startswith("element 0: 0.0, map has 0.5")
    peer.runner = plain.Map()
    assert peer.prepare("float_math", "list", 10, str(truth))["wrong"] is None


class Clock:
    """Stands for `time` in a worker; each call takes the next of `lengths`, then the last one for ever."""

    def __init__(self, lengths):
        self.now, self.calls, self.lengths = 0.0, 0, list(lengths)

    def perf_counter(self):
        return self.now

    def call(self):
        self.now += self.lengths[min(self.calls, len(self.lengths) - 1)]
        self.calls += 1


def turn(monkeypatch, lengths, least):
    """A turn's seconds, and how many calls it took; `least` is what is known of a call before."""
    clock = Clock(lengths)
    monkeypatch.setattr(worker.time, "perf_counter", clock.perf_counter)
    peer = worker_of(clock.call)
    peer._least = least
    return peer.once()["seconds"], clock.calls


STALL = 6e-3


@pytest.mark.parametrize("base, calls", [(1e-6, 16), (50e-6, 16), (1e-3, 6), (2e-3, 4), (4.9e-3, 4)])
@pytest.mark.parametrize("stalled", [0, 1, 2, 3])
def test_a_stall_neither_ends_a_turn_nor_is_its_figure(monkeypatch, base, calls, stalled):
    lengths = [base] * stalled + [STALL, base]
    assert turn(monkeypatch, lengths, base) == (pytest.approx(base), calls)


def test_a_long_call_is_a_turn(monkeypatch):
    assert turn(monkeypatch, [0.2, 1e-3], 0.19) == (pytest.approx(0.2), 1)


def test_the_number_of_calls_is_by_the_quickest_so_far(monkeypatch):
    clock = Clock([1.0, 2e-3, 1.0])
    monkeypatch.setattr(worker.time, "perf_counter", clock.perf_counter)
    peer = worker_of(clock.call)
    for calls in (1, 1, 4):  # nothing is known, then of a long call, then of a short one
        before = clock.calls
        peer.once()
        assert clock.calls - before == calls


def worker_of(call):
    made = worker.Peer()
    made.run = call
    return made


def test_cpu_time_is_that_of_a_call():
    def call():
        end = time.process_time() + 0.002
        while time.process_time() < end:
            pass

    peer = worker_of(call)
    peer._least = 0.002
    assert 0.0019 < peer.once()["cpu"] < 0.004


class Later(plain.Map):
    """Right as long as it is looked at closely, and then not."""

    wrong = False

    def prepare(self, workload, columns, kind):
        right = super().prepare(workload, columns, kind)
        return lambda: [0.0, *right()[1:]] if Later.wrong else right()


def test_timed_results_are_compared(tmp_path):
    peer = prepared(tmp_path, Later())
    assert "wrong" not in peer.once()
    Later.wrong = True
    assert peer.once()["wrong"].startswith("a later call: element 0: 0.0, map has 0.5")
    Later.wrong = False


def prepared(tmp_path, runner, kind="list", size=10):
    truth = tmp_path / "truth"
    truth.write_bytes(pickle.dumps([x * 1.5 + 0.5 for x in map(float, range(size))]))
    peer = worker.Peer()
    peer.runner = runner
    peer.found = peer.prepare("float_math", kind, size, str(truth))
    assert peer.found["wrong"] is None
    return peer


@pytest.mark.parametrize("kind, least", [("numpy", 8), ("list", 32)])
def test_the_peak_is_no_less_than_the_result(tmp_path, kind, least):
    size = 10**5
    assert least * size <= prepared(tmp_path, plain.Map(), kind, size).found["peak"] < 300 * size


class Hungry(plain.Map):
    def prepare(self, workload, columns, kind):
        right = super().prepare(workload, columns, kind)
        return lambda: bytearray(10**8) and right()


def test_the_peak_has_what_a_call_takes_meanwhile(tmp_path):
    assert 0.9e8 < prepared(tmp_path, Hungry()).found["peak"] < 1.5e8


def test_an_interrupted_run_says_how_it_goes_on(tmp_path):
    kept = tmp_path / "kept.json"
    command = [
        sys.executable,
        "bench/run.py",
        "--quick",
        "--workloads",
        "float_math, julia",
        "--runners",
        "map, gilmap",
    ]
    options = {"cwd": ROOT, "env": environment(GILMAP_BENCH_RUN=str(kept)), "text": True}
    run = subprocess.Popen([*command, "peers"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    while not kept.exists() and run.poll() is None:
        time.sleep(0.02)
    run.send_signal(signal.SIGINT)
    said, _ = run.communicate(timeout=40)
    assert run.returncode == 130 and "Traceback" not in said
    assert f"interrupted; {kept} has " in said and "--resume" in said
    first = len(json.loads(kept.read_text())["cells"])
    again = subprocess.run([*command, "peers", "--resume"], capture_output=True, timeout=50, **options)
    assert again.returncode == 0, again.stdout + again.stderr
    whole = json.loads(kept.read_text())
    assert 0 < first < len(whole["cells"]) == 6 and len(whole["parts"]) == 2


def bench(*args, kept):
    return subprocess.run(
        [sys.executable, "bench/run.py", *args],
        cwd=ROOT,
        env=environment(GILMAP_BENCH_RUN=str(kept)),
        capture_output=True,
        text=True,
        timeout=30,
    )


@pytest.mark.parametrize("content", [None, "", '{"cells": [', "[1]", '{"cells": [{}], "machine": {}}'])
@pytest.mark.parametrize("args", [("report",), ("peers", "--resume"), ("--compare", "KEPT")])
def test_a_file_without_a_run_is_a_clear_error(tmp_path, content, args):
    kept = tmp_path / "kept.json"
    if content is not None:
        kept.write_text(content)
    run = bench(*(str(kept) if arg == "KEPT" else arg for arg in args), kept=kept)
    assert run.returncode == 1 and "Traceback" not in run.stderr
    assert run.stderr.startswith("bench: ") and str(kept) in run.stderr and ": " in run.stderr.strip()[8:]
    assert run.stdout == ""  # nothing was measured before it was found


def test_docs_are_not_written_of_a_quick_run(tmp_path):
    kept = tmp_path / "kept.json"
    assert "--docs is for whole runs" in bench("--quick", "--docs", kept=kept).stderr
    kept.write_text(json.dumps({"cells": [], "machine": {}, "quick": True}))
    run = bench("report", "--docs", "--html", str(tmp_path / "page.html"), kept=kept)
    assert run.returncode == 1 and "no report for docs/" in run.stderr
    assert not (tmp_path / "page.html").exists()


def test_a_wrong_result_of_gilmap_is_the_exit_status(tmp_path, monkeypatch):
    from bench import run
    from tests.bench.made_up import made_up, runner

    monkeypatch.setattr(run, "RUN", tmp_path / "run.json")
    found = made_up()
    monkeypatch.setattr(run.contest, "run", lambda *_, **__: found)
    found["cells"][0]["runners"]["gilmap jit"] = runner(1.0)
    for name, wrong, status in (("gilmap", None, 0), ("gilmap jit", "element 1", 1), ("gilmap", "element 0", 1)):
        found["cells"][0]["runners"][name]["wrong"] = wrong
        monkeypatch.setattr(sys, "argv", ["run.py", "--json", str(tmp_path / "copy.json"), "peers"])
        with pytest.raises(SystemExit) as ended:
            run.measure(run.arguments())
        assert ended.value.code == status
        assert json.loads((tmp_path / "copy.json").read_text()) == json.loads((tmp_path / "run.json").read_text())


def test_what_is_run_without_a_part(monkeypatch):
    from bench import run

    def parts(*args):
        monkeypatch.setattr(sys, "argv", ["run.py", *args])
        found = run.arguments()
        return found.parts, found.minutes

    assert parts("--quick") == (["peers", "report"], run.QUICK_MINUTES)
    assert parts("--compare", "x") == (["peers"], None)
    assert parts() == (list(run.PARTS), None)
    assert parts("--quick", "--minutes", "1")[1] == 1
    for quick in (("--quick", "peers"), ("--quick", "scaling", "peers", "report"), ("--quick", "--compare", "x")):
        assert parts(*quick)[1] == run.QUICK_MINUTES
    assert parts("--quick", "arrays")[1] is None


@pytest.mark.parametrize(
    "args, said",
    [
        (("--minutes", "0"), "--minutes: not a positive number: '0'"),
        (("--minutes=-3",), "--minutes: not a positive number: '-3'"),
        (("--minutes", "nan"), "--minutes: not a positive number: 'nan'"),
        (("--minutes", "soon"), "--minutes: not a positive number: 'soon'"),
        (("--scaling-minutes", "0"), "--scaling-minutes: not a positive number: '0'"),
        (("--workloads", ","), "--workloads: ',' names no workload; known are count_primes, "),
        (("--runners", " , "), "--runners: ' , ' names no runner; known are map, "),
        (("--workloads", "julia,nope"), "--workloads: no workload: nope; known are count_primes, "),
        (("--runners", "nope"), "--runners: no runner: nope; known are map, "),
        (("nope", "peers"), "no part: nope; known are arrays, "),
    ],
)
def test_what_is_not_known_is_named_with_what_is(monkeypatch, capsys, args, said):
    from bench import run

    monkeypatch.setattr(sys, "argv", ["run.py", *args])
    with pytest.raises(SystemExit) as ended:
        run.arguments()
    assert ended.value.code == 2 and said in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--json", "--html"])
def test_what_cannot_be_written_is_said_before_anything_is_measured(tmp_path, option):
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "x.json"):
        said = bench("--quick", "peers", "report", option, str(path), kept=tmp_path / "kept.json")
        assert said.returncode == 1 and said.stdout == ""
        assert said.stderr.startswith(f"bench: {path} cannot be written (") and said.stderr.count("\n") == 1
    assert not list(tmp_path.glob("*.part"))


def test_the_environment_is_in_the_help(tmp_path):
    assert "GILMAP_BENCH_RUN" in bench("--help", kept=tmp_path / "kept.json").stdout


@pytest.mark.parametrize("quick", [True, False])
def test_workloads_and_containers_take_turns_in_a_run_that_may_be_cut_short(quick):
    from bench.order import in_turns
    from bench.workloads import ALL

    cells = contest.cells(list(ALL), quick)
    turns = in_turns(cells)
    assert sorted(map(cells.index, turns)) == list(range(len(cells)))
    first = turns[: len(ALL) - 1]  # initials has lists only, and comes when lists do
    assert len({w.name for w, _, _ in first}) == len(first)
    assert all(sum(kind == k for _, k, _ in turns[:9]) == 3 for kind in ("list", "numpy", "arrow"))
    principal = [size == w.sizes[0 if quick else 1] for w, _, size in turns]
    assert principal == sorted(principal, reverse=True)


def test_a_run_with_little_time_takes_the_cells_in_turns(monkeypatch):
    met = []

    class Pretended(contest.Contest):
        def cell(self, workload, kind, size):
            met.append(kind)
            raise RuntimeError("not measured")

    monkeypatch.setattr(contest, "Contest", Pretended)
    workloads = ["float_math", "julia", "totient"]
    contest.run(workloads, ["map"], quick=True, minutes=5.0)
    contest.run(workloads, ["map"], quick=True)
    assert len(met) == 18 and sorted(met[:3]) == ["arrow", "list", "numpy"] and met[9:12] == ["numpy"] * 3
