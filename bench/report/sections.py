"""The sections of the report as plain data, from which the page and the Markdown are written alike."""

import statistics

from bench.report import figures, noise, reasons
from bench.report.units import axis_text, digits, seconds_text
from bench.workloads import ALL

LOSSES = "Where gilmap loses"
LOSS_COLUMNS = ("cell", "quicker", "gilmap's time over it", "reason")
CHOICES = "The router's choice against the best forced backend"
CHOICE_COLUMNS = ("cell", "explain says", "quicker, forced", "gilmap's time over it", "certain")
WRONG = "Who is wrong"


class Refused(Exception):
    """The report is not written: it would keep silent about something."""


def losses(run):
    """An honest sentence, and rows as LOSS_COLUMNS names them: what is certain first, and the largest first."""
    found = figures.losses(run)
    rows = [(figures.title(cell), name, f"{ratio:.2f}", reasons.reason(cell, name)) for cell, name, ratio in found]
    rows = _certain_first(rows, [_doubt(cell, name) for cell, name, _ in found])
    none = []
    for cell in figures.no_answers(run):
        result = cell["runners"]["gilmap"]
        why = result.get("wrong") or result.get("failed") or result.get("none") or result.get("skipped") or "no result"
        none.append((figures.title(cell), "map", "no right result", why))
    count = len(run["cells"])
    if not rows and not none:
        return f"None in the {count} cells of this run. That says nothing of what it did not measure.", []
    certain = certain_losses(run)
    said = f"In {count} cells a right-answering peer is more than 5 % quicker {_times(certain)}"
    said += f", and {_times(len(rows) - certain)} where that may be noise." if len(rows) > certain else "."
    if none:
        said += f" In {len(none)} cells gilmap has no right result."
    return said, none + rows


def _times(count):
    return "once" if count == 1 else f"{count} times" if count else "never"


def _doubt(cell, name):
    return noise.doubt(cell["runners"]["gilmap"]["seconds"], cell["runners"][name]["seconds"])


def _certain_first(rows, doubts):
    return [row for row, doubt in zip(rows, doubts) if not doubt] + [row for row, d in zip(rows, doubts) if d]


def certain_losses(run):
    return sum(not _doubt(cell, name) for cell, name, _ in figures.losses(run))


def choices(run):
    """Where one of gilmap's own backends, forced, is quicker than gilmap by itself."""
    found = figures.choices(run)
    over = [(cell, name, ratio) for cell, name, ratio in found if ratio > figures.MARGIN]
    doubts = [_doubt(cell, name) for cell, name, _ in over]
    rows = []
    for (cell, name, ratio), doubt in zip(over, doubts):
        ours = cell["runners"]["gilmap"]
        chosen = ours.get("remark", "").removeprefix("explain: ")
        gap = statistics.median(ours["seconds"]) - statistics.median(cell["runners"][name]["seconds"])
        rows.append((figures.title(cell), chosen, name.partition(" ")[2], f"{ratio:.2f}", doubt or _certainly(gap)))
    said = f"In {len(found)} cells with a forced backend, the quickest of them is more than 5 % quicker than gilmap "
    said += f"by itself {_times(doubts.count(None))}"
    maybe = len(doubts) - doubts.count(None)
    return said + (f", and {_times(maybe)} where that may be noise." if maybe else "."), _certain_first(rows, doubts)


def _certainly(gap):
    return f"yes: {seconds_text(gap)} more"


def _row(key, found):
    """A traceback in a message is of no use here, and names the folders of a machine."""
    what = found[1].split("\\n")[0]
    return key[0], figures.title(found[0]), what if len(what) <= 160 else what[:157] + "..."


def wrongs(run):
    rows = [_row(*item) for item in sorted(figures.wrongs(run).items(), key=lambda item: item[0])]
    said = "Not map's values, types and bits; the first example of each." if rows else "Nobody, in this run."
    return said, rows


def failures(run):
    found = figures.failures(run) | figures.refusals(run)
    rows = [_row(*item) for item in sorted(found.items(), key=lambda item: item[0])]
    rows += [(name, "all", reason) for name, reason in run["skipped"].items()]
    rows += [("the benchmark itself", f"{w}, {kind}, {size:,}", why) for w, kind, size, why in run.get("broken", [])]
    said = "Crashes, timeouts, what a peer does not take, and peers that were not there." if rows else "None."
    return said, rows


def cell_rows(cell):
    """A row a runner: name, median, spread, over map, first call, CPU, memory, remark; whether it is struck out."""
    base = figures.median_of(cell, "map")
    rows = []
    for name, result in cell["runners"].items():
        remark = result.get("failed") and "failed: " + result["failed"]
        remark = remark or (result.get("wrong") and "wrong: " + result["wrong"])
        remark = remark or result.get("skipped") or result.get("none") or result.get("remark", "")
        if not result.get("seconds"):
            rows.append(((name, "", "", "", "", "", "", remark), False))
            continue
        median = statistics.median(result["seconds"])
        rows.append(
            (
                (
                    name,
                    seconds_text(median),
                    f"{noise.spread(result['seconds']):.0%} of {len(result['seconds'])}",
                    digits(base / median) if base else "",
                    seconds_text(result["first"]),
                    seconds_text(statistics.median(result["cpu"])),
                    f"{result['peak'] / 2**20:.1f}",
                    remark,
                ),
                not figures.right(result),
            )
        )
    return rows


