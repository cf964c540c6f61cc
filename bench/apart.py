"""Processes of their own, for what a process reads once, as the environment variable GILMAP_SIMD.

Such a process does what it is asked, so that it can run in turns with others.
"""

import importlib
import json
import os
import subprocess
import sys

from bench.measure import ROOT


class Apart:
    """A process with these environment variables; with `ask` it calls a function, whose result can be JSON."""

    def __init__(self, **environment):
        path = os.pathsep.join(filter(None, (ROOT, os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.apart"],
            env={**os.environ, "PYTHONPATH": path, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, function, *args):
        request = [function.__module__, function.__name__, args]
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"{function.__name__}{args}: the process ended")
        return json.loads(answer)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._process.stdin.close()
        self._process.wait()


def _serve():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what functions print does not belong to the answers
    for line in sys.stdin:
        module, name, args = json.loads(line)
        answer = getattr(importlib.import_module(module), name)(*args)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    _serve()
