"""Why a runner is quicker than gilmap in a cell, as far as the figures of the run say.

Time is CPU time over the CPUs that are used, so that one of the two explains every loss. What lies behind it is said
only where it follows from what stands in the peer's file.
"""

import statistics

from bench.report.units import seconds_text

SHORT = 50e-6  # seconds; what a call costs whatever its elements are decides below
KNOWN = {
    ("checked_root", "NumPy by hand"): "it looks for negative elements before it computes any, and raises; the others "
    "compute those before the first",
}


def is_short(seconds):
    return seconds < SHORT


def reason(cell, name):
    ours, theirs = cell["runners"]["gilmap"], cell["runners"][name]
    own, other = statistics.median(ours["seconds"]), statistics.median(theirs["seconds"])
    if is_short(own):
        parts = [f"fixed costs of a short call: {seconds_text(own - other)} more"]
    elif is_short(other):  # too short for its CPU time to mean much
        parts = [f"{seconds_text(own - other)} more than a call of {seconds_text(other)}"]
    else:
        parts = [_cpu(ours, theirs, own, other, cell["size"])]
    if name == "C++" and theirs.get("remark"):
        parts.append(f"written with {theirs['remark']}")
    if known := KNOWN.get((cell["workload"], name)):
        parts.append(known)
    return "; ".join(parts)


def _cpu(ours, theirs, own, other, size):
    cpu, their_cpu = statistics.median(ours["cpu"]), statistics.median(theirs["cpu"])
    if cpu <= 0 or their_cpu <= 0:
        return "no CPU times were measured"
    an_element = f"{seconds_text(cpu / size)} of CPU an element against {seconds_text(their_cpu / size)}"
    cpus = f"{cpu / own:.1f} CPUs at work against {their_cpu / other:.1f}"
    more, fewer = cpu / their_cpu, (their_cpu / other) / (cpu / own)
    if fewer < 1.05:
        return an_element
    if more < 1.05:
        return f"{cpus}, {an_element}"
    return f"{an_element}, and {cpus}"
