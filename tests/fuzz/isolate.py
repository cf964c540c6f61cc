"""Running work in a forked child, so that a crash or a hang of the engine is a result like any other."""

import os
import signal
import traceback
from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    kind: str  # "fine", "mismatch", "crash" or "hang"
    lines: tuple  # what the child wrote: one message a line

    @property
    def failed(self):
        return self.kind != "fine"


def isolated(work, seconds):
    """Run work(say) in a child; `say` sends a line to the parent at once. An exception is a mismatch."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 3
        try:
            os.close(reader)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(seconds)
            work(lambda text: os.write(writer, (text.replace("\n", "\r") + "\n").encode()))
            status = 0
        except BaseException:
            os.write(writer, (traceback.format_exc(limit=-3).replace("\n", "\r") + "\n").encode())
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, errors="replace", newline="\n") as pipe:
        lines = tuple(line.rstrip("\n").replace("\r", "\n") for line in pipe)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    kind = {0: "fine", 3: "mismatch", -signal.SIGALRM: "hang"}.get(status, "crash")
    return Verdict(kind, lines)
