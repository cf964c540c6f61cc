"""Threads of the caller, nested calls, fork, and tracing tools."""

import os
import signal
import sys
import threading
import time

import gilmap
import pytest

from tests.python.support import SANITIZER, run_script


def collatz(n):
    steps = 0
    while n > 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


COLUMN = list(range(1, 3000))
EXPECTED = [collatz(n) for n in COLUMN]


def in_threads(work, count=4, timeout=50):
    """Run work(k) in several threads at once; the first exception is raised here."""
    errors = []

    def guarded(k):
        try:
            work(k)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(k,), daemon=True) for k in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout)
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
    if errors:
        raise errors[0]


@pytest.mark.parametrize("backend", [None, "jit", "inline"])
def test_the_same_function_from_several_threads(backend):
    def work(k):
        for _ in range(3):
            assert gilmap.map(collatz, COLUMN, backend=backend) == EXPECTED

    in_threads(work)


def test_different_functions_from_several_threads():
    def work(k):
        for j in range(15):
            f = eval(f"lambda x: (x * {k + 1} + {j}) % 1009")
            assert gilmap.map(f, COLUMN, backend="jit" if j % 2 else None) == list(map(f, COLUMN))

    in_threads(work)


def test_first_call_from_several_threads_at_once():
    for _ in range(5):
        f = eval("lambda x: x * x - 3 * x")
        start = threading.Barrier(4)

        def work(k, f=f, start=start):
            start.wait()
            assert gilmap.map(f, COLUMN, backend="jit") == list(map(f, COLUMN))

        in_threads(work)


