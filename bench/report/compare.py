"""Whether a run is quicker or slower than an older one, with a verdict that knows the noise.

A median is as sure as the spread of its repeats. The ratio of two medians counts as a change only where it goes beyond
the sum of both spreads, doubled, and beyond 5 %. Spreads say nothing of what slows a whole run, such as a busy
neighbour: `drift`, the median ratio of map itself, which no change of ours moves, is taken out first.
"""

import statistics

from bench.report.figures import MARGIN, median_of
from bench.report.noise import spread


def _key(cell):
    return cell["workload"], cell["kind"], cell["size"]


def drift(old, new):
    """Time of map now over then; 1 where the runs share no cell with map."""
    before = {_key(c): median_of(c, "map") for c in old["cells"]}
    ratios = [
        median_of(c, "map") / before[_key(c)] for c in new["cells"] if before.get(_key(c)) and median_of(c, "map")
    ]
    return statistics.median(ratios) if ratios else 1.0


def compare(old, new, name="gilmap"):
    """Rows (cell's key, ratio of times new over old without the drift, tolerance, verdict)."""
    before = {_key(c): c for c in old["cells"]}
    shift = drift(old, new)
    rows = []
    for cell in new["cells"]:
        then = before.get(_key(cell))
        if then is None or name not in then["runners"] or name not in cell["runners"]:
            continue
        a, b = median_of(then, name), median_of(cell, name)
        if a is None or b is None:
            if (a is None) != (b is None):
                rows.append((_key(cell), None, None, "no longer right" if b is None else "right now"))
            continue
        ratio = b / a / shift
        noise = 2 * (spread(then["runners"][name]["seconds"]) + spread(cell["runners"][name]["seconds"]))
        tolerance = max(MARGIN, 1 + noise)
        verdict = "slower" if ratio > tolerance else "faster" if ratio < 1 / tolerance else "same"
        rows.append((_key(cell), ratio, tolerance, verdict))
    return rows


def text(old, new):
    rows = compare(old, new)
    lines = [f"map itself: {drift(old, new):.2f} times the old time, which is taken out below"]
    if old["machine"]["cpu"] != new["machine"]["cpu"]:
        lines.append(f"not the same CPU: {old['machine']['cpu']}, now {new['machine']['cpu']}")
    for (workload, kind, size), ratio, tolerance, verdict in rows:
        figure = "" if ratio is None else f"{ratio:6.2f} (noise up to {tolerance:.2f})"
        lines.append(f"{workload + ', ' + kind + ', ' + str(size):<44}{figure}  {verdict}")
    counts = {v: sum(r[3] == v for r in rows) for v in ("faster", "same", "slower", "no longer right", "right now")}
    lines.append("verdict: " + ", ".join(f"{n} {v}" for v, n in counts.items() if n or v in ("faster", "slower")))
    return "\n".join(lines), bool(counts["slower"] or counts["no longer right"])
