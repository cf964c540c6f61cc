"""Whether a run is quicker or slower than an older one, with a verdict that knows the noise.

A cell's change is the logarithm of the ratio of its two medians, without `drift`: the median ratio of map itself, which
no change of ours moves. It is held against the noise of both runs: the spread of the repeats in each (Welch's test,
Biometrika 1947), and what differs from run to run though nothing has changed. The latter is seen in the peers, which
are the same in both: the scatter of their ratios. A run has a hundred cells, of which five would look changed by
chance; so the verdicts are chosen after Benjamini and Hochberg (J. R. Stat. Soc. B 1995), by which of all runs without
a change one in twenty has any. A change below 5 % is none, and a single repeat gives no verdict.
"""

import math
import statistics

from bench.report.figures import MARGIN, is_ours, median_of
from bench.report.noise import ALPHA, student

BAD = ("slower", "no longer right", "missing")


def _key(cell):
    return cell["workload"], cell["kind"], cell["size"]


def _shared(old, new):
    before = {_key(c): c for c in old["cells"]}
    return [(before[_key(c)], c) for c in new["cells"] if _key(c) in before]


def _ratios(old, new, counts):
    """Time now over then of the runners for which counts(name), where both answered right."""
    pairs = ((a, b, name) for a, b in _shared(old, new) for name in b["runners"] if counts(name))
    times = ((median_of(a, name), median_of(b, name)) for a, b, name in pairs)
    return [now / then for then, now in times if then and now]


def drift(old, new):
    """Time of map now over then; 1 where the runs share no cell with map."""
    ratios = _ratios(old, new, lambda name: name == "map")
    return statistics.median(ratios) if ratios else 1.0


def between_runs(old, new):
    """(standard deviation of the logarithm of a ratio without a change, how many ratios tell it)."""
    logs = [math.log(ratio) for ratio in _ratios(old, new, lambda name: not is_ours(name))]
    if len(logs) < 3:
        return 0.0, 0
    middle = statistics.median(logs)
    # The median deviation, since some peer may have changed after all.
    return 1.4826 * statistics.median(abs(x - middle) for x in logs), len(logs)


def _error(then, now, between):
    """Standard error of the logarithm of a ratio and its degrees of freedom (Welch and Satterthwaite)."""
    parts = [(statistics.variance(map(math.log, s)) / len(s), len(s) - 1) for s in (then, now)]
    if between[1]:
        parts.append((between[0] ** 2, between[1] - 1))
    total = sum(variance for variance, _ in parts)
    weights = sum(variance**2 / freedom for variance, freedom in parts)
    return math.sqrt(total), total**2 / weights if weights else 1.0


def compare(old, new, name="gilmap"):
    """Rows (cell's key, ratio of times new over old without the drift, its noise, verdict)."""
    shift, between = drift(old, new), between_runs(old, new)
    rows, tested = [], []
    for then, cell in _shared(old, new):
        key, a, b = _key(cell), median_of(then, name), median_of(cell, name)
        if a is None or b is None:
            if a is not None:
                rows.append((key, None, None, "no longer right" if name in cell["runners"] else "missing"))
            elif b is not None:
                rows.append((key, None, None, "right now"))
            continue
        ratio, times = b / a / shift, (then["runners"][name]["seconds"], cell["runners"][name]["seconds"])
        if min(map(len, times)) < 2:
            rows.append((key, ratio, None, "no verdict: one repeat"))
            continue
        error, freedom = _error(*times, between)
        p = student(math.log(ratio) / error, freedom) if error else float(ratio == 1)
        tested.append((p, len(rows)))
        rows.append((key, ratio, math.exp(2 * error), "same"))
    chosen = _not_by_chance(tested)
    for p, k in tested:
        key, ratio, noise, _ = rows[k]
        if max(ratio, 1 / ratio) > MARGIN and p <= ALPHA:
            verdict = "slower" if ratio > 1 else "faster"
            rows[k] = key, ratio, noise, verdict if k in chosen else f"perhaps {verdict}"
    there = {_key(cell) for cell in new["cells"]}
    wanted = new.get("workloads")  # the others were not asked for
    gone = [c for c in old["cells"] if _key(c) not in there and (wanted is None or c["workload"] in wanted)]
    return rows + [(_key(cell), None, None, "missing") for cell in gone if median_of(cell, name)]


def _not_by_chance(tested):
    """Of (probability, number), the numbers that are chosen: at most one in twenty of them is wrong."""
    ordered = sorted(tested)
    ranks = [rank for rank, (p, _) in enumerate(ordered, start=1) if p <= ALPHA * rank / len(ordered)]
    return {k for _, k in ordered[: max(ranks, default=0)]}


def text(old, new):
    """What there is to say, and whether it is bad: something is slower, wrong or missing, or nothing is compared."""
    rows, shared = compare(old, new), len(_shared(old, new))
    between, known = between_runs(old, new)
    lines = [
        f"{shared} cells are in both runs, of {len(old['cells'])} then and {len(new['cells'])} now",
        f"map itself: {drift(old, new):.2f} times the old time, which is taken out below",
    ]
    if known:
        lines.append(f"times of peers differ between the runs by {math.expm1(between):.0%} (standard deviation)")
    if old["machine"]["cpu"] != new["machine"]["cpu"]:
        lines.append(f"not the same CPU: {old['machine']['cpu']}, now {new['machine']['cpu']}")
    for (workload, kind, size), ratio, noise, verdict in rows:
        figure = "" if ratio is None else f"{ratio:6.2f}" + (f" (noise up to {noise:.2f})" if noise else "")
        lines.append(f"{workload + ', ' + kind + ', ' + str(size):<44}{figure}  {verdict}")
    said = [row[3] for row in rows]
    counts = {v: said.count(v) for v in dict.fromkeys(("faster", "slower", *said))}
    lines.append("verdict: " + ", ".join(f"{n} {v}" for v, n in counts.items()))
    if not shared:
        lines.append("the runs have no cell in common: nothing is compared")
    absent = not any(median_of(cell, "gilmap") for cell in new["cells"])
    if absent:
        lines.append("the new run has no right result of gilmap")
    return "\n".join(lines), absent or not shared or any(v in BAD for v in said)
