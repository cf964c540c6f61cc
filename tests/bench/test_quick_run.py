"""./dev bench peers --quick, and peers that misbehave."""

import json
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
    command = [sys.executable, "bench/run.py", "--quick", "--workloads", "float_math,initials"]
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
    import pickle

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


def worker_of(call):
    made = worker.Peer()
    made.run = call
    return made


def test_a_turn_of_short_calls_leaves_the_first_out(monkeypatch):
    lengths, calls = [0.2, 4e-3, 1e-4, 1e-4, 1e-4], []

    def call():
        calls.append(0)
        time.sleep(lengths[len(calls) - 1])

    peer = worker_of(call)
    assert peer.once()["seconds"] > 0.19 and len(calls) == 1  # a long one is alone
    monkeypatch.setattr(worker, "CALLS", 1)
    assert peer.once()["seconds"] < 3e-3 and len(calls) == 3
    monkeypatch.setattr(worker, "CALLS", 15)
    lengths += [1e-4] * 16
    peer.once()
    assert 3 + 3 <= len(calls) <= 3 + 16


def test_cpu_time_is_that_of_a_call():
    def call():
        end = time.process_time() + 0.002
        while time.process_time() < end:
            pass

    assert 0.0019 < worker_of(call).once()["cpu"] < 0.004
