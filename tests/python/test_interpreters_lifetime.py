"""Worker interpreters: interrupts, fork, exit, threads. One process each: an abort must be seen."""

import os

import pytest

from tests.python.interpreters_support import in_process

ENDLESS = {
    "a loop": "def f(x):\n    while True: pass",
    "a loop that swallows": "def f(x):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass",
    "a C call": "def f(x): return sum(range(10**10))",
    "a sleep": "def f(x): time.sleep(100)",
}


@pytest.mark.parametrize("name", ENDLESS)
def test_ctrl_c(name):
    in_process(
        ENDLESS[name]
        + """
sub(str, [1])
interrupt_after(0.3)
start = time.perf_counter()
raises(KeyboardInterrupt, sub, f, range(10))
assert time.perf_counter() - start < 3  # 0.8 on a machine with nothing else to do
same(str, range(20))
"""
    )


HERE = {
    "elements are packed": """
class Slow:
    def __reduce__(self):
        time.sleep(0.01)
        return Slow, ()
call = lambda: sub(lambda x: 1, [Slow() for _ in range(300)])""",
    "results are unpacked": """
here = True
class Slow:
    def __getstate__(self): return 1
    def __setstate__(self, state):
        if "here" in globals(): time.sleep(0.05)
def f(x):
    if x == 0: time.sleep(8)
    return Slow()
call = lambda: sub(f, range(500))""",
    "an element runs here": """
class Slow:
    def __add__(self, other): time.sleep(100)
def f(x):
    n = 0
    if x == "long":
        for i in range(10**8): n += i
    for i in range(300): n += len(str(i))
    return x + "", n
xs = ["a"] * 3000
f("a")
gilmap.map(f, xs)
xs[1000], xs[1500] = "long", Slow()
call = lambda: gilmap.map(f, xs)""",
}


@pytest.mark.parametrize("name", HERE)
def test_ctrl_c_while(name):
    """The call ends: the interrupt is not taken for the exception of an element, below which others still run."""
    in_process(
        "sub(str, [1])"
        + HERE[name]
        + """
interrupt_after(0.5)
start = time.perf_counter()
error = raises(KeyboardInterrupt, call)
assert type(error) is KeyboardInterrupt and time.perf_counter() - start < 3
same(str, range(20))
"""
    )


def test_ctrl_c_without_pending_calls():
    in_process(
        ENDLESS["a loop"]
        + "\nsub(str, [1])\ninterrupt_after(0.3)\nraises(KeyboardInterrupt, sub, f, range(10))\nsame(str, range(20))",
        GILMAP_NO_PENDING_CALLS="1",
    )


def test_a_failure_stops_running_chunks():
    in_process("""
def f(x):
    if x == 501:
        while True: pass
    if x >= 500: raise ValueError(x)
    return x
assert raises(ValueError, sub, f, range(4000)).args == (500,)
same(str, range(20))
""")


def test_fork():
    in_process("""
import warnings
warnings.simplefilter("ignore")
def child():
    pid = os.fork()
    if pid == 0:
        os._exit(0 if sub(lambda x: x + 1, range(100)) == list(range(1, 101)) else 3)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
same(str, range(100))
assert [child() for _ in range(3)] == [0] * 3
results = []
thread = threading.Thread(target=lambda: results.append(sub(lambda x: sum(range(3000)), range(3000))))
thread.start()
time.sleep(0.05)
assert [child() for _ in range(3)] == [0] * 3
thread.join()
assert results == [[sum(range(3000))] * 3000]
""")


