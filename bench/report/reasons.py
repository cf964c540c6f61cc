"""Why a runner is quicker than gilmap in a cell, as far as the figures of the run say.

What does not grow with the elements is fixed costs: between two sizes of a workload in the same container, gilmap's
time is taken to be a constant and so much an element. Where that constant is most of a call, it is the reason. Else
time is CPU time over the CPUs that are used, so that one of the two explains every loss; what the peer does otherwise
is said where it is known.
"""

import statistics

from bench.report.figures import median_of
from bench.report.known import AT_ONCE, LOOKS_FIRST, OTHERWISE, OURS
from bench.report.units import seconds_text

MOST = 0.5  # of a call, from which on its fixed costs are said to dominate
CALL = 60e-6  # seconds; fixed costs are no more, with the wake-up of a thread: what is longer is other code, or work
UNLIKE = 2.0  # how many times the work of another an element must be, on average, for sizes not to be comparable
ALIKE = 1.1  # up to which times are about equal
SHARED = 200e-6  # seconds; below, a call may not pay for a second thread


def reason(run, cell, name):
    if (cell["workload"], name) in AT_ONCE:
        return LOOKS_FIRST
    smaller, larger = _beside(run, cell)
    own = median_of(cell, "gilmap")
    if constant := fixed_costs(run, cell):
        words = f"fixed costs: {seconds_text(constant)} of gilmap's {seconds_text(own)} do not grow with the elements"
        return f"{words} ({smaller['size']:,} take {seconds_text(median_of(smaller, 'gilmap'))})"
    if not smaller and larger and all(_constant(cell, larger, key) >= MOST for key in ("seconds", "cpu")):
        longer = median_of(larger, "gilmap")
        said = "longer calls are quicker" if longer < own else "most of it does not grow with the elements"
        return f"{said}: {larger['size']:,} take gilmap {seconds_text(longer)}, these {seconds_text(own)}"
    return "; ".join(filter(None, [_cpu(run, cell, name), OURS.get(cell["workload"])]))


def fixed_costs(run, cell):
    """Seconds of gilmap's call that the next smaller size has as well, where they are most of it; else None."""
    smaller, _ = _beside(run, cell)
    if not smaller or median_of(smaller, "gilmap") > median_of(cell, "gilmap"):
        return None
    constant = _constant(smaller, cell, "seconds") * median_of(smaller, "gilmap")
    return constant if MOST * median_of(cell, "gilmap") <= constant <= CALL else None


def _beside(run, cell):
    """The cells of the next smaller and the next larger size in which gilmap is right, or None."""
    same = [c for c in run["cells"] if all(c[key] == cell[key] for key in ("workload", "kind"))]
    same = [c for c in same if median_of(c, "gilmap")]
    smaller = max((c for c in same if c["size"] < cell["size"]), key=lambda c: c["size"], default=None)
    return smaller, min((c for c in same if c["size"] > cell["size"]), key=lambda c: c["size"], default=None)


def _constant(smaller, larger, key):
    """The share of gilmap's time in the smaller of two cells that does not grow; 0 where they do not tell."""
    size, more = smaller["size"], larger["size"]
    # What map takes tells whether the elements are alike: those of some workloads become costlier, or cheaper.
    work, more_work = smaller["map_once"] / size, larger["map_once"] / more
    time, longer = (statistics.median(c["runners"]["gilmap"][key]) for c in (smaller, larger))
    if time <= 0 or not work / UNLIKE <= more_work <= work * UNLIKE:
        return 0.0
    return max(0.0, 1.0 - max(0.0, longer - time) * size / (more - size) / time)


def _cpu(run, cell, name):
    ours, theirs, size = cell["runners"]["gilmap"], cell["runners"][name], cell["size"]
    own, other = statistics.median(ours["seconds"]), statistics.median(theirs["seconds"])
    cpu, their_cpu = statistics.median(ours["cpu"]), statistics.median(theirs["cpu"])
    if cpu <= 0 or their_cpu <= 0:
        return "no CPU times were measured"
    # CPU time has the first call of a turn, the median has not: of short calls it may be more than there is.
    at_work, their_work = (min(run["machine"]["cpus"], ratio) for ratio in (cpu / own, their_cpu / other))
    an_element = f"{seconds_text(cpu / size)} of CPU an element against {seconds_text(their_cpu / size)}"
    parts = []
    if cpu > ALIKE * their_cpu:
        written = f"written with {theirs['remark']}" if name == "C++" and theirs.get("remark") else ""
        otherwise = OTHERWISE.get(name, {}).get(cell["workload"], written)
        parts.append(an_element + (f": {otherwise}" if otherwise else ""))
    if their_work > ALIKE * at_work:
        short = cpu < SHARED and at_work < 1.5
        why = "gilmap's call is too short to share between threads" if short else "gilmap left a CPU idle for a while"
        cpus = f"{at_work:.1f} CPUs at work against {their_work:.1f}: {why}"
        parts.append(cpus if parts else f"{cpus} ({an_element})")
    return "; ".join(parts) or an_element
