"""Whether two medians differ, or what is between them may be noise.

For two runners of one run that is asked of the order of their repeats, of which nothing need be known: the exact rank
sum test (Wilcoxon, Biometrics Bulletin 1945; Mann and Whitney 1947) counts in how many of all ways to part the repeats
in two groups the groups are as far apart as here. Where both have the same distribution, it says that they differ once
in twenty times at most. Apart from that, a difference must be larger than the microseconds by which the wake-up of a
thread wavers.

`student` is the tail of Student's distribution, for comparisons that also have the noise between runs.
"""

import math
import statistics

from bench.report.units import seconds_text

ALPHA = 0.05
WAVERS = 3e-6  # seconds


def spread(seconds):
    """Half the distance of the quartiles over the median."""
    if len(seconds) < 2:
        return 0.0
    low, _, high = statistics.quantiles(seconds, n=4, method="inclusive")
    return (high - low) / 2 / statistics.median(seconds)


def rank_sum(a, b):
    """The probability, both sides, that ranks part so far from the middle by chance; ties have their mean rank."""
    values = sorted([*a, *b])
    ranks = {}  # doubled, so that they are whole
    for k, value in enumerate(values):
        ranks.setdefault(value, []).append(2 * (k + 1))
    ranks = {value: sum(of) // len(of) for value, of in ranks.items()}
    ways = [{0: 1}] + [{} for _ in a]  # ways[n][s]: how often n of the values have ranks of the sum s
    for value in values:
        for n in range(len(a), 0, -1):
            for total, count in ways[n - 1].items():
                total += ranks[value]
                ways[n][total] = ways[n].get(total, 0) + count
    middle = len(a) * (len(values) + 1)
    far = abs(sum(ranks[x] for x in a) - middle)
    as_far = sum(count for total, count in ways[len(a)].items() if abs(total - middle) >= far)
    return as_far / math.comb(len(values), len(a))


def student(t, freedom):
    """The probability, both sides, beyond t. With t = √freedom tan(θ) it is the integral of cos(θ)^(freedom - 1)."""
    steps = 2000
    begin = math.atan2(abs(t), math.sqrt(freedom))
    width = (math.pi / 2 - begin) / steps
    points = (max(0.0, math.cos(begin + k * width)) ** (freedom - 1) for k in range(steps + 1))
    area = sum(y * (1 if k in (0, steps) else 4 if k % 2 else 2) for k, y in enumerate(points)) * width / 3
    whole = math.sqrt(math.pi) * math.exp(math.lgamma(freedom / 2) - math.lgamma((freedom + 1) / 2)) / 2
    return min(1.0, area / whole)


def doubt(ours, theirs):
    """None where the medians differ for certain, else a remark on why that is not so."""
    gap = abs(statistics.median(ours) - statistics.median(theirs))
    if 2 / math.comb(len(ours) + len(theirs), len(ours)) > ALPHA:  # no order of so few would tell
        return f"may be noise: {min(len(ours), len(theirs))} repeats only"
    if rank_sum(ours, theirs) > ALPHA:
        return f"may be noise: {seconds_text(gap)} apart, repeats overlap"
    if gap <= WAVERS:
        return f"may be noise: {seconds_text(gap)} apart"
    return None
