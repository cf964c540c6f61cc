"""What a cell's time can be held against: C++ for this CPU, or else a copy of the same bytes.

C++ computes the same to the bit, and its remark says how it is written; as no C++ is proof that nobody could be
quicker, a share above 100 % is possible, and is printed as it is. The copy goes into a new array, as a result does,
from as many threads as there are CPUs: no exact program is faster than moving its data. Beside C++ it tells how far
from that the workload is; by itself it says little of one that computes much.
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
        np.copyto(target[piece], source[piece])
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
    """{"what", "seconds", "copy"} for a finished cell. Lists have none: boxing is bound by CPython's allocator."""
    if cell["kind"] == "list":
        return None
    copy = copy_seconds(8 * columns * cell["size"], 8 * cell["size"])
    cpp = cell["runners"].get("C++", {})
    if cpp.get("seconds") and not cpp.get("wrong") and not cpp.get("failed"):
        what = "C++" + (f", {cpp['remark']}" if cpp.get("remark") else "")
        return {"what": what, "seconds": statistics.median(cpp["seconds"]), "copy": copy}
    return {"what": "copy of the same bytes", "seconds": copy, "copy": copy}
