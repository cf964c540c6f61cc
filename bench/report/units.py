"""Numbers as text."""

import math


def seconds_text(seconds):
    """Three digits and a unit; nothing for None."""
    if seconds is None:
        return ""
    for unit, factor in (("s", 1), ("ms", 1e3), ("µs", 1e6), ("ns", 1e9)):
        if seconds * factor >= 0.9995 or unit == "ns":
            return f"{digits(seconds * factor)} {unit}"
    raise AssertionError("the last unit takes all")


def digits(x):
    """Three digits, and no exponent for what is large."""
    return f"{x:,.0f}" if x >= 100 else f"{x:.3g}"


def axis_text(x, what):
    """A value on an axis or in a column of `what`; numbers of things are whole."""
    if what == "seconds":
        return seconds_text(x)
    exponent = round(math.log10(x)) if x > 0 else 0
    return f"10^{exponent}" if x == 10**exponent and exponent > 3 else digits(x)
