"""The sections of the report as plain data, from which the page and the Markdown are written alike."""

import html
import statistics

from bench.machine import BUSY
from bench.report import figures, noise, reasons
from bench.report.units import axis_text, digits, seconds_text
from bench.workloads import ALL

LOSSES = "Where gilmap loses"
LOSS_COLUMNS = ("cell", "quicker", "gilmap's time over it", "reason", "noise")
CHOICES = "The router's choice against the best forced backend"
CHOICE_COLUMNS = ("cell", "explain says", "quicker, forced", "gilmap's time over it", "apart", "noise")
WRONG = "Who is wrong"
WRONG_COLUMNS = ("runner", "cell", "of its cells", "what it gives, and what map gives")


class Refused(Exception):
    """The report is not written: it would keep silent about something."""


def losses(run):
    """An honest sentence, and rows as LOSS_COLUMNS names them, the largest first. Noise excuses no loss."""
    found = figures.losses(run)
    rows = [
        (figures.title(cell), name, f"{ratio:.2f}", reasons.reason(run, cell, name), doubt(cell, name) or "")
        for cell, name, ratio in found
    ]
    none = []
    for cell in figures.no_answers(run):
        result = cell["runners"].get("gilmap", {})
        why = result.get("wrong") or result.get("failed") or result.get("none") or result.get("skipped") or "no result"
        none.append((figures.title(cell), "map", "no right result", why, ""))
    count = len(run["cells"])
    if not rows and not none:
        return f"None in the {count} cells of this run. That says nothing of what it did not measure.", []
    lost = {id(cell) for cell, _, _ in found}
    said = f"In {len(lost)} of {count} cells some right-answering peer's median is more than 5 % below gilmap's; "
    said += f"each peer counted, that is {_times(len(rows))}."
    if maybe := sum(bool(row[4]) for row in rows):
        said += f" Of these, {maybe} may be noise; they count all the same."
    if none:
        said += f" In {len(none)} cells gilmap has no right result."
    return said, none + rows


def _times(count):
    return "once" if count == 1 else f"{count} times" if count else "never"


def doubt(cell, name):
    return noise.doubt(cell["runners"]["gilmap"]["seconds"], cell["runners"][name]["seconds"])


def lost_cells(run):
    """How many cells gilmap loses: to a peer, or for want of a right result."""
    return len({id(cell) for cell, _, _ in figures.losses(run)}) + len(figures.no_answers(run))


def choices(run):
    """Where one of gilmap's own backends, forced, is quicker than gilmap by itself."""
    found = figures.choices(run)
    rows = []
    for cell, name, ratio in found:
        if ratio > figures.MARGIN:
            ours = cell["runners"]["gilmap"]
            chosen = ours.get("remark", "").removeprefix("explain: ")
            gap = seconds_text(statistics.median(ours["seconds"]) - statistics.median(cell["runners"][name]["seconds"]))
            forced = name.partition(" ")[2]
            rows.append((figures.title(cell), chosen, forced, f"{ratio:.2f}", gap, doubt(cell, name) or ""))
    said = f"In {len(found)} cells with a forced backend, the quickest of them is more than 5 % quicker than gilmap "
    said += f"by itself {_times(len(rows))}"
    maybe = sum(bool(row[5]) for row in rows)
    return said + (f", of which {maybe} may be noise." if maybe else "."), rows


def _row(key, found):
    return key[0], figures.title(found[0]), _short(found[1])


def _short(text):
    """A traceback in a message is of no use here, and names the folders of a machine. What map gives stays."""
    got, map_gives, expected = text.rpartition(", map ")
    got, traceback, _ = (got if map_gives else text).partition("\\n")
    got = _cut(got, 160) + (" …" if traceback else "")
    return got + map_gives + _cut(expected, 100) if map_gives else got


def _cut(text, length):
    return text if len(text) <= length else text[: length - 1] + "…"


def wrongs(run):
    rows = []
    for (name, workload), found in sorted(figures.wrongs(run).items(), key=lambda item: item[0]):
        wrong, right = figures.judged(run, name, workload)
        runner, cell, gives = _row((name, workload), found)
        rows.append((runner, cell, f"{wrong} wrong, {right} right", gives))
    said = (
        "Not map's container, values, types, bits or exception; the first example of each runner and workload, and in "
    )
    said += "how many cells of that workload its results were wrong and right."
    return said if rows else "Nobody, in this run.", rows


def failures(run):
    rows = [_row(*item) for item in sorted(figures.failures(run).items(), key=lambda item: item[0])]
    rows += [(name, "all", reason) for name, reason in run["skipped"].items()]
    rows += [("the benchmark itself", f"{w}, {kind}, {size:,}", why) for w, kind, size, why in run.get("broken", [])]
    said = "Crashes, timeouts, and peers that were not there." if rows else "None."
    return said, rows