COLUMNS = ("runner", "median", "spread, of repeats", "× map", "first call", "CPU time", "peak MB", "")


def cell_text(cell):
    """What is to be known before its table."""
    limit, ours = cell.get("limit"), figures.median_of(cell, "gilmap")
    parts = []
    if limit and ours:
        parts.append(f"gilmap reaches {held_against(limit, ours)}, {seconds_text(limit['seconds'])}.")
        if "copy" in limit and limit["what"].startswith("C++"):
            parts.append(f"A copy of the same bytes takes {seconds_text(limit['copy'])}.")
    if ours and reasons.is_short(ours):
        parts.append(f"gilmap's call takes less than {SHORT}: fixed costs dominate.")
    return " ".join(parts)


SHORT = seconds_text(reasons.SHORT)


def held_against(limit, ours):
    """A share of the limit; plain loops are none, and gilmap's speed is so many times theirs."""
    ratio = limit["seconds"] / ours
    what = limit["what"]
    return f"{digits(ratio)} × {what}" if what.endswith("plain loops") else f"{ratio:.0%} of {what}"


def principal(run):
    """The cells of the overview: of each workload and container the middle size, or the next best that was run."""
    best = {}
    for cell in run["cells"]:
        sizes = ALL[cell["workload"]].sizes if cell["workload"] in ALL else ()
        rank = cell["size"] == sizes[1] if sizes else False, cell["size"]
        key = cell["kind"], cell["workload"]
        if key not in best or best[key][0] < rank:
            best[key] = rank, cell
    return [cell for _, (_, cell) in sorted(best.items())]


def overview(run):
    """One row a workload and kind, at its principal size."""
    return [_overview_row(cell) for cell in principal(run)]


def other_sizes(run):
    shown = [id(cell) for cell in principal(run)]
    rest = [cell for cell in run["cells"] if id(cell) not in shown]
    return [_overview_row(cell) for cell in sorted(rest, key=lambda c: (c["kind"], c["workload"], c["size"]))]


def _overview_row(cell):
    ours, base = figures.median_of(cell, "gilmap"), figures.median_of(cell, "map")
    best, seconds = figures.best(cell, other_than_gilmap=True)
    limit = cell.get("limit")
    return (
        cell["workload"],
        cell["kind"],
        f"{cell['size']:,}",
        (seconds_text(ours) + (" †" if reasons.is_short(ours) else "")) if ours else "no right result",
        digits(base / ours) if base and ours else f"{digits(cell['map_once'] / ours)} (map once)" if ours else "",
        f"{best} {seconds_text(seconds)}" if best else "",
        f"{seconds / ours:.2f}" if best and ours else "",
        held_against(limit, ours) if limit and ours else "",
    )


OVERVIEW = ("workload", "input", "elements", "gilmap", "× map", "best right peer", "× that peer", "speed, of the limit")
OVERVIEW_TEXT = (
    "The middle one of the sizes of each. Every result was compared with map's: values, types, bits; "
    f"who differs is not in the race. †: a call of less than {SHORT}, in which fixed costs dominate."
)


def not_run(run):
    """A sentence that names every cell that was not run, or nothing."""
    if not run["not_run"]:
        return ""
    named = {}
    for workload, kind, size in run["not_run"]:
        named.setdefault(workload, {}).setdefault(kind, []).append(size)
    cells = "; ".join(f"{w} {', '.join(_sizes(w, kind, n) for kind, n in kinds.items())}" for w, kinds in named.items())
    return f"Not run, for want of time: {len(run['not_run'])} cells ({cells})."


def _sizes(workload, kind, sizes):
    """A container without any run is named without its sizes."""
    every = {size for k, size in ALL[workload].cells() if k == kind} if workload in ALL else set()
    return kind if every == set(sizes) else f"{kind} of {' and '.join(f'{size:,}' for size in sorted(sizes))}"


def scaling(run):
    """(chart, header, rows, sentence of what is not in it) of each chart."""
    found = []
    for chart in run.get("scaling") or []:
        values = [dict(map(tuple, line)) for line in chart["series"].values()]
        xs = sorted({x for line in values for x in line})
        name_x, name_y = chart["x"], chart["y"]
        rows = [(axis_text(x, name_x), *(axis_text(v[x], name_y) if x in v else "" for v in values)) for x in xs]
        said = [f"Left out: {'; '.join(chart['left_out'])}."] if chart.get("left_out") else []
        said += [f"{note}." for note in chart.get("notes", [])]
        found.append((chart, (chart["x"], *chart["series"]), rows, " ".join(said)))
    return found


def machine(run):
    m = run["machine"]
    versions = ", ".join(f"{k} {v}" for k, v in m["versions"].items())
    changed = " with changes" if m["changed"] else ""
    load, after = m["load"], run.get("load_after", m["load"])
    return (
        f"{m['cpu']} ({m['family_model']}, {m['vector']}), {m['cpus']} CPUs, {m['memory_gib']} GiB; "
        f"CPython {m['python']}, {versions}; commit {m['commit']}{changed}; {m['time']}; "
        f"load {load[0]:.1f} before and {after[0]:.1f} after; "
        f"{run['repeats']} repeats in turns, medians" + (f"; {run['took'] / 60:.0f} minutes" if "took" in run else "")
    )


def refuse_silence(written):
    """The page or text that is to be written must have what is mandatory."""
    for section in (LOSSES, WRONG):
        if section not in written:
            raise Refused(f"the report has no section {section!r}")
