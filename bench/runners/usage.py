"""CPU time and memory of this process and all that descend from it, from Linux's /proc."""

import ctypes
import gc
import os
import sys
import time

CPUCLOCK_SCHED = 2  # linux/posix-timers.h: the clock of a process is (~pid << 3) | this


def tree():
    """This process and its descendants; those that end meanwhile are left out."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as file:
                    parents[int(entry)] = int(file.read().rpartition(")")[2].split()[1])
            except OSError:  # it has ended
                continue
    found, todo = [], [os.getpid()]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += [child for child, parent in parents.items() if parent == pid]
    return found


def _clock(pid):
    """CPU seconds of a process so far; 0 where it has ended."""
    try:
        return time.clock_gettime((~pid << 3) | CPUCLOCK_SCHED)
    except OSError:
        return 0.0


class CpuTime:
    """CPU time from its making on. To search /proc takes longer than many a call, so it is done before and after."""

    def __init__(self):
        self._before = {pid: 0.0 for pid in tree()}
        for pid in self._before:
            self._before[pid] = _clock(pid)

    def spent(self):
        after = {pid: _clock(pid) for pid in self._before}
        for pid in tree():
            if pid not in after:  # started meanwhile
                after[pid] = _clock(pid)
        return sum(max(0.0, seconds - self._before.get(pid, 0.0)) for pid, seconds in after.items())


def _bytes(field):
    """{process: bytes} of this process and its descendants."""
    found = {}
    for pid in tree():
        try:
            with open(f"/proc/{pid}/status") as file:
                found[pid] = sum(int(line.split()[1]) for line in file if line.startswith(field)) * 1024
        except OSError:  # it has ended
            continue
    return found


def _hand_back():
    """Free memory goes back to the system, where its allocator can be asked: else a call would take it unseen."""
    gc.collect()
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow:
        pyarrow.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's
    if trim:
        trim(0)


def bytes_of(result):
    """What a result takes by itself, each object once."""
    if hasattr(result, "nbytes"):
        return result.nbytes
    try:
        return sys.getsizeof(result) + sum(map(sys.getsizeof, {id(x): x for x in result}.values()))
    except TypeError:  # what raised has no elements, and PyPy does not tell sizes
        return 8 * len(result) if isinstance(result, list) else 0


class Memory:
    """What a call takes at its peak beyond what was resident at the making of this, over all processes of a peer.

    Each process counts with its own growth; the peaks need not be of one moment. An allocator that had free pages left
    needs no new ones, so a result counts with its own bytes at least.
    """

    def __init__(self):
        _hand_back()
        for pid in tree():
            try:
                with open(f"/proc/{pid}/clear_refs", "w") as file:
                    file.write("5")
            except OSError:  # it has ended, or the system does not allow it: then the peak is that of its life
                continue
        self._before = _bytes("VmRSS:")

    def growth(self, result):
        peaks = _bytes("VmHWM:")
        grown = sum(max(0, peak - self._before.get(pid, 0)) for pid, peak in peaks.items())
        return max(grown, bytes_of(result))
