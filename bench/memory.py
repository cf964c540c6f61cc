"""Peak memory of a call over 10^7 elements above its input and output, in a process of its own.

The process prints its megabytes; everything counts that it took after its imports, the compile as well.
"""

from bench.measure import figure_of_process

CALLS = {
    "NumPy": ("np.arange(n, dtype=np.int64)", "np.arange(n, dtype=np.float64)"),
    "Arrow": ("pa.array(np.arange(n, dtype=np.int64))", "pa.array(np.arange(n, dtype=np.float64))"),
}

PROCESS = """
import gilmap, numpy as np, pyarrow as pa
from bench.workloads import WORKLOADS, identical

def kilobytes(field):  # VmHWM is the peak; getrusage() counts the parent's too
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(field))

f, n = WORKLOADS[{name!r}][0], 10**7
pa.array([0])  # makes pyarrow's memory pool, of 5 MB
resident = kilobytes("VmRSS")
xs = {make}
result = gilmap.map(f, xs)
peak = kilobytes("VmHWM")
for part in (slice(0, 1000), slice(n - 1000, n)):
    if not identical(list(map(f, xs[part].tolist())), result[part].tolist()):
        raise SystemExit("gilmap differs from map")
print((peak - resident) / 2**10 - (xs.nbytes + result.nbytes) / 2**20)
"""


def arrays(table, _repeats):
    for kind, makers in CALLS.items():
        for name, make in zip(("quick_collatz", "float_math"), makers, strict=True):
            above = figure_of_process(PROCESS.format(name=name, make=make))
            table.at_most(f"{name}: {kind} of 10^7, MB above input and output", above, 32)
