"""The contest: each workload, container and size under every runner, in turns, each result compared with map's.

A run may be given less time than it needs. So cells are taken in the order of what they say: each workload in each
container at its principal size, the middle one, then the larger sizes, then the smaller ones, then the largest arrays.
No runner gets more than its share of seconds in a cell, whatever it does with them.
"""

import os
import time

from bench import limits, machine
from bench.order import in_turns
from bench.peers import Failed, Peer, missing
from bench.runners import FILES
from bench.truth import Truth
from bench.workloads import ALL

REPEATS = 5
SHARE = 30.0  # seconds for one runner in one cell: first call, warm-up and turns
CHECK = 2e-6  # seconds for each element beside these, to make the inputs and to compare the results
PATIENCE = 2.0  # seconds that map may take for a cell; beyond, what interprets the elements is left out
LEAST = 5.0  # seconds for a single turn, however little is left of the share
PAUSE = 0.01  # threads of a peer may spin for a while after a call


def cells(workloads, quick):
    """(workload, kind, size), what matters most first, so that a run that is cut short says most."""
    names = [ALL[name] for name in workloads]
    kinds = ("numpy", "list", "arrow")
    if quick:
        return [(w, kind, w.sizes[0]) for kind in kinds for w in names if kind in w.kinds]
    order = [(w, kind, w.sizes[rank]) for rank in (1, 2, 0) for kind in kinds for w in names if kind in w.kinds]
    return order + [(w, kind, n) for w in names for kind in ("numpy", "arrow") for n in w.array_sizes]


def key_of(cell):
    return cell["workload"], cell["kind"], cell["size"]


class Contest:
    def __init__(self, names, share=SHARE, patience=PATIENCE, repeats=REPEATS):
        self.share, self.patience, self.repeats = share, patience, repeats
        self.skipped, self.startup, self._peers = {}, {}, {}
        self._stale = set()  # peers that are to start anew before their next cell
        self._too_slow = {}  # (runner, workload, kind) to the smallest size that took more than the share
        self._truth = Truth()
        try:
            for name in names:
                if reason := missing(name):
                    self.skipped[name] = reason
                else:
                    self._start(name)
        except BaseException:  # a signal; the peers that run already are ended
            self.close()
            raise
        for name, reason in self.skipped.items():
            print(f"skipped: {name}: {reason}", flush=True)

    def _start(self, name):
        try:
            self._peers[name] = Peer(name, self.share)
            self.startup.setdefault(name, self._peers[name].startup)
        except Failed as error:
            self.skipped[name] = f"failed to start: {error}"
            self._peers.pop(name, None)

    def _start_anew(self, names):
        """A cell is judged by itself: one of the peers gives what an earlier call raised to later calls."""
        for name in names:
            self._stale.discard(name)
            self._peers[name].close()
            self._start(name)

    def cell(self, workload, kind, size):
        began = time.monotonic()
        truth, once = self._truth.file(workload, size)
        map_seconds = once["seconds"]
        quiet = {"load": os.getloadavg()[0], "busy": machine.busy()}
        self._start_anew([n for n in self._peers if n in self._stale and kind in self._peers[n].runner.kinds])
        results, left = {}, {}
        for name in list(self._peers):
            if kind not in self._peers[name].runner.kinds:
                continue
            if reason := self._left_out(name, workload, kind, size, map_seconds):
                results[name] = {"skipped": reason}
                continue
            since, allowed = time.monotonic(), self.share + CHECK * size
            try:
                answer = self._peers[name].ask("prepare", workload.name, kind, size, truth, limit=allowed)
            except Failed as error:
                results[name] = {"failed": str(error)}
                self._after_failure(name, workload, kind, size, error)
                continue
            if "none" in answer:
                results[name] = {"none": answer["none"]}
                continue
            results[name] = {**answer, "seconds": [], "cpu": []}
            left[name] = min(self.share, allowed - (time.monotonic() - since))
        self._take_turns(results, left, workload, kind, size)
        self._look_again(results, left, workload, kind, size)
        self._stale |= {n for n, r in results.items() if r.get("raised") or r.get("wrong")}
        cell = {"workload": workload.name, "kind": kind, "size": size, "map_once": map_seconds, "runners": results}
        cell |= {"map_measured": {key: once[key] for key in ("time", "load")}, "before": quiet}
        cell["limit"] = limits.limit_of(cell, workload.function.__code__.co_argcount)
        cell["took"] = time.monotonic() - began
        return cell

    def _left_out(self, name, workload, kind, size, map_seconds):
        """None, or why this runner does not take part in the cell."""
        if self._peers[name].runner.interprets and map_seconds > self.patience:
            return f"too slow here: map alone takes {map_seconds:.1f} s"
        known = self._too_slow.get((name, workload.name, kind))
        if known is not None and size >= known:
            return f"took more than {self.share:.0f} s with {known:,} elements"
        return None

    def _take_turns(self, results, left, workload, kind, size):
        """`left`: seconds of its share that each runner has left. Each gets one turn at least."""
        running = list(left)
        for turn in range(self.repeats):
            # Each turn begins with another runner, so that nobody always follows the same one.
            for name in running[turn % len(running) :] + running[: turn % len(running)] if running else []:
                seconds = results[name]["seconds"]
                if "failed" in results[name] or (seconds and seconds[-1] > left[name]):
                    continue
                time.sleep(PAUSE)
                since = time.monotonic()
                try:
                    answer = self._peers[name].ask("once", limit=max(LEAST, left[name]))
                except Failed as error:
                    results[name]["failed"] = str(error)
                    self._after_failure(name, workload, kind, size, error)
                    continue
                left[name] -= time.monotonic() - since
                seconds.append(answer["seconds"])
                results[name]["cpu"].append(answer["cpu"])
                results[name]["wrong"] = results[name]["wrong"] or answer.get("wrong")
                results[name]["raised"] = results[name].get("raised") or answer.get("raised", False)

    def _look_again(self, results, names, workload, kind, size):
        """Two calls that nobody times, with other input in the same place; see the worker."""
        for name in names:
            result = results[name]
            if result["wrong"] or "failed" in result:
                continue
            limit = max(LEAST, 4 * result["seconds"][-1]) + CHECK * size
            try:
                result["wrong"] = self._peers[name].ask("other_input", limit=limit).get("wrong")
            except Failed as error:
                result["failed"] = f"with its input rotated by one: {error}"
                self._after_failure(name, workload, kind, size, error)

    def _after_failure(self, name, workload, kind, size, error):
        if str(error).startswith("timeout"):
            key = name, workload.name, kind
            self._too_slow[key] = min(size, self._too_slow.get(key, size))
        if self._peers[name].alive:
            self._stale.add(name)
        else:
            self._start(name)

    def close(self):
        for peer in self._peers.values():
            peer.close()


