"""Scripts for the tests of worker interpreters: each runs in a process of its own, so that a crash is a failure."""

from tests.python.support import run_script

PRELUDE = """
import functools, os, signal, sys, threading, time
import gilmap

def sub(f, *xs, **options):
    return gilmap.map(f, *xs, backend="subinterp", **options)

def same(f, *xs):
    expected = list(map(f, *xs))
    got = sub(f, *xs)
    assert got == expected, (got, expected)
    assert [type(x) for x in got] == [type(x) for x in expected]

def interrupt_after(seconds):
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()

def raises(kind, f, *arguments):
    try:
        f(*arguments)
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")
"""


def in_process(source, **options):
    """Run a script behind the prelude; what it prints."""
    return run_script(PRELUDE + source, **options)