def cell_rows(cell, startup):
    """A row for each runner as COLUMNS names them, with whether it is struck out; and who has no time, and why."""
    base = figures.median_of(cell, "map")
    rows, without = [], []
    for name, result in cell["runners"].items():
        failed, wrong = result.get("failed"), result.get("wrong")
        remark = f"failed: {failed}" if failed else f"wrong: {wrong}" if wrong else result.get("remark", "")
        if not result.get("seconds"):
            without.append((name, result.get("skipped") or result.get("none") or remark or "no time"))
            continue
        median = statistics.median(result["seconds"])
        row = (
            name,
            seconds_text(median),
            f"{noise.spread(result['seconds']):.0%} of {len(result['seconds'])}",
            digits(base / median) if base else "",
            seconds_text(statistics.median(result["cpu"])),
            f"{result['peak'] / 2**20:.1f}",
            seconds_text(result["first"]),
            seconds_text(startup.get(name)),
            _short(remark),
        )
        rows.append((median, row, not figures.right(result)))
    rows.sort(key=lambda row: row[0])
    return [row[1:] for row in rows], without


COLUMNS = ("runner", "median", "spread, of repeats", "× map", "CPU time", "peak MB", "first call", "start-up", "")
EVERY_TEXT = (
    "Each runner's time (median), half the distance between the quartiles, CPU time over all its processes, and what a "
    "call takes in memory at its peak: growth of what is resident, over all its processes, from just before a warm "
    "call, but no less than its result. A struck out time belongs to a wrong result."
)


def without_text(without):
    """Who takes no part in a cell, by reason."""
    reasons_of = {}
    for name, why in without:
        reasons_of.setdefault(_short(why), []).append(name)
    return "; ".join(f"{', '.join(names)}: {why}" for why, names in reasons_of.items())


def cell_text(run, cell):
    """What is to be known before its table."""
    limit, ours = cell.get("limit"), figures.median_of(cell, "gilmap")
    parts = []
    if limit and ours:
        reached = held_against(limit, ours)
        itself = limit.get("limit_by") == "gilmap"
        parts.append(f"{reached}." if itself else f"gilmap reaches {reached}, {seconds_text(limit['seconds'])}.")
        if limit.get("copy") and limit["what"] != COPY:
            parts.append(f"A copy of the same bytes takes {seconds_text(limit['copy'])}.")
    if ours and (constant := reasons.fixed_costs(run, cell)):
        parts.append(f"Fixed costs are {seconds_text(constant)} of gilmap's call, as the next smaller size tells.")
    if ours and not figures.median_of(cell, "map") and "map_measured" in cell:
        once = cell["map_measured"]
        parts.append(
            f"map over the list took {seconds_text(cell['map_once'])}, once, on {once['time']} at a load of "
            f"{once['load']:.1f}."
        )
    busy = cell.get("before", {}).get("busy")
    if busy is not None and busy > BUSY:
        parts.append(f"Other programs used {busy:.0%} of the CPUs just before.")
    return " ".join(parts)


def by_workload(run):
    """{workload: its cells}, in order."""
    found = {}
    for cell in sorted(run["cells"], key=lambda c: (c["workload"], c["kind"], c["size"])):
        found.setdefault(cell["workload"], []).append(cell)
    return found


COPY = "copy of the same bytes"


def held_against(limit, ours):
    """A share of the limit. Plain loops are none, nor is gilmap itself: then it is so many times the C++."""
    what, by = limit["what"], limit.get("limit_by", "C++")
    if by == "gilmap":
        who, seconds = what.partition(", quicker than ")[2], limit.get("cpp") or limit.get("copy")
        return f"gilmap is the quickest, {digits(seconds / ours)} × {who}"
    ratio = limit["seconds"] / ours
    return f"{digits(ratio)} × {what}" if by == "C++" and what.endswith("plain loops") else f"{ratio:.0%} of {what}"


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
    return [_overview_row(run, cell) for cell in principal(run)]


def other_sizes(run):
    shown = [id(cell) for cell in principal(run)]
    rest = [cell for cell in run["cells"] if id(cell) not in shown]
    return [_overview_row(run, cell) for cell in sorted(rest, key=lambda c: (c["kind"], c["workload"], c["size"]))]


def _overview_row(run, cell):
    ours, base = figures.median_of(cell, "gilmap"), figures.median_of(cell, "map")
    best, seconds = figures.best(cell, other_than_gilmap=True)
    limit = cell.get("limit")
    fixed = " †" if ours and reasons.fixed_costs(run, cell) else ""
    times = digits(base / ours) if base and ours else f"{digits(cell['map_once'] / ours)} (map once)" if ours else ""
    return (
        cell["workload"],
        cell["kind"],
        f"{cell['size']:,}",
        seconds_text(ours) + fixed if ours else "no right result",
        times + (" ‡" if times and cell["workload"] in REPEATED else ""),
        f"{best} {seconds_text(seconds)}" if best else "",
        f"{seconds / ours:.2f}" + (" ≈" if doubt(cell, best) else "") if best and ours else "",
        held_against(limit, ours) if limit and ours else "",
    )


