"""The contest: each workload, container and size under every runner, in turns, each result compared with map's."""

import hashlib
import os
import pathlib
import pickle
import time

from bench import check, limits, machine
from bench.measure import ROOT
from bench.peers import Failed, Peer, missing
from bench.runners import FILES
from bench.workloads import ALL

REPEATS = 5
LIMIT = 20.0  # seconds for one request
PATIENCE = 5.0  # seconds that map may take for a cell; beyond, what interprets the elements is left out
PAUSE = 0.01  # threads of a peer may spin for a while after a call


class Truth:
    """What map gives, in files that are kept between runs: the slowest takes a minute."""

    def __init__(self):
        self._folder = pathlib.Path(ROOT) / "build" / "bench" / "truth"
        self._folder.mkdir(parents=True, exist_ok=True)

    def file(self, workload, size):
        """The path, and how long map took when it was made."""
        code = workload.function.__code__
        names = sorted(v.__code__.co_code for v in workload.function.__globals__.values() if hasattr(v, "__code__"))
        columns = workload.columns(size)
        known = repr((code.co_code, code.co_consts, names, columns if size <= 10**5 else columns[0][:1000], size))
        path = self._folder / f"{workload.name}-{size}-{hashlib.sha256(known.encode()).hexdigest()[:16]}.pickle"
        seconds = path.with_suffix(".seconds")
        if not seconds.exists():
            began = time.perf_counter()
            expected = check.outcome(lambda: list(map(workload.function, *columns)))
            took = time.perf_counter() - began
            path.write_bytes(pickle.dumps(expected, protocol=4))
            seconds.write_text(repr(took))
        return str(path), float(seconds.read_text())


def cells(workloads, quick):
    """(workload, kind, size), what matters most first, so that a run that is cut short says most."""
    names = [ALL[name] for name in workloads]
    if quick:
        return [(w, kind, w.sizes[0]) for w in names for kind in w.kinds]
    order = []
    for rank, kind in ((1, "numpy"), (1, "list"), (2, "numpy"), (2, "list"), (1, "arrow"), (0, "list"), (0, "numpy")):
        order += [(w, kind, w.sizes[rank]) for w in names if kind in w.kinds]
    order += [(w, "arrow", w.sizes[rank]) for rank in (2, 0) for w in names if "arrow" in w.kinds]
    order += [(w, kind, n) for w in names for kind in ("numpy", "arrow") for n in w.array_sizes]
    return order


class Contest:
    def __init__(self, names, limit=LIMIT, patience=PATIENCE, repeats=REPEATS):
        self.limit, self.patience, self.repeats = limit, patience, repeats
        self.skipped, self.startup, self._peers = {}, {}, {}
        self._truth = Truth()
        for name in names:
            if reason := missing(name):
                self.skipped[name] = reason
            else:
                self._start(name)
        for name, reason in self.skipped.items():
            print(f"skipped: {name}: {reason}", flush=True)

    def _start(self, name):
        try:
            self._peers[name] = Peer(name, self.limit)
            self.startup.setdefault(name, self._peers[name].startup)
        except Failed as error:
            self.skipped[name] = f"failed to start: {error}"
            self._peers.pop(name, None)

    def cell(self, workload, kind, size):
        truth, map_seconds = self._truth.file(workload, size)
        results, running = {}, []
        for name in list(self._peers):
            peer = self._peers[name]
            if kind not in peer.runner.kinds:
                continue
            if peer.runner.interprets and map_seconds > self.patience:
                results[name] = {"skipped": f"too slow here: map alone takes {map_seconds:.1f} s"}
                continue
            try:
                answer = peer.ask("prepare", workload.name, kind, size, truth, limit=self.limit + 10 * map_seconds)
            except Failed as error:
                results[name] = {"failed": str(error)}
                self._revive(name)
                continue
            if "none" in answer:
                results[name] = {"none": answer["none"]}
                continue
            results[name] = {**answer, "seconds": [], "cpu": []}
            running.append(name)
        self._take_turns(results, running)
        cell = {"workload": workload.name, "kind": kind, "size": size, "map_once": map_seconds, "runners": results}
        cell["limit"] = limits.limit_of(cell, workload.function.__code__.co_argcount)
        return cell

    def _take_turns(self, results, running):
        for turn in range(self.repeats):
            # Each turn begins with another runner, so that nobody always follows the same one.
            for name in running[turn % len(running) :] + running[: turn % len(running)] if running else []:
                if "failed" in results[name]:
                    continue
                time.sleep(PAUSE)
                try:
                    answer = self._peers[name].ask("once")
                except Failed as error:
                    results[name]["failed"] = str(error)
                    self._revive(name)
                    continue
                results[name]["seconds"].append(answer["seconds"])
                results[name]["cpu"].append(answer["cpu"])

    def _revive(self, name):
        if not self._peers[name].alive:
            self._start(name)

    def close(self):
        for peer in self._peers.values():
            peer.close()


def run(workloads=tuple(ALL), names=tuple(FILES), quick=False, minutes=None, patience=PATIENCE, save=None):
    """The whole contest as what becomes JSON; `save(run)` after each cell keeps what there is."""
    began = time.monotonic()
    contest = Contest(names, limit=LIMIT if not quick else 10.0, patience=patience)
    found = {"machine": machine.describe(), "quick": quick, "repeats": contest.repeats, "cells": [], "not_run": []}
    found["skipped"], found["startup"] = contest.skipped, contest.startup
    try:
        for workload, kind, size in cells(workloads, quick):
            if minutes and time.monotonic() - began > 60 * minutes:
                found["not_run"].append([workload.name, kind, size])
                continue
            cell = contest.cell(workload, kind, size)
            found["cells"].append(cell)
            print(_line(cell), flush=True)
            if save:
                save(found)
    finally:
        contest.close()
    found["load_after"] = os.getloadavg()
    return found


def _line(cell):
    from bench.report.figures import best, median_of

    ours = median_of(cell, "gilmap")
    name, seconds = best(cell, other_than_gilmap=True)
    text = f"{cell['workload']}, {cell['kind']}, {cell['size']}: "
    text += f"gilmap {ours * 1e3:.3g} ms" if ours else "gilmap has no right result"
    text += f", best peer {name} {seconds * 1e3:.3g} ms" if name else ""
    wrong = [n for n, r in cell["runners"].items() if r.get("wrong")]
    failed = [n for n, r in cell["runners"].items() if r.get("failed")]
    return (
        text + (f"; wrong: {', '.join(wrong)}" if wrong else "") + (f"; failed: {', '.join(failed)}" if failed else "")
    )