def test_fork_while_other_threads_make_the_first_calls():
    """They import gilmap._interpreters and start workers: the child must not find that half done."""
    in_process("""
import subprocess
code = '''
import gilmap, os, sys, threading, time, warnings
warnings.simplefilter("ignore")
def call(): return gilmap.map(str, range(60), backend="subinterp") == [str(k) for k in range(60)]
threads = [threading.Thread(target=call) for _ in range(3)]
for t in threads: t.start()
time.sleep(float(sys.argv[1]))
pid = os.fork()
if pid == 0: os._exit(not call())
until = time.monotonic() + 20
while (done := os.waitpid(pid, os.WNOHANG)) == (0, 0):
    if time.monotonic() > until:
        os.kill(pid, 9)
        sys.exit("the child hangs")
    time.sleep(0.002)
for t in threads: t.join()
sys.exit(done[1])
'''
for k in range(24):
    subprocess.run([sys.executable, "-c", code, str(k * 0.002)], check=True, timeout=40)
""")


def test_fork_with_a_lost_worker():
    """Its interpreter cannot be ended before, and CPython's clean-up in the child hangs or aborts at it."""
    in_process("""
import multiprocessing, subprocess, warnings
warnings.simplefilter("ignore")
interrupt_after(0.2)
raises(KeyboardInterrupt, sub, lambda x: sum(range(10**11)), range(3))
def child(): assert sub(str, range(9)) == list(map(str, range(9)))
for _ in range(2):
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(20)
    assert process.exitcode == 0, process.exitcode
assert subprocess.run(["true"]).returncode == 0
same(str, range(9))
""")


def test_a_child_that_goes_on_in_the_call():
    """A signal handler forks, and the child comes back from it, into the call."""
    in_process("""
import warnings
warnings.simplefilter("ignore")
pids = []
signal.signal(signal.SIGUSR1, lambda *_: pids.append(os.fork()))
threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1)).start()
f = lambda x: (x, time.sleep(0.002))[0]
good = sub(f, range(500)) == list(range(500))
if pids == [0]: os._exit(not good)
assert good and os.waitpid(pids[0], 0)[1] == 0
""")


@pytest.mark.parametrize("work", ["while True: pass", "return sum(range(10**11))"])
def test_a_call_beside_one_that_never_ends(work):
    """Its elements have all workers, and map would go on beside it."""
    in_process(f"""
def f(x):
    {work}
threading.Thread(target=sub, args=(f, range(10)), daemon=True).start()
time.sleep(0.3)
for _ in range(3): same(lambda x: (x, str(x)), range(100))
""")


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_beside_us(method):
    in_process(f"""
import multiprocessing, subprocess, warnings
warnings.simplefilter("ignore")
same(str, range(20))
with multiprocessing.get_context("{method}").Pool(2) as pool:
    assert pool.map(abs, [-1, -2]) == [1, 2]
assert subprocess.run(["true"]).returncode == 0
same(str, range(20))
""")


@pytest.mark.parametrize("work", ["while True: pass", "return sum(range(2000))"])
@pytest.mark.parametrize("end", ["", "sys.exit(0)"])
def test_exit_while_a_daemon_thread_is_in_a_call(work, end):
    out = in_process(f"""
def f(x):
    {work}
def calls():
    while True: sub(f, range(1000))
threading.Thread(target=calls, daemon=True).start()
time.sleep(0.3)
print("end")
{end}
""")
    assert out == "end\n"


def test_exit_with_a_lost_worker():
    out = in_process("""
interrupt_after(0.2)
raises(KeyboardInterrupt, sub, lambda x: sum(range(10**11)), range(3))
print("end")
""")
    assert out == "end\n"


def test_exit_with_a_lost_worker_and_a_daemon_thread_in_the_call():
    out = in_process("""
sub(str, [1])
threading.Thread(target=sub, args=(lambda x: sum(range(10**11)), range(3)), daemon=True).start()
time.sleep(0.3)
print("end")
""")
    assert out == "end\n"