REPEATED = {"heavy_collatz"}  # whose loop does the same again and again, and is run once
FIXED_TEXT = "†: most of the call is fixed costs, which the next smaller size has as well."
REPEATED_TEXT = "‡: the function repeats the same walk a thousand times; gilmap walks it once."
OVERVIEW = ("workload", "input", "elements", "gilmap", "× map", "best right peer", "× that peer", "speed, of the limit")
OVERVIEW_TEXT = (
    "The middle one of the sizes of each. Every result was compared with map's: container, values, types, bits; "
    "who differs is not in the race. × map: for an array, its user's map, from tolist() and back into an array. "
    "(map once): map takes longer than the patience, and was timed once, over the list; the cell says when. "
    f"≈: the difference may be noise. {FIXED_TEXT} {REPEATED_TEXT}"
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
        values = {name: dict(map(tuple, line)) for name, line in chart["series"].items()}
        spreads = {name: dict(map(tuple, line)) for name, line in chart.get("spreads", {}).items()}
        rows = []
        for x in sorted({x for line in values.values() for x in line}):
            shown = [_point(line.get(x), spreads.get(name, {}).get(x), chart["y"]) for name, line in values.items()]
            rows.append((axis_text(x, chart["x"]), *shown))
        said = [f"Left out: {'; '.join(chart['left_out'])}."] if chart.get("left_out") else []
        said += [f"{note}." for note in chart.get("notes", [])]
        found.append((chart, (chart["x"], *chart["series"]), rows, " ".join(said)))
    return found


def _point(y, spread, what):
    return "" if y is None else axis_text(y, what) + ("" if spread is None else f" ± {spread:.0%}")


def machine(run):
    m = run["machine"]
    versions = ", ".join(f"{k} {v}" for k, v in m["versions"].items())
    changed = " with changes" if m["changed"] else ""
    text = (
        f"{m['cpu']} ({m['family_model']}, {m['vector']}), {m['cpus']} CPUs, {m['memory_gib']} GiB; "
        f"CPython {m['python']}, {versions}; {run['repeats']} repeats in turns, medians; "
    )
    # Runs that were resumed have several parts; older files none.
    parts = run.get("parts") or [
        {key: m[key] for key in ("commit", "time", "load")}
        | {"load_after": run.get("load_after", m["load"]), "took": run.get("took", 0.0), "cells": len(run["cells"])}
    ]
    said = []
    for part in parts:
        one = f"commit {part['commit']}{changed}; {part['time']}; load {part['load'][0]:.1f} before"
        one += f" and {part['load_after'][0]:.1f} after" if "load_after" in part else ""
        one += f"; {part['took'] / 60:.0f} minutes" if part.get("took") else ""
        said.append(one + (f" ({part['cells']} cells)" if len(parts) > 1 else ""))
    return text + "; then ".join(said)


def commits(run):
    """Of what was measured: "commit 0123456789", or several where a run was resumed."""
    names = list(dict.fromkeys(part["commit"] for part in run.get("parts") or [run["machine"]]))
    changed = " with changes" if run["machine"]["changed"] else ""
    return f"commit{'s' * (len(names) > 1)} {', '.join(names)}{changed}"


def load_text(run):
    """A warning, where this was no idle machine; else nothing."""
    cpus, said = run["machine"]["cpus"], []
    load = max(part["load"][0] / cpus for part in run.get("parts") or [run["machine"]])
    if load > BUSY:
        said.append(f"the load was {load:.2f} per CPU when it began")
    cells, share = figures.high_load(run)
    if cells:
        said.append(f"other programs used up to {share:.0%} of the CPUs just before {cells} of the cells")
    return f"Measured on a machine that was not idle: {'; '.join(said)}." if said else ""


def refuse_nothing(run):
    """There must be something to report, and it must have gilmap in it."""
    if not run["cells"]:
        raise Refused("there is no report of a run without cells")
    ours = [cell["runners"].get("gilmap", {}) for cell in run["cells"]]
    if not any(result.get("seconds") or result.get("wrong") or result.get("failed") for result in ours):
        raise Refused("there is no report without gilmap's own measurements")


def refuse_silence(written, run):
    """The page or text that is to be written must have what is mandatory: both sections, and every loss in the one."""
    for section in (LOSSES, WRONG):
        if section not in written:
            raise Refused(f"the report has no section {section!r}")
    lines = html.unescape(written.partition(LOSSES)[2].partition(WRONG)[0]).replace("</tr>", "\n").splitlines()
    lost = [(figures.title(cell), name) for cell, name, _ in figures.losses(run)]
    lost += [(figures.title(cell), "no right result") for cell in figures.no_answers(run)]
    for title, name in lost:
        if not any(title in line and name in line for line in lines):
            raise Refused(f"the report keeps silent about a loss: {title}, {name}")
    if not lost and not any("None in the" in line for line in lines):
        raise Refused("the report does not say that there are no losses")
