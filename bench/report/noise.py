"""Whether two medians differ, or what is between them may be noise.

The standard error of a median of n values is 1.25 σ / √n. σ is estimated from the quartiles, which a single disturbed
repeat does not move. Two medians differ if they are further apart than 2.3 of their common standard errors (95 % of
Student's distribution with five repeats each) and than the microseconds by which the wake-up of a thread wavers. Fewer
repeats tell nothing.
"""

import math
import statistics

from bench.report.units import seconds_text

LEAST_REPEATS = 5
ERRORS = 2.3
WAVERS = 3e-6  # seconds


def spread(seconds):
    """Half the distance of the quartiles over the median."""
    if len(seconds) < 2:
        return 0.0
    low, _, high = statistics.quantiles(seconds, n=4, method="inclusive")
    return (high - low) / 2 / statistics.median(seconds)


def standard_error(seconds):
    """Of the median, in seconds."""
    sigma = spread(seconds) * statistics.median(seconds) / 0.6745
    return 1.2533 * sigma / math.sqrt(len(seconds))


def doubt(ours, theirs):
    """None where the medians differ, else why that is not certain."""
    repeats = min(len(ours), len(theirs))
    if repeats < LEAST_REPEATS:
        return f"not certain: {repeats} repeats only"
    gap = abs(statistics.median(ours) - statistics.median(theirs))
    error = math.hypot(standard_error(ours), standard_error(theirs))
    if gap <= ERRORS * error:
        return f"within the noise: {seconds_text(gap)} apart, ± {seconds_text(ERRORS * error)}"
    if gap <= WAVERS:
        return f"within the noise: {seconds_text(gap)} apart"
    return None