def test_an_exception_in_one_thread_leaves_the_others_alone():
    def work(k):
        for _ in range(10):
            if k == 0:
                with pytest.raises(ZeroDivisionError):
                    gilmap.map(lambda x: 1 // (x - 2999), COLUMN, backend="jit")
            else:
                assert gilmap.map(collatz, COLUMN, backend="jit") == EXPECTED

    in_threads(work)


def test_other_python_threads_run_meanwhile():
    """Kernels run without the GIL."""
    ticks = 0
    stop = threading.Event()

    def tick():
        nonlocal ticks
        while not stop.is_set():
            ticks += 1
            time.sleep(0.001)

    def long(n):
        s = n  # or all elements would share their rounds
        for k in range(n):
            s = (s + k * k) % 1_000_003
        return s

    gilmap.map(long, [10], backend="jit")
    thread = threading.Thread(target=tick)
    thread.start()
    try:
        before = ticks
        start = time.monotonic()
        gilmap.map(long, [3_000_000] * 20, backend="jit")
        seconds = time.monotonic() - start
    finally:
        stop.set()
        thread.join()
    assert ticks - before > seconds * 50, (ticks, seconds)


def test_guards_while_another_thread_changes_a_global():
    """Each result must come from one of the values that the global had."""
    names = {"K": 1}
    exec("def f(x):\n    return x * K", names)
    stop = threading.Event()

    def change():
        k = 1
        while not stop.is_set():
            k = 3 - k
            names["K"] = k

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(200):
            result = gilmap.map(names["f"], [1, 2, 3, 4], backend="jit")
            assert all(r in (x, 2 * x) for r, x in zip(result, [1, 2, 3, 4]))
    finally:
        stop.set()
        thread.join()


def test_nested_calls():
    def row(n):
        return sum(gilmap.map(lambda k: k * n, range(20)))

    expected = [n * 190 for n in range(30)]
    assert gilmap.map(row, list(range(30))) == expected
    assert gilmap.map(row, tuple(range(30)), backend="inline") == expected


def test_nested_calls_that_wait_for_machine_code():
    def row(n):
        return sum(gilmap.map(collatz, range(1, n + 2), backend="jit", workers=2))

    column = list(range(40))
    assert gilmap.map(row, column) == list(map(lambda n: sum(EXPECTED[: n + 1]), column))


def test_nested_call_that_raises():
    def row(n):
        return gilmap.map(lambda k: 10 // k, [3, 2, n], backend="jit")

    with pytest.raises(ZeroDivisionError):
        gilmap.map(row, [2, 1, 0])
    assert gilmap.map(row, [2, 1]) == [[3, 5, 5], [3, 5, 10]]


def test_nested_in_a_deopt():
    """The element that leaves the machine code calls gilmap again: an object's method in the middle of a list."""

    class Inner:
        def __mul__(self, other):
            return gilmap.map(collatz, COLUMN[:100], backend="jit")

    result = gilmap.map(lambda x: x * 2, [1, Inner(), 2.5, 2**70], backend="jit")
    assert result == [2, EXPECTED[:100], 5.0, 2**71]


def test_recursive_gilmap():
    def tree(n):
        return 1 if n == 0 else 1 + sum(gilmap.map(tree, [n - 1, n - 1]))

    assert gilmap.map(tree, [3, 4]) == [15, 31]


def child_status(work):
    """Fork, run work in the child, and return the child's exit status; 99 if it hangs."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.setitimer(signal.ITIMER_REAL, 0)
            work()
            status = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(status)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return 99


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
class TestFork:
    def test_child_works(self):
        assert gilmap.map(collatz, COLUMN, backend="jit", workers=2) == EXPECTED

        def work():
            for _ in range(3):
                assert gilmap.map(collatz, COLUMN, backend="jit", workers=2) == EXPECTED
            assert gilmap.map(lambda x: x * 5 - 1, COLUMN, backend="jit")[0] == 4
            assert gilmap.map(lambda x: x * 5 - 2, COLUMN) == [5 * x - 2 for x in COLUMN]

        assert child_status(work) == 0
        assert gilmap.map(collatz, COLUMN, backend="jit", workers=2) == EXPECTED

    def test_grandchild_works(self):
        gilmap.map(collatz, COLUMN, backend="jit", workers=2)

        def grandchild():
            assert gilmap.map(collatz, COLUMN, backend="jit", workers=2) == EXPECTED

        def child():
            assert gilmap.map(collatz, COLUMN, backend="jit", workers=2) == EXPECTED
            assert child_status(grandchild) == 0

        assert child_status(child) == 0

    @pytest.mark.skipif(SANITIZER == "asan", reason="its own allocator may stay locked in the child")
    def test_fork_while_a_call_is_under_way(self):
        """Another thread is in the middle of a call, and a compile may hold a lock, when the process forks."""
        stop = threading.Event()

        def keep_busy():
            k = 0
            while not stop.is_set():
                k += 1
                gilmap.map(eval(f"lambda x: x * {k} % 1009"), COLUMN, backend="jit")
                gilmap.map(collatz, COLUMN, backend="jit")

        thread = threading.Thread(target=keep_busy)
        thread.start()
        try:
            time.sleep(0.05)
            for k in range(4):

                def work(k=k):
                    assert gilmap.map(eval(f"lambda x: x + {k}"), COLUMN, backend="jit")[0] == 1 + k
                    assert gilmap.map(collatz, COLUMN) == EXPECTED

                assert child_status(work) == 0
        finally:
            stop.set()
            thread.join()

    def test_fork_inside_f(self):
        pids = []

        def f(x):
            if x == 3:
                pid = os.fork()
                if pid == 0:
                    os._exit(0)
                pids.append(pid)
                os.waitpid(pid, 0)
            return x

        assert gilmap.map(f, [1, 2, 3, 4]) == [1, 2, 3, 4]
        assert len(pids) == 1

    def test_multiprocessing_pool(self):
        source = """
import multiprocessing, gilmap
def work(n):
    f = eval("lambda x: x * x + 1")
    return sum(gilmap.map(f, range(n), backend="jit"))
if __name__ == "__main__":
    gilmap.map(lambda x: x + 1, list(range(10000)), backend="jit", workers=2)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(pool.map(work, [1000, 2000, 3000]) == [sum(x * x + 1 for x in range(n)) for n in (1000, 2000, 3000)])
"""
        assert run_script(source).strip() == "True"


def test_profile_and_trace_functions():
    """Under a tracer or profiler the results stay right."""
    calls = []
    sys.setprofile(lambda *event: calls.append(event[1]))
    try:
        result = gilmap.map(collatz, COLUMN[:200])
    finally:
        sys.setprofile(None)
    assert result == EXPECTED[:200]
    sys.settrace(lambda *event: None)
    try:
        result = gilmap.map(collatz, COLUMN[:200], backend="jit")
    finally:
        sys.settrace(None)
    assert result == EXPECTED[:200]


def test_function_shared_with_a_thread_pool():
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda k: gilmap.map(collatz, COLUMN[k::4]), range(4)))
    assert parts == [EXPECTED[k::4] for k in range(4)]


def test_in_an_asyncio_task():
    import asyncio

    async def main():
        return await asyncio.gather(*(asyncio.to_thread(gilmap.map, collatz, COLUMN) for _ in range(3)))

    assert asyncio.run(main()) == [EXPECTED] * 3


def test_first_calls_of_one_expression_in_threads():
    """pyarrow lets go of the GIL while its functions are looked up for a kernel."""
    pytest.importorskip("pyarrow.compute")
    column = [float(k) for k in range(60_000)]
    for k in range(60):
        f = eval(f"lambda x: x * 2.0 + {k}.5")
        expected = [x * 2.0 + k + 0.5 for x in column]

        def work(_, f=f, expected=expected):
            assert gilmap.map(f, column) == expected

        in_threads(work, count=3)


def test_a_list_that_another_thread_makes_shorter():
    run_script("""
import gilmap, threading, time
def f(x):
    s = 0
    for i in range(20_000):
        s += x * i % 7
    return s
for _ in range(5):
    L = list(range(300))
    def pop():
        while L:
            time.sleep(.001)
            L.pop()
    thread = threading.Thread(target=pop)
    thread.start()
    got = gilmap.map(f, L)
    thread.join()
    assert got == [f(x) for x in range(len(got))], len(got)
""")
