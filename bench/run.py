"""Ratios against Numba's unchecked parallel loop, against list(map), of two threads to one; latencies, deopts, memory.

Every result is compared with list(map)'s in the same run; a difference ends the benchmark. Runs are taken in turns with
the peer, and medians are printed, because machines are noisy.

The part `peers` is the contest of all peers over all workloads, checked bit for bit, and `report` writes what it and
`scaling` found as a page, with `--docs` also into docs/benchmarks.md and README.md. They are run when they are named.
`--quick` without a part is `peers report`, at the smallest sizes and for some minutes. The exit status is not 0 where
gilmap has a wrong result, by itself or compiled, or where `--compare` finds it slower or missing.

usage: run.py [--quick] [--json FILE] [--compare OLD.json] [PART…]

All write what they have found after each part, cell and point, so that a run that ends too soon is not lost; `--resume`
goes on with one of `peers`.
"""

import argparse
import importlib
import math
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
    for path in written_by(args):  # nobody wants to hear of it after an hour
        stored.refuse_unwritable(path)
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
    bad = figures.own_wrongs(found) if found else []
    for cell, name in bad:
        print(f"{name} is WRONG: {figures.title(cell)}: {cell['runners'][name]['wrong']}")
    worse = False
    if old:
        said, worse = compare.text(old, found)
        print(said)
    # Of backend="subinterp" docs/semantics.md says that exceptions are of subclasses: known, and printed all the same.
    sys.exit(int(worse or any(name != "gilmap subinterp" for _, name in bad)))


def written_by(args):
    """The files that a run with these options writes."""
    paths = [args.json] if args.json else []
    if {"peers", "scaling"} & set(args.parts):
        paths.append(RUN)
    return paths + ([args.html] if "report" in args.parts else [])


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
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        epilog=f"Environment: GILMAP_BENCH_RUN is the file in which `peers` and `scaling` keep their run, for `report` "
        f"and `--resume`; now {RUN}.",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="for CI: `peers` at the smallest sizes, other parts with 3 repeats; without --minutes `peers` has "
        f"{QUICK_MINUTES:.0f}; without a part: `peers report`",
    )
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument(
        "--compare", metavar="OLD.json", help="runs `peers` and compares it with an older run (.json, .json.xz)"
    )
    parser.add_argument(
        "--minutes",
        type=positive,
        help="of `peers`: workloads and containers take turns, and what does not fit is listed as not run",
    )
    parser.add_argument("--scaling-minutes", type=positive, default=10.0, help="the same of `scaling`")
    parser.add_argument("--resume", action="store_true", help="`peers` keeps the cells of a run that was cut short")
    parser.add_argument(
        "--patience",
        type=positive,
        default=contest.PATIENCE,
        help="of `peers`: seconds of map in a cell; beyond, what interprets elements is left out of it",
    )
    parser.add_argument("--workloads", type=of("workload", ALL), default=list(ALL), help="of `peers`, with commas")
    parser.add_argument("--runners", type=of("runner", FILES), default=list(FILES), help="of `peers`, with commas")
    parser.add_argument("--html", default=str(RUN.with_name("report.html")), help="where `report` writes the page")
    parser.add_argument("--docs", action="store_true", help="`report` also writes docs/ and README.md")
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        help=f"of {', '.join((*PARTS, *NAMED))}; the first {len(PARTS)} by default, without --quick",
    )
    args = parser.parse_args()
    if args.parts:
        try:
            refuse_unknown("part", args.parts, (*PARTS, *NAMED))
        except argparse.ArgumentTypeError as error:
            parser.error(str(error))
    else:
        args.parts = ["peers"] if args.compare else ["peers", "report"] if args.quick else list(PARTS)
    if args.quick and "peers" in args.parts and args.minutes is None:
        args.minutes = QUICK_MINUTES
    if args.compare and not {"peers", "scaling", "report"} & set(args.parts):
        parser.error("--compare goes with `peers`, or with `report` for a run that is there")
    if args.docs and args.quick:
        parser.error("--docs is for whole runs: the smallest sizes alone are no report")
    if args.resume and "peers" not in args.parts:
        parser.error("--resume goes with `peers`")
    return args


def positive(text):
    """A number for argparse."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (number > 0 and math.isfinite(number)):
        raise argparse.ArgumentTypeError(f"not a positive number: {text!r}")
    return number


def of(what, known):
    """A reader of lists with commas for argparse."""

    def read(text):
        found = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
        if not found:
            raise argparse.ArgumentTypeError(f"{text!r} names no {what}; known are {', '.join(known)}")
        refuse_unknown(what, found, known)
        return found

    return read


def refuse_unknown(what, names, known):
    if unknown := [name for name in names if name not in known]:
        raise argparse.ArgumentTypeError(f"no {what}: {', '.join(unknown)}; known are {', '.join(known)}")


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
