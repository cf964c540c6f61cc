"""A peer's process, seen from the benchmark: requests with a time limit. A crash or a timeout is a result."""

import importlib.util
import json
import os
import select
import signal
import subprocess
import sys

from bench import runners
from bench.measure import ROOT
from bench.runners import rust_gilmap


class Failed(Exception):
    """The peer crashed, took too long or raised where it must not."""


def missing(name):
    """None, or why this peer cannot take part."""
    try:
        runner = runners.find(name)
    except ImportError as error:
        return str(error)
    if reason := getattr(runner, "missing", None):
        return reason
    for module in runner.requires:
        if importlib.util.find_spec(module.partition(".")[0]) is None:
            return f"{module} is not installed"
    if name.startswith("gilmap 0.1.0") and "GILMAP_BENCH_RUST" not in os.environ:
        return rust_gilmap.install()
    return None


class Peer:
    def __init__(self, name, limit):
        self.name = name
        self.limit = limit
        self.runner = runners.find(name)
        executable = getattr(self.runner, "executable", None)
        paths = [ROOT] + ([] if executable else [os.environ.get("PYTHONPATH", "")])
        self._process = subprocess.Popen(
            [executable or sys.executable, "-m", "bench.runners.worker"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "RAY_DISABLE_MEMORY_MONITOR": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # so that what it started can be ended with it
        )
        try:
            self.startup = self.ask("start", name, limit=max(limit, 60.0))["startup"]
        except BaseException:  # also a signal
            self._kill()  # one that only says that it cannot start is still there
            raise

    def ask(self, method, *args, limit=None):
        """Raises Failed."""
        try:
            self._process.stdin.write(json.dumps([method, args]).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            self._end(f"crashed before {method}")
        limit = limit or self.limit
        if not select.select([self._process.stdout], [], [], limit)[0]:
            self._end(f"timeout after {limit:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            try:
                status = self._process.wait(timeout=5.0)
            except subprocess.TimeoutExpired:
                self._end("closed its end and went on")
            name = signal.Signals(-status).name if status < 0 else f"exit status {status}"
            self._end(f"crashed: {name}")
        try:
            answer = json.loads(line)
        except ValueError:
            self._end(f"crashed in the midst of its answer: {line[:40]!r}")
        if "failed" in answer:
            raise Failed(answer["failed"])
        return answer

    @property
    def alive(self):
        return self._process.poll() is None

    def _end(self, why):
        self._kill()
        raise Failed(why)

    def _kill(self):
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:  # nobody is left
            return
        finally:
            self._process.wait()

    def close(self):
        if self.alive:
            try:
                self.ask("stop", limit=15.0)
            except Failed as error:
                print(f"    {self.name} did not stop: {error}", flush=True)
        self._kill()
