"""The process of one peer. It reads requests, a line of JSON each, and answers; what peers print goes to stderr.

Runs under other interpreters, too: PyPy 3.9, and an environment that has another gilmap.

A turn of short calls is several of them, one after the other, and counts as the median of all but the first: a single
one of 50 µs is as long as it takes a thread to wake up, and CPUs that slept take longer. How many they are is settled
before the turn, by the quickest call so far. If the calls of a turn decided that themselves, one that is interrupted
would end its own turn and be its figure.

All these calls have the same input, for which a result that was kept would do. So a cell ends with two calls that
nobody times: one more of the same, whose result is held, and one for which the input has been changed in place.
"""

import ctypes
import gc
import json
import math
import os
import pickle
import statistics
import sys
import time

from bench import check, runners, workloads
from bench.runners import usage

WARM = 0.2  # seconds, and at least two calls
IDLE = 2.0  # at most, until compiles in the background have ended
LONG = 0.5  # seconds; a call that takes longer is warm after one
TURN = 5e-3  # seconds; a call that takes longer is a turn
FEWEST, MOST = 3, 15  # calls that count in a turn of short ones


class Peer:
    def __init__(self):
        self.runner = self.run = None
        self._least = math.inf  # seconds of the quickest call of this cell
        self._kind = self._truth = self._digest = None
        self._workload, self._columns, self._inputs = None, [], []
        self._raised = False  # whether a call of this cell has

    def start(self, name):
        began = time.perf_counter()
        self.runner = runners.find(name)()
        self.runner.start()
        return {"startup": time.perf_counter() - began}

    def prepare(self, name, kind, size, truth):
        """The cell's first call, its check, its warm-up and the choice of a chunk size."""
        self.run, self._least, self._digest, self._raised = None, math.inf, None, False
        self._workload = workload = workloads.ALL[name]
        self._columns = columns = in_kind(kind, workload.columns(size))
        self._inputs = list(map(check.digest, columns))
        gc.collect()
        try:
            self.run = self.runner.prepare(workload, columns, kind)
        except runners.NotExpressible as error:
            return {"none": str(error)}
        self._kind, self._truth = kind, truth
        first, result = self._timed()
        wrong = self._difference(result)
        del result
        if hasattr(self.run, "tune"):
            self.run.tune()
        if first < LONG:
            self._warm()
        # Warm code may be other code, so it is checked as well. It is also what memory is measured of.
        before = usage.Memory()
        result = self._timed()[1]
        peak = before.growth(result)
        wrong = wrong or self._difference(result)
        self._digest = None if wrong else check.digest(result)
        del result
        self._until_idle()
        return {"first": first, "peak": peak, "wrong": wrong, "remark": self.runner.describe(), "raised": self._raised}

    def _difference(self, result):
        with open(self._truth, "rb") as file:
            return check.difference(pickle.load(file), result, self._kind)

    def _warm(self):
        spent, calls = 0.0, 0
        while calls < 2 or spent < WARM:
            spent += self._timed()[0]
            calls += 1
        self._until_idle()

    def _until_idle(self):
        deadline = time.perf_counter() + IDLE
        while time.perf_counter() < deadline:
            before = time.process_time()
            time.sleep(0.02)
            if time.process_time() - before < 1e-3:
                return

    def once(self):
        """A turn: seconds and CPU seconds of a call, and whether the last result was another than the checked one."""
        calls = self._calls()
        seconds, result = [], None
        cpu = usage.CpuTime()
        for _ in range(calls):
            del result
            took, result = self._timed()
            seconds.append(took)
        spent = cpu.spent() / calls
        found = {"seconds": statistics.median(seconds[1:] if calls >= 3 else seconds), "cpu": spent}
        found["raised"] = self._raised
        if self._digest is not None and check.digest(result) != self._digest:
            found["wrong"] = "a later call: " + (self._difference(result) or "another result than before")
        return found

    def other_input(self):
        """What is wrong with a result that is held during the next call, or with that call, whose input is rotated."""
        if self._digest is None:  # known to be wrong
            return {}
        if list(map(check.digest, self._columns)) != self._inputs:
            return {"wrong": "it changes its input"}
        held = check.outcome(self.run)
        for column in self._columns:
            rotate(column)
        result = check.outcome(self.run)
        if check.digest(held) != self._digest:
            return {"wrong": "a result changes with the next call: " + (self._difference(held) or "it is another")}
        expected = self._rotated(held)
        if check.digest(result) == check.digest(expected):
            return {}
        wrong = check.difference(as_list(expected), result, self._kind) or "another result"
        return {"wrong": f"with its input rotated by one: {wrong}"}

    def _rotated(self, right):
        """What map gives for the rotated input, without another run of map where it gives values."""
        if not isinstance(right, check.Raised):
            return rotated(right)
        return check.outcome(lambda: list(map(self._workload.function, *map(as_list, self._columns))))

    def _calls(self):
        """Calls of the next turn."""
        if self._least >= TURN:
            return 1
        return 1 + min(MOST, max(FEWEST, math.ceil(TURN / max(self._least, 1e-9))))

    def _timed(self):
        """Seconds and result of a call."""
        began = time.perf_counter()
        result = check.outcome(self.run)
        seconds = time.perf_counter() - began
        self._raised = self._raised or isinstance(result, check.Raised)
        self._least = min(self._least, seconds)
        return seconds, result

    def stop(self):
        if self.runner:
            self.runner.stop()
        return {}


def in_kind(kind, columns):
    if kind == "numpy":
        import numpy

        return [numpy.array(c) for c in columns]
    if kind == "arrow":
        import pyarrow

        return [pyarrow.array(c) for c in columns]
    return columns


def as_list(column):
    if isinstance(column, (list, check.Raised)):
        return column
    return column.tolist() if check.kind_of(column) == "numpy" else column.to_pylist()


def rotate(column):
    """By one element, in place: a runner that has kept anything of its input or its result is found out.

    Whoever reads an Arrow array again sees what is written to its memory, though users cannot write there.
    """
    if isinstance(column, list):
        column.insert(0, column.pop())
        return
    numpy = check.kind_of(column) == "numpy"
    at = column.__array_interface__["data"][0] if numpy else column.buffers()[1].address
    most = 8 * (len(column) - 1)
    last = ctypes.string_at(at + most, 8)
    ctypes.memmove(at + 8, at, most)
    ctypes.memmove(at, last, 8)


def rotated(result):
    kind = check.kind_of(result)
    if kind == "numpy":
        import numpy

        return numpy.roll(result, 1)
    if kind == "arrow":
        import pyarrow

        return pyarrow.concat_arrays([result[-1:], result[:-1]])
    return result[-1:] + result[:-1]


def serve():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    peer = Peer()
    for line in sys.stdin:
        method, args = json.loads(line)
        try:
            answer = getattr(peer, method)(*args)
        except Exception as error:
            answer = {"failed": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve()
