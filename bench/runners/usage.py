"""CPU time and memory of this process and all that descend from it, from Linux's /proc."""

import os
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


def _kilobytes(field):
    total = 0
    for pid in tree():
        try:
            with open(f"/proc/{pid}/status") as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith(field))
        except OSError:  # it has ended
            continue
    return total


def resident():
    return _kilobytes("VmRSS:") * 1024


def peak():
    """The sum of the peaks, which need not be of one moment."""
    return _kilobytes("VmHWM:") * 1024


def reset_peak():
    for pid in tree():
        try:
            with open(f"/proc/{pid}/clear_refs", "w") as file:
                file.write("5")
        except OSError:  # it has ended, or the system does not allow it: then the peak is that of the process's life
            continue