@pytest.mark.parametrize("end", ["", "gilmap.shutdown_workers()\nsame(str, range(9))"])
@pytest.mark.parametrize(
    "start",
    [
        "import _thread\n    _thread.start_new_thread(lambda: time.sleep(0.5), ())",
        "import _thread\n    _thread.start_new_thread(lambda: time.sleep(100), ())",
        "threading.Thread(target=lambda: time.sleep(0.5)).start()",
        "from concurrent.futures import ThreadPoolExecutor\n    pools.append(ThreadPoolExecutor())\n    pools[-1].submit(int)",
    ],
)
def test_threads_that_outlive_the_call(start, end):
    out = in_process(f"""
import concurrent.futures.thread
pools = []
def f(x):
    {start}
    return x
assert sub(f, range(8)) == list(range(8))
{end}
print("end")
""")
    assert out == "end\n"


def test_threads_and_shutdown():
    in_process("""
def work(k):
    for _ in range(5):
        assert sub(lambda x: (x, k), range(1000)) == [(x, k) for x in range(1000)]
errors = []
def guarded(k):
    try: work(k)
    except BaseException as error: errors.append(error)
threads = [threading.Thread(target=guarded, args=(k,)) for k in range(4)]
for t in threads: t.start()
for _ in range(3):
    time.sleep(0.05)
    gilmap.shutdown_workers()
for t in threads: t.join()
assert not errors, errors
""")


def test_calls_of_many_threads_are_whole():
    in_process("""
xs = list(range(40))
f = lambda x: (x, str(x))
expected = [f(x) for x in xs]
g = lambda x: 1 // (x - 39)
wrong, until = [], time.monotonic() + 6
def run():
    while time.monotonic() < until:
        got = sub(f, xs)
        if got != expected: wrong.append(got)
        try: wrong.append(sub(g, xs))
        except ZeroDivisionError: pass
threads = [threading.Thread(target=run) for _ in range(8)]
for t in threads: t.start()
for t in threads: t.join()
assert not wrong, wrong[:2]
""")


def test_a_slow_element_does_not_hold_up_the_rest():
    in_process("""
done = sub(lambda x: (time.sleep(0.3) if x == 3 else None, time.monotonic())[1], range(2000))
assert max(done[200:]) < done[3], "the others waited"
""")


def test_keywords_of_an_extension_module():
    """Their tuple is shared by all interpreters; before 3.12.4 the one that called the function first owned it."""
    in_process("""
import math, zlib
expected = [math.prod(range(1, n), start=3) for n in range(2)]
code = "f = lambda n: (math.prod(range(1, n), start=3), zlib.decompress(zlib.compress(b'x' * n, level=1), bufsize=n + 1))"
for _ in range(3):
    names = {"math": math, "zlib": zlib}
    exec(code, names)
    got = sub(names["f"], range(40))
    gilmap.shutdown_workers()
    assert got == [(math.prod(range(1, n), start=3), zlib.decompress(zlib.compress(b"x" * n, level=1), bufsize=n + 1)) for n in range(40)]
    try:
        math.prod([1], begin=2)
    except TypeError:
        pass
""")


def test_soak():
    calls = int(os.environ.get("GILMAP_SOAK_CALLS", "100"))
    in_process(
        f"""
import random, warnings
warnings.simplefilter("ignore")
random.seed(1)
def fails(x):
    if x == 57: raise LookupError(x)
    return x
for n in range({calls}):
    what = random.randrange(6)
    if what == 0:
        assert raises(LookupError, sub, fails, range(100)).args == (57,)
    elif what == 1:
        pid = os.fork()
        if pid == 0: os._exit(0 if sub(str, range(9)) == list(map(str, range(9))) else 1)
        assert os.waitpid(pid, 0)[1] == 0
    elif what == 2:
        gilmap.shutdown_workers()
    elif what == 3:
        def spin(x):
            while True: pass
        interrupt_after(0.02)
        try:
            sub(spin, range(4))
        except KeyboardInterrupt:
            pass
    else:
        threads = [threading.Thread(target=same, args=(lambda x, n=n: (n, x), range(300))) for _ in range(2)]
        for t in threads: t.start()
        for t in threads: t.join()
    same(lambda x, n=n: x * n, range(50))
""",
        timeout=60 if calls <= 100 else calls,
    )
