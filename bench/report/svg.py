"""Charts as inline SVG that take their colours from the page's style."""

import html
import math

from bench.report.units import axis_text

WIDTH, ROW, LEFT, RIGHT = 640, 20, 170, 90


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


HEIGHT, AXIS, NAMES = 300, 70, 180  # of a chart of lines: its height, and the room left and right of it
LINE = 13  # between two names


def ticks(low, high):
    """Values for an axis from low to high: powers of ten; where there are not two, steps between them as well."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1,), (1, 2, 5), range(1, 10)):
        found = [s * 10.0**e for e in decades for s in steps]
        found = [v for v in found if low * 0.999 <= v <= high * 1.001]
        if len(found) >= 2:
            return found
    return [low, high]


def _apart(ys):
    """Heights at which names do not lie upon each other, near to those they belong to."""
    order = sorted(range(len(ys)), key=lambda k: ys[k])
    placed, last = list(ys), -math.inf
    for k in order:
        placed[k] = last = max(ys[k], last + LINE)
    return placed


def lines(series, x_name, y_name):
    """Lines over logarithmic axes: {name: [(x, y)]}; names stand at their ends."""
    series = {name: [(x, y) for x, y in line if x > 0 and y > 0] for name, line in series.items()}
    points = [point for line in series.values() for point in line]
    if len(points) < 2:
        return ""
    x_low, x_high = min(x for x, _ in points), max(x for x, _ in points)
    y_low, y_high = min(y for _, y in points), max(y for _, y in points)
    x_high, y_high = max(x_high, 1.1 * x_low), max(y_high, 1.1 * y_low)

    def place(x, y):
        right, up = math.log(x / x_low) / math.log(x_high / x_low), math.log(y / y_low) / math.log(y_high / y_low)
        return AXIS + (WIDTH - AXIS - NAMES) * right, 20 + (HEIGHT - 60) * (1 - up)

    parts = []
    for y in ticks(y_low, y_high):
        at = place(x_low, y)[1]
        parts.append(f'<path class="grid" d="M{AXIS} {at:.1f}H{WIDTH - NAMES}"/>')
        parts.append(f'<text x="4" y="{at + 4:.1f}">{axis_text(y, y_name)}</text>')
    for x in ticks(x_low, x_high):
        parts.append(
            f'<text x="{place(x, y_low)[0]:.1f}" y="{HEIGHT - 20}" text-anchor="middle">{axis_text(x, x_name)}</text>'
        )
    drawn = [(name, [place(x, y) for x, y in line]) for name, line in series.items() if line]
    names = _apart([at[-1][1] for _, at in drawn])
    for k, ((name, at), height) in enumerate(zip(drawn, names)):
        path = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in at)
        parts.append(f'<path class="line s{k % 4}" d="{path}"/>')
        parts.append(f'<text class="s{k % 4}" x="{at[-1][0] + 6:.1f}" y="{height + 4:.1f}">{html.escape(name)}</text>')
    parts.append(f'<text x="{(WIDTH - NAMES) // 2}" y="{HEIGHT - 4}" text-anchor="middle">{html.escape(x_name)}</text>')
    parts.append(f'<text x="4" y="10">{html.escape(y_name)}</text>')
    label = html.escape(f"{y_name} against {x_name}, both logarithmic")
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
