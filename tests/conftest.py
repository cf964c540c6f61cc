"""A time limit for every test, so that a hang is a failure with a traceback and not a stuck run.

At the soft limit a Python exception is raised in the main thread; this works while gilmap polls for
signals. At the hard limit faulthandler prints every thread's stack and ends the process.
"""

import faulthandler
import os
import signal
import sys

import pytest

# Under a sanitizer our code takes some five times as long.
SLOWER = 5.0 if os.environ.get("GILMAP_SANITIZED") else 1.0
SOFT_LIMIT = 60.0 * SLOWER
HARD_LIMIT = 150.0 * SLOWER


def pytest_configure(config):
    config.addinivalue_line("markers", "many_at_once: a test that is many in one, which takes longer")
    # pytest captures file descriptor 2 later on; keep the real one for the last words.
    config.real_stderr = os.fdopen(os.dup(sys.__stderr__.fileno()), "w")


def pytest_unconfigure(config):
    faulthandler.cancel_dump_traceback_later()
    config.real_stderr.close()


def _too_long(signum, frame):
    pytest.fail("the test took too long")  # not an Exception: nothing swallows it


@pytest.fixture(autouse=True)
def time_limit(request):
    before = signal.signal(signal.SIGALRM, _too_long)
    factor = 5.0 if request.node.get_closest_marker("many_at_once") else 1.0
    signal.setitimer(signal.ITIMER_REAL, SOFT_LIMIT * factor)
    faulthandler.dump_traceback_later(HARD_LIMIT * factor, exit=True, file=request.config.real_stderr)
    yield
    faulthandler.cancel_dump_traceback_later()
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
