"""Numbers that all parts of the report take from a cell."""

import statistics

MARGIN = 1.05  # a loss is a right-answering runner that is quicker by more than this


def right(result):
    return bool(result.get("seconds")) and not result.get("wrong") and not result.get("failed")


def median_of(cell, name):
    """Seconds of a runner that answered right, else None."""
    result = cell["runners"].get(name, {})
    return statistics.median(result["seconds"]) if right(result) else None


def spread(seconds):
    """Half the distance of the quartiles over the median: what a figure wavers by."""
    if len(seconds) < 2:
        return 0.0
    low, _, high = statistics.quantiles(seconds, n=4, method="inclusive")
    return (high - low) / 2 / statistics.median(seconds)


def is_ours(name):
    return name in ("gilmap", "gilmap jit", "gilmap subinterp", "gilmap inline")


def best(cell, other_than_gilmap=False):
    """The quickest right-answering runner and its seconds; (None, None) if there is none."""
    times = {n: median_of(cell, n) for n in cell["runners"] if not (other_than_gilmap and is_ours(n))}
    times = {n: s for n, s in times.items() if s is not None}
    return min(times.items(), key=lambda item: item[1]) if times else (None, None)


def title(cell):
    return f"{cell['workload']}, {cell['kind']}, {cell['size']:,}"


def losses(run):
    """(cell, runner, gilmap's time over that runner's), the largest first; gilmap's own other backends count too."""
    found = []
    for cell in run["cells"]:
        ours = median_of(cell, "gilmap")
        for name in cell["runners"]:
            theirs = median_of(cell, name)
            if ours and theirs and name != "gilmap" and ours > MARGIN * theirs:
                found.append((cell, name, ours / theirs))
    return sorted(found, key=lambda loss: -loss[2])


def no_answers(run):
    """Cells in which gilmap has no right result: worse than a loss."""
    return [cell for cell in run["cells"] if "gilmap" in cell["runners"] and median_of(cell, "gilmap") is None]


def reason(cell, name, ratio):
    """Why gilmap loses there, from what was measured; what the figures do not say is said to be unknown."""
    ours, theirs = cell["runners"]["gilmap"], cell["runners"][name]
    own, other = statistics.median(ours["seconds"]), statistics.median(theirs["seconds"])
    noise = spread(ours["seconds"]) + spread(theirs["seconds"])
    if ratio - 1 < noise:
        return f"within the noise of this run (the spreads add to {noise:.0%})"
    if is_ours(name):
        return (
            f"backend={name.partition(' ')[2]!r}, forced, is quicker here than the automatic choice; why is not known"
        )
    busy, their_busy = statistics.median(ours["cpu"]) / own, statistics.median(theirs["cpu"]) / other
    if own < 100e-6:
        return f"a short call: {(own - other) * 1e6:.0f} µs more, the fixed cost of a call"
    if their_busy > 1.3 and busy < 1.2:
        return f"gilmap used {busy:.1f} CPUs, {name} {their_busy:.1f}"
    if name == "C++" or name.startswith("Numba"):
        return "the machine code is slower for this element, on as many CPUs"
    if cell["kind"] == "list":
        return "elements of the list are read and made one by one"
    return "not known yet: the figures of the run do not say"


def wrongs(run):
    """{(runner, workload): (cell, example)}, the first of each."""
    found = {}
    for cell in run["cells"]:
        for name, result in cell["runners"].items():
            if result.get("wrong"):
                found.setdefault((name, cell["workload"]), (cell, result["wrong"]))
    return found


def failures(run):
    found = {}
    for cell in run["cells"]:
        for name, result in cell["runners"].items():
            if result.get("failed"):
                found.setdefault((name, cell["workload"]), (cell, result["failed"]))
    return found
