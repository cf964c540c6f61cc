"""The physical limit of a cell: C++ for this CPU where bench/simd.cpp has it, and a copy of the same bytes.

The copy goes into a new array, as a result does, from as many threads as there are CPUs. Whichever is slower is the
limit: no exact program is faster than moving its data. C++ that is compiled from plain loops is no proof that nobody
could be quicker, so a share above 100 % is possible, and is printed as it is.
"""

import concurrent.futures
import os
import statistics
import time


def copy_seconds(bytes_in, bytes_out, repeats=5):
    import numpy as np

    threads = len(os.sched_getaffinity(0))
    words = max(1, bytes_in // 8)
    source = np.ones(words)
    written = max(1, bytes_out // 8)
    bounds = [written * k // threads for k in range(threads + 1)]

    def part(target, k):
        piece = slice(bounds[k], bounds[k + 1])
        np.copyto(target[piece], source[: bounds[k + 1] - bounds[k]])
        source[written:].max(initial=0.0) if k == 0 and words > written else None

    seconds = []
    # A second thread does not pay for small arrays.
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        for _ in range(repeats + 1):
            began = time.perf_counter()
            target = np.empty(written)
            if bytes_in + bytes_out < 1 << 20:
                for k in range(threads):
                    part(target, k)
            else:
                list(pool.map(lambda k: part(target, k), range(threads)))
            seconds.append(time.perf_counter() - began)
    return statistics.median(seconds[1:])


def limit_of(cell, columns):
    """{"what", "seconds"} for a finished cell. Lists have no such limit: boxing is bound by CPython's allocator."""
    if cell["kind"] == "list":
        return None
    copy = copy_seconds(8 * columns * cell["size"], 8 * cell["size"])
    cpp = cell["runners"].get("C++", {}).get("seconds")
    cpp = statistics.median(cpp) if cpp and not cell["runners"]["C++"].get("wrong") else None
    if cpp and cpp > copy:
        return {"what": "C++", "seconds": cpp}
    return {"what": "copy of the same bytes", "seconds": copy}
