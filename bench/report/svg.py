"""Charts as inline SVG that take their colors from the page's style.

They are as wide as a phone: drawn there in about their own size, their text can be read.
"""

import html
import math

from bench.report.units import axis_text

WIDTH, ROW, LEFT, RIGHT = 340, 22, 165, 62


def bars(rows):
    """Horizontal bars on a logarithmic scale: (label, value, text, class)."""
    rows = [r for r in rows if r[1]]
    if not rows:
        return ""
    low = math.log10(min(r[1] for r in rows)) - 0.3
    high = max(math.log10(max(r[1] for r in rows)), low + 1)
    room = WIDTH - LEFT - RIGHT
    parts = []
    for k, (label, value, text, kind) in enumerate(rows):
        y, width = k * ROW, max(2.0, room * (math.log10(value) - low) / (high - low))
        parts.append(
            f'<text x="{LEFT - 6}" y="{y + 14}" text-anchor="end">{html.escape(label)}</text>'
            f'<rect class="{kind}" x="{LEFT}" y="{y + 3}" width="{width:.1f}" height="{ROW - 6}"/>'
            f'<text class="{kind}" x="{LEFT + width + 4:.1f}" y="{y + 14}">{html.escape(text)}</text>'
        )
    box = f"0 0 {WIDTH} {len(rows) * ROW + 4}"
    return f'<svg viewBox="{box}" role="img" aria-label="times, logarithmic">{"".join(parts)}</svg>'


HEIGHT, AXIS = 300, 58  # of a chart of lines: its height, and the room left of it
LINE = 18  # of the names below it


def ticks(low, high):
    """Values for an axis from low to high: powers of ten; where there are not two, steps between them as well."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1,), (1, 2, 5), range(1, 10)):
        found = [s * 10.0**e for e in decades for s in steps]
        found = [v for v in found if low * 0.999 <= v <= high * 1.001]
        if len(found) >= 2:
            return found
    return [low, high]


def lines(series, x_name, y_name):
    """Lines over logarithmic axes: {name: [(x, y)]}; names stand below. An x of 0 stands left of the rest."""
    series = {name: [(x, y) for x, y in line if x >= 0 and y > 0] for name, line in series.items()}
    points = [point for line in series.values() for point in line]
    positive = [x for x, _ in points if x > 0]
    if len(points) < 2 or not positive:
        return ""
    zero = min(positive) / 3
    x_low = zero if len(positive) < len(points) else min(positive)
    x_high = max(max(positive), 1.1 * x_low)
    y_low = min(y for _, y in points)
    y_high = max(max(y for _, y in points), 1.1 * y_low)
    right_end = WIDTH - 22

    def place(x, y):
        right, up = (
            math.log((x or zero) / x_low) / math.log(x_high / x_low),
            math.log(y / y_low) / math.log(y_high / y_low),
        )
        return AXIS + (right_end - AXIS) * right, 24 + (HEIGHT - 70) * (1 - up)

    parts = []
    for y in ticks(y_low, y_high):
        at = place(x_high, y)[1]
        parts.append(f'<path class="grid" d="M{AXIS} {at:.1f}H{right_end}"/>')
        parts.append(f'<text x="{AXIS - 4}" y="{at + 4:.1f}" text-anchor="end">{axis_text(y, y_name)}</text>')
    last = -math.inf
    for x in [0] * (x_low == zero) + ticks(min(positive), x_high):
        at, text = place(x, y_low)[0], axis_text(x, x_name)
        if at - last >= 8 * len(text):  # else names would lie upon each other
            parts.append(f'<text x="{at:.1f}" y="{HEIGHT - 26}" text-anchor="middle">{text}</text>')
            last = at + 4 * len(text)
    for k, (name, line) in enumerate((name, line) for name, line in series.items() if line):
        path = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in (place(x, y) for x, y in line))
        at = HEIGHT + LINE * k
        parts.append(f'<path class="line s{k % 4}" d="{path}"/><path class="line s{k % 4}" d="M8 {at + 6}h20"/>')
        parts.append(f'<text class="s{k % 4}" x="34" y="{at + 11:.1f}">{html.escape(name)}</text>')
    height = HEIGHT + LINE * sum(map(bool, series.values()))
    parts.append(f'<text x="{(WIDTH + AXIS) // 2}" y="{HEIGHT - 8}" text-anchor="middle">{html.escape(x_name)}</text>')
    parts.append(f'<text x="4" y="12">{html.escape(y_name)}</text>')
    label = html.escape(f"{y_name} against {x_name}, both logarithmic")
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
