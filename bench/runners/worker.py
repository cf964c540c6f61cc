"""The process of one peer. It reads requests, a line of JSON each, and answers; what peers print goes to stderr.

Runs under other interpreters, too: PyPy 3.9, and an environment that has another gilmap.
"""

import gc
import json
import os
import pickle
import statistics
import sys
import time

from bench import check, runners, workloads
from bench.runners import usage

WARM = 0.2  # seconds, and at least two calls
IDLE = 2.0  # at most, until compiles in the background have ended
LONG = 0.5  # seconds; a call that takes longer is warm after one, and its chunks need no tuning
# A turn of short calls is several of them, one after the other, and counts as the median of all but the first: a single
# one of 50 µs is as long as it takes a thread to wake up, and CPUs that slept take longer.
TURN, CALLS = 5e-3, 15


class Peer:
    def __init__(self):
        self.runner = self.run = None

    def start(self, name):
        began = time.perf_counter()
        self.runner = runners.find(name)()
        self.runner.start()
        return {"startup": time.perf_counter() - began}

    def prepare(self, name, kind, size, truth):
        """The cell's first call, its check, its warm-up and the choice of a chunk size."""
        self.run = None
        workload = workloads.ALL[name]
        columns = in_kind(kind, workload.columns(size))
        gc.collect()
        try:
            self.run = self.runner.prepare(workload, columns, kind)
        except runners.NotExpressible as error:
            return {"none": str(error)}
        before = usage.resident()
        usage.reset_peak()
        began = time.perf_counter()
        result = check.outcome(self.run)
        first = time.perf_counter() - began
        peak = max(0, usage.peak() - before)
        with open(truth, "rb") as file:
            expected = pickle.load(file)
        wrong = check.difference(expected, result)
        del result
        if first < LONG:
            if hasattr(self.run, "tune"):
                self.run.tune()
            self._warm()
        wrong = wrong or check.difference(expected, check.outcome(self.run))  # warm code may be other code
        self._until_idle()
        return {"first": first, "peak": peak, "wrong": wrong, "remark": self.runner.describe()}

    def _warm(self):
        spent, calls = 0.0, 0
        while calls < 2 or spent < WARM:
            began = time.perf_counter()
            check.outcome(self.run)
            spent += time.perf_counter() - began
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
        """A turn: seconds and CPU seconds of a call."""
        cpu = usage.CpuTime()
        first = self._timed()
        if first < TURN:
            again = []
            while not again or (sum(again) < TURN and len(again) < CALLS):
                again.append(self._timed())
            return {"seconds": statistics.median(again), "cpu": cpu.spent() / (1 + len(again))}
        return {"seconds": first, "cpu": cpu.spent()}

    def _timed(self):
        began = time.perf_counter()
        result = check.outcome(self.run)
        seconds = time.perf_counter() - began
        del result
        return seconds

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
