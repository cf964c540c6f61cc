"""python -m tests.fuzz --seconds N --seed S: random programs until the time is over or one fails.

A failing program is made small and printed with its arguments and what differs. Program k of a run has
seed S + k, so that `--seed S+k --count 1` repeats it.
"""

import argparse
import sys
import time
import warnings

from tests.differential.harness import check, why_not_compiled
from tests.differential.outcomes import outcome
from tests.fuzz.generator import program_of
from tests.fuzz.isolate import Verdict, isolated
from tests.fuzz.shrink import shrink

BATCH = 50
SECONDS_PER_PROGRAM = 20


def run(program, nan):
    """Raises Mismatch, or whatever goes wrong, if gilmap and CPython disagree on this program."""
    check(program.function(), *program.columns, nan=nan)


def _batch(first, count, nan):
    def work(say):
        for seed in range(first, first + count):
            say(str(seed))
            run(program_of(seed), nan)

    return work


def _one(program, nan, seconds=SECONDS_PER_PROGRAM):
    """The verdict on one program. One that is broken, or endless in CPython too, does not count as failed."""

    def work(say):
        try:
            function = program.function()
            for row in zip(*program.columns):
                outcome(function, row)
        except Exception:
            return
        say("CPython is done")
        run(program, nan)

    verdict = isolated(work, seconds)
    if "CPython is done" not in verdict.lines:
        return Verdict("fine", verdict.lines)
    return verdict


def report(seed, kind, seconds, nan):
    program = program_of(seed)
    first = _one(program, nan)
    if not first.failed:
        print(f"seed {seed}: {kind} in a batch, fine on its own: it depends on what ran before", flush=True)
        return
    print(f"seed {seed}: {first.kind}; making it small …", flush=True)
    limit = SECONDS_PER_PROGRAM if first.kind == "hang" else 3
    small = shrink(program, lambda candidate: _one(candidate, nan, limit).kind == first.kind, seconds)
    last = _one(small, nan)
    print(small.source)
    for k, column in enumerate(small.columns):
        print(f"column {k}: {column!r}")
    print("globals:", {name: value for name, value in small.globals.items() if name in small.source})
    print("\n".join(last.lines))
    print(f"repeat with: python -m tests.fuzz --seed {seed} --count 1", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to look for failures (default 60)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--count", type=int, default=0, help="stop after this many programs (default: no limit)")
    parser.add_argument("--keep-going", action="store_true", help="go on after a failure")
    parser.add_argument("--shrink", type=float, default=60.0, help="seconds for making a failure small (default 60)")
    parser.add_argument(
        "--nan",
        choices=["any", "bits"],
        default="any",
        help="compare the bits of NaNs too; where two of them meet, CPython does not agree with itself",
    )
    parser.add_argument("--show", action="store_true", help="only print the programs")
    options = parser.parse_args()
    warnings.simplefilter("ignore", SyntaxWarning)  # a program that is being made small may look odd
    if options.show:
        for seed in range(options.seed, options.seed + max(1, options.count)):
            program = program_of(seed)
            why = why_not_compiled(program.function(), *program.columns)
            print(f"# seed {seed}: {'compiled' if why is None else why}\n{program.source}{program.columns}\n")
        return 0

    start = time.monotonic()
    seed, failures = options.seed, 0
    end = options.seed + options.count if options.count else None
    while time.monotonic() - start < options.seconds and (end is None or seed < end):
        count = min(BATCH, end - seed) if end else BATCH
        verdict = isolated(_batch(seed, count, options.nan), SECONDS_PER_PROGRAM * count)
        if not verdict.failed:
            seed += count
            continue
        failures += 1
        seed = max((int(line) for line in verdict.lines if line.isdigit()), default=seed)
        report(seed, verdict.kind, options.shrink, options.nan)
        seed += 1
        if not options.keep_going:
            break
    print(f"{seed - options.seed} programs in {time.monotonic() - start:.0f} s, {failures} failed", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
