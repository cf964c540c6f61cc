"""The report as one HTML page that needs nothing else."""

import html
import re
import statistics

from bench.report import figures, sections, svg
from bench.report.units import seconds_text

STYLE = """
:root{color-scheme:light dark;--back:#fff;--text:#1b1f24;--quiet:#667;--line:#d8dce2;--ours:#0b6bcb;--peer:#9aa5b1;
--wrong:#c62828}
@media (prefers-color-scheme:dark){:root{--back:#14171a;--text:#e6e8eb;--quiet:#9aa;--line:#333a42;--ours:#5aa9ff;
--peer:#66727f;--wrong:#ff7b72}}
body{background:var(--back);color:var(--text);font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;
padding:1rem;overflow-wrap:anywhere}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;overflow-wrap:normal}
th,td{padding:.25rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
.scroll th:first-child,.scroll td:first-child{position:sticky;left:0;background:var(--back);min-width:6.5rem;
max-width:9.5rem;padding-left:0}.overview td:first-child{white-space:nowrap}
.overview td:first-child wbr{display:none}
svg{display:block;width:100%;height:auto;max-width:28rem;font-size:13px}svg text{fill:var(--text)}
rect.peer{fill:var(--peer)}rect.ours{fill:var(--ours)}rect.wrong{fill:none;stroke:var(--wrong)}
text.wrong{text-decoration:line-through;fill:var(--wrong)}.grid{stroke:var(--line)}
svg text.s0,svg text.s1,svg text.s2,svg text.s3{fill:currentColor}
.line{fill:none;stroke:currentColor;stroke-width:2}.s0{color:var(--ours)}.s1{color:var(--wrong)}.s2{color:#2e9e5b}
.s3{color:#b8860b}.quiet{color:var(--quiet);font-size:.85rem}summary{cursor:pointer;padding:.3rem 0}
.warning{border-left:.3rem solid var(--wrong);padding-left:.6rem}
@media (max-width:40rem){.text thead{display:none}.text tr{display:block;border-bottom:1px solid var(--line)}
.text th,.text td{display:block;border:0;padding:.1rem 0;overflow-wrap:anywhere}.text td:empty{display:none}
.text td:first-child{font-weight:600}.text td::before{content:attr(data-of) ": ";color:var(--quiet)}
.text td:first-child::before{content:none}
body{padding:.5rem}.scroll td:first-child{max-width:8rem}.scroll th,.scroll td{padding:.25rem .2rem;font-size:.75rem}
.overview td:first-child{white-space:normal}.overview td:first-child wbr{display:inline}
.overview td:last-child{min-width:11rem}
.overview th:nth-child(2),.overview td:nth-child(2),.overview th:nth-child(3),.overview td:nth-child(3){display:none}
.overview td:first-child::after{content:attr(data-under);display:block;color:var(--quiet)}}
"""


def broken(text):
    """A name with places where a line may end: between its words, not within them."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[._])(?=[A-Za-z])", "<wbr/>", html.escape(text))


def table(header, rows, struck=(), text=False, overview=False):
    """text: sentences are in it, so that on a phone a row is a paragraph and nothing is out of sight.

    overview: on a phone container and size stand below the workload, and what matters most needs no scrolling.
    """
    head = "".join(f'<th scope="col">{html.escape(h)}</th>' for h in header)
    body = []
    for k, row in enumerate(rows):
        shown = [(html.escape if text else broken)(str(x)) for x in row]
        if k in struck:
            shown[1:4] = [f"<s>{x}</s>" if x else "" for x in shown[1:4]]
        names = [f' data-of="{html.escape(h)}"' if text else "" for h in header]
        if overview:
            names[0] = f' data-under="{html.escape(f"{row[1]}, {row[2]}")}"'
            shown = [re.sub(r"(?<=\d) (?=[mµn]?s\b|[†‡])|(?<=s) (?=†)", "&nbsp;", x) for x in shown]
        body.append("<tr>" + "".join(f"<td{name}>{x}</td>" for name, x in zip(names, shown)) + "</tr>")
    box = "text" if text else "scroll overview" if overview else "scroll"
    return f'<div class="{box}"><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'


def cell_section(run, cell):
    rows, without = sections.cell_rows(cell, run["startup"])
    times = []
    for name, result in cell["runners"].items():
        if result.get("seconds"):
            median = statistics.median(result["seconds"])
            kind = "wrong" if not figures.right(result) else "ours" if figures.is_ours(name) else "peer"
            times.append((name, median, seconds_text(median), kind))
    times.sort(key=lambda row: row[1])
    struck = {k for k, (_, wrong) in enumerate(rows) if wrong}
    said = sections.without_text(without)
    return (
        f"<details><summary>{html.escape(figures.title(cell))}</summary>{svg.bars(times)}"
        f'<p class="quiet">{html.escape(sections.cell_text(run, cell))}</p>'
        f"{table(sections.COLUMNS, [r for r, _ in rows], struck)}"
        + (f'<p class="quiet">Without a time: {html.escape(said)}.</p>' if said else "")
        + "</details>"
    )


def scaling_section(run):
    parts = []
    for chart, header, rows, said in sections.scaling(run):
        parts.append(f"<h3>{html.escape(chart['title'])}</h3>{svg.lines(chart['series'], chart['x'], chart['y'])}")
        parts.append(table(header, rows) + _said(said))
    return "<h2>Scaling</h2>" + "".join(parts) if parts else ""


def _said(text):
    return f"<p>{html.escape(text)}</p>" if text else ""


def section(title, said, header, rows, **kind):
    return f"<h2>{html.escape(title)}</h2>{_said(said)}" + (table(header, rows, **kind) if rows else "")


def write(run):
    """The page. Raises `Refused` rather than leave a mandatory section out."""
    sections.refuse_nothing(run)
    load = sections.load_text(run)
    startup = [(n, seconds_text(s)) for n, s in sorted(run["startup"].items(), key=lambda item: item[1])]
    other = sections.other_sizes(run)
    said_losses, losses = sections.losses(run)
    said_choices, choices = sections.choices(run)
    said_wrong, wrongs = sections.wrongs(run)
    said_failed, failures = sections.failures(run)
    parts = [
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"/>',
        '<meta name="viewport" content="width=device-width, initial-scale=1"/><title>gilmap: benchmarks</title>',
        f"<style>{STYLE}</style></head><body><h1>gilmap: benchmarks</h1>",
        f'<p class="quiet">{html.escape(sections.machine(run))}</p>',
        f'<p class="warning">{html.escape(load)}</p>' if load else "",
        _said(sections.not_run(run)),
        section("Overview", sections.OVERVIEW_TEXT, sections.OVERVIEW, sections.overview(run), overview=True),
        section(sections.LOSSES, said_losses, sections.LOSS_COLUMNS, losses, text=True),
        section(sections.CHOICES, said_choices, sections.CHOICE_COLUMNS, choices, text=True),
        section(sections.WRONG, said_wrong, sections.WRONG_COLUMNS, wrongs, text=True),
        section("Failed or left out", said_failed, ("runner", "cell", "why"), failures, text=True),
        section("Start-up", "Imports, pools, and the compile of C++.", ("runner", "seconds"), startup),
        scaling_section(run),
        section("Other sizes", "", sections.OVERVIEW, other, overview=True) if other else "",
        f"<h2>Every cell</h2>{_said(sections.EVERY_TEXT)}",
        *(cell_section(run, cell) for cells in sections.by_workload(run).values() for cell in cells),
        "</body></html>",
    ]
    page = "".join(parts)
    sections.refuse_silence(page, run)
    return page
