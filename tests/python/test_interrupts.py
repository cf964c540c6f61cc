"""Ctrl-C within half a second, also in one endless element; an exception ends what runs above it."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from tests.python.support import environment, run_script

LIMIT = 0.5
SLOW_MACHINE = 0.25  # what a busy machine may add to the measurement

ENDLESS = """
import sys, time, signal, gilmap

def endless(n):
    k = 0
    while n >= 0:
        k = (k + n) % 1009
    return k

def endless_float(x):
    while x > 0:
        x = x * 0.5 + 1.0
    return x

def endless_calls(n):
    while n >= 0:
        n = step(n)
    return n

def step(n):
    return n * 3 % 1009

def long_range(n):
    s = n  # or all elements would share their rounds
    for k in range(n):
        s ^= k
    return s

def long_sum(n):
    return sum(k & 5 for k in range(n))

def inner_loops(n):
    s = 0
    while n >= 0:
        for k in range(3):
            s = (s + k) % 7
    return s

f, column, options = {call}
gilmap.map(f, column[:0] or [-1] * 10, **options)
print("ready", flush=True)
try:
    gilmap.map(f, column, **options)
except KeyboardInterrupt:
    print(time.monotonic(), flush=True)
else:
    print("no interrupt", flush=True)
print(gilmap.map(lambda x: x + 1, [1, 2, 3], backend="jit"), gilmap.map(long_range, [5, 6], backend="jit"), flush=True)
"""

CALLS = {
    "one endless element": "endless, [5], {'backend': 'jit'}",
    "every worker busy": "endless, [5] * 100, {'backend': 'jit'}",
    "one worker": "endless, [5], {'backend': 'jit', 'workers': 1}",
    "decided by itself": "endless, [-1] * 1000 + [5], {}",
    "interpreted": "endless, [5], {'backend': 'inline'}",
    "float loop": "endless_float, [5.0], {'backend': 'jit'}",
    "helper calls": "endless_calls, [5], {'backend': 'jit'}",
    "range loop": "long_range, [10**15], {'backend': 'jit'}",
    "generator": "long_sum, [10**15], {'backend': 'jit'}",
    "loop in a loop": "inner_loops, [5], {'backend': 'jit'}",
    "many short elements": "long_range, [3_000_000] * 20_000, {'backend': 'jit'}",
}


def interrupt(source, delay=0.4):
    """Start a script, send SIGINT some time after it says that it is ready; seconds until it noticed, and its last line."""
    child = subprocess.Popen(
        [sys.executable, "-c", source], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )
    killer = threading.Timer(25, child.kill)
    killer.start()
    try:
        assert child.stdout.readline() == "ready\n", child.communicate()
        time.sleep(delay)
        sent = time.monotonic()
        os.kill(child.pid, signal.SIGINT)
        noticed = child.stdout.readline()
        rest, errors = child.communicate()
    finally:
        killer.cancel()
        child.kill()
    assert noticed.strip() and noticed != "no interrupt\n", (noticed, errors)
    return float(noticed) - sent, rest.strip()


@pytest.mark.parametrize("name", CALLS)
def test_control_c(name):
    source = ENDLESS.replace("{call}", CALLS[name])
    for attempt in range(3):  # a machine that is busy with something else may be late once
        seconds, rest = interrupt(source)
        assert rest == "[2, 3, 4] [1, 7]"
        if seconds < LIMIT + SLOW_MACHINE:
            return
    raise AssertionError(f"it took {seconds:.2f} s")


def test_control_c_in_a_nested_call():
    call = "(lambda n: gilmap.map(endless, [n], backend='jit')), [5, 5], {}"
    source = ENDLESS.replace("{call}", call)
    seconds, rest = interrupt(source)
    assert seconds < 2 * LIMIT and rest == "[2, 3, 4] [1, 7]"


def test_a_signal_handler_of_the_user_is_called():
    source = """
import signal, time, gilmap
class Stop(Exception): pass
def handler(*_):
    raise Stop
signal.signal(signal.SIGALRM, handler)
def endless(n):
    while n >= 0:
        n = n * 7 % 1009
    return n
gilmap.map(endless, [-1], backend="jit")
signal.setitimer(signal.ITIMER_REAL, 0.3)
start = time.monotonic()
try:
    gilmap.map(endless, [5] * 10, backend="jit")
except Stop:
    print("stopped" if time.monotonic() - start < 1.5 else "late")
"""
    assert run_script(source).strip() == "stopped"


def test_a_signal_handler_that_does_not_raise():
    source = """
import signal, gilmap
seen = []
signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
def work(n):
    s = n
    for k in range(n):
        s = (s + k * k) % 1009
    return s
gilmap.map(work, [3], backend="jit")
signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
column = [1_000_000 + k for k in range(60)]
result = gilmap.map(work, column, backend="jit")
signal.setitimer(signal.ITIMER_REAL, 0)
print(len(seen) > 0, result[:3] == list(map(work, column[:3])))
"""
    assert run_script(source).strip() == "True True"


FAILING = """
import gilmap
def f(n):
    if n == 7:
        raise ValueError("seven")
    k = 0
    while n == 8:
        k = (k + 1) % 1009
    return 10 // n + k
try:
    gilmap.map(f, {column}, **{options})
except {kind}:
    print("raised")
print(gilmap.map(f, [1, 2], backend="jit"))
"""


@pytest.mark.parametrize(
    "column, kind",
    [
        ("[1, 7, 8]", "ValueError"),
        ("[0, 8]", "ZeroDivisionError"),
        ("[1] * 5000 + [7] + [8] * 5000", "ValueError"),
        ("[1] * 5000 + [0] + [2] * 3000 + [8] * 8", "ZeroDivisionError"),
        ("[1.5] * 10 + [0.0, 8]", "ZeroDivisionError"),
        ("[1] * 10 + ['text', 8, 7]", "TypeError"),
        ("[7] + [8] * 100_000", "ValueError"),
    ],
)
@pytest.mark.parametrize("options", ["{}", "{'backend': 'jit'}", "{'backend': 'jit', 'workers': 1}"])
def test_exception_does_not_wait_for_an_endless_element_above(column, kind, options):
    source = FAILING.replace("{column}", column).replace("{kind}", kind).replace("{options}", options)
    assert run_script(source, timeout=15).split("\n")[:2] == ["raised", "[10, 5]"]


def test_exception_below_a_running_element_wins():
    """An element far up raises at once; the one below it needs a moment, and raises too."""
    source = """
import gilmap
def f(n):
    s = n
    for k in range(n):
        s = (s + k) % 1009
    return s // (n % 10)
try:
    gilmap.map(f, [2_000_000] + [1] * 5000 + [0], backend="jit")
except ZeroDivisionError as error:
    n = error.__traceback__
    while n.tb_next:
        n = n.tb_next
    print(n.tb_frame.f_locals["n"])
"""
    assert run_script(source).strip() == "2000000"
