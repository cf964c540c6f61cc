"""How gilmap scales: with the number of elements, of threads, of deopts, and of the function's size.

Each is a chart of series of points (x, y), computed in a process of its own that hands out every point as it is found:
neither a crash nor a lack of time loses what there is. (Points that take turns with each other are found together.) A
chart begins with what is quick; before a point it estimates the time from the last one, and what does not fit is named.
Every result is compared with map's.
"""

import itertools
import json
import os
import select
import statistics
import subprocess
import sys
import time

from bench.measure import ROOT, seconds_of

SECONDS = 600.0
CHECKED = 5.0  # seconds that map may take to check a point
GRACE = 60.0  # seconds beyond its time until a chart's process is ended


class Left:
    """A chart's time, and what it is spent on."""

    def __init__(self, seconds):
        self._end = time.monotonic() + seconds

    def fits(self, seconds):
        return time.monotonic() + seconds < self._end


def sampled(count, room, block=10**6):
    """Ranges of a column to check, of `room` elements together: all, or both ends and blocks spread between."""
    if count <= room:
        return [(k, min(k + block, count)) for k in range(0, count, block)]
    part = max(1, room // 10)
    return [(k * (count - part) // 9, k * (count - part) // 9 + part) for k in range(10)]


def check_point(f, xs, result, where):
    """Raises ValueError where gilmap differs from map; returns how many elements were compared."""
    from bench import check

    plain = (lambda part: part.tolist()) if hasattr(xs, "tolist") else (lambda part: part)
    head = plain(xs[:100])
    began = time.perf_counter()
    list(map(f, head))
    each = (time.perf_counter() - began) / max(1, len(head))
    ranges = sampled(len(xs), int(CHECKED / max(each, 1e-8)))
    if len(result) != len(xs):
        raise ValueError(f"{where}: {len(result)} elements of {len(xs)}")
    for begin, end in ranges:
        if wrong := check.difference(list(map(f, plain(xs[begin:end]))), result[begin:end]):
            raise ValueError(f"{where}, from element {begin} on: {wrong}")
    return sum(end - begin for begin, end in ranges)


def mean_seconds(run, calls):
    """Of one call. Its result is dropped before the next, outside the time, as the contest does.

    Whoever keeps results has no memory that is used again: calls of the same function would look up to ten times
    slower than in the tables, which tells of the system's pages and not of the function.
    """
    spent = 0.0
    for _ in range(calls):
        seconds, result = seconds_of(run)
        del result
        spent += seconds
    return spent / calls


def samples_in_turns(runs, repeats):
    """Lists of seconds of one call each; many calls make a sample where one is too short for the clock.

    repeats: of each of the runs.
    """
    calls = [int(max(1, min(1000, 1e-3 / max(seconds_of(run)[0], 1e-7)))) for run in runs]
    samples = [[] for _ in runs]
    for turn in range(max(repeats)):
        for run, n, most, found in zip(runs, calls, repeats, samples, strict=True):
            if turn < most:
                found.append(mean_seconds(run, n))
    return samples


def point(series, x, samples, ratio=lambda seconds: seconds):
    """What a chart says of one point; `ratio` makes its value of the median. A single sample has no spread."""
    from bench.report.noise import spread

    said = {"series": series, "x": x, "y": ratio(statistics.median(samples))}
    return said | ({"spread": spread(samples)} if len(samples) > 1 else {})


def repeats_for(seconds, repeats):
    """As many as others have for what takes a tenth of a second, three up to a second, and one beyond."""
    return repeats if seconds <= 0.1 else min(3, repeats) if seconds <= 1.0 else 1


def _elements(name, left, repeats, exponents):
    """gilmap on an array and on a list, and map. Lists end at 10^7: two of 10^8 do not fit in memory everywhere."""
    import gilmap
    import numpy as np

    from bench.simd import warmed
    from bench.workloads import ALL

    f = ALL[name].function
    kinds = {
        "gilmap, array": (lambda xs: gilmap.map(f, xs), 10**8),
        "gilmap, list": (lambda xs: gilmap.map(f, xs), 10**7),
        "map, list": (lambda xs: list(map(f, xs)), 10**7),
    }
    longest = dict.fromkeys(kinds, 0.0)  # of a call of a tenth of the elements
    for n in (10**e for e in exponents):
        free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
        xs, values = np.arange(n, dtype=np.float64 if name == "float_math" else np.int64), None
        runs = {}
        for kind, (run, most) in kinds.items():
            if n > most:
                continue
            # Two calls that warm up, a check, one for the clock, and the repeats.
            calls = 4 + repeats_for(10 * longest[kind], repeats)
            if not left.fits(calls * 10 * longest[kind] + (CHECKED + 1 if n > 10**5 and "map" not in kind else 0)):
                yield {"left_out": f"{kind}, {n:,}: no time"}
                longest[kind] *= 10
                continue
            # A list takes eight times the room of an array.
            if (20 if "array" in kind else 160) * n > free:
                yield {"left_out": f"{kind}, {n:,}: no memory"}
                continue
            values = xs if "array" in kind else xs.tolist()
            if "gilmap" in kind:
                compared = check_point(f, values, warmed(f, [values]), f"{name}, {kind}, {n:,}")
                if compared < n:
                    yield {"note": f"{kind}: {compared:,} of {n:,} elements were compared, at both ends and between"}
            runs[kind] = lambda run=run, values=values: run(values)
        several = [repeats_for(10 * longest[kind], repeats) for kind in runs]
        for kind, samples in zip(runs, samples_in_turns(list(runs.values()), several), strict=True):
            longest[kind] = statistics.median(samples)
            yield point(kind, n, samples)


def elements_cheap(left, repeats, quick):
    yield from _elements("float_math", left, repeats, range(4 if quick else 9))


def elements_costly(left, repeats, quick):
    yield from _elements("medium_compute", left, repeats, range(4 if quick else 9))


def threads(left, repeats, quick):
    """Numbers of threads: 1, 2, 4 … and all."""
    import gilmap
    import numpy as np

    from bench.simd import warmed
    from bench.workloads import ALL

    cpus = len(os.sched_getaffinity(0))
    counts = sorted({2**k for k in range(10) if 2**k < cpus} | {cpus})
    for name, size in (("medium_compute", 10**5), ("count_primes", 128), ("float_math", 10**6)):
        if not left.fits(2.0):
            yield {"left_out": f"{name}: no time"}
            continue
        f, xs = ALL[name].function, np.array(ALL[name].columns(size if not quick else size // 10)[0])
        for n in counts:
            check_point(f, xs, warmed(f, [xs], workers=n), f"{name}, {n} threads")
        runs = [lambda n=n: gilmap.map(f, xs, workers=n) for n in counts]
        samples = samples_in_turns(runs, [2 * repeats + 1] * len(runs))
        one = statistics.median(samples[0])
        for n, seconds in zip(counts, samples, strict=True):
            yield point(name, n, seconds, lambda median: one / median)
    for n in counts:
        yield {"series": "as many times as threads", "x": n, "y": n}


def deopts(left, repeats, quick):
    """All shares take turns: a machine that becomes slower meanwhile bends no curve."""
    import gilmap

    from bench.deopts import sometimes
    from bench.latency import never_seen

    count, turns = 20_000 if quick else 200_000, repeats + 1  # and one for the clock
    percents, runs = [], []
    owed = each = 0.0  # seconds: of the turns of what is prepared, and of the last preparation
    for percent in (0, 100, 10, 50, 1, 2, 5, 20):
        # A preparation calls and checks three times what a turn calls once.
        if not left.fits(owed + each + turns * each / 3):
            yield {"left_out": f"{percent} %: no time"}
            continue
        began = time.monotonic()
        xs = [-k - 100 if k % 100 < percent else k for k in range(count)]
        f = never_seen(sometimes)
        for _ in range(3):
            check_point(f, xs, gilmap.map(f, xs), f"{percent} % deopts")
        percents.append(percent)
        runs += [lambda f=f, xs=xs: gilmap.map(f, xs), lambda f=f, xs=xs: list(map(f, xs))]
        each = time.monotonic() - began
        owed += turns * each / 3
    samples = samples_in_turns(runs, [repeats] * len(runs)) if runs else []
    for percent, ours, plain in zip(percents, samples[::2], samples[1::2], strict=True):
        yield point("gilmap", percent, ours)
        yield point("map", percent, plain)


def _fresh(statements, seed):
    """A function that nobody has seen, with constants of its own."""
    lines = [f"    x = x * {k + 2} % {1000003 + seed} + {k}" for k in range(statements)]
    names = {}
    exec("def f(x):\n" + "\n".join(lines) + "\n    return x\n", names)
    return names["f"]


def first_calls(left, repeats, quick):
    """The first call of 1000 elements: of map, of gilmap by itself, and of one that waits for its kernel."""
    import gilmap
    import numpy as np

    xs = np.arange(1000)
    values = xs.tolist()
    gilmap.map(_fresh(1, -1), xs, backend="jit")  # the compiler's own start is not the function's
    seeds, each = itertools.count(), 0.0
    for statements in (1, 3, 10, 30, 100, 300) if not quick else (1, 10):
        if not left.fits(4 * each):
            yield {"left_out": f"{statements} statements: no time"}
            continue
        began = time.monotonic()
        times = {"gilmap": [], "map": [], "with backend='jit'": []}
        for _ in range(max(3, repeats)):
            for kind, seconds in times.items():
                f = _fresh(statements, next(seeds))
                if kind == "map":
                    seconds.append(seconds_of(lambda f=f: list(map(f, values)))[0])
                    continue
                backend = "jit" if "jit" in kind else None
                took, result = seconds_of(lambda f=f, backend=backend: gilmap.map(f, xs, backend=backend))
                check_point(f, xs, result, f"{statements} statements")
                seconds.append(took)
                time.sleep(0.05)  # a compile in the background belongs to this function
        for kind, seconds in times.items():
            yield point(kind, statements, seconds)
        each = time.monotonic() - began


# The function, its share of the time, title, names of the axes.
CHARTS = {
    "threads": (threads, 1, "Threads: speed over one thread (arrays)", "threads", "times one thread"),
    "deopts": (deopts, 1, "Share of elements that deopt (lists)", "percent", "seconds"),
    "first_calls": (first_calls, 1, "First call of 1,000 elements, by size of function", "statements", "seconds"),
    "elements_cheap": (elements_cheap, 3, "Time against number of elements: float_math", "elements", "seconds"),
    "elements_costly": (elements_costly, 3, "Time against number of elements: medium_compute", "elements", "seconds"),
}


def chart(name, seconds, quick, command=None):
    """One chart, by a process of its own."""
    _, _, title, x, y = CHARTS[name]
    found = {"title": title, "x": x, "y": y, "series": {}, "spreads": {}, "left_out": [], "notes": []}
    path = os.pathsep.join(filter(None, (ROOT, os.environ.get("PYTHONPATH"))))
    process = subprocess.Popen(
        command or [sys.executable, "-m", "bench.scaling", name, str(seconds), str(int(quick))],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        bufsize=0,  # so that select() knows of every line that is not read yet
    )
    deadline = time.monotonic() + seconds + GRACE
    try:
        while select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
            if not (line := process.stdout.readline()):
                status = process.wait()
                if status:
                    found["notes"].append(f"ended before its last point: exit status {status}")
                return found
            _add(found, json.loads(line))
        found["notes"].append(f"ended after {seconds + GRACE:.0f} s, before its last point")
        return found
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _add(found, said):
    if "series" in said:
        found["series"].setdefault(said["series"], []).append((said["x"], said["y"]))
        found["series"][said["series"]].sort()
        if "spread" in said:
            found["spreads"].setdefault(said["series"], []).append((said["x"], said["spread"]))
    elif "left_out" in said:
        found["left_out"].append(said["left_out"])
    else:
        found["notes"].append(said["note"])


def charts(quick=False, minutes=SECONDS / 60):
    """Yields the list of the charts so far. What one does not use of its time goes to those after it."""
    end, found = time.monotonic() + 60 * minutes, []
    for k, (name, (_, share, title, _, _)) in enumerate(CHARTS.items()):
        shares = sum(s for _, s, *_ in list(CHARTS.values())[k:])
        began = time.monotonic()
        found.append(chart(name, max(0.0, end - began) * share / shares, quick))
        print(f"{title}: {time.monotonic() - began:.0f} s", *found[-1]["left_out"], *found[-1]["notes"], sep="\n    ")
        yield found


def main(name, seconds, quick):
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what is printed does not belong to the answers
    left = Left(float(seconds))
    try:
        for said in CHARTS[name][0](left, 3 if int(quick) else 5, bool(int(quick))):
            answers.write(json.dumps(said) + "\n")
            answers.flush()
    except ValueError as error:
        answers.write(json.dumps({"note": f"wrong: {error}"}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
