"""Ratios against Numba's unchecked parallel loop, against list(map), of two threads to one; latencies, deopts, memory.

Every result is compared with list(map)'s in the same run; a difference ends the benchmark. Runs are taken in turns with
the peer, and medians are printed, because machines are noisy.

The part `peers` is the contest of all peers over all workloads, checked bit for bit, and `report` writes what it and
`scaling` found as a page, with `--docs` also into docs/benchmarks.md and README.md. They are run when they are named.
`--quick` without a part is `peers report`, at the smallest sizes and for some minutes. The exit status is not 0 where
gilmap has a wrong result, or where `--compare` finds it slower or missing.

usage: run.py [--quick] [--json FILE] [--compare OLD.json] [PART…]

All write what they have found after each part, cell and point, so that a run that ends too soon is not lost; `--resume`
goes on with one of `peers`.
"""

import argparse
import importlib
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from bench import contest, stored
from bench.measure import ROOT, Table
from bench.report import compare, figures, markdown, page
from bench.report.sections import Refused
from bench.runners import FILES
from bench.workloads import ALL

# Loaded when they are run, since some need peers that others do not.
PARTS = {
    "arrays": "throughput.arrays",
    "lists": "throughput.lists",
    "simd": "simd.against_peers",
    "simd_compile": "simd_orders.compile_times",
    "simd_orders": "simd_orders.never_a_loss",
    "first_calls": "latency.first_calls",
    "small_calls": "latency.small_calls",
    "overheads": "latency.overheads",
    "router": "router.cells",
    "all_deopt": "deopts.all_deopt",
    "some_deopt": "deopts.some_deopt",
    "memory": "memory.arrays",
    "numba_functions": "foreign.numba_functions",
    "import": "latency.import_time",
    "interpreters": "interpreters.all_figures",
}


NAMED = ("peers", "scaling", "report", "micro")
FIGURES = "docs/benchmarks.json.xz"  # for --compare, by anybody
RUN = pathlib.Path(os.environ.get("GILMAP_BENCH_RUN") or pathlib.Path(ROOT) / "build" / "bench" / "run.json")


QUICK_MINUTES = 4.0
ANEW = "`./dev bench peers` makes one"


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal" + resumable()))  # so that peers end as well
    try:
        measure(arguments())
    except KeyboardInterrupt:
        print("\ninterrupted" + resumable(), flush=True)
        sys.exit(130)
    except (stored.Unusable, contest.NoResume, Refused) as error:
        raise SystemExit(f"bench: {error}") from None


def resumable():
    """What is left of a run that is ended now."""
    try:
        run = stored.read(RUN, "")
    except stored.Unusable:
        return "; no cell is finished"
    return f"; {RUN} has {len(run['cells'])} cells: `./dev bench peers --resume` with the same options goes on"


def measure(args):
    old = stored.read(args.compare, "name an older run") if args.compare else None  # before it may be written over
    table = Table()
    for name, part in PARTS.items():
        if name in args.parts:
            load(part)(table, 3 if args.quick else 11)
            keep(args.json, table.rows)
    if "micro" in args.parts:
        load("micro.run")(args.quick)
    found = None
    if "peers" in args.parts:
        found = contend(args)
    elif {"scaling", "report"} & set(args.parts):
        found = stored.read(RUN, ANEW)
    if "scaling" in args.parts:
        for charts in load("scaling.charts")(args.quick, args.scaling_minutes):
            found["scaling"] = charts
            stored.write(RUN, found)
            keep(args.json, found)
    if "report" in args.parts:
        report(found, pathlib.Path(args.html), args.docs)
    if found:
        keep(args.json, found)
    bad = [c for c in found["cells"] if c["runners"].get("gilmap", {}).get("wrong")] if found else []
    for cell in bad:
        print(f"gilmap is WRONG: {figures.title(cell)}: {cell['runners']['gilmap']['wrong']}")
    worse = False
    if old:
        said, worse = compare.text(old, found)
        print(said)
    sys.exit(int(worse or bool(bad)))


def contend(args):
    """The contest; each cell is written as it is found."""

    def save(run):
        stored.write(RUN, run | scaling)
        keep(args.json, run | scaling)

    resume = stored.read(RUN, "start anew, without --resume") if args.resume else None
    scaling = {"scaling": resume["scaling"]} if resume and resume.get("scaling") else {}
    found = contest.run(args.workloads, args.runners, args.quick, args.minutes, args.patience, save, resume=resume)
    save(found)
    return found | scaling


def keep(path, figures_so_far):
    if path:
        stored.write(path, figures_so_far)


def load(name):
    module, _, function = name.partition(".")
    return getattr(importlib.import_module(f"bench.{module}"), function)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"for CI: `peers report` at the smallest sizes within {QUICK_MINUTES:.0f} minutes; other parts: 3 repeats",
    )
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument(
        "--compare", metavar="OLD.json", help="runs `peers` and compares it with an older run (.json, .json.xz)"
    )
    parser.add_argument("--minutes", type=float, help="of `peers`: what does not fit is listed as not run")
    parser.add_argument("--scaling-minutes", type=float, default=10.0, help="the same of `scaling`")
    parser.add_argument("--resume", action="store_true", help="`peers` keeps the cells of a run that was cut short")
    parser.add_argument(
        "--patience",
        type=float,
        default=contest.PATIENCE,
        help="of `peers`: seconds of map in a cell; beyond, what interprets elements is left out of it",
    )
    parser.add_argument("--workloads", type=names, default=list(ALL), help="of `peers`, with commas")
    parser.add_argument("--runners", type=names, default=list(FILES), help="of `peers`, with commas")
    parser.add_argument("--html", default=str(RUN.with_name("report.html")), help="where `report` writes the page")
    parser.add_argument("--docs", action="store_true", help="`report` also writes docs/ and README.md")
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        help=f"of {', '.join((*PARTS, *NAMED))}; the first {len(PARTS)} by default, without --quick",
    )
    args = parser.parse_args()
    for named, known in (
        (args.parts, {*PARTS, *NAMED}),
        (args.workloads, set(ALL)),
        (args.runners, set(FILES)),
    ):
        if unknown := set(named) - known:
            parser.error(f"not known: {', '.join(sorted(unknown))}")
    if not args.parts:
        args.parts = ["peers"] if args.compare else ["peers", "report"] if args.quick else list(PARTS)
        args.minutes = args.minutes or (QUICK_MINUTES if args.quick else None)
    if args.compare and not {"peers", "scaling", "report"} & set(args.parts):
        parser.error("--compare goes with `peers`, or with `report` for a run that is there")
    if args.docs and args.quick:
        parser.error("--docs is for whole runs: the smallest sizes alone are no report")
    if args.resume and "peers" not in args.parts:
        parser.error("--resume goes with `peers`")
    return args


def names(text):
    return [name.strip() for name in text.split(",") if name.strip()]


def report(found, path, docs):
    if docs and found["quick"]:
        raise Refused("the last run was one with --quick, of the smallest sizes alone: no report for docs/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page.write(found))
    print(f"wrote {path}")
    if docs:
        folder = pathlib.Path(ROOT)
        for name, text in (("docs/benchmarks.md", markdown.full(found)), ("README.md", markdown.short(found))):
            document = folder / name
            document.write_text(markdown.between_markers(document.read_text(), text))
            print(f"wrote {document}")
        if data := stored.packed(found):
            (folder / FIGURES).write_bytes(data)
            print(f"wrote {folder / FIGURES}")
        else:
            print(f"did not write {FIGURES}: more than {stored.MOST:,} bytes")


if __name__ == "__main__":
    main()