class NoResume(Exception):
    """The run that is to go on is another one; the text says how."""


def _differences(then, now, options_then, options_now):
    """What is not the same of two parts of a run, as texts."""
    pairs = [(what, then.get(what), now[what]) for what in SAME]
    versions = then.get("versions", {}), now["versions"]
    names = sorted({name for v in versions for name in v})
    pairs += [(f"version of {name}", *(v.get(name, "none") for v in versions)) for name in names]
    pairs += [(what, options_then.get(what), value) for what, value in options_now.items()]
    return [f"{NAMES.get(what, what)} was {_text(a)}, is {_text(b)}" for what, a, b in pairs if a != b]


SAME = ("cpu", "cpus", "python", "engine", "benchmark", "changes")
NAMES = {
    "engine": "the committed engine",
    "benchmark": "the committed benchmark",
    "changes": "what is not committed",
    "runners": "the choice of runners",
    "patience": "--patience",
    "quick": "--quick",
}


def _text(value):
    return ", ".join(value) if isinstance(value, list) else "nothing" if value in ("", None) else str(value)


def _kept(found, described, options):
    """The cells of an earlier run that this one need not measure again. Raises NoResume."""
    if found is None:
        return []
    if differences := _differences(found["machine"], described, found.get("options", {}), options):
        raise NoResume("a run is of one thing only: " + "; ".join(differences) + ". Start anew, without --resume")
    return found["cells"]


def warn_of_load(described):
    """Prints what figures of now would be worth, before an hour is spent on them."""
    load, busy = described["load"][0] / described["cpus"], described["busy"]
    if load > machine.BUSY or (busy or 0.0) > machine.BUSY:
        used = f", others use {busy:.0%} of the CPUs" if busy is not None else ""
        print(f"WARNING: this machine is not idle: load {load:.2f} per CPU{used}. The report will say so.", flush=True)


def run(workloads=tuple(ALL), names=tuple(FILES), quick=False, minutes=None, patience=PATIENCE, save=None, resume=None):
    """The whole contest as what becomes JSON; `save(run)` after each cell keeps what there is.

    resume: an earlier run, whose cells are kept.
    """
    began = time.monotonic()
    described = machine.describe() | {"busy": machine.busy(1.0)}
    options = {"runners": sorted(names), "patience": patience, "quick": quick}
    kept = _kept(resume, described, options)
    warn_of_load(described)
    known = set(map(key_of, kept))
    contest = Contest(names, share=10.0 if quick else SHARE, patience=patience)
    part = {"cells": 0} | {key: described[key] for key in ("commit", "time", "load", "busy")}
    parts = [*(resume or {}).get("parts", []), part]
    found = {"machine": described, "options": options, "workloads": sorted(workloads), "quick": quick}
    found |= {"repeats": contest.repeats, "share": contest.share, "parts": parts}
    found |= {"cells": list(kept), "not_run": [], "broken": [], "skipped": contest.skipped}
    found["startup"] = {**(resume or {}).get("startup", {}), **contest.startup}

    def so_far():
        part["load_after"], part["took"] = os.getloadavg(), time.monotonic() - began
        found["took"] = sum(p["took"] for p in parts)

    all_cells = in_turns(cells(workloads, quick)) if minutes else cells(workloads, quick)
    order = [(w, kind, size) for w, kind, size in all_cells if (w.name, kind, size) not in known]
    try:
        for number, (workload, kind, size) in enumerate(order, start=1):
            if minutes and time.monotonic() - began > 60 * minutes:
                found["not_run"].append([workload.name, kind, size])
                continue
            try:
                cell = contest.cell(workload, kind, size)
            except Exception as error:  # ours, not a peer's: the other cells are worth having all the same
                found["broken"].append([workload.name, kind, size, f"{type(error).__name__}: {error}"[:300]])
                print(f"{workload.name}, {kind}, {size}: {type(error).__name__}: {error}", flush=True)
                continue
            cell["part"] = len(parts) - 1
            found["cells"].append(cell)
            part["cells"] += 1
            print(f"[{number}/{len(order)}, {cell['took']:.0f} s] {_line(cell)}", flush=True)
            so_far()
            if save:
                save({**found, "not_run": [[w.name, k, n] for w, k, n in order[number:]]})
    finally:
        contest.close()
    so_far()
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
