"""Ratios against Numba's unchecked parallel loop, against list(map), of two threads to one; latencies, deopts, memory.

Every result is compared with list(map)'s in the same run; a difference ends the benchmark. Runs are taken in turns with
the peer, and medians are printed, because machines are noisy.

usage: run.py [--quick] [--json FILE] [PART…]
"""

import argparse
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from bench import deopts, foreign, interpreters, latency, memory, router, simd, simd_orders, throughput
from bench.measure import Table

PARTS = {
    "arrays": throughput.arrays,
    "lists": throughput.lists,
    "simd": simd.against_peers,
    "simd_compile": simd_orders.compile_times,
    "simd_orders": simd_orders.never_a_loss,
    "first_calls": latency.first_calls,
    "small_calls": latency.small_calls,
    "overheads": latency.overheads,
    "router": router.cells,
    "all_deopt": deopts.all_deopt,
    "some_deopt": deopts.some_deopt,
    "memory": memory.arrays,
    "numba_functions": foreign.numba_functions,
    "import": latency.import_time,
    "interpreters": interpreters.all_figures,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all if none is named")
    args = parser.parse_args()
    if unknown := set(args.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    table = Table()
    for name, part in PARTS.items():
        if not args.parts or name in args.parts:
            part(table, 3 if args.quick else 11)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(table.rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
