"""Charts as inline SVG that take their colours from the page's style."""

import html
import math

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


def lines(series, x_name, y_name):
    """Lines over logarithmic axes: {name: [(x, y)]}; names stand at their ends."""
    points = [(x, y) for line in series.values() for x, y in line if x > 0 and y > 0]
    if len(points) < 2:
        return ""
    height = 300
    xs, ys = [math.log10(x) for x, _ in points], [math.log10(y) for _, y in points]
    x0, x1, y0, y1 = min(xs), max(max(xs), min(xs) + 0.1), min(ys), max(max(ys), min(ys) + 0.1)

    def place(x, y):
        px = 70 + (WIDTH - 190) * (math.log10(x) - x0) / (x1 - x0)
        return px, 20 + (height - 60) * (1 - (math.log10(y) - y0) / (y1 - y0))

    parts = []
    for e in range(math.ceil(y0), math.floor(y1) + 1):
        _, py = place(10**x0, 10.0**e)
        parts.append(f'<path class="grid" d="M70 {py:.1f}H{WIDTH - 120}"/><text x="4" y="{py + 4:.1f}">10^{e}</text>')
    for e in range(math.ceil(x0), math.floor(x1) + 1):
        px, _ = place(10.0**e, 10**y0)
        parts.append(f'<text x="{px:.1f}" y="{height - 20}" text-anchor="middle">10^{e}</text>')
    for k, (name, line) in enumerate(series.items()):
        at = [place(x, y) for x, y in line if x > 0 and y > 0]
        if at:
            path = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in at)
            parts.append(f'<path class="line s{k % 4}" d="{path}"/>')
            parts.append(
                f'<text class="s{k % 4}" x="{at[-1][0] + 5:.1f}" y="{at[-1][1] + 4:.1f}">{html.escape(name)}</text>'
            )
    parts.append(f'<text x="{WIDTH // 2}" y="{height - 4}" text-anchor="middle">{html.escape(x_name)}</text>')
    parts.append(f'<text x="4" y="12">{html.escape(y_name)}</text>')
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{html.escape(y_name)}">{"".join(parts)}</svg>'
