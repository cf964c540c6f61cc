"""The sections of the report as plain data, from which the page and the Markdown are written alike."""

import statistics

from bench.report import figures

LOSSES = "Where gilmap loses"
WRONG = "Who is wrong"


class Refused(Exception):
    """The report is not written: it would keep silent about something."""


def seconds_text(seconds):
    if seconds is None:
        return ""
    for unit, factor in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1 or unit == "µs":
            return f"{seconds * factor:.3g} {unit}"
    raise AssertionError("the last unit takes all")


def losses(run):
    """Rows (cell, runner, by what, reason), and an honest sentence where there are none."""
    rows = [
        (figures.title(cell), name, f"{ratio:.2f}", figures.reason(cell, name, ratio))
        for cell, name, ratio in figures.losses(run)
    ]
    for cell in figures.no_answers(run):
        result = cell["runners"]["gilmap"]
        why = result.get("wrong") or result.get("failed") or result.get("none") or "no result"
        rows.insert(0, (figures.title(cell), "map", "no right result", why))
    if rows:
        said = f"{len(rows)} cases in {len(run['cells'])} cells: a right-answering runner is more than 5 % quicker."
    else:
        said = f"None in the {len(run['cells'])} cells of this run. That says nothing of what it did not measure."
    return said, rows


def _row(key, found):
    """A traceback in a message is of no use here, and names the folders of a machine."""
    what = found[1].split("\\n")[0]
    return key[0], figures.title(found[0]), what if len(what) <= 160 else what[:157] + "..."


def _refuses(what):
    """Raises what map does not raise: the peer cannot do it, which is no wrong answer."""
    return what.startswith("raises ") and what.endswith("map returns a result")


def wrongs(run):
    found = {key: (cell, what) for key, (cell, what) in figures.wrongs(run).items() if not _refuses(what)}
    rows = [_row(*item) for item in sorted(found.items(), key=lambda item: item[0])]
    said = "Not map's values, types and bits; the first example of each." if rows else "Nobody, in this run."
    return said, rows


def failures(run):
    found = figures.failures(run)
    found |= {key: (cell, what) for key, (cell, what) in figures.wrongs(run).items() if _refuses(what)}
    rows = [_row(*item) for item in sorted(found.items(), key=lambda item: item[0])]
    rows += [(name, "all", reason) for name, reason in run["skipped"].items()]
    return ("Crashes, timeouts and peers that were not there." if rows else "None."), rows


def cell_rows(cell):
    """A row a runner: name, median, spread, over map, first call, CPU, memory, remark; whether it is struck out."""
    base = figures.median_of(cell, "map")
    rows = []
    for name, result in cell["runners"].items():
        remark = result.get("failed") and "failed: " + result["failed"]
        remark = remark or (result.get("wrong") and "wrong: " + result["wrong"])
        remark = remark or result.get("skipped") or result.get("none") or ""
        if not result.get("seconds"):
            rows.append(((name, "", "", "", "", "", "", remark), False))
            continue
        median = statistics.median(result["seconds"])
        rows.append(
            (
                (
                    name,
                    seconds_text(median),
                    f"{figures.spread(result['seconds']):.0%}",
                    f"{base / median:.3g}" if base else "",
                    seconds_text(result["first"]),
                    seconds_text(statistics.median(result["cpu"])),
                    f"{result['peak'] / 2**20:.1f}",
                    remark,
                ),
                not figures.right(result),
            )
        )
    return rows


COLUMNS = ("runner", "median", "spread", "× map", "first call", "CPU time", "peak MB", "")


def limit_text(cell):
    limit, ours = cell.get("limit"), figures.median_of(cell, "gilmap")
    if not limit or not ours:
        return ""
    return f"limit ({limit['what']}): {seconds_text(limit['seconds'])}; gilmap reaches {limit['seconds'] / ours:.0%}"


def overview(run):
    """One row a workload and kind, at the largest size measured."""
    largest = {}
    for cell in run["cells"]:
        key = cell["workload"], cell["kind"]
        if key not in largest or largest[key]["size"] < cell["size"]:
            largest[key] = cell
    rows = []
    for (workload, kind), cell in sorted(largest.items(), key=lambda item: (item[0][1], item[0][0])):
        ours, base = figures.median_of(cell, "gilmap"), figures.median_of(cell, "map")
        best, seconds = figures.best(cell, other_than_gilmap=True)
        limit = cell.get("limit")
        rows.append(
            (
                workload,
                kind,
                f"{cell['size']:,}",
                seconds_text(ours) or "no right result",
                f"{base / ours:.3g}" if base and ours else f"{cell['map_once'] / ours:.3g} (map once)" if ours else "",
                f"{best} {seconds_text(seconds)}" if best else "",
                f"{seconds / ours:.2f}" if best and ours else "",
                f"{limit['seconds'] / ours:.0%} ({limit['what']})" if limit and ours else "",
            )
        )
    return rows


OVERVIEW = ("workload", "input", "elements", "gilmap", "× map", "best right peer", "× that peer", "share of the limit")


def machine(run):
    m = run["machine"]
    versions = ", ".join(f"{k} {v}" for k, v in m["versions"].items())
    changed = " with changes" if m["changed"] else ""
    load, after = m["load"], run.get("load_after", m["load"])
    return (
        f"{m['cpu']} ({m['family_model']}, {m['vector']}), {m['cpus']} CPUs, {m['memory_gib']} GiB; "
        f"CPython {m['python']}, {versions}; commit {m['commit']}{changed}; {m['time']}; "
        f"load {load[0]:.1f} before and {after[0]:.1f} after; "
        f"{run['repeats']} repeats in turns, medians"
    )


def refuse_silence(written):
    """The page or text that is to be written must have what is mandatory."""
    for section in (LOSSES, WRONG):
        if section not in written:
            raise Refused(f"the report has no section {section!r}")
