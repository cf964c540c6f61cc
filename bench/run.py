"""Ratios against Numba's unchecked parallel loop, against list(map), of two threads to one; latencies, deopts, memory.

Every result is compared with list(map)'s in the same run; a difference ends the benchmark. Runs are taken in turns with
the peer, and medians are printed, because machines are noisy.

The part `peers` is the contest of all peers over all workloads, checked bit for bit, and `report` writes what it and
`scaling` found as a page, into docs/benchmarks.md and README.md. They are run when they are named.

usage: run.py [--quick] [--json FILE] [--compare OLD.json] [PART…]

Both write what they have found after each cell and each point, so that a run that ends too soon is not lost; `--resume`
goes on with it.
"""

import argparse
import importlib
import json
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from bench import contest
from bench.measure import ROOT, Table
from bench.report import compare, markdown, page
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
RUN = pathlib.Path(os.environ.get("GILMAP_BENCH_RUN") or pathlib.Path(ROOT) / "build" / "bench" / "run.json")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))  # so that the peers are ended as well
    args = arguments()
    table = Table()
    parts = args.parts or ([] if args.compare else list(PARTS))
    for name, part in PARTS.items():
        if name in parts:
            load(part)(table, 3 if args.quick else 11)
    if "micro" in parts:
        load("micro.run")(args.quick)
    found = json.loads(RUN.read_text()) if RUN.exists() else None
    if "peers" in parts or (args.compare and not parts):
        resume = found if args.resume else None
        scaling = (resume or {}).get("scaling")
        try:
            found = contest.run(
                args.workloads, args.runners, args.quick, args.minutes, args.patience, save, resume=resume
            )
        except contest.NoResume as error:
            raise SystemExit(str(error)) from None
        found |= {"scaling": scaling} if scaling else {}
        save(found)
    if "scaling" in parts:
        if found is None:
            raise SystemExit("there is no run of `peers` yet to add this to")
        for charts in load("scaling.charts")(args.quick, args.scaling_minutes):
            save(found | {"scaling": charts})
        found["scaling"] = charts
    if "report" in parts:
        if found is None:
            raise SystemExit("there is no run of `peers` yet to report")
        report(found, pathlib.Path(args.html), args.docs)
    if args.json:
        wanted = found if set(parts) & set(NAMED) or not parts else table.rows
        pathlib.Path(args.json).write_text(json.dumps(wanted, indent=1) + "\n")
    if args.compare:
        said, worse = compare.text(json.loads(pathlib.Path(args.compare).read_text()), found)
        print(said)
        sys.exit(worse)


def load(name):
    module, _, function = name.partition(".")
    return getattr(importlib.import_module(f"bench.{module}"), function)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer repeats, the smallest sizes: for CI")
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument("--compare", metavar="OLD.json", help="runs `peers` and compares it with an older run")
    parser.add_argument("--minutes", type=float, help="of `peers`: what does not fit is listed as not run")
    parser.add_argument("--scaling-minutes", type=float, default=10.0, help="the same of `scaling`")
    parser.add_argument("--resume", action="store_true", help="`peers` keeps the cells of a run that was cut short")
    parser.add_argument(
        "--patience",
        type=float,
        default=contest.PATIENCE,
        help="of `peers`: seconds of map in a cell; beyond, what interprets elements is left out of it",
    )
    parser.add_argument("--workloads", type=lambda s: s.split(","), default=list(ALL), help="of `peers`, with commas")
    parser.add_argument("--runners", type=lambda s: s.split(","), default=list(FILES), help="of `peers`, with commas")
    parser.add_argument("--html", default=str(RUN.with_name("report.html")), help="where `report` writes the page")
    parser.add_argument("--docs", action="store_true", help="`report` also writes docs/benchmarks.md and README.md")
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join((*PARTS, *NAMED))}; the first {len(PARTS)} by default"
    )
    args = parser.parse_args()
    for named, known in (
        (args.parts, {*PARTS, *NAMED}),
        (args.workloads, set(ALL)),
        (args.runners, set(FILES)),
    ):
        if unknown := set(named) - known:
            parser.error(f"not known: {', '.join(sorted(unknown))}")
    return args


def save(found):
    """In one step, so that a run that is ended in the midst of it leaves the last one."""
    RUN.parent.mkdir(parents=True, exist_ok=True)
    part = RUN.with_suffix(".part")
    part.write_text(json.dumps(found) + "\n")
    os.replace(part, RUN)


def report(found, path, docs):
    path.write_text(page.write(found))
    print(f"wrote {path}")
    if docs:
        for name, text in (("docs/benchmarks.md", markdown.full(found)), ("README.md", markdown.short(found))):
            document = pathlib.Path(ROOT) / name
            document.write_text(markdown.between_markers(document.read_text(), text))
            print(f"wrote {document}")


if __name__ == "__main__":
    main()
