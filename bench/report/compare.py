"""Whether a run is quicker or slower than an older one, with a verdict that knows the noise.

A cell's change is the logarithm of the ratio of its two medians, without the drift of the machine: the median ratio of
map itself, which no change of ours moves. Where the peers say another drift, of which there are more, theirs is taken.
A change is held against the noise of both runs: the spread of the repeats in each (Welch's test, Biometrika 1947), and
what differs from run to run though nothing has changed. The latter is seen in map and the peers, which are the same in
both: the scatter of their ratios. Without them it is not known, and only repeats that do not overlap make a verdict.
A run has a hundred cells, of which five would look changed by chance; so the verdicts are chosen after Benjamini and
Hochberg (J. R. Stat. Soc. B 1995), by which of all runs without a change one in twenty has any. A change below 5 % is
none, and a single repeat gives no verdict.
"""

import math
import statistics

from bench.report.figures import MARGIN, is_ours, median_of, own_wrongs, title
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
    """(how many times the old time what is not ours takes now, a sentence on it)."""
    plain = _ratios(old, new, lambda name: name == "map")
    peers = _ratios(old, new, _is_peer)
    middle = {"map": statistics.median(plain or [1.0]), "peers": statistics.median(peers or [1.0])}
    if not plain and not peers:
        return 1.0, "neither map nor a peer is in both runs: a machine that became slower looks like a slower gilmap"
    if not plain:
        return middle[
            "peers"
        ], f"no map is in both runs; the peers take {middle['peers']:.2f} times the old time, " + OUT
    if len(peers) >= FEW and not _agree(plain, peers):
        return middle["peers"], (
            f"map takes {middle['map']:.2f} times the old time, but the peers {middle['peers']:.2f}: not the machine "
            "alone has changed. Below, what the peers say is taken out"
        )
    others = f" (and the peers {middle['peers']:.2f})" if peers else ""
    return middle["map"], f"map itself: {middle['map']:.2f} times the old time{others}, " + OUT


OUT = "which is taken out below"
FEW = 3  # ratios that tell nothing


def _is_peer(name):
    return not is_ours(name) and name != "map"


def _agree(one, other):
    """Whether two medians of ratios differ by less than a tenth, or than three of their standard errors."""
    logs = [[math.log(ratio) for ratio in ratios] for ratios in (one, other)]
    error = math.hypot(*(1.2533 * _scatter(x) / math.sqrt(len(x)) for x in logs))  # of medians, of normal values
    return abs(statistics.median(logs[0]) - statistics.median(logs[1])) <= max(math.log(1.1), 3 * error)


def _scatter(logs):
    """Standard deviation by the median deviation, since some peer may have changed after all."""
    middle = statistics.median(logs)
    return 1.4826 * statistics.median(abs(x - middle) for x in logs)


def between_runs(old, new):
    """(standard deviation of the logarithm of a ratio without a change, how many ratios tell it)."""
    kinds = [_ratios(old, new, counts) for counts in (_is_peer, lambda name: name == "map")]
    # Each about its own middle: where they drift apart, that is not noise of single cells.
    logs = [math.log(ratio / statistics.median(ratios)) for ratios in kinds if ratios for ratio in ratios]
    return (_scatter(logs), len(logs)) if len(logs) >= FEW else (0.0, 0)


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
    (shift, _), between = drift(old, new), between_runs(old, new)
    rows, tested, apart = [], [], {}
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
        before, now = ([x * k for x in t] for t, k in zip(times, (shift, 1.0), strict=True))
        apart[len(rows)] = min(now) > max(before) or max(now) < min(before)
        rows.append((key, ratio, math.exp(2 * error), "same"))
    chosen = _not_by_chance(tested)
    for p, k in tested:
        key, ratio, noise, _ = rows[k]
        if max(ratio, 1 / ratio) > MARGIN and p <= ALPHA:
            verdict = "slower" if ratio > 1 else "faster"
            if not between[1] and not apart[k]:
                rows[k] = key, ratio, noise, "within the spread of the repeats"
                continue
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


def _others(old, new):
    """What else is not the same, as texts."""
    machines = old["machine"], new["machine"]
    pairs = [
        (what, *(m.get(key) for m in machines))
        for key, what in (("cpu", "CPU"), ("cpus", "CPUs"), ("python", "Python"))
    ]
    versions = [m.get("versions", {}) for m in machines]
    pairs += [(name, *(v.get(name) for v in versions)) for name in sorted({*versions[0], *versions[1]})]
    return [f"{what} was {a or 'not there'}, is {b or 'not there'}" for what, a, b in pairs if a != b]


def text(old, new):
    """What there is to say, and whether it is bad: something is slower, wrong or missing, or nothing is compared."""
    rows, shared = compare(old, new), len(_shared(old, new))
    between, known = between_runs(old, new)
    lines = [f"{shared} cells are in both runs, of {len(old['cells'])} then and {len(new['cells'])} now"]
    if shared:
        lines.append(drift(old, new)[1])
        lines.append(
            f"times of map and peers differ between the runs by {math.expm1(between):.0%} (standard deviation)"
            if known
            else "map and peers are in too few cells to tell the noise between runs: what is within the spread of the "
            "repeats has no verdict, and any verdict may be such noise"
        )
    if others := _others(old, new):
        lines.append("not the same: " + "; ".join(others))
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
    before = {(_key(cell), name) for cell, name in own_wrongs(old)}
    wrong = [(c, name) for c, name in own_wrongs(new) if name != "gilmap" and (_key(c), name) not in before]
    lines += [f"{name} is wrong, and was not: {title(cell)}" for cell, name in wrong]
    return "\n".join(lines), absent or not shared or bool(wrong) or any(v in BAD for v in said)
