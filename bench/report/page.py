"""The report as one HTML page that needs nothing else."""

import html
import statistics

from bench.report import figures, sections, svg

STYLE = """
:root{color-scheme:light dark;--back:#fff;--text:#1b1f24;--quiet:#667;--line:#d8dce2;--ours:#0b6bcb;--peer:#9aa5b1;
--wrong:#c62828}
@media (prefers-color-scheme:dark){:root{--back:#14171a;--text:#e6e8eb;--quiet:#9aa;--line:#333a42;--ours:#5aa9ff;
--peer:#66727f;--wrong:#ff7b72}}
body{background:var(--back);color:var(--text);font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;
padding:1rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem}
th,td{padding:.25rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
svg{width:100%;height:auto;max-width:40rem;font-size:12px}svg text{fill:var(--text)}
rect.peer{fill:var(--peer)}rect.ours{fill:var(--ours)}rect.wrong{fill:none;stroke:var(--wrong)}
text.wrong{text-decoration:line-through;fill:var(--wrong)}.grid{stroke:var(--line)}
.line{fill:none;stroke:currentColor;stroke-width:2}.s0{color:var(--ours)}.s1{color:var(--wrong)}.s2{color:#2e9e5b}
.s3{color:#b8860b}.quiet{color:var(--quiet);font-size:.85rem}summary{cursor:pointer;padding:.3rem 0}
"""


def table(header, rows, struck=()):
    head = "".join(f'<th scope="col">{html.escape(h)}</th>' for h in header)
    body = []
    for k, row in enumerate(rows):
        shown = [html.escape(str(x)) for x in row]
        if k in struck:
            shown[1:4] = [f"<s>{x}</s>" for x in shown[1:4]]
        body.append("<tr>" + "".join(f"<td>{x}</td>" for x in shown) + "</tr>")
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'


def cell_section(cell):
    rows = sections.cell_rows(cell)
    times = []
    for name, result in cell["runners"].items():
        if result.get("seconds"):
            median = statistics.median(result["seconds"])
            kind = "wrong" if not figures.right(result) else "ours" if figures.is_ours(name) else "peer"
            times.append((name, median, sections.seconds_text(median), kind))
    times.sort(key=lambda row: row[1])
    struck = {k for k, (_, wrong) in enumerate(rows) if wrong}
    return (
        f"<details><summary>{html.escape(figures.title(cell))}</summary>{svg.bars(times)}"
        f'<p class="quiet">{html.escape(sections.limit_text(cell))}</p>'
        f"{table(sections.COLUMNS, [r for r, _ in rows], struck)}</details>"
    )


def scaling_section(run):
    if not run.get("scaling"):
        return ""
    parts = ["<h2>Scaling</h2>"]
    for chart in run["scaling"]:
        parts.append(f"<h3>{html.escape(chart['title'])}</h3>{svg.lines(chart['series'], chart['x'], chart['y'])}")
        names = list(chart["series"])
        xs = [x for x, _ in chart["series"][names[0]]]
        values = [dict(map(tuple, chart["series"][n])) for n in names]
        rows = [(f"{x:g}", *(f"{v[x]:.3g}" if x in v else "" for v in values)) for x in xs]
        parts.append(table((chart["x"], *names), rows))
    return "".join(parts)


def write(run):
    """The page. Raises `Refused` rather than leave a mandatory section out."""
    said_losses, loss_rows = sections.losses(run)
    said_wrong, wrong_rows = sections.wrongs(run)
    said_failed, failed_rows = sections.failures(run)
    startup = [(n, sections.seconds_text(s)) for n, s in sorted(run["startup"].items(), key=lambda item: item[1])]
    left_out = f"<p>Not run, for want of time: {len(run['not_run'])} cells.</p>" if run["not_run"] else ""
    page = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/><title>gilmap: benchmarks</title>'
        f"<style>{STYLE}</style></head><body><h1>gilmap: benchmarks</h1>"
        f'<p class="quiet">{html.escape(sections.machine(run))}</p>{left_out}'
        f"<h2>Overview</h2><p>The largest size of each. Every result was compared with map's: values, types, bits.</p>"
        f"{table(sections.OVERVIEW, sections.overview(run))}"
        f"<h2>{sections.LOSSES}</h2><p>{html.escape(said_losses)}</p>"
        + (table(("cell", "quicker", "gilmap's time over it", "reason"), loss_rows) if loss_rows else "")
        + f"<h2>{sections.WRONG}</h2><p>{html.escape(said_wrong)}</p>"
        + (table(("runner", "cell", "example"), wrong_rows) if wrong_rows else "")
        + f"<h2>Failed or left out</h2><p>{html.escape(said_failed)}</p>"
        + (table(("runner", "cell", "why"), failed_rows) if failed_rows else "")
        + f"<h2>Start-up</h2>{table(('runner', 'imports and pools'), startup)}"
        + scaling_section(run)
        + f"<h2>Every cell</h2>{''.join(map(cell_section, run['cells']))}</body></html>"
    )
    sections.refuse_silence(page)
    return page
