"""Numbers that all parts of the report take from a run."""

import statistics

from bench.machine import BUSY

MARGIN = 1.05  # a loss is a right-answering runner that is quicker by more than this


def right(result):
    return bool(result.get("seconds")) and not result.get("wrong") and not result.get("failed")


def median_of(cell, name):
    """Seconds of a runner that answered right, else None."""
    result = cell["runners"].get(name, {})
    return statistics.median(result["seconds"]) if right(result) else None


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
    """(cell, peer, gilmap's time over the peer's), the largest first."""
    found = []
    for cell in run["cells"]:
        ours = median_of(cell, "gilmap")
        for name in cell["runners"]:
            theirs = median_of(cell, name)
            if ours and theirs and not is_ours(name) and ours > MARGIN * theirs:
                found.append((cell, name, ours / theirs))
    return sorted(found, key=lambda loss: -loss[2])


def choices(run):
    """(cell, best forced backend, time of gilmap's own choice over it), the largest first."""
    found = []
    for cell in run["cells"]:
        ours = median_of(cell, "gilmap")
        forced = {n: s for n in cell["runners"] if is_ours(n) and n != "gilmap" and (s := median_of(cell, n))}
        if ours and forced:
            name = min(forced, key=forced.get)
            found.append((cell, name, ours / forced[name]))
    return sorted(found, key=lambda choice: -choice[2])


def no_answers(run):
    """Cells in which gilmap has no right result: worse than a loss."""
    return [cell for cell in run["cells"] if median_of(cell, "gilmap") is None]


def _firsts(run, key):
    """{(runner, workload): (cell, text)}, the first of each."""
    found = {}
    for cell in run["cells"]:
        for name, result in cell["runners"].items():
            if result.get(key):
                found.setdefault((name, cell["workload"]), (cell, result[key]))
    return found


def wrongs(run):
    return _firsts(run, "wrong")


def judged(run, name, workload):
    """In how many cells of a workload a runner's results were wrong, and in how many right."""
    results = [cell["runners"].get(name, {}) for cell in run["cells"] if cell["workload"] == workload]
    return sum(bool(result.get("wrong")) for result in results), sum(map(right, results))


def own_wrongs(run):
    """(cell, name) of every wrong result of gilmap, by itself or with a forced backend."""
    return [(c, name) for c in run["cells"] for name, r in c["runners"].items() if is_ours(name) and r.get("wrong")]


def failures(run):
    return _firsts(run, "failed")


def high_load(run):
    """How many cells were measured while others used more than `machine.BUSY` of the CPUs, and the highest share."""
    shares = [share for c in run["cells"] if (share := c.get("before", {}).get("busy")) is not None]
    return sum(share > BUSY for share in shares), max(shares, default=0.0)
